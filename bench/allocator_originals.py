"""The original's own list of benchmarks at a chosen size, a small function each.

`Source:` reference allocator.md §10. There are no figures of the original to compare with, except for what
`allocator_shapes` has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from bench.allocator_changes import labelled_part
from bench.allocator_cluster import FOREVER_S, Cluster, Digest, Took, Yardstick, framework, timed
from bench.allocator_figures import Figure
from bench.allocator_shapes import Shape
from cluster.allocator import AllocatorOptions, Conversion
from cluster.allocator import messages as m
from cluster.allocator.quota import Quota
from cluster.model import DiskInfo, Limits, Quantities, Resources, RevocableInfo, SharedInfo, Volume

Timer = Callable[[str, Callable[[], object]], None]
BIG = "cpus:24;mem:4096;disk:4096;ports:[31000-32000]"
SMALL = "cpus:2;mem:1024;disk:4096;ports:[31000-32000]"
FRAGMENTS = ",".join(f"{31_000 + 60 * n}-{31_030 + 60 * n}" for n in range(16))


def originals(agents: int, frameworks: int, seed: int, digest: Digest) -> Iterator[Figure]:
    """All of them."""
    for name, benchmark in BENCHMARKS.items():
        stopwatch = Stopwatch()
        yardstick = Yardstick()
        benchmark(Shape(agents, frameworks), seed, digest, stopwatch.time)
        yard = yardstick.look()
        for what, took in stopwatch.found:
            yield Figure.of("originals", f"{name}, {agents:,} / {frameworks:,}", what, took, yard)


class Stopwatch:
    """What took how long."""

    def __init__(self) -> None:
        self.found: list[tuple[str, Took]] = []

    def time(self, what: str, work: Callable[[], object]) -> None:
        """Do it, once."""
        self.found.append((what, timed(work)))


def _subscribe(cluster: Cluster, shape: Shape, roles: str = "one") -> None:
    cluster.tell(Shape(shape.agents, shape.frameworks, roles).frameworks_in_it())


def _agents(
    cluster: Cluster, count: int, total: str, used: str, users: int, extra: Resources = Resources.EMPTY
) -> list[m.AddAgent]:
    """Agents that are partly used by one framework each, in turns."""
    part = Resources.parse(used).allocated("*")
    joining = []
    for number, each in enumerate(cluster.new_agents(count, total)):
        user = {f"framework-{number % users:05}": part}
        joining.append(agent_with(each, total=each.total + extra, used=user))
    return joining


def agent_with(event: m.AddAgent, *, total: Resources, used: dict[str, Resources]) -> m.AddAgent:
    """The same agent, with something else on it."""
    return m.AddAgent(event.agent_id, event.epoch, event.info, total, event.capabilities, used)


# -- agents and frameworks come and change ---------------------------------------------------------------


def add_and_update(shape: Shape, seed: int, digest: Digest, timer: Timer) -> None:
    """Frameworks, agents half used, then the same agents with revocable processors."""
    cluster = Cluster(seed, digest)
    timer("add frameworks", lambda: _subscribe(cluster, shape))
    joining = _agents(cluster, shape.agents, SMALL, "cpus:1;mem:512;disk:2048", shape.frameworks)
    timer("add agents", lambda: cluster.tell(joining))
    more = _revocable("cpus:2")
    updates = [m.UpdateAgent(each.agent_id, total=each.total + more) for each in joining]
    timer("update agents", lambda: cluster.tell(updates))
    cluster.offers()


def _revocable(amounts: str) -> Resources:
    entries = Resources.parse(amounts).protos()
    return Resources.of(msgspec.structs.replace(entry, revocable=RevocableInfo()) for entry in entries)


# -- rounds ----------------------------------------------------------------------------------------------


def decline_offers(shape: Shape, seed: int, digest: Digest, timer: Timer) -> None:
    """Everything is declined for ever, round after round; twice as many rounds as frameworks."""
    cluster = Cluster(seed, digest)
    used = f"cpus:16;mem:2014;disk:1024;ports:[{FRAGMENTS}]"
    _subscribe(cluster, shape)
    cluster.tell(_agents(cluster, shape.agents, BIG, used, shape.frameworks))
    rounds = 2 * shape.frameworks

    def all_rounds() -> None:
        for _ in range(rounds):
            cluster.tell(cluster.returns(cluster.offers(), FOREVER_S))
            cluster.interval()

    timer(f"{rounds} rounds with the declines between them", all_rounds)


def _rounds(cluster: Cluster, count: int, timer: Timer, what: str) -> None:
    """Rounds over everything; nothing is kept, nothing is refused for long."""
    for number in range(count):
        cluster.tell(cluster.returns(cluster.offers()))
        timer(f"{what}, round {number + 1}", cluster.interval)
    cluster.offers()


def resource_labels(shape: Shape, seed: int, digest: Digest, timer: Timer) -> None:
    """Two reservations an agent, whose labels differ in the end only, and so from those of all others."""
    cluster = Cluster(seed, digest)
    cluster.tell(framework(n, "role") for n in range(shape.frameworks))
    joining = []
    for number, each in enumerate(cluster.new_agents(shape.agents, BIG)):
        extra = labelled_part(f"{number}.1", "role") + labelled_part(f"{number}.2", "role")
        joining.append(agent_with(each, total=each.total + extra, used={}))
    cluster.tell(joining)
    _rounds(cluster, 2, timer, "labelled")


def suppress_offers(shape: Shape, seed: int, digest: Digest, timer: Timer) -> None:
    """Ever more frameworks suppress offers, then all but one in a hundred."""
    cluster = Cluster(seed, digest)
    _subscribe(cluster, shape)
    cluster.tell(_agents(cluster, shape.agents, BIG, "cpus:16;mem:1024;disk:1024", shape.frameworks))
    names = list(cluster.state.frameworks)
    for percent in (0, 20, 40, 60, 80, 99):
        cluster.tell(m.Suppress(name) for name in names[: len(names) * percent // 100])
        cluster.tell(cluster.returns(cluster.offers()))
        timer(f"{percent} % suppressed", cluster.interval)
    cluster.offers()


def persistent_volumes(shape: Shape, seed: int, digest: Digest, timer: Timer) -> None:
    """Agents with volumes: their own, shared ones, and both."""
    for what, kinds in {"regular": (False,), "shared": (True,), "mixed": (False, True)}.items():
        cluster = Cluster(seed, digest)
        cluster.tell(framework(n, "role") for n in range(shape.frameworks))
        joining = []
        for number, each in enumerate(cluster.new_agents(shape.agents, BIG)):
            extra = Resources.EMPTY
            for is_shared in kinds:
                extra = extra + _volume(f"{number}-{is_shared}", is_shared)
            joining.append(agent_with(each, total=each.total + extra, used={}))
        cluster.tell(joining)
        _rounds(cluster, 2, timer, f"{what} volumes")


def _volume(name: str, is_shared: bool) -> Resources:
    """A persistent volume of the role."""
    (entry,) = labelled_part(name, "role", "disk:64").protos()
    volume = Volume(container_path="data", mode=Volume.Mode.RW)
    disk = DiskInfo(persistence=DiskInfo.Persistence(id=name), volume=volume)
    shared = SharedInfo() if is_shared else None
    return Resources.of([msgspec.structs.replace(entry, disk=disk, shared=shared)])


def backlog(shape: Shape, seed: int, digest: Digest, timer: Timer) -> None:
    """Every framework revives at once, with all agents free but refused."""
    cluster = Cluster(seed, digest)
    cluster.tell(cluster.new_agents(shape.agents, BIG))
    _subscribe(cluster, shape)
    for _ in range(2):
        cluster.tell(cluster.returns(cluster.offers(), FOREVER_S))
        cluster.interval()
    cluster.tell(cluster.returns(cluster.offers(), FOREVER_S))
    runs = "allocator/mesos/allocation_runs"
    before = cluster.runtime.metrics.value(runs)
    names = list(cluster.state.frameworks)
    timer("until all revives are dealt with", lambda: cluster.tell(map(m.Revive, names)))
    assert cluster.runtime.metrics.value(runs) - before <= 2, "a burst of revives is one round"
    cluster.offers()


def metrics(shape: Shape, seed: int, digest: Digest, timer: Timer) -> None:
    """A snapshot, with a role and a quota for every framework."""
    cluster = Cluster(seed, digest)
    cluster.tell(cluster.new_agents(shape.agents, BIG))
    _subscribe(cluster, shape, "each")
    quota = _quota(1, 512, 256)
    cluster.tell(m.UpdateQuota(role, quota) for role in list(cluster.state.tree.roles))
    cluster.interval()
    timer("snapshot", cluster.runtime.metrics.snapshot)
    cluster.offers()


def _quota(cpus: int, mem: int, disk: int) -> Quota:
    milli = {"cpus": cpus * 1000, "mem": mem * 1000, "disk": disk * 1000}
    return Quota(Quantities(milli), Limits(milli))


# -- quota -----------------------------------------------------------------------------------------------


def large_and_small_quota(shape: Shape, seed: int, digest: Digest, timer: Timer) -> None:
    """Small roles with half an agent each, large ones with two: one round for all quotas, one more."""
    for small, large, each in ((25, 5, 1), (250, 50, 1), (2500, 500, 1)):
        agents = small // 5 + large * 5
        if agents > 3 * shape.agents:
            continue
        for is_random in (False, True):
            cluster = Cluster(seed, digest, AllocatorOptions(is_random=is_random))
            roles = [(f"small-{n}", _quota(1, 1024, 1024)) for n in range(small)]
            roles += [(f"large-{n}", _quota(4, 4096, 4096)) for n in range(large)]
            cluster.tell(m.UpdateQuota(role, quota) for role, quota in roles)
            cluster.tell(framework(n, role) for n, (role, _) in enumerate(roles * each))
            cluster.tell([m.Pause(), *cluster.new_agents(agents, "cpus:2;mem:2048;disk:2048"), m.Resume()])
            sorter = "random" if is_random else "DRF"
            timer(f"{small} small, {large} large quotas, {sorter}", cluster.interval)
            timer(f"{small} small, {large} large quotas, {sorter}, nothing free", cluster.interval)
            cluster.offers()


def non_quota_versus_quota(shape: Shape, seed: int, digest: Digest, timer: Timer) -> None:
    """Two agents and two frameworks a role, with and without a quota of just that."""
    for roles in (10, 100, 1000):
        if 2 * roles > 2 * shape.agents:
            continue
        for is_random in (False, True):
            for has_quota in (False, True):
                cluster = Cluster(seed, digest, AllocatorOptions(is_random=is_random))
                names = [f"role-{n}" for n in range(roles)]
                if has_quota:
                    cluster.tell(m.UpdateQuota(name, _quota(4, 4096, 4096)) for name in names)
                cluster.tell(framework(n, name) for n, name in enumerate(names * 2))
                joining = cluster.new_agents(2 * roles, "cpus:2;mem:2048;disk:2048")
                cluster.tell([m.Pause(), *joining, m.Resume()])
                what = f"{roles} roles, {'random' if is_random else 'DRF'}, {'' if has_quota else 'no '}quota"
                timer(what, lambda cluster=cluster: (cluster.interval(), cluster.interval()))  # type: ignore[misc]
                cluster.offers()


# -- others ----------------------------------------------------------------------------------------------


def update_allocation(shape: Shape, seed: int, digest: Digest, timer: Timer) -> None:
    """One agent with a labelled reservation for each of many roles; one of them is made and unmade."""
    for roles in (50, 100, 200):
        if roles > shape.agents:
            continue
        parts = [
            labelled_part(f"label-{n:030}", f"role-{n:05}", f"cpus:1;mem:16;disk:16;port:[{n}-{n}]")
            for n in range(roles)
        ]
        total = sum(parts, Resources.EMPTY)
        cluster = Cluster(seed, digest)
        cluster.tell(framework(n, f"role-{n:05}") for n in range(roles))
        (agent,) = cluster.new_agents(1)
        cluster.tell([agent_with(agent, total=total, used={})])
        mine = parts[0].allocated("role-00000")
        bare = Resources.parse("cpus:1;mem:16;disk:16;port:[0-0]").allocated("role-00000")
        there, back = Conversion(mine, bare), Conversion(bare, mine)
        held, name = next(
            (granted.resources, offers.framework_id)
            for offers in cluster.desk.made
            for granted in offers.grants
            if granted.role == "role-00000"
        )
        freed = (held - mine) + bare
        steps = [
            m.UpdateAllocation(name, agent.agent_id, agent.epoch, *step)
            for step in ((held, (there,)), (freed, (back,))) * 20
        ]
        timer(f"{roles} roles, 40 conversions", lambda c=cluster, s=steps: c.tell(s))  # type: ignore[misc]
        cluster.offers()


def multi_framework(shape: Shape, seed: int, digest: Digest, timer: Timer) -> None:
    """Marathons, Jenkinses and Sparks launch what they have; how long until all of it runs."""
    cluster = Cluster(seed, digest)
    cluster.tell(cluster.new_agents(80, "cpus:64;mem:488000"))
    users = [
        *((f"marathon-{n}", 4000, "cpus:0.07;mem:400", 100) for n in range(4)),
        *(("jenkins", 5, "cpus:0.1;mem:4000", 1) for _ in range(500)),
        *((f"spark-{n}", 20, "cpus:1;mem:1000", 5) for n in range(50)),
    ]
    left, needs, most = {}, {}, {}
    for number, (role, tasks, need, per_offer) in enumerate(users):
        name = f"framework-{number:05}"
        left[name], most[name] = tasks, per_offer
        needs[name] = [_times(Resources.parse(need), count).allocated(role) for count in range(per_offer + 1)]
    cluster.tell(framework(n, role) for n, (role, *_) in enumerate(users))
    done = {"rounds": 0}

    def batch() -> None:
        while any(left.values()) and done["rounds"] < 1000:
            cluster.tell(_launches(cluster.offers(), left, needs, most))
            cluster.interval()
            done["rounds"] += 1

    timer("until every task runs", batch)
    assert not any(left.values()), f"{sum(left.values())} tasks are left"


def _times(each: Resources, count: int) -> Resources:
    return sum((each for _ in range(count)), Resources.EMPTY)


def _launches(
    made: Iterable[m.OffersMade],
    left: dict[str, int],
    needs: dict[str, list[Resources]],
    most: dict[str, int],
) -> Iterator[object]:
    """What frameworks do: use what they can, give the rest back for five seconds, want no more when done."""
    for offers in made:
        name = offers.framework_id
        for granted in offers.grants:
            count = min(left[name], most[name])
            while not granted.resources.contains(needs[name][count]):
                count -= 1
            left[name] -= count
            if count:
                yield m.Allocated(name, granted.agent_id, granted.epoch, needs[name][count])
            rest = granted.resources - needs[name][count]
            yield m.Recover(name, granted.agent_id, granted.epoch, rest, 5.0)
        if not left[name]:
            yield m.Suppress(name)


BENCHMARKS: dict[str, Callable[[Shape, int, Digest, Timer], None]] = {
    "MultiFrameworkAllocations": multi_framework,
    "LargeAndSmallQuota": large_and_small_quota,
    "NonQuotaVsQuota": non_quota_versus_quota,
    "AddAndUpdateSlave": add_and_update,
    "DeclineOffers": decline_offers,
    "ResourceLabels": resource_labels,
    "SuppressOffers": suppress_offers,
    "PersistentVolumes": persistent_volumes,
    "AllocatorBacklog": backlog,
    "Metrics": metrics,
    "UpdateAllocation": update_allocation,
}
