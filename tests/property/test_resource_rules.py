"""What adds up, what contains what, what is counted: the rules of resources, each against its own wording.

Source: reference types.md §4.3, §4.5.
"""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cluster.model import (
    AllocationInfo,
    DiskInfo,
    InvalidResource,
    Kind,
    Labels,
    NotContained,
    Quantities,
    Range,
    Ranges,
    ReservationInfo,
    Resource,
    ResourceProviderID,
    Resources,
    RevocableInfo,
    Scalar,
    Set,
    SharedInfo,
    ValueType,
    resource_formats,
    to_milli,
)
from tests import strategies as some

STATIC, DYNAMIC = ReservationInfo.Type.STATIC, ReservationInfo.Type.DYNAMIC
Types = DiskInfo.Source.Type


def only(resources: Resources, kind: Kind) -> Resources:
    """What there is of one kind."""
    return resources.filter(lambda other: other is kind)


# --- the rules in words ---


def labels_of(labels: Labels | None) -> object:
    """Labels are a multiset; to have none at all is another thing than to have an empty list."""
    return None if labels is None else Counter((label.key, label.value) for label in labels.labels)


def stack_of(proto: Resource) -> list[object]:
    return [(each.type, each.role, each.principal, labels_of(each.labels)) for each in proto.reservations]


def disk_of(proto: Resource) -> object:
    """Source and id of the volume; where it is mounted and who made it does not count."""
    disk = proto.disk
    if disk is None:
        return None
    return disk.source, disk.persistence.id if disk.persistence is not None else None


def is_alike(a: Resource, b: Resource) -> bool:
    """Whether everything but the amount is the same."""
    return (
        (a.name, a.type) == (b.name, b.type)
        and (a.allocation_info, a.provider_id) == (b.allocation_info, b.provider_id)
        and stack_of(a) == stack_of(b)
        and disk_of(a) == disk_of(b)
        and (a.revocable is None) == (b.revocable is None)
        and (a.shared is None) == (b.shared is None)
    )


def is_whole(proto: Resource) -> bool:
    """Whether it can be had whole only: MOUNT, BLOCK, RAW with an id, any persistent volume."""
    disk = proto.disk
    if disk is None:
        return False
    if disk.persistence is not None:
        return True
    source = disk.source
    return source is not None and (
        source.type in (Types.MOUNT, Types.BLOCK) or (source.type is Types.RAW and source.id is not None)
    )


def numbers(ranges: Ranges) -> set[int]:
    return {n for each in ranges.range for n in range(each.begin, each.end + 1)}


def members(proto: Resource) -> set[object]:
    """Numbers of ranges, items of sets."""
    if proto.ranges is not None:
        return set(numbers(proto.ranges))
    return set(proto.set.item) if proto.set is not None else set()


def size(proto: Resource) -> int:
    return to_milli(proto.scalar.value) if proto.scalar is not None else len(members(proto)) * 1000


def is_within(b: Resource, a: Resource) -> bool:
    """Whether an amount can be taken from another one of the same kind."""
    if a.scalar is None:
        return members(b) <= members(a)
    return size(b) == size(a) if is_whole(a) else size(b) <= size(a)


@st.composite
def near_pairs(draw: st.DrawFn) -> tuple[Resource, Resource]:
    """Two resources that differ in little or nothing, so that both answers are met."""
    a, b = draw(some.resource_protos()), draw(some.resource_protos())
    changed = draw(st.sampled_from([*Resource.__struct_fields__, "nothing", "amount", "amount"]))
    if changed == "nothing":
        b = a
    elif changed == "amount" and (a.name, a.type) == (b.name, b.type):
        b = msgspec.structs.replace(a, scalar=b.scalar, ranges=b.ranges, set=b.set)
    elif changed in ("reservations", "allocation_info", "provider_id", "revocable"):
        b = msgspec.structs.replace(a, **{changed: getattr(b, changed)})
    elif changed == "disk" and a.name == b.name == "disk":
        b = msgspec.structs.replace(a, disk=b.disk, shared=b.shared)
    return a, b


# --- one with one ---


@given(near_pairs())
def test_what_adds_up(pair: tuple[Resource, Resource]) -> None:
    a, b = pair
    assume(size(a) and size(b))
    total = Resources.of([a, b])
    adds_up = is_alike(a, b) and not is_whole(a)
    is_copy = is_alike(a, b) and a.shared is not None and size(a) == size(b)
    assert (len(total.protos()) == 1) == adds_up
    if adds_up:
        (proto,) = total.protos()
        together = size(a) + size(b) if a.scalar is not None else len(members(a) | members(b)) * 1000
        assert size(proto) == together
        assert members(proto) == members(a) | members(b)
    elif is_copy:
        assert [size(proto) for proto in total.protos()] == [size(a)] * 2
        assert total.milli(a.name) == size(a)  # counted once
    else:
        assert sorted(map(size, total.protos())) == sorted([size(a), size(b)])


@given(near_pairs())
def test_what_contains_what(pair: tuple[Resource, Resource]) -> None:
    a, b = pair
    assume(size(a) and size(b))
    left, right = Resources.of([a]), Resources.of([b])
    expected = is_alike(a, b) and is_within(b, a)
    assert left.contains(right) == expected
    if expected:
        assert (left - right) + right == left
    else:
        with pytest.raises(NotContained):
            left - right


@given(some.resource_lists, some.resource_lists)
def test_a_sum_contains_what_its_entries_contain_one_by_one(a: list[Resource], b: list[Resource]) -> None:
    """Each thing that can only be had whole is there once for each time it is asked for."""
    whole, part = Resources.of(a), Resources.of(b)
    left, expected = whole, True
    for proto in part.protos():
        entry = Resources.of([proto])
        expected = expected and any(Resources.of([mine]).contains(entry) for mine in left.protos())
        left = left.without(entry)
    assert whole.contains(part) == expected


# --- ranges and sets as such ---


def a_set(items: frozenset[str]) -> Resource:
    return Resource(name="bugs", type=ValueType.SET, set=Set(item=tuple(items)))


@given(some.items, some.items)
def test_sets_behave_like_sets(a: frozenset[str], b: frozenset[str]) -> None:
    left, right = Resources.of([a_set(a)]), Resources.of([a_set(b)])
    assert left + right == Resources.of([a_set(a | b)])
    assert left.without(right) == Resources.of([a_set(a - b)])
    assert left.contains(right) == (b <= a)
    assert left.milli("bugs") == len(a) * 1000


def ports(ranges: Ranges) -> Resources:
    return Resources.of([Resource(name="ports", type=ValueType.RANGES, ranges=ranges)])


@given(some.wire_ranges, some.wire_ranges)
def test_ranges_behave_like_sets_of_numbers(a: Ranges, b: Ranges) -> None:
    left, right = ports(a), ports(b)
    for result, expected in (
        (left + right, numbers(a) | numbers(b)),
        (left.without(right), numbers(a) - numbers(b)),
    ):
        singles = ports(Ranges(range=tuple(Range(begin=n, end=n) for n in sorted(expected))))
        assert result == singles  # neighbours merge
        assert result.milli("ports") == len(expected) * 1000
    assert left.contains(right) == (numbers(b) <= numbers(a))


# --- copies ---


def a_shared_volume(size_mb: float, id: str = "v") -> Resource:
    return Resource(
        name="disk",
        type=ValueType.SCALAR,
        scalar=Scalar(value=size_mb),
        reservations=(ReservationInfo(type=DYNAMIC, role="web"),),
        disk=DiskInfo(persistence=DiskInfo.Persistence(id=id)),
        shared=SharedInfo(),
    )


@given(st.integers(0, 6), st.integers(0, 6))
def test_copies_of_what_is_shared_are_counted(have: int, want: int) -> None:
    left, right = Resources.of([a_shared_volume(8)] * have), Resources.of([a_shared_volume(8)] * want)
    assert left + right == Resources.of([a_shared_volume(8)] * (have + want))
    assert left.without(right) == Resources.of([a_shared_volume(8)] * max(0, have - want))
    assert left.contains(right) == (want <= have)
    assert left.milli("disk") == (8000 if have else 0)
    assert left.shared() == left
    assert not left.nonshared()


def test_copies_of_other_sizes_are_other_volumes() -> None:
    small, large = Resources.of([a_shared_volume(4)]), Resources.of([a_shared_volume(8)])
    assert not large.contains(small)
    assert (small + large).milli("disk") == 12_000


# --- quantities ---


@given(some.resource_lists)
def test_quantities_are_those_of_the_entries(protos: list[Resource]) -> None:
    """Numbers add up whatever the metadata, of ranges and sets members count, shared volumes count once."""
    total = Resources.of(protos)
    expected: Counter[str] = Counter()
    for kind, _ in total:
        pieces = only(total, kind).protos()
        expected[kind.name] += sum(map(size, pieces[:1] if kind.shared else pieces))
    assert total.quantities() == Quantities(expected)
    for metadata in (total.allocated("web"), total.unallocated()):
        assert metadata.scalars().nonshared().quantities() == total.scalars().nonshared().quantities()


# --- allocation and reservation ---


@given(some.resources, some.roles, some.roles)
def test_the_last_allocation_counts(a: Resources, first: str, then: str) -> None:
    assert a.allocated(first).allocated(then) == a.unallocated().allocated(then)
    assert a.allocated(first).unallocated() == a.unallocated()


@given(some.resources)
def test_allocations_part_resources(a: Resources) -> None:
    nobody = a.filter(lambda kind: kind.allocation is None)
    assert sum((a.allocated_to(role) for role in a.roles), nobody) == a
    for role in a.roles:
        assert a.allocated_to(role).roles == (role,)


@given(some.resources)
def test_reservations_part_resources(a: Resources) -> None:
    roles = sorted({kind.reservation_role for kind, _ in a if kind.reservation_role is not None})
    assert sum((a.reserved(role) for role in roles), a.unreserved()) == a
    for role in roles:
        below = [other for other in roles if f"{other}/".startswith(f"{role}/")]
        assert a.reserved_below(role) == sum((a.reserved(other) for other in below), Resources.EMPTY)


@given(some.resources)
def test_popping_all_reservations_leaves_none(a: Resources) -> None:
    left, done = a, Resources.EMPTY
    while left:
        done = done + left.unreserved()
        left = left.reserved().pop_reservation()
    assert done == a.to_unreserved()


@given(some.resources.filter(bool), st.sampled_from(["web", "web/a", "web/a/b", "ops", "*"]))
def test_a_reservation_stands_on_those_of_roles_above_it(a: Resources, role: str) -> None:
    for kind, _ in a:
        one = only(a, kind)
        below = kind.reservation_role
        is_sound = role != "*" and (below is None or role.startswith(f"{below}/"))
        reservation = ReservationInfo(type=DYNAMIC, role=role)
        if is_sound:
            assert one.push_reservation(reservation).pop_reservation() == one
        else:
            with pytest.raises(InvalidResource):
                one.push_reservation(reservation)
        if below is not None:
            with pytest.raises(InvalidResource):  # only the outermost may be static
                one.push_reservation(ReservationInfo(type=STATIC, role=f"{below}/x"))


# --- text and JSON ---


@given(some.resource_lists, st.sampled_from([None, "*", "ops"]))
def test_json_of_a_command_line_survives(protos: list[Resource], default_role: str | None) -> None:
    """What a command line can have: no reservation or a static one, in any of the formats."""
    plain = [
        msgspec.structs.replace(proto, allocation_info=None)
        for proto in protos
        if len(proto.reservations) < 2
        and all(each.type is STATIC for each in proto.reservations)
        and proto.revocable is None
        and (proto.disk is None or proto.disk.persistence is None)
    ]
    types: dict[str, ValueType] = {}
    assume(all(types.setdefault(proto.name, proto.type) is proto.type for proto in plain))
    expected = Resources.of(plain)
    if default_role not in (None, "*"):
        reservation = ReservationInfo(type=STATIC, role=default_role)
        expected = expected.reserved() + expected.unreserved().push_reservation(reservation)
    forms = [plain, [resource_formats.old_form(p) if p.reservations else p for p in plain]]
    for form in forms:
        text = msgspec.json.encode(form).decode()
        assert Resources.parse(text, default_role or "*") == expected


@given(some.resources)
def test_resources_survive_the_wire_in_either_form(a: Resources) -> None:
    protos = a.protos()
    ends = [resource_formats.endpoint_form(proto) for proto in protos]
    for form in (protos, ends):
        again = msgspec.json.decode(msgspec.json.encode(form), type=list[Resource])
        assert Resources.of(again) == a
        assert str(Resources.of(again)) == str(a)


def test_metadata_is_told_apart() -> None:
    """Each of them alone makes another kind."""
    plain = Resource(name="cpus", type=ValueType.SCALAR, scalar=Scalar(value=1))
    dressed = [
        msgspec.structs.replace(plain, **{name: value})
        for name, value in (
            ("allocation_info", AllocationInfo(role="web")),
            ("provider_id", ResourceProviderID("p")),
            ("revocable", RevocableInfo()),
            ("reservations", (ReservationInfo(type=STATIC, role="web"),)),
            ("reservations", (ReservationInfo(type=DYNAMIC, role="web"),)),
            ("reservations", (ReservationInfo(type=DYNAMIC, role="web", principal="p"),)),
            ("name", "mem"),
        )
    ]
    assert len(Resources.of([plain, *dressed, *dressed]).protos()) == 1 + len(dressed)
