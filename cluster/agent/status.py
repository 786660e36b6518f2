"""Task statuses on the agent: taken from executors or made here, completed, kept, forwarded.

Source: reference agent.md §7.
"""

from __future__ import annotations

import logging

from msgspec.structs import replace

from actors import split_address
from cluster.agent import counters
from cluster.agent.context import Context
from cluster.agent.state import AgentTask, Executor, Framework, task_view
from cluster.agent.timers import RetryDue
from cluster.agent.updates import Forward, Key
from cluster.model import (
    AgentID,
    ContainerID,
    ContainerStatus,
    FrameworkInfo,
    NetworkInfo,
    Reason,
    Source,
    TaskID,
    TaskState,
    TaskStatus,
    is_terminal,
)
from cluster.protocol import agent as protocol

log = logging.getLogger(__name__)


class Statuses:
    """Intake, upkeep and delivery of task statuses."""

    def __init__(self, context: Context) -> None:
        self._c = context

    # -- intake -------------------------------------------------------------------------------

    def from_executor(self, framework: Framework, executor: Executor, status: TaskStatus) -> bool:
        """Take a status an executor sent; whether the executor is to be told that it was.

        A duplicate, or one behind the terminal status, is acknowledged and goes no further.
        """
        is_ours = status.agent_id is None or status.agent_id.value == self._c.agent_id
        if framework.is_terminating or not is_ours or status.uuid is None or len(status.uuid) != 16:
            self._c.count("slave/invalid_status_updates")
            return False
        key = (framework.id, status.task_id.value)
        task = executor.tasks.get(status.task_id.value)
        if not self._c.streams.is_new(key, status) or (task is None and executor.has_ended(status.task_id)):
            return True
        status = replace(
            status,
            agent_id=AgentID(self._c.agent_id),
            executor_id=executor.info.executor_id,
            source=status.source or Source.SOURCE_EXECUTOR,
            timestamp=status.timestamp if status.timestamp is not None else self._c.wall(),
            container_status=self._container_status(executor, status.container_status),
        )
        self._keep(framework, executor, task, status)
        return True

    def make(
        self,
        framework: Framework,
        executor: Executor | None,
        task_id: TaskID,
        state: TaskState,
        reason: Reason,
        message: str,
    ) -> None:
        """Make a status of the agent's own; delivered as reliably as an executor's."""
        status = TaskStatus(
            task_id=task_id,
            state=state,
            source=Source.SOURCE_AGENT,
            reason=reason,
            message=message,
            agent_id=AgentID(self._c.agent_id),
            executor_id=executor.info.executor_id if executor is not None else None,
            timestamp=self._c.wall(),
            uuid=self._c.rng.uuid().bytes,
        )
        if self._c.streams.is_new((framework.id, task_id.value), status):
            task = executor.tasks.get(task_id.value) if executor is not None else None
            self._keep(framework, executor, task, status)

    def make_missing(
        self, framework_id: str, framework: Framework | None, task_id: TaskID, reason: Reason
    ) -> None:
        """Account for a task the master has and this agent does not."""
        known = framework or Framework(framework_id, FrameworkInfo(user="", name=""))
        self.make(
            known, None, task_id, known.dropped_state, reason, "Reconciliation: task unknown to the agent"
        )

    def _keep(
        self, framework: Framework, executor: Executor | None, task: AgentTask | None, status: TaskStatus
    ) -> None:
        """Checkpoint first, then count it as received, then forward it."""
        log.info(
            "task %s of %s: %s%s%s", status.task_id, framework.id, status.state.value,
            f" ({status.reason.value})" if status.reason is not None else "",
            f": {status.message}" if status.message else "",
        )  # fmt: skip
        if framework.checkpoints and executor is not None and task is not None:
            self._c.checkpoints.add_update(executor, status.task_id.value, status)
        self._c.count("slave/valid_status_updates")
        if (key := counters.end_key(status.state)) is not None:
            self._c.count(key)
        if task is not None:
            task.enter(status)
        forward = self._c.streams.add((framework.id, status.task_id.value), status)
        if forward is not None:
            self.forward(forward)

    def _container_status(self, executor: Executor, given: ContainerStatus | None) -> ContainerStatus:
        host, _ = split_address(self._c.pid.address)
        address = NetworkInfo(ip_addresses=(NetworkInfo.IPAddress(ip_address=host),))
        return ContainerStatus(
            container_id=(given.container_id if given is not None else None)
            or ContainerID(executor.container_id),
            network_infos=(given.network_infos if given is not None else ()) or (address,),
            executor_pid=executor.first_pid or (given.executor_pid if given is not None else None),
        )

    # -- delivery -----------------------------------------------------------------------------

    def forward(self, forward: Forward) -> None:
        """Send the oldest update of a stream, and look after it."""
        framework_id, _ = forward.key
        self._c.to_master(protocol.StatusUpdate(framework_id, forward.status, forward.latest))
        self._c.later(forward.retry_s, RetryDue(forward.key, forward.attempt))

    def retry(self, due: RetryDue) -> None:
        """No acknowledgement for a while: send again."""
        forward = self._c.streams.retry(due.key, due.attempt)
        if forward is not None:
            log.info("status of task %s is sent again", forward.status.task_id)
            self.forward(forward)

    def acknowledged(self, key: Key, uuid: bytes) -> Executor | None:
        """The scheduler dealt with an update; the executor of the task if that was its last."""
        status, forward = self._c.streams.acknowledge(key, uuid)
        if status is None:
            return None
        framework_id, task_id = key
        found = self._c.state.task(framework_id, task_id)
        if found is not None:
            executor, _ = found
            framework = self._c.state.frameworks[framework_id]
            if framework.checkpoints:
                self._c.checkpoints.add_acknowledgement(executor, task_id, uuid)
        if forward is not None:
            self.forward(forward)
        if found is None or not is_terminal(status.state):
            return None
        executor, task = found
        executor.completed.append(task_view(executor, task))
        del executor.tasks[task_id]
        if self._c.state.frameworks[framework_id].checkpoints:
            self._c.checkpoints.forget_task(executor, task_id)
        return executor
