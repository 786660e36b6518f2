"""Single agents that are much work are not one step of a round."""

import pytest

from actors import Rng
from bench.allocator_crowded import about_hosts, reserved, role
from cluster.allocator import ALL, AllocatorState, Grant, RandomDraws, allocate
from cluster.allocator import messages as m
from cluster.allocator.allocate import decide
from cluster.allocator.bundle import _interned
from cluster.allocator.events import slowly
from cluster.model import AgentCapability, AgentInfo, Quantities, Resources
from tests.allocator_kit import violations

ROLES = 60
TOTAL = Resources.parse("cpus:1;mem:100")
LEAST = Quantities({"cpus": 1})


def steps_of(state: AllocatorState, step: int) -> tuple[int, list[tuple[str, str]]]:
    """How many steps a round takes, and who gets something of which agent, in order."""
    deciding, steps = decide(state, ALL, 0, RandomDraws(Rng(1)), step), 0
    while True:
        try:
            next(deciding)
        except StopIteration as done:
            grants: tuple[Grant, ...] = done.value.grants
            return steps, [(grant.framework, grant.agent) for grant in grants]
        steps += 1


def cluster(total: Resources, *, have_constraints: bool = False) -> AllocatorState:
    """One agent, and a framework for each role."""
    state = AllocatorState()
    state.add_agent("A", AgentInfo(hostname="host1"), total, capabilities=AgentCapability.Type)
    for number in range(ROLES):
        path = role(number, ROLES)
        constraints = about_hosts(path) if have_constraints else None
        state.add_framework(f"F{number:02}", [path], constraints=constraints)
    return state


def test_an_agent_that_is_shared_by_many_roles_is_many_steps() -> None:
    state = cluster(TOTAL + reserved(ROLES, ROLES))
    steps, grants = steps_of(state, 1)
    assert steps >= ROLES - 1
    assert len(grants) == ROLES
    few, same = steps_of(state, 1 << 30)
    assert same == grants
    assert few < 5


def test_a_guarantee_that_is_met_by_many_roles_is_many_steps() -> None:
    state = cluster(TOTAL + reserved(ROLES, ROLES))
    for number in range(ROLES):
        state.update_quota(role(number, ROLES), LEAST)
    steps, _ = steps_of(state, 1)
    assert steps >= ROLES - 1


def test_an_agent_that_many_seats_judge_by_its_host_is_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.allocator.eligibility.JUDGED_AT_ONCE", 4)
    state = cluster(TOTAL, have_constraints=True)
    steps, grants = steps_of(state, 1)
    assert steps >= ROLES // 4
    assert len(grants) == 1
    again, _ = steps_of(state, 1)
    assert again < 5  # what was judged once is not judged again


def test_what_is_left_of_an_agent_in_many_parts_is_not_kept() -> None:
    """Each of those left after it would be kept alive by the one before: roles times roles of parts."""
    state = cluster(TOTAL + reserved(ROLES, ROLES))
    before = len(_interned)
    steps_of(state, 1 << 30)
    assert len(_interned) < before + 3 * ROLES


def test_an_agent_with_many_holders_leaves_in_many_steps() -> None:
    state = cluster(TOTAL + reserved(ROLES, ROLES))
    state.apply(allocate(state, ALL, 0, RandomDraws(Rng(1))))
    assert len(state.agents["A"].held) == ROLES
    assert len(list(state.taking_back("A", 10))) == ROLES // 10
    assert not state.agents["A"].held
    state.remove_agent("A")
    assert not violations(state, 0)


def test_a_framework_that_is_back_takes_up_what_it_holds_in_many_steps() -> None:
    state = cluster(TOTAL + reserved(ROLES, ROLES))
    state.apply(allocate(state, ALL, 0, RandomDraws(Rng(1))))
    state.remove_framework("F07")
    state.add_agent("B", AgentInfo(hostname="host2"), TOTAL, used={"F07": TOTAL.allocated(role(7, ROLES))})
    assert state.has_much("F07", ROLES - 1)
    assert not state.has_much("F07", 2 * ROLES)
    assert not state.has_much("F08", 0)
    back = m.AddFramework("F07", (role(7, ROLES),))
    work = slowly(state, back, 0, 1)
    assert work is not None
    assert len(list(work)) == 4
    assert not violations(state, 0)


def test_what_many_refused_of_an_agent_is_looked_at_in_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.allocator.eligibility.LOOKED_AT_ONCE", 2 * ROLES)
    state = cluster(TOTAL + reserved(ROLES, ROLES))
    result = allocate(state, ALL, 0, RandomDraws(Rng(1)))
    state.apply(result)
    for grant in result.grants:
        resources = grant.resources.allocated(grant.role)
        state.recover(grant.framework, "A", resources, now_s=0, refuse_s=3600)
    for number in range(ROLES):
        state.revive(f"F{number:02}") if number % 2 else None
    state.update_agent("A", total=TOTAL + reserved(ROLES + 1, ROLES))
    steps, grants = steps_of(state, 1)
    assert steps >= ROLES // 4
    assert len(grants) > ROLES // 4
