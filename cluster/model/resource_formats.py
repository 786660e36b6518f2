"""The three formats of a reserved resource: internal (refined), old (before 1.4) and endpoint (both).

Source: Mesos src/common/resources_utils.cpp; reference types.md §4.1.
"""

import msgspec

from cluster.model.resource import ReservationInfo, Resource
from cluster.model.roles import ANY_ROLE

_STATIC = ReservationInfo.Type.STATIC
_DYNAMIC = ReservationInfo.Type.DYNAMIC


def internal_form(resource: Resource) -> Resource:
    """Bring a valid resource of any format into the internal one: neither role nor reservation."""
    if resource.role is None and resource.reservation is None:
        return resource
    return msgspec.structs.replace(resource, role=None, reservation=None, reservations=stack_of(resource))


def stack_of(resource: Resource) -> tuple[ReservationInfo, ...]:
    """The reservation stack of a valid resource of any format."""
    if resource.reservations:
        return resource.reservations
    role = resource.role or ANY_ROLE
    if role == ANY_ROLE:
        return ()
    old = resource.reservation
    if old is None:
        return (ReservationInfo(type=_STATIC, role=role),)
    return (ReservationInfo(type=_DYNAMIC, role=role, principal=old.principal, labels=old.labels),)


def old_form(resource: Resource) -> Resource | None:
    """Bring an internal resource into the old format; None if it has two reservations or more."""
    if len(resource.reservations) > 1:
        return None
    return msgspec.structs.replace(endpoint_form(resource), reservations=())


def endpoint_form(resource: Resource) -> Resource:
    """Bring an internal resource into the format of v0 endpoints and operator API answers."""
    match resource.reservations:
        case ():
            return msgspec.structs.replace(resource, role=ANY_ROLE)
        case (only,):
            old = None
            if only.type is _DYNAMIC:
                old = ReservationInfo(principal=only.principal, labels=only.labels)
            return msgspec.structs.replace(resource, role=only.role, reservation=old)
        case _:
            return resource
