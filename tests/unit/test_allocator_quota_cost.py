"""What quota costs a round: agents are alike, so what it leaves of one is not worked out for each."""

from __future__ import annotations

import pytest

from actors.rng import Rng
from cluster.allocator import ALL, AllocatorState, RandomDraws, allocate
from cluster.allocator.allowance import Allowance
from cluster.allocator.bundle import Bundle
from cluster.model import AgentCapability, AgentInfo, Limits, Quantities, Resources
from tests.allocator_kit import violations

ROLES = 20
AGENTS = 400
TOTAL = Resources.parse("cpus:24;mem:4096;disk:4096;ports:[31000-32000]")


@pytest.fixture
def state() -> AllocatorState:
    """Each role has a framework, and is sure of half the cpus of its part but half a cpu, and of no more."""
    state = AllocatorState()
    cpus_milli = 24_000 * AGENTS // ROLES // 2 + 500
    for number in range(ROLES):
        role = f"r{number:02}"
        state.add_framework(f"F{number}", [role])
        state.update_quota(role, Quantities({"cpus": cpus_milli}), Limits({"cpus": cpus_milli}))
    for number in range(AGENTS):
        name = f"A{number}"
        state.add_agent(name, AgentInfo(hostname=name), TOTAL, capabilities=AgentCapability.Type)
    return state


def test_roles_that_have_enough_are_not_asked_about_every_agent(
    state: AllocatorState, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"cut": 0, "guaranteed": 0, "made": 0}

    def counted(owner: type, name: str, what: str) -> None:
        plain = getattr(owner, name)

        def wrapper(self: object, *arguments: object) -> object:
            asked[what] += 1
            return plain(self, *arguments)

        monkeypatch.setattr(owner, name, wrapper)

    counted(Allowance, "cut", "cut")
    counted(Allowance, "guaranteed", "guaranteed")
    counted(Bundle, "__init__", "made")
    result = allocate(state, ALL, 0.0, RandomDraws(Rng(1)))
    assert result.looked_at == AGENTS
    assert asked["cut"] < 2 * AGENTS + 4 * ROLES
    assert asked["guaranteed"] < 2 * AGENTS
    assert asked["made"] < 2 * ROLES
    state.apply(result)
    assert not violations(state, 0.0)
    for number in range(ROLES):
        assert state.ledger.consumed(f"r{number:02}")["cpus"] == 24_000 * AGENTS // ROLES // 2 + 500
