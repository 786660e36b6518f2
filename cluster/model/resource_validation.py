"""What makes a single resource invalid, wherever it comes from.

Source: Mesos src/common/resources.cpp (Resources::validate); reference types.md §4.1, §4.2.
"""

from collections.abc import Iterator, Sequence

from cluster.model.milli import to_milli
from cluster.model.ranges import coalesce, count
from cluster.model.resource import DiskInfo, ReservationInfo, Resource
from cluster.model.roles import ANY_ROLE, is_strict_subrole, role_fault
from cluster.model.values import Ranges, Scalar, Set, ValueType

_STATIC = ReservationInfo.Type.STATIC
_DYNAMIC = ReservationInfo.Type.DYNAMIC


def violations(resource: Resource) -> list[str]:
    """List every rule a resource of any format breaks; empty if it is valid."""
    return [
        *_name_faults(resource),
        *_value_faults(resource),
        *_disk_faults(resource),
        *_role_faults(resource),
        *_format_faults(resource),
        *stack_faults(resource.reservations),
        *_sharing_faults(resource),
    ]


def _name_faults(resource: Resource) -> Iterator[str]:
    if not resource.name:
        yield "Empty resource name"


def _value_faults(resource: Resource) -> Iterator[str]:
    members = {"scalar": resource.scalar, "ranges": resource.ranges, "set": resource.set}
    if resource.type is ValueType.TEXT:
        yield "Unsupported resource type TEXT"
        return
    wanted = resource.type.value.lower()
    if members[wanted] is None:
        yield f"Type {resource.type.value} needs `{wanted}`"
    for name, member in members.items():
        if name != wanted and member is not None:
            yield f"Type {resource.type.value} must not have `{name}`"
    match members[wanted]:
        case Scalar() as scalar:
            yield from _scalar_faults(scalar)
        case Ranges() as ranges:
            yield from _ranges_faults(ranges)
        case Set() as items if len(set(items.item)) < len(items.item):
            yield "Invalid set resource: duplicated elements"


def _scalar_faults(scalar: Scalar) -> Iterator[str]:
    try:
        milli = to_milli(scalar.value)
    except (ValueError, OverflowError):
        yield f"Invalid scalar resource: {scalar.value} is not a finite number"
        return
    if scalar.value < 0:
        yield "Invalid scalar resource: value < 0"
    elif scalar.value > 0 and milli == 0:
        yield "Invalid scalar resource: value is smaller than 0.0005"


def _ranges_faults(ranges: Ranges) -> Iterator[str]:
    reversed_ = [r for r in ranges.range if r.begin > r.end]
    for r in reversed_:
        yield f"Invalid ranges resource: begin {r.begin} > end {r.end}"
    if not reversed_:
        pairs = [(r.begin, r.end) for r in ranges.range]
        if count(coalesce(pairs)) < count(tuple(pairs)):
            yield "Invalid ranges resource: overlapping ranges"


def _disk_faults(resource: Resource) -> Iterator[str]:
    if resource.disk is None:
        return
    if resource.name != "disk":
        yield f"DiskInfo should not be set for {resource.name} resource"
    source = resource.disk.source
    if source is None:
        return
    types = DiskInfo.Source.Type
    if source.type is types.UNKNOWN:
        yield "Unsupported DiskInfo source type UNKNOWN"
    if source.type in (types.BLOCK, types.RAW):
        if source.path is not None:
            yield f"`path` must not be set for {source.type.value} source"
        if source.mount is not None:
            yield f"`mount` must not be set for {source.type.value} source"


def _role_faults(resource: Resource) -> Iterator[str]:
    allocation = resource.allocation_info
    for role in (resource.role, allocation.role if allocation else None):
        if role is not None and (fault := role_fault(role)):
            yield fault


def _format_faults(resource: Resource) -> Iterator[str]:
    """Faults of the old members `role` and `reservation`, alone or beside `reservations`."""
    old = resource.reservation
    if old is not None and (old.type is not None or old.role is not None):
        yield "`reservation` must not have `type` or `role`; they belong into `reservations`"
    match resource.reservations:
        case ():
            if old is not None and (resource.role is None or resource.role == ANY_ROLE):
                yield "Invalid reservation: role '*' cannot be dynamically reserved"
        case (only,):
            yield from _mixed_faults(resource, only)
        case _:
            if resource.role is not None or old is not None:
                yield "Neither `role` nor `reservation` may be set beside a refined reservation"


def _mixed_faults(resource: Resource, only: ReservationInfo) -> Iterator[str]:
    old = resource.reservation
    if resource.role is not None and resource.role != only.role:
        yield f"`role` '{resource.role}' differs from '{only.role}' in `reservations`"
    if only.type is _STATIC and old is not None:
        yield "`reservation` must not be set beside a STATIC reservation"
    if only.type is _DYNAMIC:
        if (resource.role is None) != (old is None):
            yield "`role` and `reservation` must be both set or both unset beside a DYNAMIC reservation"
        if old is not None and (old.principal, old.labels) != (only.principal, only.labels):
            yield "`reservation` and `reservations` differ in principal or labels"


def stack_faults(stack: Sequence[ReservationInfo]) -> list[str]:
    """List what is wrong with a stack of reservations, outermost first."""
    faults = []
    for depth, reservation in enumerate(stack):
        role = reservation.role
        if reservation.type not in (_STATIC, _DYNAMIC):
            faults.append("Invalid reservation: `type` must be STATIC or DYNAMIC")
        if role is None:
            faults.append("Invalid reservation: `role` is not set")
        elif role == ANY_ROLE:
            faults.append("Invalid reservation: role '*' cannot be reserved")
        elif fault := role_fault(role):
            faults.append(f"Invalid reservation: {fault}")
        if depth == 0:
            continue
        if reservation.type is _STATIC:
            faults.append("Invalid refined reservation: a refinement must be DYNAMIC")
        above = stack[depth - 1].role
        if role is not None and above is not None and not is_strict_subrole(role, above):
            faults.append(f"Invalid refined reservation: role '{role}' is not below '{above}'")
    return faults


def _sharing_faults(resource: Resource) -> Iterator[str]:
    persistent = resource.disk is not None and resource.disk.persistence is not None
    if resource.shared is not None and not persistent:
        yield "Only persistent volumes can be shared"
