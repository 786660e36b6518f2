"""The agent as an actor: every message it takes, and which part deals with it.

Life: recover what the last run left, find or start the executor host, register with the master, run
tasks. No decision is made here; the parts share a `Context`.

Source: reference agent.md §3 to §9.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from msgspec.structs import replace

from actors import PID, Actor, handles
from actors.disk import Disk
from cluster.agent import counters, timers
from cluster.agent.checkpoint import Checkpoints, Recovered, RecoveryError, compatibility_fault
from cluster.agent.context import AgentSettings, Context
from cluster.agent.environment import Environs
from cluster.agent.executors import Executors
from cluster.agent.files import Files
from cluster.agent.host import ExecutorHosts
from cluster.agent.http_calls import Admitted, HttpCall, refusal
from cluster.agent.paths import Paths
from cluster.agent.reading import GetAgentView, IsRecovering, Recovering, agent_view
from cluster.agent.registration import Registration, Standing
from cluster.agent.state import AgentState, Executor, Phase
from cluster.agent.status import Statuses
from cluster.agent.updates import Streams
from cluster.containerizer.processes import LaunchError
from cluster.executor.host_process import HostProcess
from cluster.model import AgentInfo, ExecutorID, FrameworkID, Reason
from cluster.protocol import agent as masters
from cluster.protocol import executor as executors
from cluster.protocol import host as hosts

log = logging.getLogger(__name__)

#: The name of the actor, which is part of every agent's PID.
NAME = "slave(1)"

#: How long a host of the last run that lives may take to come back before it is killed.
HOST_RETURN_S = 10.0


class AgentActor(Actor):
    """Runs executors on this host.

    `environs` are the ways the operating system is touched; `end_process(exit code)` ends the daemon.
    """

    def __init__(
        self,
        settings: AgentSettings,
        info: AgentInfo,
        master: PID,
        disk: Disk,
        host_process: HostProcess,
        environs: Environs,
        end_process: Callable[[int], None],
    ) -> None:
        self._settings = settings
        self._info = info
        self._master = master
        self._disk = disk
        self._host_process = host_process
        self._environs = environs
        self._end_process = end_process

    def initialize(self) -> None:
        settings = self._settings
        self._started_s = self.clock.wall()
        self.state = AgentState(settings.max_completed_executors)
        paths = Paths(settings.work_dir)
        self.context = Context(
            pid=self.pid,
            info=self._info,
            settings=settings,
            state=self.state,
            streams=Streams(),
            checkpoints=Checkpoints(self._disk, paths, strict=settings.strict),
            paths=paths,
            rng=self.rng(),
            send=self.send,
            to_master=self._to_master,
            later=self.delay,
            link=self.link,
            wall=self.clock.wall,
            count=self.metrics.count,
            make_sandbox=self._environs.make_sandbox,
            user_of=self._environs.user_of,
        )
        self._hosts = ExecutorHosts(
            self._host_process, self._disk, paths.host, self.send, self._tell_self, self.pid
        )
        self._statuses = Statuses(self.context)
        self._executors = Executors(self.context, self._statuses, self._hosts)
        self._registration = Registration(self.context, self._master, self.link, self._on_registered)
        self.spawn(Files(self.state.sandbox, self._environs.reader), "files")
        self._declare_metrics()
        here = PID(self.pid.name, settings.local_address or self.pid.address)
        self._disk.write(paths.endpoint, str(here).encode(), durable=False)
        try:
            self._recover()
        except (RecoveryError, LaunchError) as error:
            log.critical("the agent cannot start: %s", error)
            self._registration.standing = Standing.TERMINATING
            self._end_process(1)

    def _to_master(self, message: object) -> None:
        if self._registration.is_running:
            self.send(self._registration.master, message)

    def _tell_self(self, message: object) -> None:
        self.send(self.pid, message)

    def _declare_metrics(self) -> None:
        state = self.state
        self.metrics.gauge("slave/registered", lambda: float(self._registration.is_running))
        counters.declare(self.metrics, state, lambda: self.context.info)
        self.metrics.gauge("slave/uptime_secs", lambda: self.clock.wall() - self._started_s)
        self.metrics.gauge("slave/pending_updates", lambda: len(self.context.streams))
        self.metrics.counter("slave/recovery_errors", lambda: self.context.checkpoints.faults)

    # -- recovery -----------------------------------------------------------------------------

    def _recover(self) -> None:
        """Take over what the last run left, then wait for its executors.

        Raises:
            RecoveryError: it cannot be read, or the agent is not what it was.
            LaunchError: the executor host cannot be started.
        """
        found = self.context.checkpoints.load()
        if found is not None:
            self._take_over(found)
        if self._hosts.adopt():
            self.delay(HOST_RETURN_S, timers.HostLate(self._hosts.generation))
        else:
            self._bury_containers()
            self._hosts.start()
        wait_s = self._settings.executor_reregistration_timeout_s if self.state.frameworks else 0.0
        self.delay(wait_s, timers.RecoveryOver())

    def _take_over(self, found: Recovered) -> None:
        fault = compatibility_fault(found.info, self._info)
        if fault is not None:
            latest = self.context.paths.latest
            raise RecoveryError(
                f"the agent is not what it was: {fault}. Start it as it was, or run 'rm -f {latest}'"
                " to start as a new agent"
            )
        self.context.info = replace(self._info, id=found.info.id)
        self.context.streams = found.streams
        for framework in found.frameworks:
            self.state.frameworks[framework.id] = framework
            for executor in framework.executors.values():
                self.state.add_executor(executor)
        log.info("recovered agent %s with %d frameworks", self.context.agent_id, len(found.frameworks))

    def _bury_containers(self) -> None:
        """The host is gone, and with it all containers; what is left of them is killed."""
        for executor in self.state.executors():
            if executor.is_started and not self._hosts.is_waiting(executor.container_id):
                self._environs.kill_leftovers(executor.directory)
                self._executors.exited(executor, 9, "")

    @handles
    def on_recovery_over(self, sender: PID, message: timers.RecoveryOver) -> None:
        """Executors that did not come back are ended; then the master may know of us."""
        timeout = "Executor did not re-register in time after the agent restarted"
        for executor in self.state.executors():
            if executor.phase is Phase.REGISTERING and executor.is_started:
                self._executors.end(executor, Reason.REASON_EXECUTOR_REREGISTRATION_TIMEOUT, timeout)
        took_s = self.clock.wall() - self._started_s
        self.metrics.gauge("slave/recovery_time_secs", lambda: took_s)
        if self._settings.recover == "cleanup":
            self._leave()
        else:
            self._registration.begin("recovered")

    # -- master -------------------------------------------------------------------------------

    def _is_master(self, sender: PID) -> bool:
        """Whether a message comes from our master, under whichever of its addresses."""
        is_master = self.is_same(sender, self._registration.master)
        return is_master and self._registration.standing is not Standing.TERMINATING

    def _on_registered(self) -> None:
        self.link(self._registration.master)
        for forward in self.context.streams.resume():
            self._statuses.forward(forward)

    @handles
    def on_registration_due(self, sender: PID, message: timers.RegistrationDue) -> None:
        self._registration.due(message)

    @handles
    def on_agent_registered(self, sender: PID, message: masters.AgentRegistered) -> None:
        if self._is_master(sender):
            self._end_if(self._registration.accepted(message))

    @handles
    def on_agent_reregistered(self, sender: PID, message: masters.AgentReregistered) -> None:
        if not self._is_master(sender):
            return
        self._end_if(self._registration.accepted_again(message))
        for framework_id, task_id, reason in self._registration.missing(message):
            framework = self.state.frameworks.get(framework_id)
            self._statuses.make_missing(framework_id, framework, task_id, reason)
        for name in self._registration.missing_executors(message):
            self._to_master(
                masters.ExecutorExited(self.context.agent_id, name.framework_id, name.executor_id, -1)
            )

    def _end_if(self, fault: str | None) -> None:
        if fault is not None:
            log.critical("the agent ends: %s", fault)
            self._end_process(1)

    @handles
    def on_ping(self, sender: PID, message: masters.Ping) -> None:
        if self._is_master(sender):
            self._registration.pinged(message)

    @handles
    def on_ping_late(self, sender: PID, message: timers.PingLate) -> None:
        self._registration.ping_late(message)

    @handles
    def on_run_task(self, sender: PID, message: masters.RunTask) -> None:
        if self._is_master(sender) and self._registration.is_running:
            self._executors.run_task(message)

    @handles
    def on_kill_task(self, sender: PID, message: masters.KillTask) -> None:
        if self._is_master(sender) and self._registration.is_running:
            self._executors.kill_task(message.framework_id, message.task_id, message.kill_policy)

    @handles
    def on_shutdown_framework(self, sender: PID, message: masters.ShutdownFramework) -> None:
        if self._is_master(sender):
            self._executors.shut_down_framework(message.framework_id)

    @handles
    def on_shutdown_executor(self, sender: PID, message: masters.ShutdownExecutor) -> None:
        executor = self.state.executor(message.framework_id, message.executor_id)
        if self._is_master(sender) and executor is not None:
            self._executors.shut_down(executor)

    @handles
    def on_update_framework(self, sender: PID, message: masters.UpdateFrameworkInfo) -> None:
        framework = self.state.frameworks.get(message.framework.id.value if message.framework.id else "")
        if not self._is_master(sender) or framework is None:
            return
        framework.info = message.framework
        self.context.checkpoints.save_framework(framework)
        for forward in self.context.streams.repeat(framework.id):
            self._statuses.forward(forward)

    @handles
    def on_status_update_acknowledged(self, sender: PID, message: masters.StatusUpdateAcknowledged) -> None:
        if self._is_master(sender):
            key = (message.framework_id, message.task_id)
            executor = self._statuses.acknowledged(key, message.uuid)
            if executor is not None:
                self._executors.remove_if_done(executor)

    @handles
    def on_retry_due(self, sender: PID, message: timers.RetryDue) -> None:
        self._statuses.retry(message)

    @handles
    def on_message_to_executor(self, sender: PID, message: masters.MessageToExecutor) -> None:
        executor = self.state.executor(message.framework_id, message.executor_id)
        if not self._is_master(sender):
            return
        if executor is None or executor.pid is None:
            self.metrics.count("slave/invalid_framework_messages")
            return
        self.metrics.count("slave/valid_framework_messages")
        self.send(executor.pid, executors.MessageFromScheduler(message.data))

    @handles
    def on_shutdown_agent(self, sender: PID, message: masters.ShutdownAgent) -> None:
        if self._is_master(sender):
            log.warning("the master shuts this agent down: %s", message.reason)
            self._leave()

    # -- executors ----------------------------------------------------------------------------

    @handles
    def on_executor_subscribe(self, sender: PID, message: executors.Subscribe) -> None:
        self._executors.subscribe(sender, message)

    @handles
    def on_executor_update(self, sender: PID, message: executors.Update) -> None:
        executor = self._subscribed(sender, message.framework_id, message.executor_id)
        if executor is not None:
            framework = self.state.frameworks[executor.framework_id]
            self._executors.update(framework, executor, message.status)

    @handles
    def on_message_to_scheduler(self, sender: PID, message: executors.MessageToScheduler) -> None:
        executor = self._subscribed(sender, message.framework_id, message.executor_id)
        if executor is not None:
            self._pass_on(executor, message)

    def _pass_on(self, executor: Executor, message: executors.MessageToScheduler) -> None:
        """Bytes of an executor for its scheduler."""
        self._to_master(
            masters.MessageToScheduler(
                self.context.agent_id, executor.framework_id, executor.id, message.data
            )
        )

    @handles
    def on_http_call(self, sender: PID, message: HttpCall) -> None:
        """A call over HTTP: it counts as the executor's that it names, connected or not."""
        refused = refusal(self._registration.standing, self.state, message)
        self.send(sender, refused or Admitted())
        executor = self.state.executor(message.framework_id.value, message.executor_id.value)
        if refused is not None or executor is None:
            return
        match message.call:
            case executors.Update(status=status):
                self._executors.update(self.state.frameworks[executor.framework_id], executor, status)
            case executors.MessageToScheduler() as call:
                self._pass_on(executor, call)
            case None:
                pass

    def _subscribed(self, sender: PID, framework_id: FrameworkID, executor_id: ExecutorID) -> Executor | None:
        """The executor a call names, if it comes from it."""
        executor = self.state.executor(framework_id.value, executor_id.value)
        return executor if executor is not None and executor.pid == sender else None

    @handles
    def on_executor_late(self, sender: PID, message: timers.ExecutorLate) -> None:
        self._executors.registration_late(message)

    @handles
    def on_shutdown_late(self, sender: PID, message: timers.ShutdownLate) -> None:
        self._executors.shutdown_late(message)

    # -- executor host ------------------------------------------------------------------------

    @handles
    def on_host_ready(self, sender: PID, message: hosts.HostReady) -> None:
        """The host is there: settle the containers that ended, or that only one side knows."""
        log.info("executor host %d is ready at %s", message.pid, sender)
        self.link(sender)
        known = {container.container_id: container for container in message.containers}
        for executor in self.state.executors():
            if executor.is_started and not self._hosts.is_waiting(executor.container_id):
                container = known.get(executor.container_id)
                if container is None:
                    self._executors.exited(executor, 9, "")
                else:
                    executor.first_pid = container.pid or executor.first_pid
        self._hosts.ready(sender)
        for container in message.containers:
            if container.status is not None:
                self._container_exited(container.container_id, container.status, container.failure)
            elif self.state.by_container(container.container_id) is None:
                self._hosts.destroy_container(container.container_id)

    @handles
    def on_container_started(self, sender: PID, message: hosts.ContainerStarted) -> None:
        executor = self.state.by_container(message.container_id)
        if executor is not None:
            executor.first_pid = message.pid

    @handles
    def on_container_exited(self, sender: PID, message: hosts.ContainerExited) -> None:
        self._container_exited(message.container_id, message.status, message.failure)

    def _container_exited(self, container_id: str, status: int, failure: str) -> None:
        self._hosts.forget_container(container_id)
        executor = self.state.by_container(container_id)
        if executor is not None:
            self._executors.exited(executor, status, failure)

    @handles
    def on_host_died(self, sender: PID, message: timers.HostDied) -> None:
        """The host's process is gone: so are its containers; start another one."""
        if not self._hosts.is_present(message):
            return
        self._hosts.lost()
        self._bury_containers()
        if self._registration.standing is Standing.TERMINATING:
            self._end_process(0)
        else:
            log.warning("the executor host died; starting another")
            self._hosts.start()

    @handles
    def on_host_late(self, sender: PID, message: timers.HostLate) -> None:
        if message.generation == self._hosts.generation and self._hosts.pid is None:
            log.warning("the executor host of the last run does not come back and is killed")
            self._hosts.kill()

    # -- readers ------------------------------------------------------------------------------

    @handles
    def on_get_agent_view(self, sender: PID, message: GetAgentView) -> None:
        registration = self._registration
        master = registration.master if registration.is_running else None
        self.send(
            sender,
            agent_view(self.state, self.context.info, registration.standing, self._started_s, master),
        )

    @handles
    def on_is_recovering(self, sender: PID, message: IsRecovering) -> None:
        self.send(sender, Recovering(self._registration.standing is Standing.RECOVERING))

    # -- ends ---------------------------------------------------------------------------------

    def finalize(self) -> None:
        """The agent ends; executors of frameworks that checkpoint go on without it."""
        self._hosts.close()

    def on_exited(self, pid: PID, reason: str) -> None:
        if pid == self._registration.master:
            self._registration.master_lost(reason)
        elif pid == self._hosts.pid:
            self._hosts.lost()
        else:
            self._executors.lost(pid)

    @handles
    def on_leave(self, sender: PID, message: timers.Leave) -> None:
        self._leave()

    def _leave(self) -> None:
        """End everything that runs here, tell the master, and end the process."""
        if self._registration.standing is Standing.TERMINATING:
            return
        if self.context.info.id is not None:
            self._to_master(masters.UnregisterAgent(self.context.agent_id))
        self._registration.standing = Standing.TERMINATING
        for framework_id in list(self.state.frameworks):
            self._executors.shut_down_framework(framework_id)
        self._hosts.stop()
