"""Agents: joining, coming back, being pinged, being cut off, being given up.

Source: reference master.md §5.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from msgspec.structs import replace

from actors import PID, split_address
from cluster.allocator import messages as alloc
from cluster.master import counters
from cluster.master.away import Absence
from cluster.master.context import Context
from cluster.master.offers import Offers
from cluster.master.state import AgentEntry, ExecutorEntry, FrameworkEntry, TaskEntry
from cluster.master.tasks import Tasks
from cluster.master.timers import PingDue, ReregistrationLate
from cluster.master.watching import Removal
from cluster.model import (
    AgentID,
    AgentInfo,
    ExecutorID,
    FrameworkInfo,
    Reason,
    Resources,
    Task,
    TaskState,
    is_terminal,
)
from cluster.protocol import agent as protocol
from cluster.protocol import scheduler as scheduler_protocol
from cluster.validation import (
    Violation,
    agent_violations,
    framework_violations,
    sentence,
    use_violations,
)

log = logging.getLogger(__name__)

#: How many unreachable agents are remembered.
MAX_UNREACHABLE_AGENTS = 102_400
#: Why an agent is gone.
OPERATOR_SAID_SO = "an operator said that it never comes back"


class Agents:
    """All that happens to agents. `recover_framework` makes an entry of a framework an agent runs."""

    def __init__(
        self,
        context: Context,
        offers: Offers,
        tasks: Tasks,
        recover_framework: Callable[[FrameworkInfo], FrameworkEntry],
    ) -> None:
        self._c = context
        self._offers = offers
        self._tasks = tasks
        self._recover_framework = recover_framework

    # -- joining ------------------------------------------------------------------------------

    def register(self, pid: PID, message: protocol.RegisterAgent) -> None:
        """A new agent: give it an id. An agent that missed the answer gets the same one again."""
        if not self._is_valid(pid, message):
            return
        known = self._c.state.agent_by_pid.get(pid)
        if known is not None and known.is_connected:
            self._c.send(pid, protocol.AgentRegistered(known.id, self._ping_timeout_s))
            return
        if known is not None:
            self.remove(known, "a new agent registered at the same address", counters.REGISTERED)
        agent = self._new_entry(pid, self._c.ids.agent(), message)
        log.info("agent %s at %s (%s) registered with %s", agent.id, pid, agent.info.hostname, agent.total)
        self._c.state.add_agent(agent)
        self._c.feed.agent_added(agent)
        self._announce(agent)
        self._c.count("master/slave_registrations")
        self._c.send(pid, protocol.AgentRegistered(agent.id, self._ping_timeout_s))

    def reregister(self, pid: PID, message: protocol.ReregisterAgent) -> None:
        """An agent that has an id is back: known, given up, or from before this master."""
        if not self._is_valid(pid, message):
            return
        message = _sound(message)
        assert message.info.id is not None
        if message.info.id.value in self._c.state.gone_agents:
            log.warning("agent %s at %s is shut down: it was marked gone", message.info.id, pid)
            self._c.send(pid, protocol.ShutdownAgent("Agent has been marked gone"))
            return
        known = self._c.state.agents.get(message.info.id.value)
        if known is not None:
            fault = _impostor_fault(known, pid, message.info)
            if fault is not None:
                log.warning("agent %s at %s is shut down: %s", known.id, pid, fault)
                self._c.send(pid, protocol.ShutdownAgent(fault))
                return
        elsewhere = self._c.state.agent_by_pid.get(pid)
        if elsewhere is not None and elsewhere is not known:
            self.remove(elsewhere, "another agent registered at the same address", counters.REGISTERED)
        if known is not None:
            self._take_back(known, pid, message)
        else:
            self._adopt(pid, message)

    def _is_valid(self, pid: PID, message: protocol.RegisterAgent | protocol.ReregisterAgent) -> bool:
        faults = agent_violations(message.info)
        if faults or (isinstance(message, protocol.ReregisterAgent) and message.info.id is None):
            log.warning("registration of %s is ignored: %s", pid, sentence(faults) or "it has no id")
            return False
        return True

    def _new_entry(
        self, pid: PID, agent_id: str, message: protocol.RegisterAgent | protocol.ReregisterAgent
    ) -> AgentEntry:
        return AgentEntry(
            id=agent_id,
            pid=pid,
            info=_with_id(message.info, agent_id),
            version=message.version,
            capabilities=message.capabilities,
            total=Resources.of(message.info.resources),
            epoch=self._c.next_epoch(),
            registered_s=self._c.wall(),
        )

    def _announce(self, agent: AgentEntry) -> None:
        """Tell the allocator of an agent that was added, and look after its health."""
        c = self._c
        c.link(agent.pid)
        kinds = tuple(capability.type for capability in agent.capabilities if capability.type is not None)
        c.allocator(alloc.AddAgent(agent.id, agent.epoch, agent.info, agent.total, kinds, dict(agent.used)))
        self._schedule_ping(agent)

    # -- coming back --------------------------------------------------------------------------

    def _adopt(self, pid: PID, message: protocol.ReregisterAgent) -> None:
        """Take in an agent this master does not have, with the tasks it reports."""
        assert message.info.id is not None
        agent = self._new_entry(pid, message.info.id.value, message)
        agent.reregistered_s = agent.registered_s
        frameworks = self._frameworks_of(agent, message)
        self._c.state.add_agent(agent)  # first, for its tasks to be added to it
        self._c.feed.agent_added(agent)
        for executor in message.executors:
            if executor.framework_id in frameworks:
                self._add_executor(agent, executor)
        for record in message.tasks:
            framework = frameworks.get(record.framework_id.value)
            if framework is not None:
                self._add_reported_task(framework, agent, record)
        log.info("agent %s at %s is back with %d tasks", agent.id, pid, len(agent.tasks))
        self._announce(agent)
        self._c.count("master/slave_reregistrations")
        self._c.send(pid, protocol.AgentReregistered(agent.id, self._ping_timeout_s))
        self._tell_frameworks(agent, frameworks)

    def _take_back(self, agent: AgentEntry, pid: PID, message: protocol.ReregisterAgent) -> None:
        """An agent this master has is back: compare notes."""
        c = self._c
        if not agent.is_connected or agent.pid != pid:
            log.info("agent %s is back at %s", agent.id, pid)
        c.state.move_agent(agent, pid)
        c.link(pid)
        agent.reregistered_s = c.wall()
        agent.version = message.version
        self._update_total(agent, message)
        frameworks = self._frameworks_of(agent, message)
        missing_executors = self._compare_executors(agent, frameworks, message)
        missing = self._compare_tasks(agent, frameworks, message)
        agent.missed_pings = 0
        agent.is_pong_due = False
        if not agent.is_connected:
            agent.is_connected = True
            agent.disconnected_s = None
            c.allocator(alloc.ActivateAgent(agent.id))
        c.feed.agent_updated(agent)
        c.count("master/slave_reregistrations")
        c.send(pid, protocol.AgentReregistered(agent.id, self._ping_timeout_s, missing, missing_executors))
        self._tell_frameworks(agent, frameworks)
        for _, task in c.state.tasks_on(agent):
            if task.kill is not None and not is_terminal(task.state):
                c.send(pid, task.kill)

    def _update_total(self, agent: AgentEntry, message: protocol.ReregisterAgent) -> None:
        info = _with_id(message.info, agent.id)
        if info != agent.info:
            self._c.state.describe_agent(agent, info)
            self._offers.rescind_all_of(agent, "the agent changed")
            self._c.allocator(alloc.UpdateAgent(agent.id, info, agent.total))

    def _frameworks_of(
        self, agent: AgentEntry, message: protocol.ReregisterAgent
    ) -> dict[str, FrameworkEntry]:
        """The frameworks an agent runs: known ones, unknown ones made known; ended ones are shut down."""
        state = self._c.state
        found: dict[str, FrameworkEntry] = {}
        for info in message.frameworks:
            framework_id = info.id.value if info.id is not None else ""
            if framework_id in state.completed_frameworks:
                self._c.send(agent.pid, protocol.ShutdownFramework(framework_id))
            elif framework_id:
                found[framework_id] = state.frameworks.get(framework_id) or self._recover_framework(info)
        return found

    def _compare_executors(
        self, agent: AgentEntry, frameworks: dict[str, FrameworkEntry], message: protocol.ReregisterAgent
    ) -> tuple[protocol.ExecutorName, ...]:
        """Adopt executors the master lacks, forget those that ended; those to be asked for."""
        reported = {(e.framework_id, e.info.executor_id.value): e for e in message.executors}
        waiting = {
            (framework.id, task.record.executor_id.value)
            for framework, task in self._c.state.tasks_on(agent)
            if task.record.executor_id is not None and task.state is TaskState.TASK_STAGING
        }
        unreported = [key for key in agent.executors if key not in reported]
        for key in unreported:
            # The first task of one that waits may have been on its way when the agent made its report.
            if key not in waiting:
                self.remove_executor(agent, *key)
        for key, executor in reported.items():
            if key not in agent.executors and key[0] in frameworks:
                entry = self._add_executor(agent, executor)
                if entry.resources:
                    self._c.allocator(
                        alloc.AddUse(agent.id, agent.epoch, executor.framework_id, entry.resources)
                    )
        return tuple(protocol.ExecutorName(*key) for key in unreported if key in waiting)

    def _compare_tasks(
        self, agent: AgentEntry, frameworks: dict[str, FrameworkEntry], message: protocol.ReregisterAgent
    ) -> tuple[protocol.TaskName, ...]:
        """Adopt tasks the master lacks; the tasks the agent lacks, to be asked for."""
        reported = {(t.framework_id.value, t.task_id.value): t for t in message.tasks}
        for (framework_id, _), record in reported.items():
            framework = frameworks.get(framework_id)
            if framework is None or record.task_id.value in framework.tasks:
                continue
            if is_terminal(record.state) and framework.remembers_end_of(record):
                continue  # acknowledged while the report was on its way
            task = self._add_reported_task(framework, agent, record)
            if task.is_charged:
                self._c.allocator(alloc.AddUse(agent.id, agent.epoch, framework.id, task.resources))
        missing: list[protocol.TaskName] = []
        for framework, task in self._c.state.tasks_on(agent):
            if (framework.id, task.id) in reported:
                continue
            if is_terminal(task.state):
                task.is_forgotten = True
                self._tasks.settle(framework)
            else:
                missing.append(protocol.TaskName(framework.id, task.id))
        return tuple(missing)

    def _add_executor(self, agent: AgentEntry, report: protocol.ExecutorReport) -> ExecutorEntry:
        entry = ExecutorEntry(report.info, Resources.of(report.info.resources))
        agent.executors[report.framework_id, report.info.executor_id.value] = entry
        if entry.resources:
            agent.charge(report.framework_id, entry.resources)
        return entry

    def _add_reported_task(self, framework: FrameworkEntry, agent: AgentEntry, record: Task) -> TaskEntry:
        framework.forget(record)
        elsewhere = framework.tasks.get(record.task_id.value)
        if elsewhere is not None:
            return elsewhere
        task = TaskEntry(record, Resources.of(record.resources), is_charged=not is_terminal(record.state))
        self._c.state.add_task(framework, agent, task)
        self._c.feed.task_added(record)
        self._tasks.returned(framework, agent, record)
        return task

    def _tell_frameworks(self, agent: AgentEntry, frameworks: dict[str, FrameworkEntry]) -> None:
        """Have the agent resend what the frameworks have not acknowledged."""
        for framework in frameworks.values():
            if framework.is_connected:
                self._c.send(agent.pid, protocol.UpdateFrameworkInfo(framework.info))

    # -- health -------------------------------------------------------------------------------

    @property
    def _ping_timeout_s(self) -> float:
        return self._c.settings.ping_timeout_s * self._c.settings.max_missed_pings

    def _schedule_ping(self, agent: AgentEntry) -> None:
        self._c.later(self._c.settings.ping_timeout_s, PingDue(agent.id, agent.epoch))

    def ping(self, due: PingDue) -> None:
        """Ping an agent; one that let too many pings pass is unreachable."""
        agent = self._c.state.agents.get(due.agent_id)
        if agent is None or agent.epoch != due.epoch:
            return
        if agent.is_pong_due:
            agent.missed_pings += 1
            if agent.missed_pings >= self._c.settings.max_missed_pings:
                missed = "a ping" if agent.missed_pings == 1 else f"{agent.missed_pings} pings"
                self.give_up(agent, f"it did not answer {missed}")
                return
        agent.is_pong_due = True
        self._c.send(agent.pid, protocol.Ping(agent.is_connected))
        self._schedule_ping(agent)

    def pong(self, pid: PID) -> None:
        """An agent answered."""
        agent = self._c.state.agent_by_pid.get(pid)
        if agent is not None:
            agent.is_pong_due = False
            agent.missed_pings = 0

    def disconnected(self, agent: AgentEntry, why: str) -> None:
        """The connection to an agent broke: no offers; frameworks that do not checkpoint lose tasks."""
        if not agent.is_connected:
            return
        log.info("agent %s is disconnected: %s", agent.id, why)
        c = self._c
        agent.is_connected = False
        agent.disconnected_s = c.wall()
        agent.flaps += 1
        c.feed.agent_updated(agent)
        c.allocator(alloc.DeactivateAgent(agent.id))
        self._offers.rescind_all_of(agent, "the agent is disconnected")
        for framework, task in c.state.tasks_on(agent):
            if not framework.info.checkpoint:
                self._tasks.lose(
                    framework, task, TaskState.TASK_LOST, Reason.REASON_AGENT_DISCONNECTED,
                    "Agent disconnected and the framework does not checkpoint",
                )  # fmt: skip
        for framework_id, executor_id in list(agent.executors):
            if not c.state.frameworks[framework_id].info.checkpoint:
                self.remove_executor(agent, framework_id, executor_id)
        late = ReregistrationLate(agent.id, agent.epoch, agent.reregistered_s or agent.registered_s)
        c.later(c.settings.reregister_timeout_s, late)

    def reregistration_late(self, late: ReregistrationLate) -> None:
        """A disconnected agent did not come back in time."""
        agent = self._c.state.agents.get(late.agent_id)
        if agent is None or agent.epoch != late.epoch or agent.is_connected:
            return
        if (agent.reregistered_s or agent.registered_s) == late.disconnections:
            self.give_up(agent, "it did not re-register in time")

    # -- leaving ------------------------------------------------------------------------------

    def give_up(self, agent: AgentEntry, why: str) -> None:
        """Count an agent as unreachable: its tasks may still run, but nobody knows."""
        now = self._c.wall()
        log.warning("agent %s is unreachable: %s", agent.id, why)
        away = agent.away(Absence.UNREACHABLE, now, why)
        for framework, task in self._c.state.tasks_on(agent):
            state = TaskState.TASK_UNREACHABLE if framework.is_partition_aware else TaskState.TASK_LOST
            self._tasks.lose(
                framework, task, state, Reason.REASON_AGENT_REMOVED,
                f"Agent {agent.info.hostname} is unreachable: {why}", unreachable_since=now,
            )  # fmt: skip
        unreachable = self._c.state.unreachable_agents
        unreachable[agent.id] = now
        while len(unreachable) > MAX_UNREACHABLE_AGENTS:
            forgotten, _ = unreachable.popitem(last=False)
            self._c.state.away_agents.forget(forgotten)
        self._count_removal(counters.UNHEALTHY)
        self._forget(agent)
        self._c.state.away_agents.note(away)
        self._c.feed.agent_removed(agent.id, Removal.UNREACHABLE)

    def remove(self, agent: AgentEntry, why: str, counted_as: str = counters.UNREGISTERED) -> None:
        """An agent is gone: its tasks are lost."""
        log.info("agent %s is removed: %s", agent.id, why)
        away = agent.away(Absence.LEFT, self._c.wall(), why)
        for framework, task in self._c.state.tasks_on(agent):
            self._tasks.lose(
                framework, task, TaskState.TASK_LOST, Reason.REASON_AGENT_REMOVED, f"Agent removed: {why}"
            )
        self._count_removal(counted_as)
        self._forget(agent)
        self._c.state.away_agents.note(away)
        self._c.feed.agent_removed(agent.id, Removal.LEFT)

    def mark_gone(self, agent: AgentEntry) -> None:
        """An operator says that an agent never comes back: it is shut down if it does."""
        now = self._c.wall()
        log.warning("agent %s is gone: an operator says so", agent.id)
        away = agent.away(Absence.GONE, now, OPERATOR_SAID_SO)
        self._c.send(agent.pid, protocol.ShutdownAgent("Agent has been marked gone"))
        for framework, task in self._c.state.tasks_on(agent):
            state, reason = gone_state(framework)
            # The original keeps those of frameworks that do not know the state among the unreachable ones.
            since = None if framework.is_partition_aware else now
            self._tasks.lose(framework, task, state, reason, GONE_WORDS, unreachable_since=since)
        self._c.state.remember_gone(agent.id, now)
        self._forget(agent)
        self._c.state.away_agents.note(away)
        self._c.feed.agent_removed(agent.id, Removal.GONE)

    def _count_removal(self, counted_as: str) -> None:
        for key in counters.removal_keys(counted_as):
            self._c.count(key)

    def _forget(self, agent: AgentEntry) -> None:
        c = self._c
        self._offers.rescind_all_of(agent, "the agent is gone")
        for key in list(agent.executors):
            self.remove_executor(agent, *key)
        c.state.remove_agent(agent)
        c.allocator(alloc.RemoveAgent(agent.id))
        for framework in c.state.frameworks.values():
            if framework.is_connected:
                c.tell(framework, scheduler_protocol.Failure(AgentID(agent.id)))

    # -- executors ----------------------------------------------------------------------------

    def executor_exited(self, agent: AgentEntry, message: protocol.ExecutorExited) -> None:
        """A custom executor ended: its resources are free, its framework is told."""
        key = (message.framework_id, message.executor_id)
        if key not in agent.executors:
            return
        self.remove_executor(agent, *key)
        framework = self._c.state.frameworks.get(message.framework_id)
        if framework is not None and framework.is_connected:
            failure = scheduler_protocol.Failure(
                AgentID(agent.id), ExecutorID(message.executor_id), message.status
            )
            self._c.tell(framework, failure)

    def remove_executor(self, agent: AgentEntry, framework_id: str, executor_id: str) -> None:
        """Forget an executor and free what it used."""
        entry = agent.executors.pop((framework_id, executor_id))
        if entry.resources:
            agent.discharge(framework_id, entry.resources)
            self._c.allocator(
                alloc.Recover(framework_id, agent.id, agent.epoch, entry.resources, is_allocated=True)
            )


GONE_WORDS = "Agent has been marked gone by an operator"


def gone_state(framework: FrameworkEntry) -> tuple[TaskState, Reason]:
    """What becomes of the tasks of an agent that is gone.

    Source: reference master.md §5.4.
    """
    if framework.is_partition_aware:
        return TaskState.TASK_GONE_BY_OPERATOR, Reason.REASON_AGENT_REMOVED_BY_OPERATOR
    return TaskState.TASK_LOST, Reason.REASON_AGENT_REMOVED


def _sound(report: protocol.ReregisterAgent) -> protocol.ReregisterAgent:
    """A report without the entries that nothing can be done with."""

    def is_sound(what: object, faults: list[Violation]) -> bool:
        if faults:
            log.warning("report of %s by agent %s is passed over: %s", what, report.info.id, sentence(faults))
        return not faults

    return replace(
        report,
        frameworks=tuple(
            info
            for info in report.frameworks
            if is_sound(info.id, framework_violations(info, (), None, root_submissions=True))
        ),
        tasks=tuple(task for task in report.tasks if is_sound(task.task_id, use_violations(task.resources))),
        executors=tuple(
            executor
            for executor in report.executors
            if is_sound(executor.info.executor_id, use_violations(executor.info.resources))
        ),
    )


def _impostor_fault(known: AgentEntry, pid: PID, info: AgentInfo) -> str | None:
    """Why one that comes back cannot be the agent it says it is; None if it can."""
    if info.hostname != known.info.hostname:
        return f"agent {known.id} is on {known.info.hostname}, not on {info.hostname}"
    host, known_host = split_address(pid.address)[0], split_address(known.pid.address)[0]
    if host != known_host:
        return f"agent {known.id} is at {known_host}, not at {host}"
    return None


def _with_id(info: AgentInfo, agent_id: str) -> AgentInfo:
    """A description with the id filled in."""
    return replace(info, id=AgentID(agent_id))
