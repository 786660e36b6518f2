"""Executors: started for a first task, subscribed, given tasks, shut down, ended.

Source: reference agent.md §8 and §9.
"""

from __future__ import annotations

import logging
from functools import lru_cache

from actors import NANOS, PID
from cluster.agent.context import Context
from cluster.agent.host import ExecutorHosts
from cluster.agent.state import AgentTask, Executor, Framework, Phase
from cluster.agent.status import Statuses
from cluster.agent.timers import ExecutorLate, ShutdownLate
from cluster.config.units import format_duration
from cluster.executor.environment import allocation_role
from cluster.model import (
    CommandInfo,
    ContainerID,
    DurationInfo,
    ExecutorID,
    ExecutorInfo,
    FrameworkID,
    KillPolicy,
    Reason,
    Resource,
    Resources,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
)
from cluster.protocol import agent as protocol
from cluster.protocol import executor as executor_protocol
from cluster.protocol import host as host_protocol

log = logging.getLogger(__name__)

#: How much of a command is shown in the name of its executor.
SHOWN_COMMAND = 15
#: Added to a task's kill grace for its executor: time to reap the task and to report it.
REPORT_MARGIN_NS = 2 * NANOS


class Executors:
    """The life of executors and the launch and kill of tasks in them."""

    def __init__(self, context: Context, statuses: Statuses, hosts: ExecutorHosts) -> None:
        self._c = context
        self._statuses = statuses
        self._hosts = hosts

    # -- launching ----------------------------------------------------------------------------

    def run_task(self, message: protocol.RunTask) -> None:
        """Launch a task, in a new executor or in one that runs.

        The order of checks is that of the reference's table; every refusal is a status update.
        """
        info, task = message.framework, message.task
        assert info.id is not None
        framework = self._c.state.frameworks.get(info.id.value)
        if framework is None:
            framework = Framework(info.id.value, info)
        if framework.is_terminating:
            return
        framework.info = info
        executor_id = task.executor.executor_id.value if task.executor is not None else task.task_id.value
        executor = framework.executors.get(executor_id)
        refusal = _refusal(executor, task, message.launch_executor)
        if refusal is not None:
            self._refuse(framework, task, message.launch_executor, executor_id, *refusal)
            if executor is not None and message.launch_executor and not executor.is_command:
                self.shut_down(executor)  # the master does not count on it, so it must not stay
            return
        if executor is None:
            executor = self._create(framework, task)
            if executor is None:
                return
        executor.tasks[task.task_id.value] = AgentTask(task)
        if framework.checkpoints:
            self._c.checkpoints.save_task(executor, task)
        if not executor.is_started:
            self._start(framework, executor)
        elif executor.pid is not None:
            self._send_waiting(executor)

    def _refuse(
        self, framework: Framework, task: TaskInfo, launch_executor: bool, executor_id: str,
        reason: Reason, words: str,
    ) -> None:  # fmt: skip
        self._statuses.make(framework, None, task.task_id, framework.dropped_state, reason, words)
        if launch_executor and task.executor is not None:
            self._c.to_master(protocol.ExecutorExited(self._c.agent_id, framework.id, executor_id, -1))

    def _create(self, framework: Framework, task: TaskInfo) -> Executor | None:
        """Make an executor and its sandbox; None (and the task is refused) if that fails."""
        c = self._c
        info = task.executor or command_executor(task, FrameworkID(framework.id))
        container_id = str(c.rng.uuid())
        directory = c.paths.sandbox(c.agent_id, framework.id, info.executor_id.value, container_id)
        wanted = info.command or task.command
        try:
            user = c.user_of(framework.info, wanted.user if wanted is not None else None)
            c.make_sandbox(directory, user)
        except (OSError, LookupError) as error:
            words = f"Failed to create the sandbox: {error}"
            self._refuse(
                framework, task, True, info.executor_id.value, Reason.REASON_EXECUTOR_TERMINATED, words
            )
            return None
        executor = Executor(
            id=info.executor_id.value,
            framework_id=framework.id,
            info=info,
            container_id=container_id,
            directory=directory,
            is_command=task.executor is None,
        )
        c.state.frameworks[framework.id] = framework
        c.state.add_executor(executor)
        if framework.checkpoints:
            c.checkpoints.save_framework(framework)
            c.checkpoints.save_executor(executor)
        return executor

    def _start(self, framework: Framework, executor: Executor) -> None:
        """Have the host start the container; it has its time to register from now on."""
        executor.is_started = True
        first = next(iter(executor.tasks.values())).info
        wanted = executor.info.command if not executor.is_command else first.command
        self._hosts.start_container(
            host_protocol.StartContainer(
                container_id=executor.container_id,
                framework_id=framework.id,
                executor_id=executor.id,
                directory=executor.directory,
                environment=self._environment(framework, executor),
                survives_agent=framework.checkpoints,
                shutdown_grace_s=self._grace_s(executor),
                command=None if executor.is_command else executor.info.command,
                user=self._c.user_of(framework.info, wanted.user if wanted is not None else None),
            )
        )
        self._c.later(self._c.settings.executor_registration_timeout_s, ExecutorLate(executor.container_id))

    def _grace_s(self, executor: Executor) -> float:
        grace = executor.info.shutdown_grace_period
        return grace.nanoseconds / NANOS if grace is not None else self._c.settings.executor_shutdown_grace_s

    def _environment(self, framework: Framework, executor: Executor) -> dict[str, str]:
        """What an executor finds in its environment.

        Source: reference scheduler-executor-api.md, "Environment given to executors".
        """
        c = self._c
        environment = dict(c.settings.executor_environment)
        environment |= {
            "MESOS_FRAMEWORK_ID": framework.id,
            "MESOS_EXECUTOR_ID": executor.id,
            "MESOS_DIRECTORY": executor.directory,
            "MESOS_SANDBOX": executor.directory,
            "MESOS_SLAVE_ID": c.agent_id,
            "MESOS_SLAVE_PID": str(c.pid),
            "MESOS_AGENT_ENDPOINT": c.settings.local_address or c.pid.address,
            "MESOS_CHECKPOINT": "1" if framework.checkpoints else "0",
            "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": format_duration(self._grace_s(executor)),
            "MESOS_HTTP_COMMAND_EXECUTOR": "0",
            "LIBPROCESS_PORT": "0",
        }
        if framework.checkpoints:
            environment["MESOS_RECOVERY_TIMEOUT"] = format_duration(c.settings.recovery_timeout_s)
            backoff_s = c.settings.executor_reregistration_timeout_s
            environment["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = format_duration(backoff_s)
        if framework.checkpoints or c.settings.local_address:
            # The agent may come back elsewhere, or be nowhere near the address that others are told.
            environment["MESOS_SLAVE_PID_FILE"] = c.paths.endpoint
        own = executor.info.command.environment if executor.info.command is not None else None
        if not executor.is_command and own is not None:
            environment |= {v.name: v.value for v in own.variables if v.value is not None}
        return environment

    def _send_waiting(self, executor: Executor) -> None:
        """Send the tasks a subscribed executor was not sent yet."""
        assert executor.pid is not None
        for task in executor.tasks.values():
            if not task.is_sent and not task.is_ended:
                task.is_sent = executor.has_worked = True
                self._c.send(executor.pid, executor_protocol.Launch(task.info))

    # -- subscribing --------------------------------------------------------------------------

    def subscribe(self, pid: PID, message: executor_protocol.Subscribe) -> None:
        """An executor is there, or there again."""
        framework_id, executor_id = message.framework_id.value, message.executor_id.value
        executor = self._c.state.executor(framework_id, executor_id)
        if executor is None or executor.phase in (Phase.TERMINATING, Phase.TERMINATED):
            self._c.send(pid, executor_protocol.Shutdown())
            return
        framework = self._c.state.frameworks[framework_id]
        if framework.is_terminating:
            self._c.send(pid, executor_protocol.Shutdown(acknowledges=False))
            return
        if executor.pid == pid:  # it asks again before it heard the answer; what was sent is on its way
            self._welcome(framework, executor, pid)
            return
        log.info("executor %s of %s subscribed at %s", executor_id, framework_id, pid)
        executor.pid = pid
        executor.phase = Phase.RUNNING
        if not executor.is_command or pid.address == self._c.pid.address:
            self._c.link(pid)  # that of a command executor breaks with its host's, unless it speaks HTTP
        self._adopt(framework, executor, message.unacknowledged_tasks)
        taken = [s for s in message.unacknowledged_updates if self._take(framework, executor, s)]
        self._drop_unreceived(framework, executor, message)
        if executor.phase is not Phase.RUNNING:  # one of its updates was not acceptable
            return
        if executor.is_pointless and not message.unacknowledged_tasks:
            self._acknowledge(executor, taken)
            self.shut_down(executor)  # all it was started for was killed or lost meanwhile
            return
        self._welcome(framework, executor, pid)
        self._acknowledge(executor, taken)
        self._send_waiting(executor)
        for task in executor.live_tasks():
            if task.is_kill_wanted:
                self._c.send(pid, executor_protocol.Kill(task.info.task_id, task.kill))

    def _adopt(self, framework: Framework, executor: Executor, tasks: tuple[TaskInfo, ...]) -> None:
        """Tasks the executor has and this agent does not know, as their checkpoints were lost, run here."""
        for info in tasks:
            key = (executor.framework_id, info.task_id.value)
            if info.task_id.value not in executor.tasks and key not in self._c.streams:
                log.warning("executor %s runs task %s, which was not known", executor.id, info.task_id)
                executor.tasks[info.task_id.value] = AgentTask(info, is_sent=True)
                if framework.checkpoints:
                    self._c.checkpoints.save_task(executor, info)

    def _welcome(self, framework: Framework, executor: Executor, pid: PID) -> None:
        subscribed = executor_protocol.Subscribed(
            executor_info=executor.info,
            framework_info=framework.info,
            agent_info=self._c.info,
            container_id=ContainerID(executor.container_id),
        )
        self._c.send(pid, subscribed)

    def lost(self, pid: PID) -> None:
        """The connection of a custom executor broke: it will subscribe again, or its process ends."""
        for executor in self._c.state.executors():
            if executor.pid == pid:
                executor.pid = None

    def _drop_unreceived(
        self, framework: Framework, executor: Executor, message: executor_protocol.Subscribe
    ) -> None:
        """Tasks sent before that the executor says nothing of never reached it."""
        received = {task.task_id.value for task in message.unacknowledged_tasks}
        for task in executor.live_tasks():
            if task.is_sent and task.state is TaskState.TASK_STAGING and task.id not in received:
                self._statuses.make(
                    framework, executor, task.info.task_id, framework.dropped_state,
                    Reason.REASON_AGENT_RESTARTED, "Task was not received by its executor",
                )  # fmt: skip

    def update(self, framework: Framework, executor: Executor, status: TaskStatus) -> None:
        """A status from an executor: kept, then acknowledged."""
        if self._take(framework, executor, status):
            self._acknowledge(executor, [status])

    def _take(self, framework: Framework, executor: Executor, status: TaskStatus) -> bool:
        """Keep a status; whether it is to be acknowledged."""
        if status.state is TaskState.TASK_STAGING:
            log.warning("executor %s sent TASK_STAGING and is shut down", executor.id)
            self.shut_down(executor)
            return False
        return self._statuses.from_executor(framework, executor, status)

    def _acknowledge(self, executor: Executor, statuses: list[TaskStatus]) -> None:
        """Tell the executor, if it is connected, that its statuses are kept."""
        for status in statuses:
            assert status.uuid is not None
            if executor.pid is not None:
                self._c.send(executor.pid, executor_protocol.Acknowledged(status.task_id, status.uuid))

    # -- killing ------------------------------------------------------------------------------

    def kill_task(self, framework_id: str, task_id: str, policy: KillPolicy | None) -> None:
        """Kill a task wherever it is: waiting here, in its executor, or nowhere."""
        framework = self._c.state.frameworks.get(framework_id)
        if framework is None or framework.is_terminating:
            return
        found = self._c.state.task(framework_id, task_id)
        if found is None:
            if (framework_id, task_id) not in self._c.streams:
                self._statuses.make(
                    framework, None, TaskID(task_id), framework.dropped_state,
                    Reason.REASON_EXECUTOR_TERMINATED, "Cannot find executor",
                )  # fmt: skip
            return
        executor, task = found
        if task.is_ended or executor.phase in (Phase.TERMINATING, Phase.TERMINATED):
            return
        if task.is_sent:
            task.kill, task.is_kill_wanted = policy, True
            if executor.pid is not None:
                self._c.send(executor.pid, executor_protocol.Kill(TaskID(task_id), policy))
            return
        self._statuses.make(
            framework, executor, task.info.task_id, TaskState.TASK_KILLED,
            Reason.REASON_TASK_KILLED_DURING_LAUNCH, "Killed before its executor registered",
        )  # fmt: skip
        if executor.is_pointless:
            self.shut_down(executor)

    # -- ending -------------------------------------------------------------------------------

    def shut_down_framework(self, framework_id: str) -> None:
        """A framework is gone: end everything it has here, tell nobody."""
        framework = self._c.state.frameworks.get(framework_id)
        self._c.streams.drop(framework_id)
        if framework is None:
            return
        log.info("framework %s is shut down", framework_id)
        framework.is_terminating = True
        for executor in list(framework.executors.values()):
            executor.tasks.clear()
            self.shut_down(executor)
            self.remove_if_done(executor)  # one that has ended already

    def shut_down(self, executor: Executor) -> None:
        """Ask an executor to end; destroy its container when its grace is over."""
        if executor.phase in (Phase.TERMINATING, Phase.TERMINATED):
            return
        was = executor.phase
        executor.phase = Phase.TERMINATING
        if was is Phase.RUNNING and executor.pid is not None:
            is_gone = self._c.state.frameworks[executor.framework_id].is_terminating
            self._c.send(executor.pid, executor_protocol.Shutdown(acknowledges=not is_gone))
            self._c.later(self._grace_s(executor), ShutdownLate(executor.container_id))
        else:
            self.destroy(executor)

    def destroy(self, executor: Executor) -> None:
        """Kill everything in a container at once."""
        if executor.phase is not Phase.TERMINATED:
            executor.phase = Phase.TERMINATING
            self._hosts.destroy_container(executor.container_id)

    def end(self, executor: Executor, reason: Reason, words: str) -> None:
        """Destroy an executor, and say why to those who ask after its tasks."""
        executor.reason, executor.words = reason, words
        self.destroy(executor)

    def registration_late(self, late: ExecutorLate) -> None:
        """An executor did not register in time."""
        executor = self._c.state.by_container(late.container_id)
        if executor is not None and executor.phase is Phase.REGISTERING:
            timeout = format_duration(self._c.settings.executor_registration_timeout_s)
            words = f"Executor did not register within {timeout}"
            self.end(executor, Reason.REASON_EXECUTOR_REGISTRATION_TIMEOUT, words)

    def shutdown_late(self, late: ShutdownLate) -> None:
        """An executor did not end in time."""
        executor = self._c.state.by_container(late.container_id)
        if executor is not None:
            self.destroy(executor)

    def exited(self, executor: Executor, status: int, failure: str) -> None:
        """Nothing of a container runs any more: settle its tasks, and forget it when that is acknowledged."""
        if executor.phase is Phase.TERMINATED:
            return
        executor.phase = Phase.TERMINATED
        executor.pid = None
        self._c.count("slave/executors_terminated")
        if failure:
            self._c.count("slave/container_launch_errors")
        framework = self._c.state.frameworks[executor.framework_id]
        log.info("executor %s of %s ended with status %d %s", executor.id, framework.id, status, failure)
        state, reason, words = _cause_of_death(framework, executor, failure)
        for task in executor.live_tasks():
            self._statuses.make(framework, executor, task.info.task_id, state, reason, words)
        if not executor.is_command:
            self._c.to_master(protocol.ExecutorExited(self._c.agent_id, framework.id, executor.id, status))
        self.remove_if_done(executor)

    def remove_if_done(self, executor: Executor) -> None:
        """Forget an executor that ended and whose tasks' ends are all acknowledged."""
        framework = self._c.state.frameworks.get(executor.framework_id)
        if framework is None or executor.phase is not Phase.TERMINATED:
            return
        if executor.tasks and not framework.is_terminating:
            return
        self._c.state.remove_executor(executor)
        if framework.checkpoints:
            self._c.checkpoints.forget_executor(executor)
            if framework.id not in self._c.state.frameworks:
                self._c.checkpoints.forget_framework(framework.id)


def _refusal(executor: Executor | None, task: TaskInfo, launch_executor: bool) -> tuple[Reason, str] | None:
    """Why a task cannot be launched on what is there; None if it can."""
    if executor is None:
        if launch_executor:
            return None
        return Reason.REASON_EXECUTOR_TERMINATED, "The executor it was meant for has ended"
    if task.executor is None:
        return Reason.REASON_TASK_INVALID, "The executor of an earlier task of this id still exists"
    if launch_executor:
        return Reason.REASON_EXECUTOR_TERMINATED, "An executor of this id still exists"
    if executor.phase in (Phase.TERMINATING, Phase.TERMINATED):
        return Reason.REASON_EXECUTOR_TERMINATED, "The executor is ending"
    return None


def _cause_of_death(framework: Framework, executor: Executor, failure: str) -> tuple[TaskState, Reason, str]:
    """State, reason and words for the tasks of an executor that ended under them."""
    if failure:
        return (
            TaskState.TASK_FAILED,
            Reason.REASON_CONTAINER_LAUNCH_FAILED,
            f"Failed to launch container: {failure}",
        )
    if executor.reason is Reason.REASON_EXECUTOR_REREGISTRATION_TIMEOUT:
        return framework.gone_state, executor.reason, executor.words
    if executor.reason is not None:
        return TaskState.TASK_FAILED, executor.reason, executor.words
    return TaskState.TASK_FAILED, Reason.REASON_EXECUTOR_TERMINATED, "Executor terminated"


def command_executor(task: TaskInfo, framework_id: FrameworkID) -> ExecutorInfo:
    """The executor made up for a command task.

    Source: reference agent.md §8, "Generated command executor".
    """
    assert task.command is not None
    return ExecutorInfo(
        executor_id=ExecutorID(task.task_id.value),
        framework_id=framework_id,
        name=f"Command Executor (Task: {task.task_id}) (Command: {_shown(task.command)})",
        source=task.task_id.value,
        resources=_own_resources(allocation_role(task)),
        command=task.command,
        labels=task.labels,
        shutdown_grace_period=_grace_with_margin(task),
    )


@lru_cache(maxsize=1024)
def _own_resources(role: str | None) -> tuple[Resource, ...]:
    """What a command executor is said to use itself; nobody accounts for it."""
    own = Resources.parse("cpus:0.1;mem:32")
    return (own.allocated(role) if role is not None else own).protos()


def _grace_with_margin(task: TaskInfo) -> DurationInfo | None:
    """The task's own grace and what it takes to notice and report its end."""
    grace = task.kill_policy.grace_period if task.kill_policy is not None else None
    return DurationInfo(nanoseconds=grace.nanoseconds + REPORT_MARGIN_NS) if grace is not None else None


def _shown(command: CommandInfo) -> str:
    """A command in few characters."""
    if command.value is None:
        return "NO COMMAND" if command.shell else "NO EXECUTABLE"
    text = command.value if command.shell else ", ".join((command.value, *command.arguments))
    cut = text if len(text) <= SHOWN_COMMAND else text[: SHOWN_COMMAND - 3] + "..."
    return f"sh -c '{cut}'" if command.shell else f"[{cut}]"
