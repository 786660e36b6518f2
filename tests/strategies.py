"""Hypothesis strategies for values of `cluster.model`, small enough that collisions happen."""

from hypothesis import strategies as st

from cluster.model import (
    AllocationInfo,
    DiskInfo,
    Label,
    Labels,
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
    Volume,
    from_milli,
)

SCALAR_NAMES = ("cpus", "mem", "gpus", "network_bandwidth")
RANGE_NAMES = ("ports", "ephemeral_ports")
SET_NAMES = ("bugs", "licenses")

milli = st.one_of(st.integers(1, 20), st.sampled_from([100, 200, 300, 1000]), st.integers(1, 10**12))
pairs = st.tuples(st.integers(0, 60), st.integers(0, 8)).map(lambda p: (p[0], p[0] + p[1]))
items = st.frozensets(st.sampled_from("abcdef"), max_size=4)
roles = st.sampled_from(["web", "web/a", "web/a/b", "web/b", "webby", "ops", "ops/night"])
labels = st.lists(
    st.builds(Label, key=st.sampled_from("kl"), value=st.sampled_from([None, "", "v"])), max_size=3
).map(lambda made: Labels(labels=tuple(made)))
provider_ids = st.sampled_from(["p1", "p2"]).map(ResourceProviderID)

_STATIC = ReservationInfo.Type.STATIC
_DYNAMIC = ReservationInfo.Type.DYNAMIC


@st.composite
def stacks(draw: st.DrawFn) -> tuple[ReservationInfo, ...]:
    """Valid reservation stacks, from none to three deep."""
    path = draw(
        st.sampled_from([(), ("web",), ("web/a",), ("ops",), ("web", "web/a"), ("web", "web/a", "web/a/b")])
    )
    return tuple(
        ReservationInfo(type=_STATIC, role=role)
        if depth == 0 and draw(st.booleans())
        else ReservationInfo(
            type=_DYNAMIC,
            role=role,
            principal=draw(st.sampled_from([None, "ops"])),
            labels=draw(st.none() | labels),
        )
        for depth, role in enumerate(path)
    )


@st.composite
def disk_infos(draw: st.DrawFn, are_volumes: st.SearchStrategy[bool] | None = None) -> DiskInfo:
    """Root, PATH, MOUNT, BLOCK and RAW disks, with and without a persistent volume on them."""
    types = DiskInfo.Source.Type
    source = draw(
        st.sampled_from(
            [
                None,
                DiskInfo.Source(type=types.PATH, path=DiskInfo.Source.Path(root="/p")),
                DiskInfo.Source(type=types.MOUNT, mount=DiskInfo.Source.Mount(root="/m")),
                DiskInfo.Source(type=types.BLOCK, id="b1"),
                DiskInfo.Source(type=types.RAW, profile="fast"),
                DiskInfo.Source(type=types.RAW, id="r1", profile="fast"),
            ]
        )
    )
    if not draw(st.booleans() if are_volumes is None else are_volumes):
        return DiskInfo(source=source)
    return DiskInfo(
        source=source,
        persistence=DiskInfo.Persistence(
            id=draw(st.sampled_from(["v1", "v2"])), principal=draw(st.sampled_from([None, "ops"]))
        ),
        volume=Volume(mode=Volume.Mode.RW, container_path=draw(st.sampled_from(["data", "logs"]))),
    )


@st.composite
def resource_protos(draw: st.DrawFn) -> Resource:
    """Valid wire resources of the internal format, possibly empty."""
    shape = draw(st.sampled_from(["scalar", "scalar", "disk", "ranges", "set"]))
    allocation = draw(st.none() | roles.map(lambda role: AllocationInfo(role=role)))
    stack = draw(stacks())
    revocable = draw(st.sampled_from([None, None, None, RevocableInfo()]))
    provider = draw(st.none() | provider_ids)
    name, type_ = "disk", ValueType.SCALAR
    scalar: Scalar | None = None
    ranges: Ranges | None = None
    members: Set | None = None
    disk: DiskInfo | None = None
    shared: SharedInfo | None = None
    if shape == "ranges":
        name, type_ = draw(st.sampled_from(RANGE_NAMES)), ValueType.RANGES
        ranges = draw(wire_ranges)
    elif shape == "set":
        name, type_ = draw(st.sampled_from(SET_NAMES)), ValueType.SET
        members = Set(item=tuple(draw(items)))
    else:
        scalar = Scalar(value=from_milli(draw(st.just(0) | milli)))
        if shape == "disk":
            disk = draw(st.none() | disk_infos())
            if disk is not None and disk.persistence is not None and draw(st.booleans()):
                shared = SharedInfo()
        else:
            name = draw(st.sampled_from(SCALAR_NAMES))
    return Resource(
        provider_id=provider,
        name=name,
        type=type_,
        scalar=scalar,
        ranges=ranges,
        set=members,
        allocation_info=allocation,
        reservations=stack,
        disk=disk,
        revocable=revocable,
        shared=shared,
    )


def _disjoint(made: list[tuple[int, int]]) -> Ranges:
    kept: list[tuple[int, int]] = []
    for begin, end in sorted(made):
        if not kept or begin > kept[-1][1]:
            kept.append((begin, end))
    return Ranges(range=tuple(Range(begin=begin, end=end) for begin, end in reversed(kept)))


def _on_disk(disk: st.SearchStrategy[DiskInfo | None]) -> st.SearchStrategy[Resource]:
    return st.builds(
        Resource,
        provider_id=st.none(),
        name=st.just("disk"),
        type=st.just(ValueType.SCALAR),
        scalar=milli.map(lambda amount: Scalar(value=from_milli(amount))),
        ranges=st.none(),
        set=st.none(),
        role=st.none(),
        allocation_info=st.none(),
        reservation=st.none(),
        reservations=st.just((ReservationInfo(type=_DYNAMIC, role="web"),)),
        disk=disk,
        revocable=st.none(),
        shared=st.none(),
    )


disk_protos = _on_disk(st.none() | disk_infos())
volume_protos = _on_disk(disk_infos(st.just(True)))
wire_ranges = st.lists(pairs, max_size=4).map(_disjoint)
resource_lists = st.lists(resource_protos(), max_size=6)
resources = resource_lists.map(Resources.of)

scalar_resources = st.dictionaries(st.sampled_from([*SCALAR_NAMES, "disk"]), milli, max_size=4).map(
    lambda amounts: Resources.scalar(**{name: from_milli(amount) for name, amount in amounts.items()})
)
quantities = st.dictionaries(st.sampled_from([*SCALAR_NAMES, "disk"]), st.just(0) | milli, max_size=4).map(
    Quantities
)
