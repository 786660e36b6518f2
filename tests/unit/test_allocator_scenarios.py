"""Allocation scenarios A… of the reference by plain calls; time is a number, no agent order is random."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cluster.allocator import NONE, AllocatorOptions, AllocatorState, Candidates, allocate
from cluster.allocator.candidates import ALL
from cluster.model import (
    AgentCapability,
    AgentInfo,
    Attribute,
    Capability,
    DomainInfo,
    Quantities,
    Resources,
    Scalar,
    ValueType,
)
from tests.golden.subject_production import PlacedDraws
from tests.oracle import ByName

AGENT = AgentCapability.Type
FRAMEWORK = Capability.Type
AGENT_CAPABILITIES = frozenset(AGENT)
DAY_S = 86400.0


def amount(text: str) -> Resources:
    """Read terms such as `2/1024`, `1/512@R1` (reserved) or resource text, joined by ` + `."""
    total = Resources.EMPTY
    for term in text.split(" + "):
        if ":" in term:
            total = total + Resources.parse(term)
        else:
            numbers, _, role = term.partition("@")
            cpus, mem = numbers.split("/")
            total = total + Resources.parse(f"cpus:{cpus};mem:{mem}", default_role=role or "*")
    return total


in_order = PlacedDraws(ByName())


def share_of(c: Cluster, role: str) -> float:
    """Dominant share of a role."""
    node = c.state.tree.find(role)
    assert node is not None
    return c.state.tree.share(node).share


class Cluster:
    """A state whose wanted rounds run at once; every method that runs one says who got what."""

    def __init__(self, options: AllocatorOptions | None = None) -> None:
        self.state = AllocatorState(options)
        self.now_s = 0.0
        self.last = allocate(self.state, NONE, 0.0, in_order)

    def run(self, candidates: Candidates) -> dict[str, Resources]:
        """Run a round; `framework agent` to resources in unallocated form."""
        self.last = allocate(self.state, candidates, self.now_s, in_order)
        self.state.apply(self.last)
        return {
            f"{framework} {agent}": resources.unallocated()
            for framework, by_role in self.last.offers().items()
            for by_agent in by_role.values()
            for agent, resources in by_agent.items()
        }

    def batch(self, after_s: float = 0.0) -> dict[str, Resources]:
        """The timed round."""
        self.now_s += after_s
        return self.run(ALL)

    def framework(
        self, name: str, *roles: str, capabilities: Sequence[FRAMEWORK] = (FRAMEWORK.MULTI_ROLE,)
    ) -> dict[str, Resources]:
        """A framework joins."""
        return self.run(self.state.add_framework(name, roles, capabilities=capabilities))

    def agent(
        self, name: str, text: str, info: AgentInfo | None = None, **used: Resources
    ) -> dict[str, Resources]:
        """An agent joins, host name as its id."""
        return self.run(
            self.state.add_agent(
                name,
                info or AgentInfo(hostname=name),
                amount(text),
                capabilities=AGENT_CAPABILITIES,
                used=used,
            )
        )

    def give_back(
        self, name: str, agent: str, text: str | None = None, refuse_s: float | None = None
    ) -> None:
        """A framework declines; everything it holds on the agent unless said."""
        held = [(role, r) for (holder, role), r in self.state.agents[agent].held.items() if holder == name]
        for role, resources in held:
            part = resources if text is None else amount(text)
            self.state.recover(name, agent, part.allocated(role), now_s=self.now_s, refuse_s=refuse_s)

    def give_back_all(self) -> None:
        """Everybody declines everything, without filters."""
        for agent in self.state.agents:
            for name in self.state.frameworks:
                self.give_back(name, agent)


def test_a1_unreserved_drf() -> None:
    c = Cluster()
    assert c.agent("A1", "2/1024") == {}
    assert c.framework("F1", "R1") == {"F1 A1": amount("2/1024")}
    assert c.framework("F2", "R2") == {}
    assert c.agent("A2", "1/512") == {"F2 A2": amount("1/512")}
    assert c.agent("A3", "3/2048") == {"F2 A3": amount("3/2048")}
    c.framework("F3", "R1")
    assert c.agent("A4", "4/4096") == {"F3 A4": amount("4/4096")}
    c.framework("F4", "R1")
    assert c.agent("A5", "1/512") == {"F2 A5": amount("1/512")}


def test_a2_reserved_counts() -> None:
    c = Cluster()
    c.agent("A1", "1/512 + 100/1024@R1")
    assert c.framework("F1", "R1") == {"F1 A1": amount("1/512 + 100/1024@R1")}
    c.framework("F2", "R2")
    assert c.agent("A2", "2/512") == {"F2 A2": amount("2/512")}
    assert c.agent("A3", "2/512") == {"F2 A3": amount("2/512")}
    c.framework("F3", "R1")
    assert c.agent("A4", "2/1024@R1") == {"F3 A4": amount("2/1024@R1")}


def test_a3_excluded_names() -> None:
    c = Cluster(AllocatorOptions(fair_share_excluded=frozenset({"gpus"})))
    c.agent("A1", "2/1024 + gpus:1")
    gpu = (FRAMEWORK.MULTI_ROLE, FRAMEWORK.GPU_RESOURCES)
    assert c.framework("F1", "R1", capabilities=gpu) == {"F1 A1": amount("2/1024 + gpus:1")}
    c.framework("F2", "R2")
    assert c.agent("A2", "1/512") == {"F2 A2": amount("1/512")}
    assert c.agent("A3", "3/2048") == {"F2 A3": amount("3/2048")}
    c.framework("F3", "R1")
    assert c.agent("A4", "4/4096") == {"F3 A4": amount("4/4096")}


def test_a4_nested_roles() -> None:
    c = Cluster()
    c.agent("A1", "2/1024")
    assert c.framework("F1", "a/b") == {"F1 A1": amount("2/1024")}
    c.framework("F2", "a/c")
    c.framework("F3", "d/e")
    assert c.agent("A2", "1/512") == {"F3 A2": amount("1/512")}
    c.framework("F4", "d/f")
    assert c.agent("A3", "2/1024") == {"F4 A3": amount("2/1024")}


def test_a5_filter_ends() -> None:
    c = Cluster()
    c.framework("F", "R")
    assert c.agent("A", "1/512") == {"F A": amount("1/512")}
    c.give_back("F", "A", refuse_s=2.0)
    assert c.state.active_filters("R", c.now_s) == 1
    assert c.batch(after_s=1) == {}
    assert c.batch(after_s=1) == {"F A": amount("1/512")}
    assert c.state.active_filters("R", c.now_s) == 0


@pytest.mark.parametrize("late_s", [0.0, 0.005])
def test_a6_filter_outlives_the_next_timed_round(late_s: float) -> None:
    c = Cluster(AllocatorOptions(allocation_interval_s=60))
    c.framework("F1", "R")
    assert c.agent("A1", "1/512") == {"F1 A1": amount("1/512")}
    c.framework("F2", "R")
    assert c.agent("A2", "1/512") == {"F2 A2": amount("1/512")}
    c.give_back("F2", "A2", refuse_s=1.0)
    assert c.batch(after_s=60 + late_s) == {"F1 A2": amount("1/512")}
    c.give_back("F1", "A2")
    assert c.batch(after_s=60) == {"F2 A2": amount("1/512")}


def test_a9_coarse_grained() -> None:
    c = Cluster()
    c.agent("A1", "2/1024")
    c.agent("A2", "2/1024")
    assert set(c.framework("F1", "R1")) == {"F1 A1", "F1 A2"}
    c.give_back_all()
    assert {who.split()[0] for who in c.framework("F2", "R2")} == {"F1", "F2"}


def test_a10_same_share() -> None:
    c = Cluster()
    c.framework("F1", "*")
    c.framework("F2", "*")
    got = list(c.agent("A", "2/1024"))
    for _ in range(9):
        c.give_back_all()
        got += c.batch(after_s=1)
    assert sorted(got) == ["F1 A"] * 5 + ["F2 A"] * 5


def test_a17_reserved_is_for_its_role() -> None:
    c = Cluster()
    c.agent("A1", "2/1024@R1")
    c.agent("A2", "2/1024@R2 + 1/1024")
    c.agent("A3", "1/1024@R3")
    assert c.framework("F1", "R1") == {"F1 A1": amount("2/1024@R1"), "F1 A2": amount("1/1024")}
    assert c.framework("F2", "R2") == {"F2 A2": amount("2/1024@R2")}


def test_a19_parts_come_back() -> None:
    c = Cluster()
    c.framework("F", "R1")
    assert c.agent("A", "1/200@R1 + 1/200") == {"F A": amount("1/200@R1 + 1/200")}
    for part in ("1/200@R1", "1/200"):
        c.give_back("F", "A", part)
        assert c.batch(after_s=1) == {"F A": amount(part)}


@pytest.mark.parametrize(
    ("text", "is_offered"),
    [
        ("0.005/16", False),
        ("0.01/16", True),
        ("0.005/32", True),
        ("0.015/16 + 0.015/16@R1", True),
    ],
)
def test_a20_allocatable(text: str, is_offered: bool) -> None:
    c = Cluster()
    c.framework("F", "R1")
    assert c.agent("A", text) == ({"F A": amount(text)} if is_offered else {})


def test_a21_a22_framework_says_what_is_allocatable() -> None:
    c = Cluster()
    c.framework("F", "R1")
    assert c.agent("A", "0.005/16") == {}
    c.state.update_framework("F", ["R1"], min_allocatable={"R1": (Quantities({"cpus": 3}),)})
    assert c.batch(after_s=1) == {"F A": amount("0.005/16")}
    c.give_back_all()
    c.state.update_framework("F", ["R1"], min_allocatable={"R1": ()})
    assert c.batch(after_s=1) == {"F A": amount("0.005/16")}


def test_a28_total_changes() -> None:
    c = Cluster()
    c.framework("F", "R")
    full, half = amount("100/100"), amount("50/50")
    assert c.agent("A", "100/100") == {"F A": full}
    assert c.run(c.state.update_agent("A", total=amount("112/100"))) == {"F A": Resources.scalar(cpus=12)}
    assert c.run(c.state.update_agent("A", total=half)) == {}
    c.give_back_all()
    assert c.batch(after_s=1) == {"F A": half}
    assert c.run(c.state.update_agent("A", total=full)) == {"F A": half}
    assert not c.state.update_agent("A", total=full)


def test_a29_agent_without_capabilities() -> None:
    c = Cluster()
    c.framework("F", "R")
    assert c.run(c.state.add_agent("A", AgentInfo(hostname="A"), amount("1/512"))) == {}
    updated = c.state.update_agent("A", capabilities=[AGENT.MULTI_ROLE])
    assert c.run(updated) == {"F A": amount("1/512")}


def test_a30_removed_agent_leaves_the_share() -> None:
    c = Cluster()
    c.framework("F1", "R")
    assert set(c.agent("A1", "2/200")) == {"F1 A1"}
    c.framework("F2", "R")
    assert set(c.agent("A2", "1/100")) == {"F2 A2"}
    c.state.remove_agent("A1")
    assert set(c.agent("A3", "1/100")) == {"F1 A3"}
    c.state.recover("F1", "A1", amount("2/200").allocated("R"), now_s=c.now_s)


def test_a33_whitelist() -> None:
    c = Cluster()
    c.state.update_whitelist(["dummy"])
    c.framework("F", "R")
    assert c.agent("A", "1/512") == {}
    assert c.batch(after_s=1) == {}
    c.state.update_whitelist(["A"])
    assert set(c.batch(after_s=1)) == {"F A"}


@pytest.mark.parametrize("is_agent_first", [True, False])
def test_a34_earlier_use_counts_once(is_agent_first: bool) -> None:
    c = Cluster()
    used = amount("1/512").allocated("R1")
    if is_agent_first:
        c.agent("A", "4/2048", F1=used)
        c.state.add_framework("F1", ["R1"], used={"A": used})
    else:
        c.state.add_framework("F1", ["R1"], used={"A": used})
        c.state.add_agent("A", AgentInfo(hostname="A"), amount("4/2048"), used={"F1": used})
    assert share_of(c, "R1") == 0.25
    assert c.state.agents["A"].available == amount("3/1536")


def test_a50_suppress_and_deactivate() -> None:
    c = Cluster()
    c.state.add_framework("F", ["R"])
    c.state.suppress("F")
    c.state.deactivate_framework("F")
    assert c.agent("A", "1/512") == {}
    assert c.run(c.state.activate_framework("F")) == {}
    assert c.run(c.state.revive("F")) == {"F A": amount("1/512")}
    assert c.run(c.state.revive("F")) == {}


def test_a51_revive_clears_filters() -> None:
    c = Cluster()
    c.framework("F", "R")
    c.agent("A", "1/512")
    c.give_back("F", "A", refuse_s=1000)
    assert c.batch(after_s=1) == {}
    assert c.run(c.state.revive("F")) == {"F A": amount("1/512")}


def test_a53_weights() -> None:
    c = Cluster()

    def count(got: dict[str, Resources]) -> list[int]:
        return [sum(who.startswith(f"{name} ") for who in got) for name in sorted(c.state.frameworks)]

    for n in range(6):
        c.agent(f"A{n}", "2/1024")
    c.state.add_framework("F1", ["R1"])
    assert count(c.framework("F2", "R2")) == [3, 3]
    c.state.update_weights({"R2": 2})
    c.give_back_all()
    assert count(c.batch(after_s=1)) == [2, 4]
    c.state.update_weights({"R3": 3})
    c.give_back_all()
    assert count(c.framework("F3", "R3")) == [1, 2, 3]


def test_a55_reserved_to_ancestors() -> None:
    c = Cluster()
    c.framework("F", "a/b/c")
    assert c.agent("A1", "1/512@a") == {"F A1": amount("1/512@a")}
    assert c.agent("A2", "2/1024 + 4/2048@a/b") == {"F A2": amount("2/1024 + 4/2048@a/b")}


def test_a61_new_attributes_void_filters() -> None:
    c = Cluster()
    c.framework("F", "R")
    c.agent("A", "1/512")
    c.give_back("F", "A", refuse_s=DAY_S)
    colour = Attribute(name="colour", type=ValueType.SCALAR, scalar=Scalar(value=1))
    updated = c.state.update_agent("A", info=AgentInfo(hostname="A", attributes=(colour,)))
    assert c.run(updated) == {"F A": amount("1/512")}


def test_gpu_agents_only_for_gpu_frameworks() -> None:
    c = Cluster()
    c.framework("F1", "R")
    assert c.agent("A", "1/512 + gpus:1") == {}
    assert set(c.framework("F2", "R", capabilities=[FRAMEWORK.GPU_RESOURCES])) == {"F2 A"}


def test_remote_agents_only_for_region_aware() -> None:
    fault = DomainInfo.FaultDomain
    far = DomainInfo(fault_domain=fault(region=fault.RegionInfo(name="far"), zone=fault.ZoneInfo(name="z")))
    c = Cluster(AllocatorOptions(region="near"))
    c.framework("F1", "R")
    assert c.agent("A", "1/512", AgentInfo(hostname="A", domain=far)) == {}
    assert set(c.framework("F2", "R", capabilities=[FRAMEWORK.REGION_AWARE])) == {"F2 A"}


def test_larger_offer_gets_through_a_filter() -> None:
    c = Cluster()
    c.framework("F", "R")
    c.agent("A", "2/1024")
    c.give_back("F", "A", "1/512", refuse_s=DAY_S)
    assert c.batch(after_s=1) == {}
    c.give_back("F", "A", "1/512")
    assert c.batch(after_s=1) == {"F A": amount("2/1024")}


def test_deactivated_framework_loses_filters_but_not_suppression() -> None:
    c = Cluster()
    c.framework("F", "R1", "R2")
    c.agent("A", "2/1024")
    c.give_back("F", "A", refuse_s=DAY_S)
    c.state.suppress("F", ["R1"])
    c.state.deactivate_framework("F")
    assert c.batch(after_s=1) == {}
    c.run(c.state.activate_framework("F"))
    assert [(grant.framework, grant.role) for grant in c.last.grants] == [("F", "R2")]


def test_role_left_behind_while_something_is_held() -> None:
    c = Cluster()
    c.framework("F", "R1")
    c.agent("A", "2/1024")
    c.state.update_framework("F", ["R2"])
    assert share_of(c, "R1") == 1.0
    assert not c.state.frameworks["F"].seats["R1"].is_listed
    c.give_back_all()
    assert list(c.state.tree.roles) == ["R2"]
    c.batch(after_s=1)
    assert [grant.role for grant in c.last.grants] == ["R2"]


def test_s3_framework_stops_before_its_resources_return() -> None:
    c = Cluster()
    c.framework("F1", "R")
    c.agent("A", "2/1024")
    c.state.remove_framework("F1")
    assert c.framework("F2", "R") == {}
    c.state.recover("F1", "A", amount("2/1024").allocated("R"), now_s=0, refuse_s=5)
    assert c.batch(after_s=1) == {"F2 A": amount("2/1024")}


def test_deactivated_agent_is_left_alone() -> None:
    c = Cluster()
    c.agent("A", "2/1024")
    c.state.deactivate_agent("A")
    assert c.framework("F", "R") == {}
    c.state.activate_agent("A")
    assert set(c.batch(after_s=1)) == {"F A"}


def test_paused_state_wants_nothing() -> None:
    c = Cluster()
    c.state.pause()
    assert not c.state.add_agent("A", AgentInfo(hostname="A"), amount("1/512"))
    assert not c.state.add_framework("F", ["R"])
    c.state.resume()
    assert set(c.batch()) == {"F A"}


def test_published_drf_example() -> None:
    """Source: Ghodsi et al., NSDI 2011, §4.1: 9 CPUs and 18 GB; demands <1,4> and <3,1>; 3 and 2 tasks."""
    c = Cluster()
    demands = {"A": amount("1/4"), "B": amount("3/1")}
    tasks = {"A": 0, "B": 0}
    for name in demands:
        c.framework(name, f"role-{name}")
    got = c.agent("agent", "9/18")
    while got:
        ((who, offer),) = got.items()
        name = who.split()[0]
        fits = offer.contains(demands[name])
        rest = offer - demands[name] if fits else offer
        tasks[name] += fits
        c.state.recover(
            name,
            "agent",
            rest.allocated(f"role-{name}"),
            now_s=c.now_s,
            refuse_s=None if fits else DAY_S,
        )
        got = c.batch(after_s=1)
    assert tasks == {"A": 3, "B": 2}
