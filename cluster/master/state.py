"""What the master knows: agents, frameworks, tasks, offers, and the sums that must always hold.

Only bookkeeping: an entry is changed here and nowhere decided about. Tasks stay under their framework
from launch until their terminal update is acknowledged; what they use is charged to the agent until
they end. Ids are plain text.

Source: reference master.md §5 to §8.
"""

from __future__ import annotations

import enum
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from actors import PID
from cluster.allocator import capabilities_of
from cluster.master.away import Absence, AwayAgent, AwayAgents
from cluster.master.framework_counts import FrameworkCounts
from cluster.master.sizes import Sizes
from cluster.master.taken_ids import TakenIds
from cluster.master.tally import Tally
from cluster.master.timeline import EndedLine, EndedOrder, Timeline
from cluster.model import (
    AgentCapability,
    AgentInfo,
    Capability,
    ExecutorInfo,
    FrameworkInfo,
    OfferConstraints,
    Resources,
    Task,
    TaskState,
    is_terminal,
)
from cluster.protocol import agent as agent_protocol
from cluster.validation import framework_roles


@dataclass(slots=True, eq=False)
class OfferEntry:
    """An offer that is out. `epoch` is that of the agent when it was made."""

    id: str
    framework_id: str
    agent_id: str
    epoch: int
    role: str
    resources: Resources
    made_ns: int


@dataclass(slots=True, eq=False)
class TaskEntry:
    """A task. `is_charged`: its resources count as used on its agent.

    `is_forgotten`: it ended, and its agent has forgotten that, so nobody will repeat its last update.
    `text`: its JSON, if the state keeps that.
    """

    record: Task
    resources: Resources
    is_charged: bool = True
    is_forgotten: bool = False
    kill: agent_protocol.KillTask | None = None
    place: tuple[float, int] | None = None  # in the timeline of its framework, when it has a status
    text: bytes = b""

    @property
    def id(self) -> str:
        """The id the framework gave it."""
        return self.record.task_id.value

    @property
    def agent_id(self) -> str:
        """The agent it runs on."""
        return self.record.agent_id.value

    @property
    def state(self) -> TaskState:
        """Its newest state."""
        return self.record.state


@dataclass(slots=True, eq=False)
class ExecutorEntry:
    """A custom executor that runs, or is about to run, on an agent."""

    info: ExecutorInfo
    resources: Resources


TaskKey = tuple[str, str]  # framework id, task id
ExecutorKey = tuple[str, str]  # framework id, executor id


@dataclass(slots=True, eq=False)
class AgentEntry:
    """A registered agent. `epoch` differs each time it is added, for what is still on its way."""

    id: str
    pid: PID
    info: AgentInfo
    version: str
    capabilities: tuple[AgentCapability, ...]
    total: Resources
    epoch: int
    registered_s: float
    reregistered_s: float | None = None
    is_connected: bool = True
    missed_pings: int = 0
    is_pong_due: bool = False
    flaps: int = 0  # how often its connection was lost
    disconnected_s: float | None = None  # since when it is not connected
    tasks: dict[TaskKey, None] = field(default_factory=dict)
    executors: dict[ExecutorKey, ExecutorEntry] = field(default_factory=dict)
    offers: dict[str, OfferEntry] = field(default_factory=dict)
    used: dict[str, Resources] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)  # the state's, from when the agent is added

    def away(self, absence: Absence, since_s: float, why: str) -> AwayAgent:
        """How it is remembered if it is lost now."""
        return AwayAgent(
            self.id,
            self.info.hostname,
            str(self.pid),
            absence,
            since_s,
            why,
            self.registered_s,
            self.flaps,
            len(self.tasks),
        )

    def charge(self, framework_id: str, resources: Resources) -> None:
        """Count resources as used by a framework."""
        self.used[framework_id] = self.used.get(framework_id, Resources.EMPTY) + resources
        self.tally.charged(self.id, framework_id, resources)

    def discharge(self, framework_id: str, resources: Resources) -> None:
        """Count resources as used no more."""
        left = self.used[framework_id] - resources
        if left:
            self.used[framework_id] = left
        else:
            del self.used[framework_id]
        self.tally.discharged(self.id, framework_id, resources)


class Standing(enum.Enum):
    """How a framework stands to the master."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    RECOVERED = "recovered"  # known from an agent only


@dataclass(slots=True, eq=False)
class FrameworkEntry:
    """A framework, its tasks and its memory. `pid` is meaningful while connected."""

    id: str
    info: FrameworkInfo
    pid: PID
    standing: Standing
    registered_s: float
    completed: deque[Task]
    max_unreachable: int
    reregistered_s: float | None = None
    unregistered_s: float = 0.0
    subscriptions: int = 0
    suppressed: tuple[str, ...] = ()
    constraints: OfferConstraints | None = None
    tasks: dict[str, TaskEntry] = field(default_factory=dict)
    offers: dict[str, OfferEntry] = field(default_factory=dict)
    unreachable: OrderedDict[str, Task] = field(default_factory=OrderedDict)
    capabilities: frozenset[Capability.Type] = frozenset()
    counts: FrameworkCounts = field(default_factory=FrameworkCounts)
    timeline: Timeline = field(default_factory=Timeline)
    ended: EndedOrder = field(default_factory=EndedOrder)
    sizes: Sizes = field(default_factory=Sizes)

    def __post_init__(self) -> None:
        self.capabilities = capabilities_of(self.info)

    def ended_in_order(self) -> EndedLine:
        """The tasks that ended or are unreachable by the time of their first status; not to be changed."""
        return self.ended.of(self.completed, self.unreachable)

    @property
    def ended_count(self) -> int:
        """How many these are."""
        return len(self.completed) + len(self.unreachable)

    def describe(self, info: FrameworkInfo) -> None:
        """Replace how the framework describes itself."""
        self.info = info
        self.capabilities = capabilities_of(info)

    @property
    def is_connected(self) -> bool:
        """Whether events reach it."""
        return self.standing is Standing.CONNECTED

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles it is subscribed to."""
        return framework_roles(self.info)

    @property
    def is_partition_aware(self) -> bool:
        """Whether it knows the states beyond TASK_LOST."""
        return Capability.Type.PARTITION_AWARE in self.capabilities

    @property
    def taken_ids(self) -> TakenIds:
        """The ids a new task must not have."""
        return TakenIds(self)

    def remember_unreachable(self, task: Task) -> None:
        """Keep a task that went out of reach; the oldest makes room."""
        self.unreachable[task.task_id.value] = task
        if len(self.unreachable) > self.max_unreachable:
            self.unreachable.popitem(last=False)

    def forget(self, returned: Task) -> None:
        """A task that counted as unreachable or ended is back: take it out of the memory."""
        self.unreachable.pop(returned.task_id.value, None)
        known = self._completed_as(returned)
        if known is not None:
            self.completed.remove(known)

    def remembers_end_of(self, reported: Task) -> bool:
        """Whether a task is in the memory of ended ones in the very state that is reported."""
        known = self._completed_as(reported)
        return known is not None and known.state is reported.state

    def _completed_as(self, task: Task) -> Task | None:
        for known in self.completed:
            if known.task_id == task.task_id and known.agent_id == task.agent_id:
                return known
        return None


#: How many agents that are gone are remembered.
MAX_GONE_AGENTS = 102_400


class MasterState:
    """All entries and the indexes between them.

    `write` makes the JSON of a task, which is then kept: done when a task changes, it finds everything at
    hand, while a reader of all tasks would wait for memory twenty times a task.
    """

    def __init__(self, max_completed_frameworks: int, write: Callable[[Task], bytes] | None = None) -> None:
        self.write = write
        self.agents: dict[str, AgentEntry] = {}
        self.agent_by_pid: dict[PID, AgentEntry] = {}
        self.unreachable_agents: OrderedDict[str, float] = OrderedDict()  # id -> epoch seconds
        self.gone_agents: OrderedDict[str, float] = OrderedDict()  # id -> epoch seconds
        self.away_agents = AwayAgents()  # what people are told of these
        self.frameworks: dict[str, FrameworkEntry] = {}
        self.framework_by_pid: dict[PID, FrameworkEntry] = {}
        self.completed_frameworks: OrderedDict[str, FrameworkEntry] = OrderedDict()
        self.offers: dict[str, OfferEntry] = {}
        self.tally = Tally()
        self.calls_by_principal: Counter[str] = Counter()  # while a framework of the principal is registered
        self._max_completed_frameworks = max_completed_frameworks
        self._serial = 0

    # -- agents -------------------------------------------------------------------------------

    def add_agent(self, agent: AgentEntry) -> None:
        """Index a new agent."""
        assert not agent.used, f"{agent.id} is charged before it is known"
        self.agents[agent.id] = agent
        self.agent_by_pid[agent.pid] = agent
        self.unreachable_agents.pop(agent.id, None)
        self.away_agents.forget(agent.id)
        agent.tally = self.tally
        self.tally.agent_added(agent.id, agent.total)

    def describe_agent(self, agent: AgentEntry, info: AgentInfo) -> None:
        """Replace how an agent describes itself, and so what it has."""
        self.tally.agent_removed(agent.id, agent.total)
        agent.info = info
        agent.total = Resources.of(info.resources)
        self.tally.agent_added(agent.id, agent.total)

    def move_agent(self, agent: AgentEntry, pid: PID) -> None:
        """An agent speaks from another address, or from the same one again."""
        if self.agent_by_pid.get(agent.pid) is agent:
            del self.agent_by_pid[agent.pid]
        agent.pid = pid
        self.agent_by_pid[pid] = agent

    def remove_agent(self, agent: AgentEntry) -> None:
        """Forget an agent; its tasks and offers must be gone before."""
        assert not agent.tasks, f"{agent.id} still has tasks"
        assert not agent.offers, f"{agent.id} still has offers"
        assert not agent.used, f"{agent.id} is still in use"
        del self.agents[agent.id]
        self.tally.agent_removed(agent.id, agent.total)
        if self.agent_by_pid.get(agent.pid) is agent:
            del self.agent_by_pid[agent.pid]

    def remember_gone(self, agent_id: str, at_s: float) -> None:
        """An agent must not come back; the oldest makes room."""
        self.unreachable_agents.pop(agent_id, None)
        self.gone_agents[agent_id] = at_s
        while len(self.gone_agents) > MAX_GONE_AGENTS:
            forgotten, _ = self.gone_agents.popitem(last=False)
            self.away_agents.forget(forgotten)

    # -- frameworks ---------------------------------------------------------------------------

    def add_framework(self, framework: FrameworkEntry) -> None:
        """Index a new framework."""
        self.frameworks[framework.id] = framework

    def connect_framework(self, framework: FrameworkEntry, pid: PID) -> None:
        """Events of the framework go to `pid` from now on."""
        self.disconnect_framework(framework)
        framework.pid = pid
        framework.standing = Standing.CONNECTED
        self.framework_by_pid[pid] = framework

    def disconnect_framework(self, framework: FrameworkEntry) -> None:
        """Nobody receives the framework's events."""
        if self.framework_by_pid.get(framework.pid) is framework:
            del self.framework_by_pid[framework.pid]
        if framework.is_connected:
            framework.standing = Standing.DISCONNECTED

    def complete_framework(self, framework: FrameworkEntry) -> None:
        """Move a framework to the memory of ended ones; its id is refused while it is there."""
        self.disconnect_framework(framework)
        del self.frameworks[framework.id]
        principal = framework.info.principal
        if all(other.info.principal != principal for other in self.frameworks.values()):
            self.calls_by_principal.pop(principal or "", None)
        self.completed_frameworks[framework.id] = framework
        while len(self.completed_frameworks) > self._max_completed_frameworks:
            self.completed_frameworks.popitem(last=False)

    def count_call(self, framework: FrameworkEntry, kind: type) -> None:
        """A framework called."""
        framework.counts.calls[kind] += 1
        if principal := framework.info.principal:
            self.calls_by_principal[principal] += 1

    # -- tasks --------------------------------------------------------------------------------

    def add_task(self, framework: FrameworkEntry, agent: AgentEntry, task: TaskEntry) -> None:
        """Index a task and charge its agent if it holds resources."""
        assert task.id not in framework.tasks, f"task {task.id} is known"
        framework.sizes.share(task)
        if self.write is not None:
            task.text = self.write(task.record)
        framework.tasks[task.id] = task
        agent.tasks[framework.id, task.id] = None
        self._task_state(framework, None, task.state)
        framework.timeline.add(task, self._next_serial())
        if task.is_charged:
            agent.charge(framework.id, task.resources)

    def _task_state(
        self, framework: FrameworkEntry, before: TaskState | None, after: TaskState | None
    ) -> None:
        self.tally.task_state(before, after)
        framework.counts.task_state(before, after)

    def _next_serial(self) -> int:
        self._serial += 1
        return self._serial

    def update_task(self, framework: FrameworkEntry, task: TaskEntry, record: Task) -> None:
        """Replace the record of a known task by one with another state or further statuses."""
        before, task.record = task.record, record
        if self.write is not None:
            task.text = self.write(record)
        if before.state is not record.state:
            self._task_state(framework, before.state, record.state)
        if not before.statuses and record.statuses:
            framework.timeline.add(task, self._next_serial())

    def uncharge(self, framework_id: str, task: TaskEntry) -> bool:
        """The task holds no resources any more; whether it did until now."""
        if not task.is_charged:
            return False
        task.is_charged = False
        agent = self.agents.get(task.agent_id)
        if agent is not None:
            agent.discharge(framework_id, task.resources)
        return True

    def remove_task(self, framework: FrameworkEntry, task: TaskEntry) -> None:
        """Forget an uncharged task."""
        assert not task.is_charged, f"task {task.id} still holds resources"
        del framework.tasks[task.id]
        self._task_state(framework, task.state, None)
        framework.timeline.remove(task)
        agent = self.agents.get(task.agent_id)
        if agent is not None:
            agent.tasks.pop((framework.id, task.id), None)

    def tasks_on(self, agent: AgentEntry) -> Iterator[tuple[FrameworkEntry, TaskEntry]]:
        """The tasks of an agent; the agent may change meanwhile."""
        for framework_id, task_id in list(agent.tasks):
            framework = self.frameworks[framework_id]
            yield framework, framework.tasks[task_id]

    # -- offers -------------------------------------------------------------------------------

    def add_offer(self, offer: OfferEntry) -> None:
        """Index an offer."""
        self.offers[offer.id] = offer
        self.frameworks[offer.framework_id].offers[offer.id] = offer
        self.agents[offer.agent_id].offers[offer.id] = offer
        self.tally.offered(offer.agent_id, offer.framework_id, offer.role, offer.resources)

    def remove_offer(self, offer: OfferEntry) -> None:
        """Forget an offer."""
        del self.offers[offer.id]
        self.tally.offer_ended(offer.agent_id, offer.framework_id, offer.role, offer.resources)
        self.frameworks[offer.framework_id].offers.pop(offer.id, None)
        agent = self.agents.get(offer.agent_id)
        if agent is not None:
            agent.offers.pop(offer.id, None)

    # -- what must always hold ----------------------------------------------------------------

    def violated_invariants(self) -> list[str]:
        """Every sum and index that does not hold; empty in a sound master. Walks everything."""
        faults = self.tally.differences(self._recounted())
        kinds = ((Absence.UNREACHABLE, self.unreachable_agents), (Absence.GONE, self.gone_agents))
        for absence, agents in kinds:
            if sorted(self.away_agents.ids(absence)) != sorted(agents):
                faults.append(f"what is told of {absence.value} agents is not about those there are")
        for agent in self.agents.values():
            faults += self._agent_faults(agent)
        for framework in self.frameworks.values():
            if framework.offers and not framework.is_connected:
                faults.append(f"{framework.id} is not connected and has offers {list(framework.offers)}")
            kept, found = framework.counts.states, Counter(task.state for task in framework.tasks.values())
            if kept != found:
                faults.append(f"states of {framework.id}: kept is {kept}, found is {found}")
            for task in framework.tasks.values():
                if task.is_charged and is_terminal(task.state):
                    faults.append(f"task {task.id} of {framework.id} ended and still holds resources")
                home = self.agents.get(task.agent_id)
                if home is None or (framework.id, task.id) not in home.tasks:
                    faults.append(f"task {task.id} of {framework.id} is not on its agent {task.agent_id}")
                if self.write is not None and task.text != self.write(task.record):
                    faults.append(f"what is kept as text of task {task.id} of {framework.id} is not true")
                if task.id in framework.unreachable:
                    faults.append(f"task {task.id} of {framework.id} is known and unreachable")
        return faults

    def _recounted(self) -> Tally:
        """The sums as they are found by walking everything."""
        tally = Tally()
        for agent in self.agents.values():
            tally.agent_added(agent.id, agent.total)
            for framework_id, used in agent.used.items():
                tally.charged(agent.id, framework_id, used)
        for offer in self.offers.values():
            tally.offered(offer.agent_id, offer.framework_id, offer.role, offer.resources)
        for framework in self.frameworks.values():
            for task in framework.tasks.values():
                tally.task_state(None, task.state)
        return tally

    def _agent_faults(self, agent: AgentEntry) -> list[str]:
        faults: list[str] = []
        if agent.offers and not agent.is_connected:
            faults.append(f"{agent.id} is not connected and is offered as {list(agent.offers)}")
        used: dict[str, Resources] = {}
        for framework, task in self.tasks_on(agent):
            if task.is_charged:
                used[framework.id] = used.get(framework.id, Resources.EMPTY) + task.resources
        for (framework_id, _), executor in agent.executors.items():
            if executor.resources:
                used[framework_id] = used.get(framework_id, Resources.EMPTY) + executor.resources
        if used != agent.used:
            faults.append(f"{agent.id}: tasks and executors use {used}, charged is {agent.used}")
        held = Resources.EMPTY
        for resources in used.values():
            held = held + resources.unallocated()
        for offer in agent.offers.values():
            held = held + offer.resources.unallocated()
        if not agent.total.contains(held):
            faults.append(f"{agent.id}: {held} is used or offered of {agent.total}")
        return faults
