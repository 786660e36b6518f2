"""Frameworks: what a user writes to run tasks in a cluster.

::

    class Everywhere(Framework):
        name = "everywhere"

        def on_offers(self, offers):
            for offer in offers:
                offer.launch(command="uname -a", cpus=0.1, mem=32)

    run(Everywhere(), master="10.10.10.11:5050")
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Literal, TypedDict, Unpack

from cluster.model import (
    AgentID,
    Capability,
    DurationInfo,
    ExecutorID,
    Filters,
    FrameworkID,
    FrameworkInfo,
    KillPolicy,
    MasterInfo,
    Operation,
    OperationStatus,
    TaskID,
)
from cluster.protocol import scheduler as v1
from cluster.scheduler.describe import labels_info
from cluster.scheduler.errors import NotStarted
from cluster.scheduler.events import UNSET, Stop
from cluster.scheduler.offers import Offer
from cluster.scheduler.session import Later, Reading, Session
from cluster.scheduler.updates import Update

log = logging.getLogger(__name__)

DEFAULT_CAPABILITIES = ("MULTI_ROLE", "RESERVATION_REFINEMENT", "PARTITION_AWARE", "TASK_KILLING_STATE")

AcknowledgeBy = Literal["auto", "manual"]


class FrameworkOptions(TypedDict, total=False):
    """The options of a framework, as keywords of its constructor."""

    name: str
    user: str
    role: str
    roles: tuple[str, ...]
    framework_id: str | None
    failover_timeout_s: float
    checkpoint: bool
    capabilities: tuple[str, ...]
    hostname: str
    principal: str | None
    webui_url: str | None
    labels: Mapping[str, str]
    refuse_s: float
    acknowledge_by: AcknowledgeBy


class Framework:
    """Base of frameworks. Override handlers, call actions; both on the thread of the handlers.

    Options are class attributes or keywords of the constructor; a subclass with a constructor of
    its own need not call this one. A handler that raises is logged and stops nothing: its launches
    stand, the offers it did not use are declined, its update is acknowledged all the same (with
    `acknowledge_by = "manual"` it is not, but then nothing acknowledges except you).

    Options: `user` whom tasks run as (default: who runs this). `role` or `roles` to get offers for.
    `framework_id` of an earlier run to continue it. `failover_timeout_s`: how long tasks live on
    after the connection ended without `stop`. `checkpoint`: tasks survive a restart of their agent.
    `refuse_s`: how long offers like one that was not used are not wanted.
    """

    name: str = "framework"
    user: str = ""
    role: str = "*"
    roles: tuple[str, ...] = ()
    framework_id: str | None = None
    failover_timeout_s: float = 100.0
    checkpoint: bool = False
    capabilities: tuple[str, ...] = DEFAULT_CAPABILITIES
    hostname: str = ""
    principal: str | None = None
    webui_url: str | None = None
    labels: Mapping[str, str] = {}
    refuse_s: float = 5.0
    acknowledge_by: AcknowledgeBy = "auto"

    #: The master subscribed with last.
    master_info: MasterInfo | None = None

    _session: Session | None = None
    _options: ClassVar[frozenset[str]] = frozenset(FrameworkOptions.__annotations__)

    def __init__(self, **options: Unpack[FrameworkOptions]) -> None:
        for name, value in options.items():
            if name not in self._options:
                raise TypeError(f"{name!r} is not an option of a framework")
            setattr(self, name, value)

    # -- handlers: override what you need -----------------------------------------------------

    def on_start(self) -> None:
        """Called first, before there is a connection. If it raises, the framework is not run."""

    def on_subscribed(self, again: bool) -> None:
        """The master took us; `framework_id` is known. `again`: it had taken us in this run before."""

    def on_offers(self, offers: list[Offer]) -> None:
        """Resources are offered. What is neither used nor held when this returns is declined."""

    def on_rescinded(self, offer: Offer) -> None:
        """An offer that was held is no longer valid."""

    def on_update(self, update: Update) -> None:
        """The state of a task changed. Acknowledged when this returns, unless by hand."""

    def on_operation(self, status: OperationStatus) -> None:
        """The state of an operation that was given an id changed."""

    def on_message(self, agent_id: str, executor_id: str, data: bytes) -> None:
        """An executor sent a message, best effort."""

    def on_failure(self, agent_id: str, executor_id: str | None, status: int | None) -> None:
        """An agent is lost, or an executor on it ended with a raw wait status. Updates follow."""

    def on_error(self, message: str) -> None:
        """The master ended the subscription for good; the framework stops with exit code 1."""
        log.error("framework %s: %s", self.name, message)

    def on_disconnected(self, reason: str) -> None:
        """The master is lost; a new subscription is tried by itself, tasks go on meanwhile."""

    # -- actions ------------------------------------------------------------------------------

    def kill(self, task_id: str, grace_s: float | None = None) -> None:
        """Kill a task; `grace_s`: time between asking it to end and killing it.

        Repeated after a lost connection, until the task ended.
        """
        policy = None
        if grace_s is not None:
            policy = KillPolicy(grace_period=DurationInfo(nanoseconds=round(grace_s * 1_000_000_000)))
        self.session.post(v1.Kill(framework_id=UNSET, task_id=TaskID(task_id), kill_policy=policy))

    def suppress(self, *roles: str) -> None:
        """Ask for no more offers, for some roles or all."""
        self.session.post(v1.Suppress(framework_id=UNSET, roles=roles))

    def revive(self, *roles: str) -> None:
        """Ask for offers again, also for those declined, for some roles or all."""
        self.session.post(v1.Revive(framework_id=UNSET, roles=roles))

    def reconcile(self, task_ids: Iterable[str] = ()) -> None:
        """Have the state of these tasks reported (none: of all); only needed out of curiosity."""
        tasks = tuple(v1.TaskToReconcile(task_id=TaskID(task_id)) for task_id in task_ids)
        self.session.post(v1.Reconcile(framework_id=UNSET, tasks=tasks))

    def accept(
        self, offers: Iterable[Offer | str], operations: Iterable[Operation], refuse_s: float | None = None
    ) -> None:
        """Answer offers of one agent with operations of your own making.

        Raises:
            OfferGone: one of them is used already.
        """
        filters = Filters(refuse_seconds=self.refuse_s if refuse_s is None else refuse_s)
        self.session.accept(offers, operations, filters)

    def decline(self, offers: Iterable[Offer | str], refuse_s: float | None = None) -> None:
        """Give offers back that were held.

        Raises:
            OfferGone: one of them is used already.
        """
        filters = Filters(refuse_seconds=self.refuse_s if refuse_s is None else refuse_s)
        self.session.decline(offers, filters)

    def message(self, agent_id: str, executor_id: str, data: bytes) -> None:
        """Send bytes to an executor, best effort."""
        self.session.post(
            v1.MessageToExecutor(
                framework_id=UNSET,
                agent_id=AgentID(agent_id),
                executor_id=ExecutorID(executor_id),
                data=data,
            )
        )

    def shutdown_executor(self, agent_id: str, executor_id: str) -> None:
        """End an executor of your own with all its tasks."""
        self.session.post(
            v1.Shutdown(framework_id=UNSET, executor_id=ExecutorID(executor_id), agent_id=AgentID(agent_id))
        )

    def acknowledge(self, update: Update) -> None:
        """Say that an update is dealt with; the task's next one may come. For `manual` only."""
        self.session.acknowledge(update)

    def stop(self, failover: bool = False, exit_code: int = 0) -> None:
        """End; `run` returns `exit_code`. All tasks are killed, unless a successor takes over.

        The successor has `failover_timeout_s` to subscribe with our `framework_id`.
        """
        self.session.stop(Stop(failover, exit_code))

    def call_later(self, delay_s: float, call: Callable[[], object]) -> Later:
        """Have `call` run like a handler after `delay_s` seconds; `cancel()` takes it back."""
        return self.session.call_later(delay_s, call)

    def read_file(
        self,
        agent_id: str,
        executor_id: str,
        name: str,
        on_data: Callable[[bytes], None],
        on_end: Callable[[str], None],
        offset: int = 0,
    ) -> None:
        """Read file `name` of a sandbox from `offset` on; the executor of a command is its task id.

        `on_data` gets it in pieces of up to 1 MB, `on_end` then "" or why there is no more.
        """
        self.session.read_file(Reading(executor_id, name, offset, on_data, on_end), agent_id)

    def new_task_id(self, name: str | None = None) -> str:
        """A task id never used before."""
        return self.session.new_task_id(name)

    # -- for the machinery --------------------------------------------------------------------

    @property
    def session(self) -> Session:
        """What carries actions to the connection.

        Raises:
            NotStarted: the framework is not run yet.
        """
        if self._session is None:
            raise NotStarted(f"framework {self.name} is not started")
        return self._session

    def adopt(self, session: Session) -> None:
        """Be run by a session from now on."""
        self._session = session

    def describe(self, user: str, hostname: str) -> FrameworkInfo:
        """What the master is told; `user` and `hostname` where the options say nothing."""
        roles = self.roles or (self.role,)
        is_multi_role = "MULTI_ROLE" in self.capabilities
        return FrameworkInfo(
            user=self.user or user,
            name=self.name,
            id=None if self.framework_id is None else FrameworkID(self.framework_id),
            failover_timeout=float(self.failover_timeout_s),
            checkpoint=self.checkpoint,
            role=None if is_multi_role else roles[0],
            roles=roles if is_multi_role else (),
            hostname=self.hostname or hostname,
            principal=self.principal,
            webui_url=self.webui_url,
            capabilities=tuple(Capability(type=Capability.Type(c)) for c in self.capabilities),
            labels=labels_info(self.labels),
        )
