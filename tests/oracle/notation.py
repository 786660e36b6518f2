"""Resources as scripts write them: `2/1024 + disk:50@R1 + shared:5=v1@!R1`.

See tests/golden/allocator/README.md.

Source: the notation of reference allocator.md §9, extended.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from operator import is_

from cluster.model import (
    AttributeConstraint,
    DiskInfo,
    Kind,
    Limits,
    OfferConstraints,
    Quantities,
    ReservationInfo,
    Resource,
    Resources,
    RevocableInfo,
    SharedInfo,
    ValueType,
    parse_quantities,
    print_milli,
    to_milli,
)

_PLAIN = ("cpus", "mem", "disk")
_DISKS = {"mount": DiskInfo.Source.Type.MOUNT, "block": DiskInfo.Source.Type.BLOCK}
_TERM = re.compile(r"(?P<amount>[^@~=]+)(=(?P<id>[^@~]+))?(?P<stack>(@[^@~]+)*)(?P<revocable>~?)")
_STATIC, _DYNAMIC = ReservationInfo.Type.STATIC, ReservationInfo.Type.DYNAMIC


class BadNotation(ValueError):
    """Raised when a script says something that cannot be read."""


def parse(text: str) -> Resources:
    """Read terms joined by ` + `; `nothing` is none.

    Raises: BadNotation.
    """
    total = Resources.EMPTY
    for term in [] if text.strip() == "nothing" else text.split(" + "):
        total = total + _term(term.strip())
    return total


def parse_amounts(text: str) -> Quantities:
    """Read plain amounts such as `1/512` or `cpus:1 + gpus:2`, as quota has them.

    Raises: BadNotation.
    """
    return parse(text).quantities()


def parse_limits(text: str) -> Limits:
    """Read the same as limits, where a zero allows nothing: `cpus:0 + mem:512`.

    Raises: BadNotation.
    """
    milli: dict[str, int] = {}
    for term in [] if text.strip() == "nothing" else text.split(" + "):
        name, colon, value = term.strip().partition(":")
        values = [(name, value)] if colon else zip(_PLAIN, name.split("/"), strict=False)
        for each, amount in values:
            try:
                milli[each] = to_milli(float(amount))
            except ValueError as fault:
                raise BadNotation(f"'{term}' is no limit") from fault
    return Limits(milli)


def parse_alternatives(text: str) -> tuple[Quantities, ...]:
    """Read `cpus:0.01|mem:32`; `anything` has none."""
    return () if text == "anything" else parse_quantities(text)


def parse_constraints(text: str) -> OfferConstraints.RoleConstraints.Group:
    """Read a group such as `rack = r1 & @hostname ~ big.*`.

    Raises: BadNotation.
    """
    constraints = tuple(_constraint(part.split()) for part in text.split(" & "))
    return OfferConstraints.RoleConstraints.Group(attribute_constraints=constraints)


def _constraint(words: list[str]) -> AttributeConstraint:
    """`rack exists`, `missing`, `= r1`, `!= r1`, `~ r.*`, `!~ r.*`; or `@hostname`, `@region`, `@zone`."""
    if len(words) < 2:
        raise BadNotation(f"'{' '.join(words)}' is no constraint")
    name, relation, *value = words
    p = AttributeConstraint.Predicate
    predicates: dict[str, Callable[..., AttributeConstraint.Predicate]] = {
        "exists": lambda: p(exists=p.Exists()),
        "missing": lambda: p(not_exists=p.NotExists()),
        "=": lambda text: p(text_equals=p.TextEquals(value=text)),
        "!=": lambda text: p(text_not_equals=p.TextNotEquals(value=text)),
        "~": lambda text: p(text_matches=p.TextMatches(regex=text)),
        "!~": lambda text: p(text_not_matches=p.TextNotMatches(regex=text)),
    }
    s = AttributeConstraint.Selector
    if name.startswith("@"):
        selector = s(pseudoattribute_type=s.PseudoattributeType[name[1:].upper()])
    else:
        selector = s(attribute_name=name)
    return AttributeConstraint(selector=selector, predicate=predicates[relation](*value))


def _term(term: str) -> Resources:
    found = _TERM.fullmatch(term)
    if found is None:
        raise BadNotation(f"'{term}' is no amount")
    amount, identity = found["amount"], found["id"]
    if ":" in amount:
        name, _, value = amount.partition(":")
        pairs = [(name, value)]
    else:
        pairs = list(zip(_PLAIN, amount.split("/"), strict=False))
    resources = Resources.EMPTY
    for name, value in pairs:
        plain = Resources.parse(f"{'disk' if identity else name}:{value}")
        for proto in plain.protos():
            resources = resources + Resources.of([_dressed(proto, name, identity, found)])
    return resources


def _dressed(proto: Resource, name: str, identity: str | None, found: re.Match[str]) -> Resource:
    stack = tuple(
        ReservationInfo(type=_DYNAMIC if role.startswith("!") else _STATIC, role=role.removeprefix("!"))
        for role in found["stack"].split("@")[1:]
    )
    return Resource(
        name=proto.name,
        type=proto.type,
        scalar=proto.scalar,
        ranges=proto.ranges,
        set=proto.set,
        reservations=stack,
        revocable=RevocableInfo() if found["revocable"] else None,
        disk=_disk(name, identity) if identity else None,
        shared=SharedInfo() if name == "shared" else None,
    )


def _disk(name: str, identity: str) -> DiskInfo:
    if name in ("volume", "shared"):
        return DiskInfo(persistence=DiskInfo.Persistence(id=identity))
    if name not in _DISKS:
        raise BadNotation(f"'{name}' has no name of its own; volume, shared, mount and block have")
    mount = DiskInfo.Source.Mount(root=identity) if name == "mount" else None
    return DiskInfo(source=DiskInfo.Source(type=_DISKS[name], mount=mount, id=None if mount else identity))


def show(resources: Resources) -> str:
    """Print resources the way `parse` reads them, always in the same order."""
    plain: dict[str, dict[str, int]] = {}
    others: list[str] = []
    for kind, amount in resources.unallocated():
        suffix = _suffix(kind)
        is_plain = kind.type is ValueType.SCALAR and kind.lot_milli is None and kind.disk is None
        if is_plain and isinstance(amount, int):
            plain.setdefault(suffix, {})[kind.name] = amount
        else:
            others += _special(kind, resources.unallocated().filter(partial(is_, kind)), suffix)
    terms = [term for suffix, by_name in sorted(plain.items()) for term in _plain_terms(by_name, suffix)]
    return " + ".join(terms + sorted(others)) or "nothing"


def _plain_terms(by_name: dict[str, int], suffix: str) -> list[str]:
    """Merge cpus, mem and disk into one term if cpus and mem are both there."""
    terms = []
    if {"cpus", "mem"} <= by_name.keys():
        amounts = [print_milli(by_name[name]) for name in _PLAIN if name in by_name]
        terms.append("/".join(amounts) + suffix)
    for name, milli in sorted(by_name.items()):
        if not terms or name not in _PLAIN:
            terms.append(f"{name}:{print_milli(milli)}{suffix}")
    return terms


def _special(kind: Kind, resources: Resources, suffix: str) -> list[str]:
    """Disks with a name of their own, ranges and sets."""
    terms = []
    for proto in resources.protos():
        if kind.disk is None:
            value = str(Resources.of([proto]).to_unreserved()).partition(":")[2].replace(" ", "")
            terms.append(f"{kind.name}:{value}{suffix}")
            continue
        assert kind.lot_milli is not None, "disks with a name are had whole"
        source, volume = kind.disk.source, kind.disk.persistence_id
        if volume is not None:
            name, identity = ("shared" if kind.shared else "volume"), volume
        elif source is not None and source.mount is not None:
            name, identity = "mount", source.mount.root or ""
        else:
            name, identity = "block", source.id if source is not None and source.id else ""
        terms.append(f"{name}:{print_milli(kind.lot_milli)}={identity}{suffix}")
    return terms


def _suffix(kind: Kind) -> str:
    stack = "".join(f"@{'!' if r.type is _DYNAMIC else ''}{r.role}" for r in kind.reservations)
    return stack + ("~" if kind.revocable else "")
