"""Explanations account for every agent, and shares are what the next round starts from."""

import pytest

from cluster.allocator import Why, explain, framework_shares, judge, shares
from cluster.model import AgentInfo, Capability
from tests.unit.test_allocator_scenarios import AGENT, Cluster, amount


def why(c: Cluster, framework: str, role: str, agent: str) -> Why | None:
    (verdict,) = judge(c.state, c.last, framework, role, c.now_s, [agent])
    return verdict.why if verdict else None


def test_counts_add_up() -> None:
    c = Cluster()
    c.state.add_framework("F1", ["R1"])
    c.state.add_framework("F2", ["R2"])
    for name, text in {"a": "2/1024", "b": "2/1024", "c": "0.001/1", "d": "1/512@R2", "e": "1/512"}.items():
        c.agent(name, text)
    c.state.deactivate_agent("e")
    c.give_back_all()
    c.give_back("F1", "a")
    c.batch(after_s=1)
    answer = explain(c.state, c.last, "F1", "R1", c.now_s)
    assert answer.agents == 5
    assert answer.offered + sum(answer.withheld.values()) == 5
    assert answer.offered == 1
    assert answer.withheld == {
        Why.AGENT_DEACTIVATED: 1,
        Why.RESERVED_TO_OTHERS: 1,
        Why.TAKEN_EARLIER: 1,
        Why.BELOW_MIN_ALLOCATABLE: 1,
    }
    assert answer.takers == {("F2", "R2"): 1}
    assert answer.possible == 3


def test_framework_wants_nothing() -> None:
    c = Cluster()
    c.agent("a", "1/512")
    c.framework("F", "R")
    c.give_back_all()
    assert why(c, "F", "other", "a") is Why.NOT_SUBSCRIBED
    c.state.suppress("F")
    c.batch(after_s=1)
    assert why(c, "F", "R", "a") is Why.SUPPRESSED
    c.state.deactivate_framework("F")
    assert why(c, "F", "R", "a") is Why.FRAMEWORK_INACTIVE


def test_filtered_until() -> None:
    c = Cluster()
    c.framework("F", "R")
    c.agent("a", "1/512")
    c.give_back("F", "a", refuse_s=100)
    c.batch(after_s=1)
    assert why(c, "F", "R", "a") is Why.FILTERED
    answer = explain(c.state, c.last, "F", "R", c.now_s)
    assert (answer.until_s, answer.possible) == (100.0, 1)


def test_capabilities() -> None:
    c = Cluster()
    c.framework("F", "R/x")
    c.agent("gpu", "1/512 + gpus:1")
    c.agent("old", "1/512")
    c.state.update_agent("old", capabilities=[AGENT.MULTI_ROLE])
    c.give_back_all()
    c.batch(after_s=1)
    gpu, old = judge(c.state, c.last, "F", "R/x", c.now_s, ["gpu", "old"])
    assert gpu is not None
    assert old is not None
    assert (gpu.why, gpu.missing) == (Why.CAPABILITY, Capability.Type.GPU_RESOURCES)
    assert (old.why, old.missing) == (Why.CAPABILITY, AGENT.HIERARCHICAL_ROLE)
    assert explain(c.state, c.last, "F", "R/x", c.now_s).possible == 0


def test_free_agents() -> None:
    c = Cluster()
    c.framework("F", "R")
    assert c.agent("a", "1/512") == {"F a": amount("1/512")}
    assert why(c, "F", "R", "a") is None
    c.batch(after_s=1)
    assert why(c, "F", "R", "a") is Why.NOTHING_FREE
    c.give_back_all()
    assert why(c, "F", "R", "a") is Why.NOT_LOOKED_AT
    c.state.update_whitelist([])
    assert why(c, "F", "R", "a") is Why.NOT_WHITELISTED


def test_never_is_told_from_not_now() -> None:
    c = Cluster()
    c.framework("F", "R")
    c.agent("a", "0.001/1")
    assert explain(c.state, c.last, "F", "R", c.now_s).possible == 0
    c.framework("F2", "R")
    c.agent("b", "1/512")
    assert explain(c.state, c.last, "F2", "R", c.now_s).possible == 1


def test_explaining_needs_no_round() -> None:
    c = Cluster()
    c.state.add_framework("F", ["R"])
    c.state.add_agent("a", AgentInfo(hostname="a"), amount("1/512"))
    assert explain(c.state, None, "F", "R", 0).withheld == {Why.NOT_LOOKED_AT: 1}
    with pytest.raises(KeyError):
        explain(c.state, None, "nobody", "R", 0)


def test_shares_view() -> None:
    c = Cluster()
    c.state.update_weights({"R1": 2})
    c.state.add_framework("F1", ["R1"])
    c.agent("a", "4/1024")
    c.state.add_framework("F2", ["R2"])
    c.agent("b", "2/4096")
    c.state.add_framework("F3", ["R2"], suppressed=["R2"])
    first, second = shares(c.state)
    assert (first.role, first.share.dominant, first.share.weight, first.order) == ("R1", "cpus", 2.0, 0)
    assert first.share.share == pytest.approx(2 / 3)
    assert (second.role, second.share.dominant, second.share.share) == ("R2", "mem", 0.8)
    assert [(f.framework, f.order) for f in second.frameworks] == [("F2", 0), ("F3", None)]
    assert framework_shares(c.state, "R1") == first.frameworks
