"""The longest stretch where single agents are large: shared among hundreds of roles, reserved in thousands of
parts, or looked at by a thousand frameworks with constraints about hosts.

    python -m bench.allocator_crowded --agents=100 --frameworks=1000 --parts=1000

prints lines of JSON as `allocator_stretch` does. Half of the agents are reserved in so many parts to the
roles of all frameworks, each of which has a role of its own and a regular expression for hostnames.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from actors import run
from bench.allocator_cluster import AGENT_CAPABILITIES, CAPABILITIES, TOTAL
from bench.allocator_figures import Amount
from bench.allocator_stretch import Bench, phases
from cluster.allocator import AllocatorOptions
from cluster.allocator import messages as m
from cluster.allocator.conversion import Conversion
from cluster.model import (
    AgentInfo,
    AttributeConstraint,
    Label,
    Labels,
    OfferConstraints,
    ReservationInfo,
    Resources,
)

Selector, Predicate = AttributeConstraint.Selector, AttributeConstraint.Predicate
PART = "cpus:0.01"  # is worth an offer by itself


def role(number: int, roles: int) -> str:
    """The role of a framework."""
    return f"role-{number % roles:05}"


def reserved(parts: int, roles: int, kind: str = "part") -> Resources:
    """So many reservations, each for itself, in turn to all roles."""
    return sum((reservation(number, roles, kind) for number in range(parts)), Resources.EMPTY)


def reservation(number: int, roles: int, kind: str) -> Resources:
    """One of them."""
    info = ReservationInfo(
        type=ReservationInfo.Type.DYNAMIC,
        role=role(number, roles),
        labels=Labels(labels=(Label(key=kind, value=str(number)),)),
    )
    return Resources.parse(PART).push_reservation(info)


def about_hosts(framework_role: str) -> OfferConstraints:
    """Every host will do, which takes a look at each."""
    host = AttributeConstraint(
        selector=Selector(pseudoattribute_type=Selector.PseudoattributeType.HOSTNAME),
        predicate=Predicate(text_matches=Predicate.TextMatches(regex="host[0-9]+")),
    )
    group = OfferConstraints.RoleConstraints.Group(attribute_constraints=(host,))
    return OfferConstraints(
        role_constraints={framework_role: OfferConstraints.RoleConstraints(groups=(group,))}
    )


def joining(agents: int, parts: Resources) -> Iterator[m.AddAgent]:
    """Agents, every other one reserved in parts."""
    plain = Resources.parse(TOTAL)
    for number in range(agents):
        total = plain if number % 2 else plain + parts
        yield m.AddAgent(
            f"agent-{number:06}",
            number + 1,
            AgentInfo(hostname=f"host{number}"),
            total,
            AGENT_CAPABILITIES,
            {},
        )


def subscribing(frameworks: int, *, have_constraints: bool) -> Iterator[m.AddFramework]:
    """Frameworks with a role each."""
    for number in range(frameworks):
        name = role(number, frameworks)
        constraints = about_hosts(name) if have_constraints else None
        yield m.AddFramework(
            f"framework-{number:05}", (name,), (), tuple(CAPABILITIES), constraints=constraints
        )


def cut_up(made: list[m.OffersMade], parts: int) -> m.UpdateAllocation:
    """Of the first offer of anything unreserved, many small parts are reserved with one message."""
    for offers in made:
        for granted in offers.grants:
            if granted.resources.unreserved().milli("cpus") >= 10 * parts:
                steps = []
                for number in range(parts):
                    info = ReservationInfo(
                        type=ReservationInfo.Type.DYNAMIC,
                        role=granted.role,
                        labels=Labels(labels=(Label(key="new", value=str(number)),)),
                    )
                    part = Resources.parse(PART).allocated(granted.role)
                    steps.append(Conversion(part, part.push_reservation(info)))
                return m.UpdateAllocation(
                    offers.framework_id, granted.agent_id, granted.epoch, granted.resources, tuple(steps)
                )
    raise AssertionError("nothing unreserved was offered")


async def watch(agents: int, frameworks: int, parts: int) -> int:
    """All phases."""
    bench = Bench(AllocatorOptions(allocation_interval_s=1.0))
    names = [f"framework-{number:05}" for number in range(frameworks)]
    everywhere = list(joining(agents, reserved(parts, frameworks)))
    await bench.phase("agents in many parts join", everywhere)
    plain = subscribing(frameworks, have_constraints=False)
    await bench.phase("frameworks with a role each subscribe", plain, rounds=1)
    await bench.phase("everything comes back", bench.back(bench.made()))
    await bench.phase("timed round over all parts", [], rounds=1)
    made = bench.made()
    change = cut_up(made, parts)
    await bench.phase("an offer is cut up", [change])
    others = [one for one in made if one.framework_id != change.framework_id]
    await bench.phase("all else comes back and is refused", bench.back(others, 3600.0))
    await bench.phase("all revive", map(m.Revive, names), rounds=1)
    bench.made()
    await bench.phase(
        "64 explanations", [m.Explain(name, role(n, frameworks)) for n, name in enumerate(names[:64])]
    )
    await bench.phase("shares are asked for", [m.GetShares()], rounds=1)
    await bench.phase(
        "agents change", [m.UpdateAgent(each.agent_id, total=each.total) for each in everywhere]
    )
    await bench.phase("frameworks leave", map(m.RemoveFramework, names), rounds=1)
    constrained = subscribing(frameworks, have_constraints=True)
    await bench.phase("frameworks with constraints about hosts subscribe", constrained, rounds=1)
    bench.made()
    await bench.phase("agents leave", [m.RemoveAgent(each.agent_id) for each in everywhere])
    bench.collector.stop()
    await bench.process.close()
    return 0


def crowded(agents: int, frameworks: int, parts: int, rounds: int, is_target: bool) -> Iterator[Amount]:
    """The longest stretch of every phase."""
    sizes = {"agents": agents, "frameworks": frameworks, "parts": parts}
    title = f"{agents:,} / {frameworks:,} each, {parts:,} parts"
    return phases("bench.allocator_crowded", sizes, title, rounds, is_target)


def main() -> int:
    """Watch one size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--frameworks", type=int, default=1000)
    parser.add_argument("--parts", type=int, default=1000)
    options = parser.parse_args()
    return run(lambda: watch(options.agents, options.frameworks, options.parts))


if __name__ == "__main__":
    sys.exit(main())
