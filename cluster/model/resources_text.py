"""Text forms of resources: what --resources takes, and what logs print.

Source: Mesos src/common/resources.cpp (parse, operator<<); reference types.md §4.3.
"""

from collections.abc import Iterable

import msgspec

from cluster.model.amounts import Amount
from cluster.model.errors import InvalidResources
from cluster.model.kind import Kind
from cluster.model.labels import Label
from cluster.model.milli import print_milli
from cluster.model.resource import DiskInfo, ReservationInfo, Resource
from cluster.model.resource_entries import disk_of
from cluster.model.resource_validation import violations
from cluster.model.roles import ANY_ROLE
from cluster.model.values import Ranges, Scalar, Set, Text, ValueType
from cluster.model.values_text import InvalidValue, parse_value, print_ranges, print_set


def parse_resources(text: str, default_role: str = ANY_ROLE) -> list[Resource]:
    """Parse a JSON array of resources, or `name(role):value;...`.

    Entries without a role go to default_role.

    Raises:
        InvalidResources: the text is malformed, or a resource is invalid or not one for a command line.
    """
    if text.lstrip().startswith("["):
        protos = [_with_role(proto, default_role) for proto in _from_json(text)]
    else:
        tokens = (token.strip() for token in text.split(";"))
        protos = [_from_token(token, default_role) for token in tokens if token]
    _refuse_foreign(protos)
    return protos


def _from_json(text: str) -> list[Resource]:
    try:
        return msgspec.json.decode(text, type=list[Resource], strict=False)
    except msgspec.DecodeError as fault:
        raise InvalidResources(f"Bad JSON for resources: {fault}") from fault


def _with_role(proto: Resource, default_role: str) -> Resource:
    if proto.role is not None or proto.reservations:
        return proto
    return msgspec.structs.replace(proto, role=default_role)


def _from_token(token: str, default_role: str) -> Resource:
    label, *values = (part.strip() for part in token.split(":"))
    if len(values) != 1 or not label or not values[0]:
        raise InvalidResources(f"Bad resource '{token}', missing or extra ':'")
    name, role = _name_and_role(label, token, default_role)
    try:
        value = parse_value(values[0])
    except InvalidValue as fault:
        raise InvalidResources(f"Bad value for resource '{name}': {fault}") from fault
    match value:
        case Scalar():
            return Resource(name=name, type=ValueType.SCALAR, scalar=value, role=role)
        case Ranges():
            return Resource(name=name, type=ValueType.RANGES, ranges=value, role=role)
        case Set():
            return Resource(name=name, type=ValueType.SET, set=value, role=role)
        case Text():
            raise InvalidResources(f"Bad value for resource '{name}': '{value.value}' is not a number")


def _name_and_role(label: str, token: str, default_role: str) -> tuple[str, str]:
    name, opening, rest = label.partition("(")
    if not opening:
        if ")" in label:
            raise InvalidResources(f"Bad resource '{token}': parentheses do not match")
        return name, default_role
    role, closing, after = rest.partition(")")
    if not closing or after.strip() or "(" in role:
        raise InvalidResources(f"Bad resource '{token}': parentheses do not match")
    return name.strip(), role.strip()


def _refuse_foreign(protos: Iterable[Resource]) -> None:
    """Refuse what is invalid and what only operations or estimators can make."""
    types: dict[str, ValueType] = {}
    for proto in protos:
        if faults := violations(proto):
            raise InvalidResources(f"Invalid resource '{proto.name}': {'; '.join(faults)}")
        if types.setdefault(proto.name, proto.type) is not proto.type:
            raise InvalidResources(f"Resources with the same name '{proto.name}' but different types")
        if proto.disk is not None and proto.disk.persistence is not None:
            raise InvalidResources(f"Persistent volume '{proto.disk.persistence.id}' cannot be given here")
        if proto.revocable is not None:
            raise InvalidResources(f"Revocable resource '{proto.name}' cannot be given here")
        dynamic = [r for r in proto.reservations if r.type is ReservationInfo.Type.DYNAMIC]
        if dynamic or proto.reservation is not None:
            raise InvalidResources(f"Dynamically reserved resource '{proto.name}' cannot be given here")


def print_entry(kind: Kind, amount: Amount, details: DiskInfo | None) -> str:
    """Print `name(allocated: role)(reservations: [...])[disk]{REV}<SHARED>:value`; pieces one by one."""
    parts = [kind.name]
    if kind.allocation is not None:
        parts.append(f"(allocated: {kind.allocation})")
    if kind.reservations:
        parts.append(f"(reservations: [{','.join(map(_print_reservation, kind.reservations))}])")
    if disk := details or disk_of(kind):
        parts.append(f"[{_print_disk(disk)}]")
    parts.append("{REV}" if kind.revocable else "")
    parts.append("<SHARED>" if kind.shared else "")
    head = "".join(parts)
    if isinstance(amount, tuple):
        return f"{head}:{print_ranges(amount)}"
    if isinstance(amount, frozenset):
        return f"{head}:{print_set(amount)}"
    if kind.lot_milli is None:
        return f"{head}:{print_milli(amount)}"
    piece = f"{head}:{print_milli(kind.lot_milli)}"
    return f"{piece}<{amount}>" if kind.shared else "; ".join([piece] * amount)


def _print_reservation(reservation: ReservationInfo) -> str:
    parts = [reservation.type.value if reservation.type else "", reservation.role or ""]
    if reservation.principal is not None:
        parts.append(reservation.principal)
    if reservation.labels is not None:
        parts.append("{" + ", ".join(map(_print_label, reservation.labels.labels)) + "}")
    return f"({','.join(parts)})"


def _print_label(label: Label) -> str:
    return label.key if label.value is None else f"{label.key}: {label.value}"


def _print_disk(disk: DiskInfo) -> str:
    parts = []
    if disk.source is not None:
        parts.append(_print_source(disk.source))
    if disk.persistence is not None:
        parts.append(disk.persistence.id)
    text = ",".join(parts)
    if disk.volume is not None:
        paths = [disk.volume.host_path, disk.volume.container_path]
        text += ":" + ":".join(path for path in paths if path is not None)
    return text


def _print_source(source: DiskInfo.Source) -> str:
    place = source.path or source.mount
    text = source.type.value
    if place is not None:
        return text if place.root is None else f"{text}:{place.root}"
    named = [part or "" for part in (source.vendor, source.id, source.profile)]
    return f"{text}({','.join(named)})"
