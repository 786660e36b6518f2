"""The order that is told is that of the last round, while somebody asks for it."""

from __future__ import annotations

from bench.allocator_cluster import Cluster, framework
from cluster.allocator import messages as m
from cluster.allocator import shares


def asked(cluster: Cluster) -> dict[str, tuple[int, dict[str, int | None]]]:
    """Roles with their places and those of their frameworks, as the master is told."""
    cluster.tell([m.GetShares()])
    answer = cluster.desk.rest.pop()
    assert isinstance(answer, m.Shares)
    return {
        role.role: (role.order, {each.framework[-1]: each.order for each in role.frameworks})
        for role in answer.roles
    }


def a_cluster() -> Cluster:
    """Two roles with a framework each, nothing held by anybody, the round over all of it to come."""
    cluster = Cluster(1)
    cluster.tell([framework(1, "a"), framework(2, "b"), m.Pause()])
    cluster.tell(cluster.new_agents(3))
    return cluster


def test_while_somebody_asks_it_is_that_of_the_last_round() -> None:
    cluster = a_cluster()
    assert asked(cluster) == {"a": (0, {"1": 0}), "b": (1, {"2": 0})}
    cluster.tell([m.Resume()])
    cluster.interval()
    assert len(cluster.offers()) == 2
    assert [role.role for role in shares(cluster.state)] == ["b", "a"], "the next round begins with b"
    assert asked(cluster) == {"a": (0, {"1": 0}), "b": (1, {"2": 0})}, "the last one began with a"
    cluster.interval()
    assert asked(cluster) == {"b": (0, {"2": 0}), "a": (1, {"1": 0})}


def test_who_came_since_is_told_behind_all_others() -> None:
    cluster = a_cluster()
    asked(cluster)
    cluster.tell([m.Resume()])
    cluster.interval()
    cluster.tell([m.Pause(), framework(3, "c"), framework(4, "b")])
    found = asked(cluster)
    assert found["c"] == (2, {"3": 0})
    assert found["b"] == (1, {"2": 0, "4": None})


def test_when_nobody_asks_nothing_is_noted() -> None:
    cluster = a_cluster()
    cluster.tell([m.Resume()])
    cluster.interval()
    assert asked(cluster) == {"b": (0, {"2": 0}), "a": (1, {"1": 0})}, "the order of the next round"
    for _ in range(61):
        cluster.interval()
    cluster.tell([framework(0, "0")])
    assert asked(cluster)["0"] == (0, {"0": 0})
