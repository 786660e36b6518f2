"""The executor host's actor: all containers of one agent, in a process that outlives the agent.

A container here is an executor and what it started: a command executor is an actor of this process
whose task is a process; a custom executor is a process of its own.

    running --first process and executor ended--> sweeping --leftovers killed--> ended --forgotten--> gone

It ends when the agent is gone and nothing is left that waits for it to come back.
"""

from __future__ import annotations

import enum
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass

from actors import NANOS, PID, Actor, Timer, handles
from cluster.containerizer.processes import LaunchError, Processes, ProcessSpec, RunningProcess
from cluster.executor.agent_address import FindAgent
from cluster.executor.command import (
    CommandExecutor,
    Container,
    Destroyed,
    ProcessExited,
    ProcessStarted,
    arguments_of,
)
from cluster.executor.environment import (
    RECOVERY_TIMEOUT_S,
    BadEnvironment,
    ExecutorOptions,
    command_environment,
    options_from,
)
from cluster.model import CommandInfo, ExecutorID, FrameworkID
from cluster.protocol import host as protocol
from cluster.protocol.host import (
    ContainerExited,
    ContainerStarted,
    DestroyContainer,
    ForgetContainer,
    HostAccepted,
    HostReady,
    StartContainer,
    StopHost,
)

log = logging.getLogger(__name__)

#: The actor's name.
NAME = "executors"
#: Pause before the agent is tried again: first, and at most.
RETRY_S = 0.1
RETRY_MAX_S = 1.0
#: How long an agent that was never reached is tried.
FIRST_CONTACT_S = 30.0
#: Pause before ended containers are searched for leftovers, many at a time: first, and as a
#: multiple of what the last search took, so that it cannot take more than a tenth of the time.
SWEEP_S = 0.05
SWEEP_COSTS = 10
#: Status of a container whose wait status is not known.
UNKNOWN_STATUS = -1


class Phase(enum.Enum):
    """Where a container stands."""

    RUNNING = "RUNNING"
    SWEEPING = "SWEEPING"
    ENDED = "ENDED"


@dataclass(slots=True)
class Held:
    """A container of this host. ``executor`` is a command executor that has not ended.

    ``process`` is the first process, ``status`` its wait status when it ended.
    """

    start: StartContainer
    phase: Phase = Phase.RUNNING
    executor: PID | None = None
    process: RunningProcess | None = None
    status: int | None = None
    failure: str = ""
    is_destroyed: bool = False

    @property
    def is_over(self) -> bool:
        """Whether neither the executor nor the first process is there any more."""
        return self.executor is None and (self.process is None or self.status is not None)


class AgentDue:
    """Private: time to report to the agent again."""


class SweepDue:
    """Private: time to look for leftovers of ended containers."""


@dataclass(frozen=True, slots=True)
class GraceOver:
    """Private: what does not survive its agent had its time."""

    container_id: str


class ExecutorHost(Actor):
    """Runs the executors of one agent.

    ``find_agent`` says where the agent is now; ``own_pid`` is this operating system process; ``end``
    is called when it shall end.
    """

    def __init__(
        self,
        find_agent: FindAgent,
        processes: Processes,
        own_pid: int,
        end: Callable[[], None],
        recovery_timeout_s: float = RECOVERY_TIMEOUT_S,
    ) -> None:
        self._find_agent = find_agent
        self._processes = processes
        self._own_pid = own_pid
        self._end = end
        self._recovery_timeout_s = recovery_timeout_s
        self._held: dict[str, Held] = {}
        self._by_executor: dict[PID, Held] = {}
        self._agent: PID | None = None  # None: lost
        self._lost_since_ns: int | None = None
        self._was_reached = False
        self._retry_s = RETRY_S
        self._sweep_timer: Timer | None = None
        self._sweep_s = SWEEP_S
        self._is_stopping = False
        self._has_ended = False

    # -- the agent ----------------------------------------------------------------------------

    def initialize(self) -> None:
        self._lost_since_ns = self.clock.now()
        self._report_to_agent()

    def _report_to_agent(self) -> None:
        self._agent = self._find_agent()
        if self._agent is None:
            self._lost("its address is not known")
            return
        self.link(self._agent)
        containers = tuple(_seen(held) for held in self._held.values())
        self.send(self._agent, HostReady(pid=self._own_pid, containers=containers))

    @handles
    def on_host_accepted(self, sender: PID, message: HostAccepted) -> None:
        """The agent has our report."""
        self._heard()

    @handles
    def on_agent_due(self, sender: PID, message: AgentDue) -> None:
        """The pause after a loss is over."""
        if not self._is_stopping:
            self._report_to_agent()

    def on_exited(self, pid: PID, reason: str) -> None:
        """The agent was lost, or a command executor ended."""
        if pid == self._agent:
            self._lost(reason)
        elif (held := self._by_executor.pop(pid, None)) is not None:
            self._executor_ended(held, reason)

    def _lost(self, reason: str) -> None:
        self._agent = None
        now = self.clock.now()
        if self._lost_since_ns is None:
            self._lost_since_ns = now
            self._retry_s = RETRY_S
            log.info("the agent is lost: %s", reason)
            self._end_mortals()
        if self._is_stopping or not self._is_worth_waiting():
            self._stop()
            return
        self.delay(self._retry_s, AgentDue())
        self._retry_s = min(RETRY_MAX_S, 2 * self._retry_s)

    def _is_worth_waiting(self) -> bool:
        """Whether the agent may come back and would find something."""
        if self._lost_since_ns is None:
            return True
        lost_s = (self.clock.now() - self._lost_since_ns) / NANOS
        if not self._was_reached:
            return lost_s < FIRST_CONTACT_S
        held = self._held.values()
        if lost_s >= self._recovery_timeout_s + max((h.start.shutdown_grace_s for h in held), default=0.0):
            return False  # by now executors have shut down by themselves, or never will
        return any(h.start.survives_agent or h.phase is not Phase.ENDED for h in held)

    def _end_mortals(self) -> None:
        """What does not survive its agent shuts down by itself, and by force after its grace."""
        for container_id, held in self._held.items():
            if held.phase is Phase.RUNNING and not held.start.survives_agent:
                self.delay(held.start.shutdown_grace_s, GraceOver(container_id))

    @handles
    def on_grace_over(self, sender: PID, message: GraceOver) -> None:
        """Kill a container that does not survive its agent."""
        held = self._held.get(message.container_id)
        if held is not None:
            self._destroy(held)

    def _heard(self) -> None:
        """The agent is there."""
        self._was_reached = True
        self._lost_since_ns = None
        self._retry_s = RETRY_S

    def _tell_agent(self, message: ContainerStarted | ContainerExited) -> None:
        if self._agent is not None:
            self.send(self._agent, message)

    # -- orders -------------------------------------------------------------------------------

    @handles
    def on_start_container(self, sender: PID, message: StartContainer) -> None:
        """Start a container, unless it was started before."""
        self._heard()
        known = self._held.get(message.container_id)
        if known is not None:
            self._repeat(known)
            return
        if self._is_stopping:
            failure = "the executor host is stopping"
            self._tell_agent(ContainerExited(message.container_id, UNKNOWN_STATUS, failure))
            return
        log.info("container %s: starting executor %s", message.container_id, message.executor_id)
        held = self._held[message.container_id] = Held(message)
        try:
            if message.command is None:
                self._start_command_executor(held)
            else:
                self._start_custom_executor(held, message.command)
        except (LaunchError, BadEnvironment) as error:
            held.failure = str(error)
            held.status = UNKNOWN_STATUS
            self._over(held)

    def _start_command_executor(self, held: Held) -> None:
        start = held.start
        executor = CommandExecutor(
            self._options(start),
            self._find_agent,
            self._processes,
            Container(start.container_id, start.directory, start.environment, start.user),
            host=self.pid,
        )
        held.executor = self.spawn(executor, f"executor-{start.container_id}")
        self._by_executor[held.executor] = held
        self.link(held.executor)

    def _options(self, start: StartContainer) -> ExecutorOptions:
        told = options_from(
            {
                **start.environment,
                "MESOS_FRAMEWORK_ID": start.framework_id,
                "MESOS_EXECUTOR_ID": start.executor_id,
            }
        )
        has_timeout = "MESOS_RECOVERY_TIMEOUT" in start.environment
        return ExecutorOptions(
            framework_id=FrameworkID(start.framework_id),
            executor_id=ExecutorID(start.executor_id),
            survives_agent=start.survives_agent,
            shutdown_grace_s=start.shutdown_grace_s,
            recovery_timeout_s=told.recovery_timeout_s if has_timeout else self._recovery_timeout_s,
            subscription_backoff_max_s=told.subscription_backoff_max_s,
        )

    def _start_custom_executor(self, held: Held, command: CommandInfo) -> None:
        start = held.start
        argv, program = arguments_of(command)
        environment = command_environment(start.environment, command)
        spec = ProcessSpec(argv, environment, start.directory, program, start.user)
        container_id = start.container_id

        def ended(status: int) -> None:
            self.send(self.pid, ProcessExited(container_id, status))

        held.process = self._processes.start(spec, ended)
        self._tell_agent(ContainerStarted(container_id, held.process.pid))

    def _repeat(self, held: Held) -> None:
        """The agent asks again for a container that is known."""
        if held.phase is Phase.ENDED:
            self._tell_agent(_exited(held))
        elif held.process is not None:
            self._tell_agent(ContainerStarted(held.start.container_id, held.process.pid))

    @handles
    def on_destroy_container(self, sender: PID, message: DestroyContainer) -> None:
        """Kill everything in a container at once."""
        self._heard()
        held = self._held.get(message.container_id)
        if held is None:
            self._tell_agent(ContainerExited(message.container_id, UNKNOWN_STATUS))
        elif held.phase is Phase.ENDED:
            self._tell_agent(_exited(held))
        else:
            self._destroy(held)

    def _destroy(self, held: Held) -> None:
        """Kill the processes; the executor ends without a word, as one does that is killed."""
        if held.phase is not Phase.RUNNING:
            return
        log.info("container %s: destroyed", held.start.container_id)
        held.is_destroyed = True
        if held.process is not None:
            held.process.signal_tree(signal.SIGKILL)
        if held.executor is not None:
            self.send(held.executor, Destroyed())

    @handles
    def on_forget_container(self, sender: PID, message: ForgetContainer) -> None:
        """The agent has dealt with the end of a container."""
        self._heard()
        held = self._held.get(message.container_id)
        if held is not None and held.phase is Phase.ENDED:
            del self._held[message.container_id]

    @handles
    def on_stop_host(self, sender: PID, message: StopHost) -> None:
        """Kill all containers and end."""
        self._stop()

    def _stop(self) -> None:
        if not self._is_stopping:
            log.info("stopping: %d containers are left", len(self._held))
        self._is_stopping = True
        for held in self._held.values():
            self._destroy(held)
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self._has_ended or not self._is_stopping:
            return
        if all(held.phase is Phase.ENDED for held in self._held.values()):
            self._has_ended = True
            self._end()

    # -- containers ---------------------------------------------------------------------------

    @handles
    def on_process_started(self, sender: PID, message: ProcessStarted) -> None:
        """A command executor started its task's process."""
        held = self._held[message.container_id]
        held.process = message.process
        self._tell_agent(ContainerStarted(message.container_id, message.process.pid))
        if held.is_destroyed:  # while this message was under way
            message.process.signal_tree(signal.SIGKILL)

    @handles
    def on_process_exited(self, sender: PID, message: ProcessExited) -> None:
        """The first process of a container ended."""
        held = self._held[message.container_id]
        held.status = message.status
        if held.is_over:
            self._over(held)

    def _executor_ended(self, held: Held, reason: str) -> None:
        held.executor = None
        if held.is_over:
            self._over(held)
        elif held.process is not None:
            log.error("container %s: its executor ended early: %s", held.start.container_id, reason)
            held.process.signal_tree(signal.SIGKILL)

    def _over(self, held: Held) -> None:
        """Executor and first process are gone; others may be left."""
        if held.phase is Phase.RUNNING:
            held.phase = Phase.SWEEPING
            if self._sweep_timer is None:
                self._sweep_timer = self.delay(self._sweep_s, SweepDue())

    @handles
    def on_sweep_due(self, sender: PID, message: SweepDue) -> None:
        """Kill what is left of the containers that ended; now nothing of them runs any more."""
        self._sweep_timer = None
        ended = [held for held in self._held.values() if held.phase is Phase.SWEEPING]
        began_ns = self.clock.now()
        left = self._processes.kill_leftovers(*(held.start.directory for held in ended))
        self._sweep_s = max(SWEEP_S, SWEEP_COSTS * (self.clock.now() - began_ns) / NANOS)
        if left:
            log.info("killed what %d containers left: %s", len(ended), left)
        for held in ended:
            held.phase = Phase.ENDED
            log.info("container %s: ended, status %s %s", held.start.container_id, held.status, held.failure)
            self._tell_agent(_exited(held))
        if self._agent is None and not self._is_worth_waiting():
            self._stop()
        self._end_if_done()


def _seen(held: Held) -> protocol.Container:
    """A container as the agent is told of it."""
    pid = held.process.pid if held.process is not None else 0
    container_id = held.start.container_id
    if held.phase is Phase.ENDED:
        return protocol.Container(container_id, _status(held), held.failure, pid)
    return protocol.Container(container_id, pid=pid)


def _exited(held: Held) -> ContainerExited:
    return ContainerExited(held.start.container_id, _status(held), held.failure)


def _status(held: Held) -> int:
    """A command executor that ended before it had a task ended well."""
    return 0 if held.status is None else held.status
