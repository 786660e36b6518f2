"""Who holds what of an agent; and what is allocated to roles, taken apart by role."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import msgspec

from cluster.allocator.bundle import Bundle
from cluster.model import Resources

Holder = tuple[str, str]
"""A framework, known or not, and a role."""
Parts = tuple[tuple[str, Bundle], ...]


class Holdings(msgspec.Struct, frozen=True, gc=False):
    """Resources by holder; to be read like a dict. `added` and `taken` give what is there then.

    They may change this one, so whoever asks must go on with the answer: with thousands of holders a copy for
    each change would take long.

    Nearly always there is one holder or none. A dict would do, but when a round gives everything away, those
    of all agents of a large cluster come into the garbage collector's sight without counting as made: its
    next look at the youngest objects takes 30 ms and more. These are never looked at.
    """

    holder: Holder | None = None
    """The only one; None if there are none or several."""
    amount: Resources = Resources.EMPTY
    """What the only one holds."""
    several: dict[Holder, Resources] | None = None
    """If there are two or more."""

    # -- reading -------------------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        return self.holder is not None or self.several is not None

    def __len__(self) -> int:
        return len(self.several) if self.several is not None else int(self.holder is not None)

    def __iter__(self) -> Iterator[Holder]:
        return iter(self._by_holder())

    def __contains__(self, holder: Holder) -> bool:
        return holder == self.holder if self.several is None else holder in self.several

    def __getitem__(self, holder: Holder) -> Resources:
        """Raises: KeyError."""
        return self._by_holder()[holder]

    def get(self, holder: Holder, default: Resources = Resources.EMPTY) -> Resources:
        """What is held; `default` for nothing."""
        if self.several is not None:
            return self.several.get(holder, default)
        return self.amount if holder == self.holder else default

    def items(self) -> list[tuple[Holder, Resources]]:
        """All, the longest standing holders first."""
        return list(self._by_holder().items())

    def values(self) -> list[Resources]:
        """What each of them holds."""
        return list(self._by_holder().values())

    def _by_holder(self) -> dict[Holder, Resources]:
        if self.several is not None:
            return self.several
        return {} if self.holder is None else {self.holder: self.amount}

    # -- others --------------------------------------------------------------------------------------------

    def added(self, holder: Holder, resources: Resources) -> Holdings:
        """With resources given to a holder."""
        if self.holder is None and self.several is None:
            return Holdings(holder, resources)
        if self.several is not None:
            before = self.several.get(holder)
            self.several[holder] = resources if before is None else before + resources
            return self
        if holder == self.holder:
            return Holdings(holder, self.amount + resources)
        assert self.holder is not None, "neither one holder nor several"
        return Holdings(several={self.holder: self.amount, holder: resources})

    def taken(self, holder: Holder, resources: Resources) -> Holdings:
        """With resources taken from a holder, who is no holder any more if that was all.

        Raises: NotContained if they are not there.
        """
        held = self.get(holder)
        left = Resources.EMPTY if held is resources or held == resources else held - resources
        if holder == self.holder:
            return Holdings(holder, left) if left else NOTHING
        by_holder = self.several
        if by_holder is None:
            return self  # a stranger, and nothing was taken
        if left:
            by_holder[holder] = left
        else:
            by_holder.pop(holder, None)
        return self if len(by_holder) > 1 else Holdings(*next(iter(by_holder.items())))


NOTHING = Holdings()


# -- taken apart ---------------------------------------------------------------------------------------------


def by_role(resources: Resources) -> Parts:
    """Allocated resources in unallocated form by the role they are allocated to."""
    # What rides along and does not compare must not be mixed up with that of others.
    return _taken_apart(resources) if resources.has_details else _known(resources)


def _taken_apart(resources: Resources) -> Parts:
    assert all(kind.allocation is not None for kind, _ in resources), f"not all allocated: {resources}"
    return tuple((role, Bundle.of(resources.allocated_to(role).unallocated())) for role in resources.roles)


#: What comes back is mostly what was offered, and offers are alike.
_known = lru_cache(maxsize=1 << 14)(_taken_apart)
