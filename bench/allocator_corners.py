"""The longest stretch in clusters that are unlike those of the table: very many roles, agents that are all
different, agents that everybody refused, quota for every role, maintenance everywhere.

    python -m bench.allocator_corners --scene=roles --scale=1

prints lines of JSON as `allocator_stretch` does. There is a scene for each kind of cluster; the scale is a
part of its full size.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable, Iterator

from actors import run
from bench.allocator_cluster import AGENT_CAPABILITIES, CAPABILITIES, TOTAL
from bench.allocator_crowded import Predicate, Selector, about_hosts
from bench.allocator_figures import Amount
from bench.allocator_stretch import Bench, phases
from cluster.allocator import AllocatorOptions, Quota
from cluster.allocator import messages as m
from cluster.http.metrics import readings
from cluster.model import (
    AgentInfo,
    Attribute,
    AttributeConstraint,
    DiskInfo,
    Limits,
    OfferConstraints,
    Quantities,
    Resource,
    Resources,
    RevocableInfo,
    Scalar,
    Text,
    TimeInfo,
    Unavailability,
    ValueType,
)

PLAIN = Resources.parse(TOTAL)
LEAST = Resources.parse("cpus:0.01")
REVOCABLE = Resources.of(
    [
        Resource(
            name="cpus",
            type=ValueType.SCALAR,
            scalar=Scalar(value=1.0),
            revocable=RevocableInfo(),
        )
    ]
)
MOUNTED = DiskInfo.Source(type=DiskInfo.Source.Type.MOUNT, mount=DiskInfo.Source.Mount(root="/mnt"))
WHOLE_DISK = Resources.of(
    [Resource(name="disk", type=ValueType.SCALAR, scalar=Scalar(value=100.0), disk=DiskInfo(source=MOUNTED))]
)
FOREVER_S = 3600.0


def agent(number: int, total: Resources = PLAIN, rack: str = "r1") -> m.AddAgent:
    """An agent that wants to join."""
    attributes = (Attribute(name="rack", type=ValueType.TEXT, text=Text(value=rack)),)
    info = AgentInfo(hostname=f"host{number}", attributes=attributes)
    return m.AddAgent(f"agent-{number:06}", number + 1, info, total, AGENT_CAPABILITIES, {})


def name(number: int) -> str:
    """That of a framework."""
    return f"framework-{number:05}"


def role(number: int) -> str:
    """That of a framework that has one of its own."""
    return f"role-{number:05}"


def framework(number: int, roles: tuple[str, ...], **more: object) -> m.AddFramework:
    """A framework that wants to subscribe."""
    return m.AddFramework(name(number), roles, capabilities=tuple(CAPABILITIES), **more)  # type: ignore[arg-type]


async def metrics(bench: Bench) -> None:
    """Read all numbers, as the endpoint does."""
    async for _ in readings(bench.runtime.metrics):
        pass


# -- scenes ----------------------------------------------------------------------------------------------


async def many_roles(bench: Bench, scale: float) -> None:
    """Three times as many frameworks as the largest shape has, each with a role of its own."""
    agents, roles = round(2_000 * scale), round(20_000 * scale)
    await bench.phase("agents join", map(agent, range(agents)))
    await bench.phase("frameworks subscribe", (framework(n, (role(n),)) for n in range(roles)), rounds=1)
    await bench.phase("everything comes back", bench.back(bench.made()))
    await bench.phase("timed round", [], rounds=1)
    made = bench.made()
    await bench.phase("an agent joins", [agent(agents)], rounds=1)
    await bench.phase("shares are asked for", [m.GetShares()])
    await bench.phase("metrics are read", [], also=metrics(bench))
    few = [m.Suppress(name(n)) for n in range(roles) if n % 9]
    await bench.phase("eight of nine suppress", few)
    await bench.phase("the tenth are offered all", bench.back(made), rounds=1)
    await bench.phase("weights are set", [m.UpdateWeights({role(n): 2.0 for n in range(roles)})], rounds=1)
    await bench.phase("frameworks leave", (m.RemoveFramework(name(n)) for n in range(roles)), rounds=1)


async def random_roles(bench: Bench, scale: float) -> None:
    """The random sorter."""
    agents, roles = round(2_000 * scale), round(6_000 * scale)
    await bench.phase("agents join", map(agent, range(agents)))
    await bench.phase("frameworks subscribe", (framework(n, (role(n),)) for n in range(roles)), rounds=1)
    await bench.phase("everything comes back", bench.back(bench.made()))
    await bench.phase("timed round", [], rounds=1)
    made = bench.made()
    await bench.phase("one role weighs most", [m.UpdateWeights({role(0): 1e9})])
    await bench.phase("that one suppresses", [m.Suppress(name(0))])
    await bench.phase("all others are offered everything", bench.back(made), rounds=1)
    made = bench.made()
    heavy = {role(n): 1e6 for n in range(1, roles, max(1, roles // 12))}
    await bench.phase("a dozen weigh most", [m.UpdateWeights(heavy)])
    await bench.phase("these suppress", (m.Suppress(name(n)) for n in range(1, roles, max(1, roles // 12))))
    await bench.phase("the rest are offered everything", bench.back(made), rounds=1)
    made = bench.made()
    few = [m.Suppress(name(n)) for n in range(roles) if n % max(1, roles // 3)]
    await bench.phase("all but three suppress", few)
    await bench.phase("the three are offered everything", bench.back(made), rounds=1)
    await bench.phase("they refuse", bench.back(bench.made(), FOREVER_S), rounds=1)


async def all_different(bench: Bench, scale: float) -> None:
    """No two agents are alike, and all have something revocable; a role with a guarantee nobody can meet."""
    agents, frameworks = round(50_000 * scale), 100

    def different(number: int) -> m.AddAgent:
        total = Resources.parse(f"cpus:24;mem:{4096 + number};disk:4096;ports:[31000-32000]")
        return agent(number, total + REVOCABLE, rack=f"r{number}")

    def picky(number: int) -> m.AddFramework:
        if number % 50 == 1:
            return framework(number, (role(number),), constraints=about_hosts(role(number)))
        return framework(
            number, (role(number),), constraints=about_racks(role(number)) if number % 50 == 2 else None
        )

    await bench.phase("agents join", map(different, range(agents)))
    alone = framework(frameworks, (role(frameworks),))
    await bench.phase("one framework gets everything", [alone], rounds=1)
    await bench.phase("it refuses everything", bench.back(bench.made(), FOREVER_S))
    await bench.phase("it leaves", [m.RemoveFramework(alone.framework_id)])
    await bench.phase("frameworks subscribe", map(picky, range(frameworks)), rounds=1)
    await bench.phase("everything comes back", bench.back(bench.made()))
    await bench.phase("timed round", [], rounds=1)
    made = bench.made()
    guarantee = Quota(Quantities({"cpus": 10**12}))
    await bench.phase("a guarantee is set", [m.UpdateQuota(role(0), guarantee)], rounds=1)
    await bench.phase("everything comes back again", bench.back(made), rounds=1)
    bench.made()
    await bench.phase("explanations", [m.Explain(name(n), role(n)) for n in range(10)])
    changed = [
        m.UpdateFramework(name(n), (role(n),), constraints=constraints(role(n)))
        for n in range(frameworks)
        for constraints in ((about_racks,) if n % 50 == 1 else (about_hosts,) if n % 50 == 2 else ())
    ]
    await bench.phase("constraints change", changed, rounds=1)
    await bench.phase("frameworks leave", (m.RemoveFramework(name(n)) for n in range(frameworks)), rounds=1)
    await bench.phase("agents leave", (m.RemoveAgent(f"agent-{n:06}") for n in range(agents)))


async def refused_by_all(bench: Bench, scale: float) -> None:
    """A few agents that six thousand frameworks, each with a minimum of its own, hold and then refuse."""
    agents, frameworks = 8, round(6_000 * scale)
    total = Resources.parse(f"cpus:{frameworks};mem:4096")

    def with_minimum(number: int) -> m.AddFramework:
        least = (Quantities({"cpus": 10 + number}),)
        return framework(number, ("*",), min_allocatable={"*": least})

    def used() -> Iterator[object]:
        for number in range(agents):
            for each in range(frameworks):
                yield m.AddUse(f"agent-{number:06}", number + 1, name(each), LEAST.allocated("*"))

    def refused(refuse_s: float) -> Iterator[object]:
        for number in range(agents):
            for each in range(frameworks):
                yield m.Recover(
                    name(each), f"agent-{number:06}", number + 1, LEAST.allocated("*"), refuse_s, True
                )

    joining = [agent(number, total) for number in range(agents)]
    await bench.phase("agents join", joining)
    await bench.phase("the whitelist is empty", [m.UpdateWhitelist(())])
    await bench.phase("frameworks subscribe", map(with_minimum, range(frameworks)), rounds=1)
    await bench.phase("everybody uses something", used())
    await bench.phase("metrics are read", [], also=metrics(bench))
    await bench.phase("everybody is done and refuses for a while", refused(0.01))
    await bench.phase("all refusals end", [], rounds=4)
    await bench.phase("everybody uses something again", used())
    await bench.phase("everybody is done and refuses", refused(FOREVER_S))
    await bench.phase("the whitelist is gone", [m.UpdateWhitelist(None)], rounds=2)
    moved = [
        m.UpdateAgent(each.agent_id, agent(number, rack="r2").info) for number, each in enumerate(joining)
    ]
    await bench.phase("agents change", moved[::2], rounds=1)
    await bench.phase("agents leave", (m.RemoveAgent(each.agent_id) for each in joining))


async def quota_for_all(bench: Bench, scale: float) -> None:
    """Two thousand roles with a guarantee and a limit, and disks that are given whole or not at all."""
    agents, roles = round(2_000 * scale), round(2_000 * scale)

    def quota(cpus: int) -> Quota:
        return Quota(Quantities({"cpus": cpus}), Limits({"cpus": 3 * cpus, "disk": 5_000_000}))

    await bench.phase("agents join", (agent(n, PLAIN + WHOLE_DISK) for n in range(agents)))
    await bench.phase("quota is set", (m.UpdateQuota(role(n), quota(10_000)) for n in range(roles)))
    subscribing = (framework(n, (role(n),)) for n in range(roles))
    await bench.phase("frameworks subscribe", subscribing, rounds=1)
    await bench.phase("timed round", [], rounds=1)
    await bench.phase("everything comes back", bench.back(bench.made()))
    await bench.phase("timed round again", [], rounds=1)
    made = bench.made()
    await bench.phase("a tenth comes back", bench.back(made[: len(made) // 10]), rounds=2)
    await bench.phase("explanations", [m.Explain(name(n), role(n)) for n in range(10)])
    await bench.phase("shares are asked for", [m.GetShares()])
    await bench.phase("metrics are read", [], also=metrics(bench))
    await bench.phase("quota changes", (m.UpdateQuota(role(n), quota(1_000_000)) for n in range(roles)))
    await bench.phase("timed round with more quota", [], rounds=1)


async def maintenance(bench: Bench, scale: float) -> None:
    """All agents will be away."""
    agents, frameworks = round(50_000 * scale), round(1_000 * scale)
    away = Unavailability(start=TimeInfo(nanoseconds=10**18))
    await bench.phase("agents join", map(agent, range(agents)))
    await bench.phase("frameworks subscribe", (framework(n, ("*",)) for n in range(frameworks)), rounds=1)
    made = bench.made()
    await bench.phase(
        "all will be away", (m.UpdateUnavailability(f"agent-{n:06}", away) for n in range(agents)), rounds=1
    )
    await bench.phase("timed round", [], rounds=1)
    await bench.phase("everything comes back", bench.back(made), rounds=1)
    await bench.phase("timed round again", [], rounds=1)
    await bench.phase("agents leave", (m.RemoveAgent(f"agent-{n:06}") for n in range(agents)))


async def strangers(bench: Bench, scale: float) -> None:
    """A new master: agents say what frameworks use that it does not know yet."""
    agents, frameworks = round(50_000 * scale), round(1_000 * scale)
    used = Resources.parse("cpus:1;mem:100").allocated("*")

    def joining(number: int) -> m.AddAgent:
        each = agent(number)
        return m.AddAgent(
            each.agent_id,
            each.epoch,
            each.info,
            each.total,
            each.capabilities,
            {name(number % frameworks): used, name((number + 1) % frameworks): used},
        )

    await bench.phase("agents join", map(joining, range(agents)))
    await bench.phase("metrics are read", [], also=metrics(bench))
    await bench.phase("frameworks subscribe", (framework(n, ("*",)) for n in range(frameworks)), rounds=1)
    await bench.phase("everything comes back", bench.back(bench.made()))
    await bench.phase("timed round", [], rounds=1)


def about_racks(framework_role: str) -> OfferConstraints:
    """Every rack will do, which takes a look at each."""
    rack = AttributeConstraint(
        selector=Selector(attribute_name="rack"),
        predicate=Predicate(text_matches=Predicate.TextMatches(regex="r[0-9]+")),
    )
    group = OfferConstraints.RoleConstraints.Group(attribute_constraints=(rack,))
    return OfferConstraints(
        role_constraints={framework_role: OfferConstraints.RoleConstraints(groups=(group,))}
    )


async def many_roles_of_one(bench: Bench, scale: float) -> None:
    """A framework with ten thousand roles, next to others with as many."""
    agents, roles = round(1_000 * scale), round(10_000 * scale)
    mine = tuple(role(n) for n in range(roles))
    others = (framework(n, (f"other-{n:05}",)) for n in range(1, roles))
    await bench.phase("agents join", map(agent, range(agents)))
    await bench.phase("frameworks subscribe", others, rounds=1)
    await bench.phase("one with many roles subscribes", [framework(0, mine)], rounds=1)
    for what, event in (
        ("it suppresses all", m.Suppress(name(0))),
        ("it revives all", m.Revive(name(0))),
        ("it gives half of them up", m.UpdateFramework(name(0), mine[::2])),
        ("it is disconnected", m.DeactivateFramework(name(0))),
        ("it is back", m.ActivateFramework(name(0))),
    ):
        await bench.phase(what, [event])
    await bench.phase("everything comes back", bench.back(bench.made()), rounds=1)
    await bench.phase("it leaves", [m.RemoveFramework(name(0))], rounds=1)


SCENES: dict[str, Callable[[Bench, float], Awaitable[None]]] = {
    "roles": many_roles,
    "roles of one": many_roles_of_one,
    "random": random_roles,
    "different": all_different,
    "refused": refused_by_all,
    "quota": quota_for_all,
    "maintenance": maintenance,
    "strangers": strangers,
}


async def watch(scene: str, scale: float) -> int:
    """All phases of a scene."""
    interval_s = 1.0 if scale > 0.1 else 0.1
    bench = Bench(AllocatorOptions(is_random=scene == "random", allocation_interval_s=interval_s))
    await SCENES[scene](bench, scale)
    bench.collector.stop()
    await bench.process.close()
    return 0


def corner(scene: str, scale: float, rounds: int, is_target: bool) -> Iterator[Amount]:
    """The longest stretch of every phase of a scene."""
    sizes = {"scene": scene, "scale": scale}
    return phases("bench.allocator_corners", sizes, scene, rounds, is_target)


def main() -> int:
    """Watch one scene."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scene", choices=list(SCENES), required=True)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    return run(lambda: watch(options.scene, options.scale))


if __name__ == "__main__":
    sys.exit(main())
