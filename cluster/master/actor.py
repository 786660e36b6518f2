"""The master as an actor: every message it takes, and which part deals with it.

No decision is made here. The parts (`agents`, `frameworks`, `offers`, `accept`, `tasks`) share a
`Context`; the allocator is an actor of its own, spawned here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import ClassVar, Protocol

from actors import PID, Actor, handles, split_address
from cluster.allocator import AllocatorOptions
from cluster.allocator import messages as alloc
from cluster.allocator.actor import AllocatorActor
from cluster.master import counters, page, reading, timers, views, walks, watching
from cluster.master.accept import TASKS_AT_ONCE, Acceptance, Rest
from cluster.master.agents import Agents
from cluster.master.commands import Commands
from cluster.master.context import Context, Ids, MasterSettings
from cluster.master.feed import Feed
from cluster.master.frameworks import Frameworks
from cluster.master.offers import Offers
from cluster.master.operations import Operations
from cluster.master.state import FrameworkEntry, MasterState
from cluster.master.tasks import Tasks
from cluster.model import Address, AgentID, ExecutorID, FrameworkID, MasterCapability, MasterInfo, Task
from cluster.protocol import agent as agents
from cluster.protocol import operator, subscription
from cluster.protocol import page as pages
from cluster.protocol import scheduler as schedulers
from cluster.version import PROTOCOL_VERSION

#: The name of the actor, which is part of every master's PID.
NAME = "master"


class Call(Protocol):
    """A call of a framework other than SUBSCRIBE."""

    @property
    def framework_id(self) -> FrameworkID:
        """The framework it is for."""


class MasterActor(Actor):
    """Owns the state of the cluster. `write_task` makes the JSON of tasks that readers are to find ready."""

    routes: ClassVar[dict[str, type]] = {
        "offers": pages.GetOffers,
        "shares": operator.GetShares,
        "explain": operator.Explain,
        "page/overview": pages.GetOverview,
        "page/task": pages.GetTask,
    }

    def __init__(
        self,
        settings: MasterSettings,
        options: AllocatorOptions,
        weights: dict[str, float],
        write_task: Callable[[Task], bytes] | None = None,
    ) -> None:
        self._settings = settings
        self._options = options
        self._weights = weights
        self._write_task = write_task
        self._share_askers: deque[PID] = deque()

    def initialize(self) -> None:
        allocator = AllocatorActor(self._options, self.pid)
        self.allocator = self.spawn(allocator, "allocator")
        self.started_s = self.clock.wall()
        ids = Ids(str(self.rng().uuid()))
        self.state = MasterState(self._settings.max_completed_frameworks, self._write_task)
        self._feed = Feed(self.state, self.send)
        self.context = Context(
            state=self.state,
            feed=self._feed,
            settings=self._settings,
            info=self._info(ids.master),
            ids=ids,
            send=self.send,
            allocator=self._tell_allocator,
            later=self.delay,
            link=self.link,
            wall=self.clock.wall,
            now=self.clock.now,
            count=self.metrics.count,
        )
        self._offers = Offers(self.context)
        self._tasks = Tasks(self.context)
        self._operations = Operations(self.context)
        self._accept = Acceptance(self.context, self._offers, self._tasks)
        self._frameworks = Frameworks(self.context, self._offers, self._tasks)
        self._agents = Agents(self.context, self._offers, self._tasks, self._frameworks.recover)
        self._frameworks.agents = self._agents
        self._commands = Commands(self.context, self._tasks, self._agents)
        self._declare_metrics()
        if self._weights:
            self._tell_allocator(alloc.UpdateWeights(self._weights))

    def _tell_allocator(self, message: object) -> None:
        self.send(self.allocator, message)

    def _info(self, master_id: str) -> MasterInfo:
        host, port = split_address(self.pid.address)
        kinds = MasterCapability.Type
        return MasterInfo(
            id=master_id,
            ip=_ip_word(host),
            port=port,
            pid=str(self.pid),
            hostname=self._settings.hostname,
            version=PROTOCOL_VERSION,
            address=Address(hostname=self._settings.hostname, ip=host, port=port),
            capabilities=tuple(
                MasterCapability(type=kind)
                for kind in (kinds.AGENT_UPDATE, kinds.AGENT_DRAINING, kinds.QUOTA_V2)
            ),
        )

    def _declare_metrics(self) -> None:
        counters.declare(
            self.metrics, self.state, self.handled, self.waiting_types,
            per_framework=self._settings.publish_per_framework_metrics,
        )  # fmt: skip
        self.metrics.gauge("master/elected", lambda: 1.0)  # there is one master, which leads
        self.metrics.gauge("master/uptime_secs", lambda: self.clock.wall() - self.started_s)

    # -- allocator ----------------------------------------------------------------------------

    @handles
    def on_offers_made(self, sender: PID, message: alloc.OffersMade) -> None:
        self._offers.make(message)

    # -- schedulers ---------------------------------------------------------------------------

    @handles
    def on_subscribe(self, sender: PID, message: schedulers.Subscribe) -> None:
        self.metrics.count(counters.subscription_key(message))
        self._frameworks.subscribe(sender, message)
        framework = self.state.framework_by_pid.get(sender)
        if framework is not None:  # it is not refused
            self.state.count_call(framework, schedulers.Subscribe)

    def _framework(self, sender: PID, message: Call) -> FrameworkEntry | None:
        """The framework a call is for, if it comes from its subscribed scheduler."""
        framework = self.state.framework_by_pid.get(sender)
        if framework is not None and framework.id == message.framework_id.value:
            self.state.count_call(framework, type(message))
            return framework
        self.metrics.count("master/dropped_messages")
        return None

    @handles
    def on_teardown(self, sender: PID, message: schedulers.Teardown) -> None:
        if framework := self._framework(sender, message):
            self._frameworks.torn_down(framework)

    @handles
    def on_accept(self, sender: PID, message: schedulers.Accept) -> None:
        if framework := self._framework(sender, message):
            self._work(self._accept.accept(framework, message))

    @handles
    def on_rest(self, sender: PID, message: Rest) -> None:
        self._work(message.work)

    def _work(self, work: Iterator[None]) -> None:
        """Do some of what may be long; the rest comes next."""
        if sum(1 for _ in islice(work, TASKS_AT_ONCE)) == TASKS_AT_ONCE:
            self.go_on(Rest(work))

    @handles
    def on_decline(self, sender: PID, message: schedulers.Decline) -> None:
        if framework := self._framework(sender, message):
            ids = [offer_id.value for offer_id in message.offer_ids]
            self._offers.decline(framework, ids, message.filters)

    @handles
    def on_revive(self, sender: PID, message: schedulers.Revive) -> None:
        if framework := self._framework(sender, message):
            self._frameworks.revive(framework, message.roles)

    @handles
    def on_suppress(self, sender: PID, message: schedulers.Suppress) -> None:
        if framework := self._framework(sender, message):
            self._frameworks.suppress(framework, message.roles)

    @handles
    def on_kill(self, sender: PID, message: schedulers.Kill) -> None:
        if framework := self._framework(sender, message):
            self._tasks.kill(framework, message)

    @handles
    def on_acknowledge(self, sender: PID, message: schedulers.Acknowledge) -> None:
        if framework := self._framework(sender, message):
            self._tasks.acknowledged(framework, message)

    @handles
    def on_reconcile(self, sender: PID, message: schedulers.Reconcile) -> None:
        if framework := self._framework(sender, message):
            self._tasks.reconcile(framework, message)

    @handles
    def on_update_framework(self, sender: PID, message: schedulers.UpdateFramework) -> None:
        if framework := self._framework(sender, message):
            self._frameworks.update(framework, message)

    @handles
    def on_reconcile_operations(self, sender: PID, message: schedulers.ReconcileOperations) -> None:
        if framework := self._framework(sender, message):
            self._operations.reconcile(framework, message)

    @handles
    def on_acknowledge_operation_status(
        self, sender: PID, message: schedulers.AcknowledgeOperationStatus
    ) -> None:
        if framework := self._framework(sender, message):
            self._operations.acknowledged(framework, message)

    @handles
    def on_request_resources(self, sender: PID, message: schedulers.RequestResources) -> None:
        """The allocator goes by shares alone, so requests are heard and forgotten."""
        self._framework(sender, message)

    @handles
    def on_inverse_offers_answered(
        self, sender: PID, message: schedulers.AcceptInverseOffers | schedulers.DeclineInverseOffers
    ) -> None:
        """No inverse offers are made before there is maintenance, so none of these is known."""
        if self._framework(sender, message):
            self.metrics.count("master/unknown_inverse_offers", len(message.inverse_offer_ids))

    @handles
    def on_get_standing(self, sender: PID, message: subscription.GetStanding) -> None:
        framework = self.state.frameworks.get(message.framework_id.value)
        if framework is None:
            self.send(sender, subscription.Stands(is_known=False))
        else:
            stands = subscription.Stands(True, framework.is_connected, framework.info.principal)
            self.send(sender, stands)

    @handles
    def on_shutdown(self, sender: PID, message: schedulers.Shutdown) -> None:
        framework = self._framework(sender, message)
        agent = self.state.agents.get(message.agent_id.value)
        if framework is not None and agent is not None:
            self.send(agent.pid, agents.ShutdownExecutor(framework.id, message.executor_id.value))

    @handles
    def on_message_to_executor(self, sender: PID, message: schedulers.MessageToExecutor) -> None:
        framework = self._framework(sender, message)
        agent = self.state.agents.get(message.agent_id.value)
        if framework is not None and agent is not None and agent.is_connected:
            self.metrics.count("master/valid_framework_to_executor_messages")
            out = agents.MessageToExecutor(framework.id, message.executor_id.value, message.data)
            self.send(agent.pid, out)
        else:
            self.metrics.count("master/invalid_framework_to_executor_messages")

    # -- agents -------------------------------------------------------------------------------

    @handles
    def on_register_agent(self, sender: PID, message: agents.RegisterAgent) -> None:
        self._agents.register(sender, message)

    @handles
    def on_reregister_agent(self, sender: PID, message: agents.ReregisterAgent) -> None:
        self._agents.reregister(sender, message)

    @handles
    def on_unregister_agent(self, sender: PID, message: agents.UnregisterAgent) -> None:
        agent = self.state.agent_by_pid.get(sender)
        if agent is not None and agent.id == message.agent_id:
            self._agents.remove(agent, "it unregistered")

    @handles
    def on_pong(self, sender: PID, message: agents.Pong) -> None:
        self._agents.pong(sender)

    @handles
    def on_status_update(self, sender: PID, message: agents.StatusUpdate) -> None:
        self._tasks.reported(sender, message)

    @handles
    def on_executor_exited(self, sender: PID, message: agents.ExecutorExited) -> None:
        agent = self.state.agent_by_pid.get(sender)
        if agent is not None:
            self._agents.executor_exited(agent, message)

    @handles
    def on_message_to_scheduler(self, sender: PID, message: agents.MessageToScheduler) -> None:
        framework = self.state.frameworks.get(message.framework_id)
        if framework is not None and framework.is_connected:
            self.metrics.count("master/valid_executor_to_framework_messages")
            out = schedulers.MessageFromExecutor(
                AgentID(message.agent_id), ExecutorID(message.executor_id), message.data
            )
            self.context.tell(framework, out)
        else:
            self.metrics.count("master/invalid_executor_to_framework_messages")

    # -- the passing of time, and of peers ----------------------------------------------------

    def on_exited(self, pid: PID, reason: str) -> None:
        if self._feed.unwatch(pid):
            return
        if agent := self.state.agent_by_pid.get(pid):
            self._agents.disconnected(agent, reason)
        elif framework := self.state.framework_by_pid.get(pid):
            self._frameworks.disconnected(framework, reason)

    @handles
    def on_ping_due(self, sender: PID, message: timers.PingDue) -> None:
        self._agents.ping(message)

    @handles
    def on_reregistration_late(self, sender: PID, message: timers.ReregistrationLate) -> None:
        self._agents.reregistration_late(message)

    @handles
    def on_failover_late(self, sender: PID, message: timers.FailoverLate) -> None:
        self._frameworks.failover_late(message)

    @handles
    def on_offer_late(self, sender: PID, message: timers.OfferLate) -> None:
        self._offers.time_out(message.offer_id)

    @handles
    def on_heartbeat_due(self, sender: PID, message: timers.HeartbeatDue) -> None:
        self._frameworks.heartbeat(message)

    # -- readers ------------------------------------------------------------------------------

    @handles
    def on_open_walk(self, sender: PID, message: reading.OpenWalk) -> None:
        self.send(sender, reading.WalkOpened(self._head(), walks.begin(self.state, message.wanted)))

    @handles
    def on_read_on(self, sender: PID, message: reading.ReadOn) -> None:
        self.send(sender, message.walk.page())

    @handles
    def on_unwatch(self, sender: PID, message: watching.Unwatch) -> None:
        self._feed.unwatch(sender)

    @handles
    def on_watch(self, sender: PID, message: watching.Watch) -> None:
        self._feed.watch(sender)
        self.link(sender)

    @handles
    def on_get_away(self, sender: PID, message: reading.GetAway) -> None:
        self.send(sender, reading.Away(self.state.away_agents.listed(message.agent_id)))

    @handles
    def on_get_roles(self, sender: PID, message: reading.GetRoles) -> None:
        self.send(sender, views.roles(self.state, self._weights))

    def _head(self) -> reading.Head:
        agents_ = self.state.agents.values()
        active = sum(agent.is_connected for agent in agents_)
        return reading.Head(
            self.context.info,
            self.pid,
            self.started_s,
            self.started_s,
            active,
            len(agents_) - active,
            len(self.state.unreachable_agents),
        )

    # -- operators ----------------------------------------------------------------------------

    @handles
    def on_tear_down(self, sender: PID, message: operator.TearDown) -> None:
        framework = self.state.frameworks.get(message.framework_id)
        if framework is None:
            self.send(sender, operator.TornDown(f"No framework found with ID {message.framework_id!r}"))
            return
        if framework.is_connected:
            self.context.tell(framework, schedulers.Error("Framework was torn down by an operator"))
        self._frameworks.remove(framework, "an operator tore it down")
        self.send(sender, operator.TornDown())

    @handles
    def on_get_overview(self, sender: PID, message: pages.GetOverview) -> None:
        self.send(sender, page.overview(self.state))

    @handles
    def on_get_offers(self, sender: PID, message: pages.GetOffers) -> None:
        self.send(sender, page.offers(self.state, message, self.clock.now(), self.clock.wall()))

    @handles
    def on_get_task(self, sender: PID, message: pages.GetTask) -> None:
        self.send(sender, page.task(self.state, message))

    @handles
    def on_kill_task(self, sender: PID, message: operator.KillTask) -> None:
        self.send(sender, self._commands.kill(message))

    @handles
    def on_mark_agent_gone(self, sender: PID, message: operator.MarkAgentGone) -> None:
        self.send(sender, self._commands.mark_gone(message))

    @handles
    def on_get_agents(self, sender: PID, message: operator.GetAgents) -> None:
        self.send(sender, views.agents(self.state, message))

    @handles
    def on_get_frameworks(self, sender: PID, message: operator.GetFrameworks) -> None:
        self.send(sender, views.frameworks(self.state, message))

    @handles
    def on_get_tasks(self, sender: PID, message: operator.GetTasks) -> None:
        self.send(sender, views.tasks(self.state, message))

    @handles
    def on_get_shares(self, sender: PID, message: operator.GetShares) -> None:
        self._share_askers.append(sender)
        self._tell_allocator(alloc.GetShares())

    @handles
    def on_shares(self, sender: PID, message: alloc.Shares) -> None:
        self.send(self._share_askers.popleft(), views.shares(message.roles))

    @handles
    def on_explain(self, sender: PID, message: operator.Explain) -> None:
        self._tell_allocator(alloc.Explain(message.framework_id, message.role, sender))

    @handles
    def on_explained(self, sender: PID, message: alloc.Explained) -> None:
        if message.asker is not None:
            self.send(message.asker, views.explanation(message))


def _ip_word(host: str) -> int:
    """An IPv4 address as the API has it: network byte order read as a little-endian number."""
    parts = host.split(".")
    if len(parts) != 4 or not all(part.isdigit() for part in parts):
        return 0
    return sum(int(part) << (8 * index) for index, part in enumerate(parts))
