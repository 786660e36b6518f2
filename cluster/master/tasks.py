"""Tasks: what agents report of them, acknowledgements, kills, reconciliation, and their loss.

Source: reference master.md §8, scheduler-executor-api.md §3 and §4.
"""

from __future__ import annotations

import logging

import msgspec

from actors import NANOS, PID
from cluster.allocator import messages as alloc
from cluster.master import counters
from cluster.master.context import Context
from cluster.master.feed import is_news
from cluster.master.state import AgentEntry, FrameworkEntry, TaskEntry
from cluster.model import (
    NEXT,
    AgentID,
    Reason,
    Source,
    Task,
    TaskID,
    TaskState,
    TaskStatus,
    TimeInfo,
    is_terminal,
    moved,
    told,
)
from cluster.protocol import agent as agent_protocol
from cluster.protocol import scheduler as protocol

log = logging.getLogger(__name__)

S = TaskState


class Tasks:
    """All that happens to tasks after their launch."""

    def __init__(self, context: Context) -> None:
        self._c = context

    # -- what agents report -------------------------------------------------------------------

    def reported(self, sender: PID, message: agent_protocol.StatusUpdate) -> None:
        """A status from an agent: to the framework first, then into the books."""
        c = self._c
        status = message.status
        agent = c.state.agent_by_pid.get(sender)
        if agent is None:
            log.info("status of task %s from %s, which is not an agent, is ignored", status.task_id, sender)
            c.count("master/invalid_status_updates")
            return
        c.count("master/valid_status_updates")
        framework = c.state.frameworks.get(message.framework_id)
        if framework is None:
            return
        if framework.is_connected:
            c.tell(framework, protocol.Update(status))
        task = framework.tasks.get(status.task_id.value)
        if task is None or task.agent_id != agent.id:
            return
        if framework.is_connected:
            task.record = msgspec.structs.replace(
                task.record, status_update_state=status.state, status_update_uuid=status.uuid
            )
        self._advance(framework, task, status, message.latest_state)

    def _advance(
        self, framework: FrameworkEntry, task: TaskEntry, status: TaskStatus, latest: TaskState
    ) -> None:
        """Take over the newest state; a terminal one never changes again."""
        before, old = task.state, task.record
        if is_terminal(before):
            self._remember(framework, task, status)
            return
        if status.state in NEXT[before]:
            self._c.state.update_task(framework, task, moved(task.record, status))
        if latest is not task.state and latest in NEXT[task.state]:
            self._c.state.update_task(framework, task, msgspec.structs.replace(task.record, state=latest))
        if task.state is not before:
            self._log_transition(framework, task, before, status)
        if is_news(old, task.record, status):
            self._c.feed.task_updated(framework.id, status, task.state)
        if is_terminal(task.state):
            self._count_end(framework, status, task.state)
            self.release(framework, task)

    def _remember(self, framework: FrameworkEntry, task: TaskEntry, status: TaskStatus) -> None:
        """A status that comes after the agent said how the task ended: it belongs to the history still.

        The last one says why the task ended.
        """
        old = task.record
        if is_terminal(status.state) and status.state is not old.state:
            return
        self._c.state.update_task(framework, task, told(old, status))
        if is_news(old, task.record, status):
            self._c.feed.task_updated(framework.id, status, task.state)

    def _count_end(self, framework: FrameworkEntry, status: TaskStatus, state: TaskState) -> None:
        framework.counts.ends[state] += 1
        for key in counters.end_keys(state, status.source, status.reason):
            self._c.count(key)

    def _log_transition(
        self, framework: FrameworkEntry, task: TaskEntry, before: TaskState, status: TaskStatus
    ) -> None:
        log.info(
            "task %s of %s on %s: %s -> %s (%s)",
            task.id, framework.id, task.agent_id, before.value, task.state.value,
            status.reason.value if status.reason is not None else status.message or "reported",
        )  # fmt: skip

    def release(self, framework: FrameworkEntry, task: TaskEntry) -> None:
        """The task uses nothing any more: its resources are free."""
        agent = self._c.state.agents.get(task.agent_id)
        if self._c.state.uncharge(framework.id, task) and agent is not None:
            self._c.allocator(
                alloc.Recover(framework.id, agent.id, agent.epoch, task.resources, is_allocated=True)
            )

    # -- what frameworks ask ------------------------------------------------------------------

    def acknowledged(self, framework: FrameworkEntry, message: protocol.Acknowledge) -> None:
        """The framework dealt with an update: pass that on; after the terminal one the task is done."""
        c = self._c
        agent = c.state.agents.get(message.agent_id.value)
        if agent is None or not agent.is_connected:
            c.count("master/invalid_status_update_acknowledgements")
            return  # the agent will repeat the update
        c.count("master/valid_status_update_acknowledgements")
        task = framework.tasks.get(message.task_id.value)
        if task is not None and task.agent_id == agent.id:
            record = task.record
            if record.status_update_uuid is None:
                return
            acked_end = (
                record.status_update_uuid == message.uuid
                and record.status_update_state is not None
                and is_terminal(record.status_update_state)
            )
            if acked_end:
                self.complete(framework, task)
        c.send(
            agent.pid,
            agent_protocol.StatusUpdateAcknowledged(framework.id, message.task_id.value, message.uuid),
        )

    def complete(self, framework: FrameworkEntry, task: TaskEntry) -> None:
        """Move a task to the memory of ended ones."""
        self.release(framework, task)
        self._c.state.remove_task(framework, task)
        framework.completed.append(task.record)

    def settle(self, framework: FrameworkEntry) -> None:
        """Tell a framework the end of tasks whose agents have forgotten them, and be done with those.

        Happens when a machine loses power between the end of a task and its acknowledgement.
        """
        if framework.is_connected:
            for task in [task for task in framework.tasks.values() if task.is_forgotten]:
                self._send(framework, self._latest(task))
                self.complete(framework, task)

    def kill(self, framework: FrameworkEntry, message: protocol.Kill) -> None:
        """Have a task killed; an unknown one is reconciled, a disconnected agent is told later."""
        c = self._c
        task = framework.tasks.get(message.task_id.value)
        if task is None:
            self.reconcile(
                framework,
                protocol.Reconcile(
                    message.framework_id, (protocol.TaskToReconcile(message.task_id, message.agent_id),)
                ),
            )
            return
        if message.agent_id is not None and message.agent_id.value != task.agent_id:
            log.info("kill of task %s is ignored: it is not on %s", task.id, message.agent_id)
            return
        task.kill = agent_protocol.KillTask(framework.id, task.id, message.kill_policy)
        agent = c.state.agents.get(task.agent_id)
        if agent is not None and agent.is_connected:
            c.send(agent.pid, task.kill)

    def reconcile(self, framework: FrameworkEntry, message: protocol.Reconcile) -> None:
        """Answer with the state of the tasks asked for, or of all known ones.

        Source: reference master.md §8.1.
        """
        if not framework.is_connected:
            return
        if not message.tasks:
            for task in framework.tasks.values():
                self._send(framework, self._latest(task))
            return
        for asked in message.tasks:
            known = framework.tasks.get(asked.task_id.value)
            if known is not None:
                self._send(framework, self._latest(known))
            else:
                self._send(framework, self._unknown(framework, asked))

    def _latest(self, task: TaskEntry) -> TaskStatus:
        record = task.record
        last = record.statuses[-1] if record.statuses else None
        return TaskStatus(
            task_id=record.task_id,
            state=record.state if task.is_forgotten else record.status_update_state or record.state,
            agent_id=record.agent_id,
            executor_id=record.executor_id,
            source=Source.SOURCE_MASTER,
            reason=Reason.REASON_RECONCILIATION,
            message="Reconciliation: Latest task state",
            timestamp=self._c.wall(),
            healthy=last.healthy if last is not None else None,
            check_status=last.check_status if last is not None else None,
            container_status=last.container_status if last is not None else None,
        )

    def _unknown(self, framework: FrameworkEntry, asked: protocol.TaskToReconcile) -> TaskStatus:
        state = self._c.state
        agent_id = asked.agent_id.value if asked.agent_id is not None else None
        aware = framework.is_partition_aware
        since: TimeInfo | None = None
        if agent_id is not None and agent_id in state.agents:
            found, words = S.TASK_GONE, "Task is unknown to the agent"
        elif agent_id is not None and agent_id in state.unreachable_agents:
            found, words = S.TASK_UNREACHABLE, "Task is unreachable"
            since = time_info(state.unreachable_agents[agent_id])
        else:
            found, words = S.TASK_UNKNOWN, "Task is unknown"
        return TaskStatus(
            task_id=asked.task_id,
            state=found if aware else S.TASK_LOST,
            agent_id=asked.agent_id,
            source=Source.SOURCE_MASTER,
            reason=Reason.REASON_RECONCILIATION,
            message=f"Reconciliation: {words}",
            timestamp=self._c.wall(),
            unreachable_time=since,
        )

    # -- what the master decides --------------------------------------------------------------

    def refuse(
        self, framework: FrameworkEntry, task_id: TaskID, agent_id: AgentID | None,
        state: TaskState, reason: Reason, message: str,
    ) -> None:  # fmt: skip
        """Tell a framework that a task it wanted to launch does not exist."""
        log.info("task %s of %s is refused: %s: %s", task_id, framework.id, reason.value, message)
        status = self._made(task_id, agent_id, state, reason, message)
        self._count_end(framework, status, state)
        self._send(framework, status)

    def drop(
        self,
        framework: FrameworkEntry,
        task_id: TaskID,
        agent_id: AgentID | None,
        reason: Reason,
        message: str,
    ) -> None:
        """As `refuse`, with the state that means a launch did not get through."""
        state = S.TASK_DROPPED if framework.is_partition_aware else S.TASK_LOST
        self.refuse(framework, task_id, agent_id, state, reason, message)

    def lose(
        self,
        framework: FrameworkEntry,
        task: TaskEntry,
        state: TaskState,
        reason: Reason,
        message: str,
        *,
        tell: bool = True,
        unreachable_since: float | None = None,
    ) -> None:
        """End a task by decision of the master and forget it; `tell` the framework.

        A task that had ended before only loses its unacknowledged updates.
        """
        had_ended = is_terminal(task.state)
        if not had_ended:
            status = self._made(task.record.task_id, task.record.agent_id, state, reason, message)
            status = msgspec.structs.replace(
                status,
                executor_id=task.record.executor_id,
                unreachable_time=time_info(unreachable_since) if unreachable_since is not None else None,
            )
            before = task.state
            self._c.state.update_task(framework, task, moved(task.record, status))
            self._log_transition(framework, task, before, status)
            self._c.feed.task_updated(framework.id, status, state)
            self._count_end(framework, status, state)
            if tell:
                self._send(framework, status)
        self.release(framework, task)
        self._c.state.remove_task(framework, task)
        if unreachable_since is not None and not had_ended:
            framework.remember_unreachable(task.record)
        else:
            framework.completed.append(task.record)

    def end_unreachable(
        self,
        framework: FrameworkEntry,
        record: Task,
        state: TaskState,
        reason: Reason,
        message: str,
        *,
        tell: bool = False,
    ) -> Task:
        """A task that went out of reach has ended; returns its last record. `tell` the framework."""
        status = self._made(record.task_id, record.agent_id, state, reason, message)
        status = msgspec.structs.replace(status, executor_id=record.executor_id)
        self._count_end(framework, status, state)
        self._c.feed.task_updated(framework.id, status, state)
        if tell:
            self._send(framework, status)
        return msgspec.structs.replace(record, state=state, statuses=(*record.statuses, status))

    def returned(self, framework: FrameworkEntry, agent: AgentEntry, record: Task) -> None:
        """An agent reports a task the master had lost, or never knew."""
        status = self._made(
            record.task_id, record.agent_id, record.state, Reason.REASON_AGENT_REREGISTERED,
            "Agent re-registered",
        )  # fmt: skip
        self._send(framework, msgspec.structs.replace(status, executor_id=record.executor_id))
        log.info("task %s of %s is back on %s as %s", record.task_id, framework.id, agent.id, record.state)

    def _made(
        self, task_id: TaskID, agent_id: AgentID | None, state: TaskState, reason: Reason, message: str
    ) -> TaskStatus:
        return TaskStatus(
            task_id=task_id,
            state=state,
            agent_id=agent_id,
            source=Source.SOURCE_MASTER,
            reason=reason,
            message=message,
            timestamp=self._c.wall(),
        )

    def _send(self, framework: FrameworkEntry, status: TaskStatus) -> None:
        if framework.is_connected:
            self._c.tell(framework, protocol.Update(status))


def time_info(seconds: float) -> TimeInfo:
    """Seconds since the epoch as the API has them."""
    return TimeInfo(nanoseconds=round(seconds * NANOS))
