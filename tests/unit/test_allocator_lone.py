"""A seat that alone wants offers gets everything at once, as it would agent by agent."""

from __future__ import annotations

import pytest

from actors import Rng
from cluster.allocator import ALL, AllocatorState, RandomDraws, Round, allocate
from cluster.model import AgentCapability, AgentInfo, Resources

CAPABILITIES = tuple(AgentCapability.Type)


def cluster(*totals: str) -> AllocatorState:
    state = AllocatorState()
    for number, total in enumerate(totals):
        info = AgentInfo(hostname=f"h{number}")
        state.add_agent(f"A{number}", info, Resources.parse(total), capabilities=CAPABILITIES)
    return state


def given(done: Round) -> dict[tuple[str, str], str]:
    return {(grant.agent, grant.framework): str(grant.resources) for grant in done.grants}


def test_agents_alike_are_given_as_one_lot() -> None:
    state = cluster(*["cpus:4;mem:512"] * 5, *["cpus:8;mem:512"] * 3)
    state.add_framework("F", ["a"])
    done = allocate(state, ALL, 0, RandomDraws(Rng(1)))
    assert sorted((str(lot.bundle.resources), len(lot.agents)) for lot in done.lots) == [
        ("cpus:4; mem:512", 5),
        ("cpus:8; mem:512", 3),
    ]
    assert not done.singles
    assert done.looked_at == 8
    state.apply(done)
    assert not allocate(state, ALL, 1, RandomDraws(Rng(1))).grants
    assert all(not agent.free for agent in state.agents.values())


@pytest.mark.parametrize(
    "total",
    ["cpus(b):4;mem:512", "cpus:0.001;mem:1", "cpus:4;mem:512;gpus:1"],
    ids=["partly reserved to others", "too little", "with a GPU"],
)
def test_what_is_out_of_the_ordinary_is_looked_at_one_by_one(total: str) -> None:
    state = cluster("cpus:4;mem:512", total)
    state.add_framework("F", ["a"])
    done = allocate(state, ALL, 0, RandomDraws(Rng(1)))
    assert [[agent.id for agent in lot.agents] for lot in done.lots] == [["A0"]]
    assert given(done).get(("A1", "F")) == ("mem:512" if "(b)" in total else None)


def test_what_was_refused_is_not_in_a_lot() -> None:
    state = cluster("cpus:4;mem:512", "cpus:4;mem:512")
    state.add_framework("F", ["a"])
    state.apply(allocate(state, ALL, 0, RandomDraws(Rng(1))))
    for agent in ("A0", "A1"):
        refuse_s = 100.0 if agent == "A0" else None
        back = Resources.parse("cpus:4;mem:512").allocated("a")
        state.recover("F", agent, back, refuse_s=refuse_s, now_s=1.0)
    assert given(allocate(state, ALL, 2, RandomDraws(Rng(1)))) == {("A1", "F"): "cpus:4; mem:512"}


def test_two_that_want_offers_share() -> None:
    state = cluster(*["cpus:4;mem:512"] * 4)
    state.add_framework("F", ["a"])
    state.add_framework("G", ["a"])
    done = allocate(state, ALL, 0, RandomDraws(Rng(1)))
    assert not done.lots
    assert sorted(grant.framework for grant in done.grants) == ["F", "F", "G", "G"]


def test_one_that_is_suppressed_is_no_rival() -> None:
    state = cluster(*["cpus:4;mem:512"] * 4)
    state.add_framework("F", ["a"])
    state.add_framework("G", ["a"], suppressed=["a"])
    assert len(allocate(state, ALL, 0, RandomDraws(Rng(1))).lots) == 1


def test_with_quota_there_are_no_lots() -> None:
    state = cluster(*["cpus:4;mem:512"] * 4)
    state.add_framework("F", ["a"])
    state.update_quota("b", Resources.parse("cpus:8").quantities())
    done = allocate(state, ALL, 0, RandomDraws(Rng(1)))
    assert not done.lots
    assert sum(grant.resources.milli("cpus") for grant in done.grants) == 8_000
