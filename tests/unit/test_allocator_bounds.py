"""What the allocator keeps is bounded by what there is, however much comes and goes."""

from collections.abc import Iterator

import pytest

from actors import Rng
from cluster.allocator import ALL, AllocatorState, RandomDraws, allocate
from cluster.model import AgentCapability, AgentInfo, Quantities, Resources, parse_attributes
from tests.allocator_kit import violations

TOTAL = Resources.parse("cpus:1;mem:100")
YEAR_S = 365 * 86400.0
MANY = 500


@pytest.fixture
def state() -> Iterator[AllocatorState]:
    state = AllocatorState()
    state.add_framework("F", ["r"])
    yield state
    assert not violations(state, 0)


def add_agent(state: AllocatorState, name: str, attributes: str = "") -> None:
    info = AgentInfo(hostname=name, attributes=parse_attributes(attributes))
    state.add_agent(name, info, TOTAL, capabilities=AgentCapability.Type)


def test_agents_that_are_gone_leave_nothing_on_the_agenda(state: AllocatorState) -> None:
    """Their refusals may have lasted for a year."""
    draws = RandomDraws(Rng(1))
    for number in range(MANY):
        add_agent(state, f"A{number}")
        (grant,) = allocate(state, ALL, 0, draws).grants
        state.apply(allocate(state, ALL, 0, draws))
        state.recover("F", grant.agent, grant.resources.allocated("r"), now_s=0, refuse_s=YEAR_S)
        if number % 10:
            state.remove_agent(f"A{number}")
    assert len(state.refusals._agenda) < MANY // 2
    state.full_rounds += 1
    state.expire_filters(YEAR_S)
    assert len(allocate(state, ALL, YEAR_S, draws).grants) == MANY // 10  # of none that stayed it was dropped


def test_attributes_nobody_has_any_more_are_forgotten(state: AllocatorState) -> None:
    add_agent(state, "A")
    for number in range(MANY):
        info = AgentInfo(hostname="A", attributes=parse_attributes(f"rack:r{number}"))
        state.update_agent("A", info=info)
    add_agent(state, "B", f"rack:r{MANY - 1}")
    assert len(state._places) == 1
    assert state.agents["A"].place is state.agents["B"].place


def test_minima_nobody_has_any_more_are_forgotten(state: AllocatorState) -> None:
    state.add_framework("G", ["r"], min_allocatable={"r": (Quantities({"cpus": 1}),)})
    before = state.frameworks["G"].seats["r"].taste
    for number in range(MANY):
        state.update_framework("F", ["r"], min_allocatable={"r": (Quantities({"cpus": 2 + number}),)})
    assert len(state.seats._tastes) < 50
    state.add_framework("H", ["r"], min_allocatable={"r": (Quantities({"cpus": 1}),)})
    assert state.frameworks["H"].seats["r"].taste is before
