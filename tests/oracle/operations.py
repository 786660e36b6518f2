"""Operations that resources allow, for random histories.

Source: reference types.md §4.5, "Operation → conversion".
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from cluster.model import (
    ANY_ROLE,
    DiskInfo,
    ReservationInfo,
    Resource,
    Resources,
    SharedInfo,
    is_strict_subrole,
)
from tests.oracle.events import Conversion

_DYNAMIC = ReservationInfo.Type.DYNAMIC


def operations(
    resources: Resources,
    role: str,
    volume: str,
    may_destroy: Callable[[Resources], bool],
    with_copies: bool,
) -> list[Conversion]:
    """One operation for each entry that allows it: reserve, unreserve, create, destroy, another copy.

    `volume` is the id of a volume to create; `may_destroy` says whether a shared volume has no other copies.
    """
    found = []
    for proto in resources.protos():
        entry = Resources.of([proto])
        ((kind, _),) = entry
        if kind.revocable:
            continue
        if kind.is_persistent:
            if not kind.shared or may_destroy(entry):
                found.append(Conversion(entry, Resources.of([_plain(proto)])))
            if kind.shared and with_copies:
                found.append(Conversion(Resources.EMPTY, entry))
            continue
        if role != ANY_ROLE and _may_reserve(kind.reservation_role, role):
            found.append(Conversion(entry, entry.push_reservation(ReservationInfo(type=_DYNAMIC, role=role))))
        if kind.is_dynamic:
            found.append(Conversion(entry, entry.pop_reservation()))
        if kind.name == "disk" and kind.is_reserved and kind.disk is None:
            found += [Conversion(entry, Resources.of([_volume(proto, volume, s)])) for s in (False, True)]
    return found


def _may_reserve(present: str | None, role: str) -> bool:
    return present is None or is_strict_subrole(role, present)


def _volume(disk: Resource, volume: str, is_shared: bool) -> Resource:
    info = DiskInfo(persistence=DiskInfo.Persistence(id=volume))
    return msgspec.structs.replace(disk, disk=info, shared=SharedInfo() if is_shared else None)


def _plain(volume: Resource) -> Resource:
    source = volume.disk.source if volume.disk is not None else None
    return msgspec.structs.replace(
        volume, disk=DiskInfo(source=source) if source is not None else None, shared=None
    )
