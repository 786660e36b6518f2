"""From wire resources to entries of `Resources` (kind, amount, details of the disk) and back.

Source: Mesos src/common/resources.cpp; reference types.md §4.1, §4.5.
"""

import msgspec

from cluster.model.amounts import Amount
from cluster.model.ids import ResourceProviderID
from cluster.model.kind import Disk, Kind
from cluster.model.labels import Label, Labels
from cluster.model.milli import from_milli, to_milli
from cluster.model.ranges import coalesce
from cluster.model.resource import (
    AllocationInfo,
    DiskInfo,
    ReservationInfo,
    Resource,
    RevocableInfo,
    SharedInfo,
)
from cluster.model.resource_formats import stack_of
from cluster.model.values import Scalar, Set
from cluster.model.values_text import wire_ranges


def entry_of(resource: Resource) -> tuple[Kind, Amount]:
    """Split a valid resource of any format into kind and amount."""
    amount = _amount_of(resource)
    disk = _identity(resource.disk) if resource.disk is not None else None
    lot_milli = None
    if disk is not None and disk.is_indivisible and isinstance(amount, int) and amount:
        lot_milli, amount = amount, 1
    kind = Kind(
        resource.name,
        resource.type,
        tuple(sorted_labels(reservation) for reservation in stack_of(resource)),
        resource.allocation_info.role if resource.allocation_info is not None else None,
        resource.revocable is not None,
        resource.shared is not None,
        disk,
        resource.provider_id.value if resource.provider_id is not None else None,
        lot_milli,
    )
    return kind, amount


def _amount_of(resource: Resource) -> Amount:
    if resource.scalar is not None:
        return to_milli(resource.scalar.value)
    if resource.ranges is not None:
        return coalesce((r.begin, r.end) for r in resource.ranges.range)
    assert resource.set is not None, "violations() lets no resource without value pass"
    return frozenset(resource.set.item)


def _identity(disk: DiskInfo) -> Disk:
    source = disk.source
    if source is not None and source.metadata is not None:
        source = msgspec.structs.replace(source, metadata=_sorted(source.metadata))
    return Disk(source, disk.persistence.id if disk.persistence is not None else None)


def sorted_labels(reservation: ReservationInfo) -> ReservationInfo:
    """The same reservation with its labels in the order that stands for all."""
    if reservation.labels is None or len(reservation.labels.labels) < 2:
        return reservation
    return msgspec.structs.replace(reservation, labels=_sorted(reservation.labels))


def _sorted(labels: Labels) -> Labels:
    """Labels compare as a multiset, so one order stands for all."""
    return Labels(labels=tuple(sorted(labels.labels, key=_label_order)))


def _label_order(label: Label) -> tuple[str, bool, str]:
    return label.key, label.value is not None, label.value or ""


def details_of(disk: DiskInfo | None) -> DiskInfo | None:
    """The disk, if it holds anything its identity leaves out."""
    if disk is None:
        return None
    mounted = disk.volume is not None
    owned = disk.persistence is not None and disk.persistence.principal is not None
    return disk if mounted or owned else None


def protos_of(kind: Kind, amount: Amount, details: DiskInfo | None) -> list[Resource]:
    """Make wire resources in the internal format: one, or one for each piece of an indivisible kind."""
    pieces = 1
    if kind.lot_milli is not None and isinstance(amount, int):
        pieces, amount = amount, kind.lot_milli
    proto = Resource(
        provider_id=ResourceProviderID(kind.provider) if kind.provider is not None else None,
        name=kind.name,
        type=kind.type,
        scalar=Scalar(value=from_milli(amount)) if isinstance(amount, int) else None,
        ranges=wire_ranges(amount) if isinstance(amount, tuple) else None,
        set=Set(item=tuple(sorted(amount))) if isinstance(amount, frozenset) else None,
        allocation_info=AllocationInfo(role=kind.allocation) if kind.allocation is not None else None,
        reservations=kind.reservations,
        disk=details or disk_of(kind),
        revocable=RevocableInfo() if kind.revocable else None,
        shared=SharedInfo() if kind.shared else None,
    )
    return [proto] * pieces


def disk_of(kind: Kind) -> DiskInfo | None:
    """The DiskInfo a kind by itself implies."""
    if kind.disk is None:
        return None
    identity = kind.disk.persistence_id
    persistence = DiskInfo.Persistence(id=identity) if identity is not None else None
    return DiskInfo(persistence=persistence, source=kind.disk.source)
