"""Laws of resource arithmetic."""

import copy
import itertools
import pickle
from fractions import Fraction

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cluster.model import (
    DiskInfo,
    Labels,
    Limits,
    NotContained,
    Quantities,
    ReservationInfo,
    Resource,
    Resources,
    Scalar,
    ValueType,
    from_milli,
    parse_quantities,
    print_milli,
    ranges,
    resource_formats,
    to_milli,
    violations,
)
from tests import strategies as some


def without_overlap(b: Resources, a: Resources) -> Resources:
    """B minus what ranges and sets of a hold already: only of numbers there can be more of the same."""
    return b.scalars() + b.filter(lambda kind: kind.type is not ValueType.SCALAR).without(a)


# --- adding ---


@given(some.resources, some.resources)
def test_taking_back_what_was_added_changes_nothing(a: Resources, b: Resources) -> None:
    b = without_overlap(b, a)
    assert (a + b) - b == a
    assert (a + b) - a == b
    assert (a + b).without(b) == a


@given(some.resources, st.lists(st.tuples(some.resources, some.resources), max_size=4))
def test_exchanging_is_subtracting_and_adding(a: Resources, steps: list[tuple[Resources, Resources]]) -> None:
    one_by_one = a
    for number, (taken, given_) in enumerate(steps):
        if number % 2:  # something that is there
            steps[number] = taken, given_ = one_by_one.without(taken), given_
        try:
            one_by_one = (one_by_one - taken) + given_
        except NotContained:
            with pytest.raises(NotContained):
                a.exchanged(steps)
            return
    at_once = a.exchanged(steps)
    assert at_once == one_by_one
    assert at_once.protos() == one_by_one.protos()  # what rides along, too


@given(some.resources, some.resources)
def test_a_sum_contains_its_parts(a: Resources, b: Resources) -> None:
    assert (a + b).contains(a)
    assert (a + b).contains(b)


@given(some.resources, some.resources)
def test_order_of_a_sum_does_not_matter(a: Resources, b: Resources) -> None:
    assert a + b == b + a
    assert hash(a + b) == hash(b + a)


@given(some.resources, some.resources, some.resources)
def test_grouping_of_a_sum_does_not_matter(a: Resources, b: Resources, c: Resources) -> None:
    assert (a + b) + c == a + (b + c)


@given(some.resource_lists.flatmap(lambda protos: st.tuples(st.just(protos), st.permutations(protos))))
def test_order_of_wire_resources_does_not_matter(orders: tuple[list[Resource], list[Resource]]) -> None:
    given_order, other_order = orders
    assert Resources.of(other_order) == Resources.of(given_order)


@given(some.resource_lists)
def test_a_whole_list_is_the_sum_of_its_entries(protos: list[Resource]) -> None:
    assert sum((Resources.of([proto]) for proto in protos), Resources.EMPTY) == Resources.of(protos)


@given(some.resources)
def test_empty_is_neutral(a: Resources) -> None:
    assert a + Resources.EMPTY == a == Resources.EMPTY + a
    assert a - Resources.EMPTY == a
    assert not a - a
    assert a.contains(Resources.EMPTY)


@given(some.resources, some.resources)
def test_quantities_of_numbers_add_up(a: Resources, b: Resources) -> None:
    a, b = a.scalars().nonshared(), b.scalars().nonshared()
    assert (a + b).quantities() == a.quantities() + b.quantities()


# --- containing, comparing ---


@given(some.resources, some.resources)
def test_containing_each_other_is_being_equal(a: Resources, b: Resources) -> None:
    assert (a.contains(b) and b.contains(a)) == (a == b)
    assert a.contains(a)


@given(some.resources, some.resources, some.resources)
def test_containing_is_transitive(a: Resources, b: Resources, c: Resources) -> None:
    b, c = a + b, a + b + c
    assert c.contains(b)
    assert b.contains(a)
    assert c.contains(a)


@given(some.resources, some.resources)
def test_what_is_contained_can_be_taken_and_put_back(a: Resources, b: Resources) -> None:
    whole = a + b
    assert (whole - b) + b == whole
    assert (whole - a) + a == whole


@given(some.resources, some.resources)
def test_flooring_leaves_a_part(a: Resources, b: Resources) -> None:
    rest = a.without(b)
    assert a.contains(rest)
    assert (rest == a) or bool(b)
    assert all(amount for _, amount in rest)


@given(some.resources)
def test_equal_resources_hash_alike(a: Resources) -> None:
    again = Resources.of(a.protos())
    assert again == a
    assert hash(again) == hash(a)


def reversed_labels(stack: tuple[ReservationInfo, ...]) -> tuple[ReservationInfo, ...]:
    return tuple(
        msgspec.structs.replace(entry, labels=entry.labels and Labels(labels=entry.labels.labels[::-1]))
        for entry in stack
    )


@given(some.resource_lists)
def test_order_of_labels_does_not_matter(protos: list[Resource]) -> None:
    turned = [msgspec.structs.replace(p, reservations=reversed_labels(p.reservations)) for p in protos]
    assert Resources.of(turned) == Resources.of(protos)


@given(some.disk_protos, some.milli)
def test_a_disk_is_divisible_exactly_if_nobody_else_could_be_on_it(proto: Resource, less: int) -> None:
    assert proto.scalar is not None
    size = to_milli(proto.scalar.value)
    assume(less < size)
    whole = Resources.of([proto])
    part = Resources.of([msgspec.structs.replace(proto, scalar=Scalar(value=from_milli(less)))])
    source = proto.disk.source if proto.disk else None
    types = DiskInfo.Source.Type
    divisible = (proto.disk is None or proto.disk.persistence is None) and (
        source is None or source.type is types.PATH or (source.type is types.RAW and source.id is None)
    )
    assert whole.contains(part) == divisible
    assert (len(whole + part) == 1) == divisible
    assert (whole + part) - part == whole


@given(some.volume_protos, st.integers(1, 4))
def test_pieces_of_a_volume_stay_apart(proto: Resource, copies: int) -> None:
    total = Resources.of([proto] * copies)
    assert [piece.scalar for piece in total.protos()] == [proto.scalar] * copies
    assert total.milli("disk") == Resources.of([proto]).milli("disk") * (1 if proto.shared else copies)


@given(some.disk_protos, some.disk_protos, some.roles)
def test_mount_paths_ride_along(a: Resource, b: Resource, role: str) -> None:
    left, right = Resources.of([a]), Resources.of([b])
    assert left.protos()[0].disk == a.disk
    assert left.allocated(role).protos()[0].disk == a.disk
    assert left.to_unreserved().protos()[0].disk == a.disk
    disks = [proto.disk for proto in (left + right).protos()]
    assert a.disk in disks
    assert b.disk in disks or left.contains(right) or len(left + right) == 1
    assert ((left + right) - right).protos()[0].disk == a.disk


# --- exactness ---


@given(st.lists(some.milli, max_size=30))
def test_sums_never_drift(amounts: list[int]) -> None:
    total = sum((Resources.scalar(cpus=from_milli(amount)) for amount in amounts), Resources.EMPTY)
    assert total.milli("cpus") == sum(amounts)


@given(st.integers(-(10**12), 10**12))
def test_thousandths_survive_floats(amount: int) -> None:
    assert to_milli(from_milli(amount)) == amount
    assert to_milli(float(print_milli(amount))) == amount


@given(st.floats(-(2**40), 2**40))
def test_rounding_is_to_nearest_half_away_from_zero(value: float) -> None:
    exact = Fraction(value * 1000)
    rounded = to_milli(value)
    assert abs(exact - rounded) <= Fraction(1, 2)
    if abs(exact - rounded) == Fraction(1, 2):
        assert abs(rounded) > abs(exact)
    assert to_milli(-value) == -rounded


# --- ranges against sets of numbers ---

pair_lists = st.lists(some.pairs, max_size=6)


def numbers(pairs: list[tuple[int, int]] | ranges.Pairs) -> set[int]:
    return {n for begin, end in pairs for n in range(begin, end + 1)}


@given(pair_lists)
def test_coalesced_ranges_are_sorted_apart_and_the_same_numbers(pairs: list[tuple[int, int]]) -> None:
    merged = ranges.coalesce(pairs)
    assert numbers(merged) == numbers(pairs)
    assert all(left[1] + 1 < right[0] for left, right in itertools.pairwise(merged))
    assert ranges.count(merged) == len(numbers(pairs))


@given(pair_lists, pair_lists)
def test_ranges_behave_like_sets(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    a, b = ranges.coalesce(left), ranges.coalesce(right)
    assert ranges.union(a, b) == ranges.coalesce(left + right)
    assert numbers(ranges.union(a, b)) == numbers(a) | numbers(b)
    assert numbers(ranges.difference(a, b)) == numbers(a) - numbers(b)
    assert numbers(ranges.intersection(a, b)) == numbers(a) & numbers(b)
    assert ranges.contains(a, b) == (numbers(a) >= numbers(b))
    for result in (ranges.difference(a, b), ranges.intersection(a, b)):
        assert result == ranges.coalesce(result)


# --- metadata ---


@given(some.resources, some.roles)
def test_allocation_can_be_undone(a: Resources, role: str) -> None:
    plain = a.unallocated()
    assert plain.allocated(role).unallocated() == plain
    assert plain.allocated(role).roles == ((role,) if plain else ())
    assert plain.allocated(role).quantities() == plain.quantities()


@given(some.resources, st.none() | some.labels)
def test_a_pushed_reservation_can_be_popped(a: Resources, labels: Labels | None) -> None:
    a = a.filter(lambda kind: kind.reservation_role in (None, "web"))
    dynamic = ReservationInfo.Type.DYNAMIC
    pushed = a.push_reservation(ReservationInfo(type=dynamic, role="web/x", labels=labels))
    assert pushed.reserved("web/x") == pushed
    assert pushed.pop_reservation() == a
    assert not pushed.unreserved()


@given(some.resources)
def test_parts_make_the_whole(a: Resources) -> None:
    assert a.reserved() + a.unreserved() == a
    assert a.revocable() + a.nonrevocable() == a
    assert a.shared() + a.nonshared() == a
    assert not a.to_unreserved().reserved()


@given(some.resources, some.roles)
def test_a_role_may_get_the_unreserved_and_what_roles_above_it_reserved(a: Resources, role: str) -> None:
    open_to = a.allocatable_to(role)
    assert open_to.contains(a.unreserved())
    assert open_to.contains(a.reserved(role))
    for kind, _ in a:
        above = kind.reservation_role is None or f"{role}/".startswith(f"{kind.reservation_role}/")
        assert (open_to.amount(kind) is not None) == above


@given(some.resources, some.resources)
def test_found_resources_are_there_and_enough(a: Resources, b: Resources) -> None:
    target = b.to_unreserved()
    found = (a + b).find(target)
    assert found is not None
    assert (a + b).contains(found)
    assert found.to_unreserved() == target


# --- round trips ---


@given(some.resource_lists)
def test_wire_resources_survive(protos: list[Resource]) -> None:
    total = Resources.of(protos)
    again = Resources.of(total.protos())
    assert again == total
    assert again.protos() == total.protos()
    assert str(again) == str(total)


@given(some.resource_lists)
def test_codecs_survive(protos: list[Resource]) -> None:
    for codec in (msgspec.json, msgspec.msgpack):
        assert codec.decode(codec.encode(protos), type=list[Resource]) == protos


@given(some.resource_protos())
def test_every_format_means_the_same(proto: Resource) -> None:
    assert violations(proto) == []
    endpoint = resource_formats.endpoint_form(proto)
    assert violations(endpoint) == []
    assert Resources.of([endpoint]) == Resources.of([proto])
    assert resource_formats.internal_form(endpoint) == proto
    old = resource_formats.old_form(proto)
    assert (old is None) == (len(proto.reservations) > 1)
    if old is not None:
        assert violations(old) == []
        assert Resources.of([old]) == Resources.of([proto])


@given(some.resources, st.sampled_from(["*", "web"]))
def test_json_text_survives(a: Resources, default_role: str) -> None:
    plain = a.to_unreserved().unallocated().nonrevocable().filter(lambda kind: not kind.is_persistent)
    text = msgspec.json.encode(plain.protos()).decode()
    static = ReservationInfo(type=ReservationInfo.Type.STATIC, role="web")
    expected = plain if default_role == "*" else plain.push_reservation(static)
    assert Resources.parse(text, default_role) == expected


@given(some.resources, st.sampled_from([None, "web", "web/a"]))
def test_simple_text_survives(a: Resources, role: str | None) -> None:
    plain = (
        a.to_unreserved()
        .unallocated()
        .nonrevocable()
        .filter(lambda kind: kind.disk is None and kind.provider is None)
    )
    tokens = str(plain).split("; ") if plain else []
    if role is not None:
        tokens = [token.replace(":", f"({role}):", 1) for token in tokens]
        plain = plain.push_reservation(ReservationInfo(type=ReservationInfo.Type.STATIC, role=role))
    assert Resources.parse(";".join(tokens)) == plain


@given(some.resources)
def test_copies_are_equal(a: Resources) -> None:
    assert copy.deepcopy(a) == a
    assert pickle.loads(pickle.dumps(a)) == a


# --- quantities and limits ---


@given(some.quantities, some.quantities)
def test_quantities_add_and_floor(a: Quantities, b: Quantities) -> None:
    assert a + b == b + a
    assert (a + b) - b == a
    assert not a - (a + b)
    assert (a + b).contains(a)
    assert all(amount > 0 for _, amount in (a - b).items())
    assert (a.contains(b) and b.contains(a)) == (a == b)
    assert Quantities.from_scalars(a.to_scalars()) == a


@given(st.lists(some.quantities.filter(bool), min_size=1, max_size=3))
def test_quantities_text_survives(alternatives: list[Quantities]) -> None:
    assert parse_quantities("|".join(map(str, alternatives))) == tuple(alternatives)


@given(some.quantities, some.quantities)
def test_limits_leave_what_is_not_used(limit: Quantities, used: Quantities) -> None:
    limits = Limits(limit.items())
    left = limits - used
    assert limits.contains(used) == all(used[name] <= amount for name, amount in limit.items())
    assert all((left.get(name) or 0) == max(0, amount - used[name]) for name, amount in limit.items())
    assert left.get("absent") is None
    assert limits.contains_limits(left)
    assert Limits.from_scalars(limits.to_scalars()) == limits
