"""Operations as allocation sees them: something is consumed, something else is there instead.

Source: reference types.md §4.5, "Operation → conversion".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cluster.model import Resources


@dataclass(frozen=True, slots=True)
class Conversion:
    """One step of an operation: `consumed` becomes `converted`; nothing consumed: another shared copy."""

    consumed: Resources
    converted: Resources

    def apply(self, resources: Resources) -> Resources:
        """The resources afterwards.

        Raises: NotContained if what is consumed is not in them.
        """
        return (resources - self.consumed) + self.converted

    def unallocated(self) -> Conversion:
        """The same for resources that are allocated to nobody."""
        return Conversion(self.consumed.unallocated(), self.converted.unallocated())


def converted(resources: Resources, conversions: Iterable[Conversion]) -> Resources:
    """Resources after all steps, one after the other; thousands may come in one message.

    Raises: NotContained.
    """
    return resources.exchanged((each.consumed, each.converted) for each in conversions)
