"""Agents that the master has no more, as the web page shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cluster.master.away import Absence, AwayAgent

#: Asks for all of them.
ALL = "away"
STATES = (*(absence.value for absence in Absence), ALL)


def view(agent: AwayAgent) -> Mapping[str, object]:
    """One in a list. `tasks`: how many it had when it was lost."""
    return {
        "id": agent.id,
        "hostname": agent.hostname,
        "pid": agent.pid,
        "state": agent.absence.value,
        "since_s": agent.since_s,
        "why": agent.why,
        "registered_s": agent.registered_s,
        "flaps": agent.flaps,
        "tasks": agent.tasks,
    }


KEYS: Mapping[str, Callable[[AwayAgent], object]] = {
    "id": lambda agent: agent.id,
    "hostname": lambda agent: agent.hostname,
    "registered": lambda agent: agent.registered_s,
    "state": lambda agent: agent.absence.value,
    "flaps": lambda agent: agent.flaps,
    "tasks": lambda agent: agent.tasks,
    "since": lambda agent: agent.since_s,
}
