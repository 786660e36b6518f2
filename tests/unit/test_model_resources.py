"""Resources: the examples of the reference, one by one."""

import pytest

from cluster.model import (
    AllocationInfo,
    DiskInfo,
    InvalidResource,
    InvalidResources,
    Kind,
    Label,
    Labels,
    NotContained,
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
    Volume,
)

STATIC, DYNAMIC = ReservationInfo.Type.STATIC, ReservationInfo.Type.DYNAMIC
SourceType = DiskInfo.Source.Type


def dynamic(role: str, principal: str | None = None, labels: Labels | None = None) -> ReservationInfo:
    return ReservationInfo(type=DYNAMIC, role=role, principal=principal, labels=labels)


def scalar(
    value: float,
    name: str = "cpus",
    *,
    stack: tuple[ReservationInfo, ...] = (),
    disk: DiskInfo | None = None,
    allocation: str | None = None,
    revocable: bool = False,
    shared: bool = False,
    provider: str | None = None,
) -> Resource:
    return Resource(
        name=name,
        type=ValueType.SCALAR,
        scalar=Scalar(value=value),
        reservations=stack,
        disk=disk,
        allocation_info=AllocationInfo(role=allocation) if allocation else None,
        revocable=RevocableInfo() if revocable else None,
        shared=SharedInfo() if shared else None,
        provider_id=ResourceProviderID(provider) if provider else None,
    )


def mount(root: str = "/mnt/data") -> DiskInfo:
    return DiskInfo(source=DiskInfo.Source(type=SourceType.MOUNT, mount=DiskInfo.Source.Mount(root=root)))


def persistent(id: str = "v1", path: str = "data", principal: str | None = None) -> DiskInfo:
    return DiskInfo(
        persistence=DiskInfo.Persistence(id=id, principal=principal),
        volume=Volume(mode=Volume.Mode.RW, container_path=path),
    )


def volume(size: float = 64, disk: DiskInfo | None = None, *, shared: bool = False) -> Resource:
    return scalar(size, "disk", stack=(dynamic("web", "ops"),), disk=disk or persistent(), shared=shared)


def ports(*pairs: tuple[int, int]) -> Resource:
    wire = Ranges(range=tuple(Range(begin=begin, end=end) for begin, end in pairs))
    return Resource(name="ports", type=ValueType.RANGES, ranges=wire)


def of(*protos: Resource) -> Resources:
    return Resources.of(protos)


# --- precision ---


def test_tenths_add_up() -> None:
    assert Resources.scalar(cpus=0.1) + Resources.scalar(cpus=0.2) == Resources.scalar(cpus=0.3)


@pytest.mark.parametrize(("value", "milli"), [(0.0005, 1), (0.0015, 2), (1.2344, 1234), (0.9996, 1000)])
def test_scalars_round_half_away_from_zero(value: float, milli: int) -> None:
    assert of(scalar(value)).milli("cpus") == milli


def test_input_keeps_no_digits_beyond_thousandths() -> None:
    assert of(scalar(1.00049)) == of(scalar(1.0))


def test_floats_are_for_people() -> None:
    total = Resources.scalar(cpus=0.5, mem=1024, disk=2048, gpus=2)
    assert (total.cpus, total.mem, total.disk, total.gpus) == (0.5, 1024.0, 2048.0, 2.0)


def test_negative_convenience_scalar_is_refused() -> None:
    with pytest.raises(InvalidResource):
        Resources.scalar(cpus=-1)
    with pytest.raises(InvalidResource):
        Resources.scalar(cpus=float("nan"))


# --- addable ---


@pytest.mark.parametrize(
    "other",
    [
        scalar(1, "mem"),
        scalar(1, allocation="web"),
        scalar(1, stack=(dynamic("web"),)),
        scalar(1, stack=(ReservationInfo(type=STATIC, role="web"),)),
        scalar(1, revocable=True),
        scalar(1, provider="p"),
    ],
)
def test_other_metadata_is_another_entry(other: Resource) -> None:
    total = of(scalar(1), other)
    assert len(total) == 2
    assert total.contains(of(other))
    assert not of(scalar(2)).contains(of(other))


def test_principal_and_labels_tell_reservations_apart() -> None:
    a = scalar(1, stack=(dynamic("web", "ops"),))
    b = scalar(1, stack=(dynamic("web", "dev"),))
    c = scalar(1, stack=(dynamic("web", "ops", Labels(labels=(Label(key="k"),))),))
    assert len(of(a, b, c)) == 3
    assert len(of(a, a)) == 1


def test_order_of_labels_does_not_matter() -> None:
    k, v = Label(key="k", value="1"), Label(key="v")
    one = scalar(1, stack=(dynamic("web", labels=Labels(labels=(k, v))),))
    two = scalar(1, stack=(dynamic("web", labels=Labels(labels=(v, k))),))
    assert of(one, two) == of(two) + of(one)
    assert len(of(one, two)) == 1


def test_ranges_coalesce() -> None:
    assert of(ports((1, 3)), ports((4, 5))) == of(ports((1, 5)))
    assert str(of(ports((5, 9), (1, 2)))) == "ports:[1-2, 5-9]"
    assert of(ports((1, 5))) - of(ports((3, 3))) == of(ports((1, 2), (4, 5)))
    assert of(ports((1, 3), (4, 5))).contains(of(ports((2, 4))))
    assert not of(ports((1, 3), (5, 5))).contains(of(ports((3, 5))))


def test_sets_unite() -> None:
    a, b = Resources.parse("bugs:{a,b}"), Resources.parse("bugs:{b,c}")
    assert str(a + b) == "bugs:{a, b, c}"
    assert a.without(b) == Resources.parse("bugs:{a}")
    assert not a.contains(b)


def test_path_disks_of_one_root_add_up_and_others_do_not() -> None:
    def path(root: str) -> DiskInfo:
        return DiskInfo(source=DiskInfo.Source(type=SourceType.PATH, path=DiskInfo.Source.Path(root=root)))

    assert len(of(scalar(1, "disk", disk=path("/a")), scalar(2, "disk", disk=path("/a")))) == 1
    assert len(of(scalar(1, "disk", disk=path("/a")), scalar(2, "disk", disk=path("/b")))) == 2
    assert len(of(scalar(1, "disk"), scalar(2, "disk", disk=path("/b")))) == 2


@pytest.mark.parametrize(
    "disk",
    [
        mount(),
        persistent(),
        DiskInfo(source=DiskInfo.Source(type=SourceType.BLOCK, id="b")),
        DiskInfo(source=DiskInfo.Source(type=SourceType.RAW, id="r")),
    ],
)
def test_indivisible_disks_are_all_or_nothing(disk: DiskInfo) -> None:
    whole, half = of(scalar(100, "disk", disk=disk)), of(scalar(50, "disk", disk=disk))
    assert whole.contains(whole)
    assert not whole.contains(half)
    assert whole.without(half) == whole
    with pytest.raises(NotContained):
        whole - half
    assert [proto.scalar for proto in (whole + whole).protos()] == [Scalar(value=100.0)] * 2
    assert (whole + whole).milli("disk") == 200_000


def test_raw_disk_without_id_can_be_divided() -> None:
    raw = DiskInfo(source=DiskInfo.Source(type=SourceType.RAW, profile="fast"))
    assert of(scalar(100, "disk", disk=raw)) - of(scalar(40, "disk", disk=raw)) == of(
        scalar(60, "disk", disk=raw)
    )


def test_mount_path_and_principal_of_a_volume_do_not_count() -> None:
    mine = of(volume(disk=persistent(path="data", principal="ops")))
    theirs = of(volume(disk=persistent(path="elsewhere", principal="dev")))
    assert mine == theirs
    assert not mine - theirs
    assert mine != of(volume(disk=persistent("v2")))


def test_the_left_volume_keeps_its_mount_path() -> None:
    left, right = volume(disk=persistent(path="left")), volume(disk=persistent(path="right"))
    (first, *_) = (of(left) + of(right)).protos()
    assert first == left
    assert of(right).allocated("web").unallocated().protos() == (right,)


def test_shared_volumes_count_copies() -> None:
    one = of(volume(shared=True))
    two = one + one
    assert len(two.protos()) == 2
    assert two.contains(one)
    assert not one.contains(two)
    assert two - one == one
    assert not one - one
    assert two.milli("disk") == 64_000
    assert two.shared() == two
    assert not one.contains(of(volume()))


def test_empty_resources_vanish() -> None:
    assert not of(scalar(0), ports(), Resource(name="bugs", type=ValueType.SET, set=Set()))
    assert str(Resources.EMPTY) == "{}"
    assert Resources() == Resources.EMPTY


def test_invalid_resources_are_refused_with_every_fault() -> None:
    bad = Resource(name="", type=ValueType.SCALAR, scalar=Scalar(value=-1))
    with pytest.raises(InvalidResource) as raised:
        of(bad)
    assert raised.value.faults == ("Empty resource name", "Invalid scalar resource: value < 0")


# --- taking away ---


def test_minus_asserts_and_without_floors() -> None:
    total = Resources.scalar(cpus=2, mem=10)
    assert total - Resources.scalar(cpus=0.5) == Resources.scalar(cpus=1.5, mem=10)
    with pytest.raises(NotContained) as raised:
        total - Resources.scalar(cpus=3)
    assert raised.value.part == "cpus:3"
    assert total.without(Resources.scalar(cpus=3, gpus=1)) == Resources.scalar(mem=10)
    assert total.amount(Kind("cpus")) == 2000


# --- reservations and allocation ---


def test_a_role_may_get_unreserved_own_and_what_is_above() -> None:
    total = of(
        scalar(1),
        scalar(2, stack=(dynamic("web"),)),
        scalar(4, stack=(dynamic("web"), dynamic("web/a"))),
        scalar(8, stack=(dynamic("ops"),)),
    )
    assert total.allocatable_to("web").cpus == 3
    assert total.allocatable_to("web/a").cpus == 7
    assert total.allocatable_to("web/b").cpus == 3
    assert total.allocatable_to("webby").cpus == 1
    assert total.unreserved().cpus == 1
    assert total.reserved().cpus == 14
    assert total.reserved("web").cpus == 2
    assert total.reserved_below("web").cpus == 6


def test_allocation_is_put_on_and_taken_off() -> None:
    total = Resources.scalar(cpus=1, mem=2)
    given = total.allocated("web")
    assert given.roles == ("web",)
    assert {proto.allocation_info for proto in given.protos()} == {AllocationInfo(role="web")}
    assert (given + total.allocated("ops")).allocated_to("ops") == total.allocated("ops")
    assert given.unallocated() == total
    assert given != total


def test_reservations_push_and_pop() -> None:
    plain = Resources.scalar(cpus=1)
    web = plain.push_reservation(ReservationInfo(type=STATIC, role="web"))
    deep = web.push_reservation(dynamic("web/a", "ops"))
    assert str(deep) == "cpus(reservations: [(STATIC,web),(DYNAMIC,web/a,ops)]):1"
    assert deep.pop_reservation() == web
    assert deep.to_unreserved() == plain
    with pytest.raises(InvalidResource, match="not below"):
        web.push_reservation(dynamic("ops"))
    with pytest.raises(InvalidResource, match="must be DYNAMIC"):
        web.push_reservation(ReservationInfo(type=STATIC, role="web/a"))


def test_find_prefers_the_own_role_then_the_unreserved() -> None:
    web, ops = (dynamic("web"),), (dynamic("ops"),)
    total = of(scalar(1, stack=ops), scalar(1), scalar(1, stack=web))
    assert total.find(of(scalar(1, stack=web))) == of(scalar(1, stack=web))
    assert total.find(of(scalar(2, stack=web))) == of(scalar(1, stack=web), scalar(1))
    assert total.find(of(scalar(1))) == of(scalar(1))
    assert total.find(of(scalar(2.5))) == of(scalar(1), scalar(1, stack=ops), scalar(0.5, stack=web))
    assert total.find(of(scalar(4))) is None
    assert total.find(of(scalar(1, revocable=True))) is None


def test_revocable_and_scalars_are_parts() -> None:
    total = of(scalar(1), scalar(2, revocable=True), ports((1, 2)))
    assert total.revocable() == of(scalar(2, revocable=True))
    assert total.nonrevocable() == of(scalar(1), ports((1, 2)))
    assert total.scalars() == of(scalar(1), scalar(2, revocable=True))
    assert total.milli("cpus") == 3000
    assert total.milli("ports") == 2000


# --- text ---

REFERENCE_TEXT = "cpus:24;gpus:2;mem:24576;disk:409600;ports:[21000-24000,30000-34000];bugs(dbg):{a,b,c}"
REFERENCE_JSON = """[
  {"name":"cpus","type":"SCALAR","scalar":{"value":24}},
  {"name":"gpus","type":"SCALAR","scalar":{"value":2}},
  {"name":"mem","type":"SCALAR","scalar":{"value":24576}},
  {"name":"disk","type":"SCALAR","scalar":{"value":409600}},
  {"name":"ports","type":"RANGES","ranges":{"range":[{"begin":21000,"end":24000},{"begin":30000,"end":34000}]}},
  {"name":"bugs","type":"SET","set":{"item":["a","b","c"]},"role":"dbg"}
]"""


def test_both_text_forms_mean_the_same() -> None:
    assert Resources.parse(REFERENCE_TEXT) == Resources.parse(REFERENCE_JSON)
    assert Resources.parse(REFERENCE_TEXT).milli("ports") == (3001 + 4001) * 1000
    assert Resources.parse(REFERENCE_TEXT).reserved("dbg") == Resources.parse("bugs(dbg):{c,b,a}")


def test_a_mount_disk_comes_as_json() -> None:
    text = """[{"name":"disk","type":"SCALAR","scalar":{"value":2048},
               "disk":{"source":{"type":"MOUNT","mount":{"root":"/mnt/data"}}}}]"""
    assert str(Resources.parse(text)) == "disk[MOUNT:/mnt/data]:2048"


def test_the_default_role_is_for_entries_without_one() -> None:
    assert Resources.parse("cpus:1;mem(*):2", "web") == Resources.parse("cpus(web):1;mem:2")
    text = '[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}]'
    assert Resources.parse(text, "web") == Resources.parse("cpus(web):1")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("", ""),
        (" cpus : 1 ; ; mem ( web ) : 2 ; ", "cpus:1;mem(web):2"),
        ("cpus:1e3", "cpus:1000"),
        ("cpus:0x10", "cpus:16"),
        ("ports:[1-2, 3-4]", "ports:[1-4]"),
        ("cpus:1;cpus:2", "cpus:3"),
        ("cpus:0", ""),
        ("ports:[]", ""),
    ],
)
def test_lenient_text(text: str, same: str) -> None:
    assert Resources.parse(text) == Resources.parse(same)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("cpus", "missing or extra ':'"),
        ("cpus:1:2", "missing or extra ':'"),
        ("cpus:", "missing or extra ':'"),
        (":1", "missing or extra ':'"),
        ("cpus(web:1", "parentheses"),
        ("cpus)web(:1", "parentheses"),
        ("cpus:many", "not a number"),
        ("cpus:-1", "not a number"),
        ("cpus:nan", "not a number"),
        ("cpus:1_000", "not a number"),
        ("cpus:1e999", "too large"),
        ("cpus:1e-310", "subnormal"),
        ("cpus:0.0004", "smaller than 0.0005"),
        ("ports:[1-2", "brackets"),
        ("ports:1-2]", "brackets"),
        ("ports:{1-2]", "brackets"),
        ("ports:x[1-2]", "bracket"),
        ("ports:[5]", "not a range"),
        ("ports:[-5-7]", "not a range"),
        ("ports:[9-1]", "begins after its end"),
        ("ports:[1-99999999999999999999]", "out of bounds"),
        ("bugs:{a,a}", "duplicated"),
        ("cpus(a//b):1", "//"),
        ("cpus():1", "must not be empty"),
        ("cpus:1;cpus:[1-2]", "different types"),
        ("[{", "Bad JSON"),
        ('[{"type":"SCALAR"}]', "Bad JSON"),
        ('[{"name":"cpus","type":"SCALAR"}]', "needs `scalar`"),
        ('[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"revocable":{}}]', "Revocable"),
        ('[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"role":"a","reservation":{}}]', "Dynamically"),
        (
            '[{"name":"disk","type":"SCALAR","scalar":{"value":1},"role":"a","disk":{"persistence":{"id":"v"}}}]',
            "Persistent volume 'v'",
        ),
    ],
)
def test_bad_text_names_the_fault(text: str, fault: str) -> None:
    with pytest.raises(InvalidResources) as raised:
        Resources.parse(text)
    assert fault in str(raised.value)


@pytest.mark.parametrize(
    ("resources", "printed"),
    [
        (of(scalar(1.5, allocation="web")), "cpus(allocated: web):1.5"),
        (of(scalar(1, revocable=True)), "cpus{REV}:1"),
        (
            of(
                scalar(
                    1,
                    stack=(
                        dynamic("web", "ops", Labels(labels=(Label(key="k", value="v"), Label(key="l")))),
                    ),
                )
            ),
            "cpus(reservations: [(DYNAMIC,web,ops,{k: v, l})]):1",
        ),
        (of(volume()), "disk(reservations: [(DYNAMIC,web,ops)])[v1:data]:64"),
        (of(volume(shared=True)), "disk(reservations: [(DYNAMIC,web,ops)])[v1:data]<SHARED>:64<1>"),
        (Resources.scalar(cpus=1, mem=0.5), "cpus:1; mem:0.5"),
    ],
)
def test_print_form(resources: Resources, printed: str) -> None:
    assert str(resources) == printed


# --- kinds ---


def test_kinds_are_interned() -> None:
    assert Kind("cpus") is Kind("cpus")
    assert Kind("cpus").allocated("web").allocated(None) is Kind("cpus")
    assert Kind("cpus") != Kind("mem")


def test_kinds_know_what_they_are() -> None:
    kinds = [kind for kind, _ in of(volume(), scalar(1))]
    assert [kind.is_persistent for kind in kinds] == [True, False]
    assert [kind.is_dynamic for kind in kinds] == [True, False]
    assert [kind.is_reserved for kind in kinds] == [True, False]
    assert of(volume(), scalar(1)).persistent_volumes() == of(volume())
