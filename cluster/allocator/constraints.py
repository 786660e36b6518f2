"""Offer constraints: whether an agent's attributes are as a framework wants them for a role.

Source: Mesos src/master/allocator/mesos/offer_constraints_filter.cpp; reference types.md §2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import re2

from cluster.model import AgentInfo, AttributeConstraint, OfferConstraints, Text, ValueType

Selector = AttributeConstraint.Selector
Predicate = AttributeConstraint.Predicate
Pseudo = Selector.PseudoattributeType

_ABSENT = object()
"""Stands for the value of an attribute that is not there; None is one that is there but no text."""


class BadConstraint(ValueError):
    """Raised when a constraint cannot be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class RegexLimits:
    """What a regular expression of a framework may cost.

    Expressions come from frameworks and are matched by the master, so the engine is one whose time is linear
    in the text, and its memory is bounded.
    """

    memory_bytes: int = 4096
    program_size: int = 100


class Constraints:
    """The constraints of one role, made ready: alternatives of which one must hold."""

    __slots__ = ("_groups", "is_about_hosts")

    def __init__(self, constraints: OfferConstraints.RoleConstraints, limits: RegexLimits) -> None:
        """Raises: BadConstraint."""
        self._groups = [
            [(each.selector, _test_of(each.predicate, limits)) for each in group.attribute_constraints]
            for group in constraints.groups
        ]
        #: Whether a verdict depends on the host, and not only on attributes and place.
        self.is_about_hosts = any(
            selector.pseudoattribute_type is Pseudo.HOSTNAME
            for group in self._groups
            for selector, _ in group
        )

    def exclude(self, info: AgentInfo) -> bool:
        """Whether an agent may not be offered."""
        return not any(all(test(_selected(by, info)) for by, test in group) for group in self._groups)


def constraints_of(
    constraints: OfferConstraints | None, limits: RegexLimits | None = None
) -> dict[str, Constraints]:
    """A framework's constraints by role; a role that is missing takes every agent.

    Raises: BadConstraint.
    """
    if constraints is None:
        return {}
    limits = limits or RegexLimits()
    return {role: Constraints(each, limits) for role, each in constraints.role_constraints.items()}


def _test_of(predicate: Predicate, limits: RegexLimits) -> Callable[[object], bool]:
    """What must be true of the value selected. One that is there but no text passes every test of text."""
    if predicate.exists is not None:
        return lambda value: value is not _ABSENT
    if predicate.not_exists is not None:
        return lambda value: value is _ABSENT
    if (equals := predicate.text_equals) is not None:
        return lambda value: value is None or value == equals.value
    if (differs := predicate.text_not_equals) is not None:
        return lambda value: value is None or value != differs.value
    if (matches := predicate.text_matches) is not None:
        wanted = _compiled(matches.regex, limits)
        return lambda value: value is None or (isinstance(value, str) and bool(wanted.fullmatch(value)))
    if (misses := predicate.text_not_matches) is not None:
        unwanted = _compiled(misses.regex, limits)
        return lambda value: not (isinstance(value, str) and unwanted.fullmatch(value))
    raise BadConstraint("a predicate says nothing")


def _compiled(regex: str, limits: RegexLimits) -> re2._Regexp:
    options = re2.Options()
    options.max_mem = limits.memory_bytes
    options.log_errors = False
    try:
        compiled = re2.compile(regex, options)
    except re2.error as fault:
        reason = fault.args[0].decode() if isinstance(fault.args[0], bytes) else str(fault)
        raise BadConstraint(f"regular expression {regex[:100]!r}: {reason}") from fault
    if compiled.programsize > limits.program_size:
        size = f"program size {compiled.programsize} exceeds {limits.program_size}"
        raise BadConstraint(f"regular expression {regex[:100]!r}: {size}")
    return compiled


def _selected(selector: Selector, info: AgentInfo) -> object:
    """Text of an attribute or pseudo-attribute; None if it is there but no text."""
    fault = info.domain.fault_domain if info.domain is not None else None
    match selector.pseudoattribute_type:
        case Pseudo.HOSTNAME:
            return info.hostname
        case Pseudo.REGION:
            return fault.region.name if fault is not None else _ABSENT
        case Pseudo.ZONE:
            return fault.zone.name if fault is not None else _ABSENT
        case _:
            pass
    for attribute in info.attributes:
        if attribute.name == selector.attribute_name:
            is_text = attribute.type is ValueType.TEXT
            return (attribute.text or Text(value="")).value if is_text else None
    return _ABSENT
