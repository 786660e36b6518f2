"""Offer constraints: whether an agent's attributes are as a framework wants them for a role.

Source: Mesos src/master/allocator/mesos/offer_constraints_filter.cpp; reference types.md §2.
"""

from __future__ import annotations

import re

from cluster.model import AgentInfo, AttributeConstraint, OfferConstraints, Text, ValueType

Selector = AttributeConstraint.Selector
Pseudo = Selector.PseudoattributeType


class _NotText:
    """Stands for the value of an attribute that is there but is no text."""


def is_excluded(constraints: OfferConstraints | None, role: str, info: AgentInfo) -> bool:
    """Whether the constraints keep an agent from being offered for a role; roles without any take all."""
    if constraints is None or role not in constraints.role_constraints:
        return False
    groups = constraints.role_constraints[role].groups
    return not any(all(holds(c, info) for c in group.attribute_constraints) for group in groups)


def holds(constraint: AttributeConstraint, info: AgentInfo) -> bool:
    """Whether one constraint is met."""
    value = selected(constraint.selector, info)
    predicate = constraint.predicate
    if predicate.exists is not None:
        return value is not None
    if predicate.not_exists is not None:
        return value is None
    is_negative = predicate.text_not_equals is not None or predicate.text_not_matches is not None
    if value is None:
        return is_negative
    if isinstance(value, _NotText):
        return True
    for equals in (predicate.text_equals, predicate.text_not_equals):
        if equals is not None:
            return (value == equals.value) is not is_negative
    for matches in (predicate.text_matches, predicate.text_not_matches):
        if matches is not None:
            return (re.fullmatch(matches.regex, value) is not None) is not is_negative
    raise AssertionError("the call was validated: a predicate says something")


def selected(selector: Selector, info: AgentInfo) -> str | _NotText | None:
    """Value of an attribute or pseudo-attribute; None if the agent has none."""
    fault = info.domain.fault_domain if info.domain is not None else None
    match selector.pseudoattribute_type:
        case Pseudo.HOSTNAME:
            return info.hostname
        case Pseudo.REGION:
            return fault.region.name if fault is not None else None
        case Pseudo.ZONE:
            return fault.zone.name if fault is not None else None
        case _:
            pass
    for attribute in info.attributes:
        if attribute.name == selector.attribute_name:
            text = attribute.text or Text(value="")
            return text.value if attribute.type is ValueType.TEXT else _NotText()
    return None
