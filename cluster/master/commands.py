"""What operators order: tasks killed, agents declared gone.

Source: reference master.md §5.4.
"""

from __future__ import annotations

import logging

from cluster.master.agents import GONE_WORDS, OPERATOR_SAID_SO, Agents, gone_state
from cluster.master.context import Context
from cluster.master.tasks import Tasks
from cluster.master.watching import Removal
from cluster.model import FrameworkID, TaskID, is_terminal
from cluster.protocol import operator as protocol
from cluster.protocol import scheduler

log = logging.getLogger(__name__)

Outcome = protocol.Done | protocol.Refused


class Commands:
    """Checks orders and has them carried out."""

    def __init__(self, context: Context, tasks: Tasks, agents: Agents) -> None:
        self._c = context
        self._tasks = tasks
        self._agents = agents

    def kill(self, asked: protocol.KillTask) -> Outcome:
        """Kill a task. One on an agent that is away is killed when that is back."""
        framework = self._c.state.frameworks.get(asked.framework_id)
        if framework is None:
            return protocol.Refused(404, f"framework_id: there is no framework {asked.framework_id}")
        task = framework.tasks.get(asked.task_id)
        if task is None:
            words = "is out of reach" if asked.task_id in framework.unreachable else "does not run"
            return protocol.Refused(404, f"task_id: {asked.task_id!r} {words}")
        if is_terminal(task.state):
            return protocol.Refused(409, f"task_id: {asked.task_id!r} has ended: {task.state.value}")
        log.info("task %s of %s is killed by an operator", task.id, framework.id)
        self._tasks.kill(framework, scheduler.Kill(FrameworkID(framework.id), TaskID(task.id)))
        return protocol.Done()

    def mark_gone(self, asked: protocol.MarkAgentGone) -> Outcome:
        """Declare an agent gone; a second time changes nothing."""
        state = self._c.state
        agent = state.agents.get(asked.agent_id)
        if agent is not None:
            self._agents.mark_gone(agent)
        elif asked.agent_id in state.unreachable_agents:
            self._mark_unreachable_gone(asked.agent_id)
        elif asked.agent_id not in state.gone_agents:
            return protocol.Refused(404, f"agent_id: there is no agent {asked.agent_id}")
        return protocol.Done()

    def _mark_unreachable_gone(self, agent_id: str) -> None:
        """What it ran when it was last heard of has ended."""
        log.warning("unreachable agent %s is gone: an operator says so", agent_id)
        self._c.state.remember_gone(agent_id, self._c.wall())
        self._c.state.away_agents.declare_gone(agent_id, self._c.wall(), OPERATOR_SAID_SO)
        for framework in self._c.state.frameworks.values():
            state, reason = gone_state(framework)
            for name, record in list(framework.unreachable.items()):
                if record.agent_id.value == agent_id:
                    del framework.unreachable[name]
                    ended = self._tasks.end_unreachable(
                        framework, record, state, reason, GONE_WORDS, tell=True
                    )
                    framework.completed.append(ended)
        self._c.feed.agent_removed(agent_id, Removal.GONE)
