"""An offer in the hands of a framework: what is left of it, and what it is used for."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from cluster.model import (
    Attribute,
    CommandInfo,
    ContainerInfo,
    DurationInfo,
    ExecutorID,
    ExecutorInfo,
    Filters,
    HealthCheck,
    KillPolicy,
    Operation,
    Pairs,
    Range,
    Ranges,
    ReservationInfo,
    Resource,
    Resources,
    TaskID,
    TaskInfo,
    ValueType,
)
from cluster.model import Offer as OfferInfo
from cluster.protocol import scheduler as v1
from cluster.scheduler.describe import command_info, labels_info
from cluster.scheduler.errors import DoesNotFit, OfferGone
from cluster.scheduler.events import UNSET
from cluster.scheduler.files import agent_address

if TYPE_CHECKING:
    from cluster.scheduler.session import Session

AttributeValue: TypeAlias = str | float | tuple[tuple[int, int], ...]

_NANOS = 1_000_000_000


class Use(enum.Enum):
    """What became of an offer. Only OPEN and HELD ones can be used; OPEN ones are declined."""

    OPEN = "open"
    HELD = "held"
    ACCEPTED = "used up"
    DECLINED = "declined"
    RESCINDED = "rescinded"


class Offer:
    """Resources of one agent offered for one role. mem and disk in MB.

    Launch as often as something is left; all launches of one handler call go out together when it
    returns, and with them the rest goes back. What is neither used nor held is declined then.
    """

    def __init__(self, info: OfferInfo, session: Session) -> None:
        self.info = info
        self.id = info.id.value
        self.agent_id = info.agent_id.value
        self.hostname = info.hostname
        self.attributes: dict[str, AttributeValue] = {a.name: _value_of(a) for a in info.attributes}
        self.left = Resources.of(info.resources).unallocated()
        self.role = _role_of(info)
        self.agent_address = agent_address(info)
        self.use = Use.OPEN
        self._session = session
        self._tasks: list[TaskInfo] = []
        self._executors: dict[ExecutorID, None] = dict.fromkeys(info.executor_ids)
        self._refuse_s: float | None = None

    def __repr__(self) -> str:
        return f"<Offer {self.id} of {self.hostname}: {self.left}, {self.use.value}>"

    # -- looking ------------------------------------------------------------------------------

    @property
    def cpus(self) -> float:
        """CPUs left."""
        return self.left.cpus

    @property
    def mem(self) -> float:
        """Memory left, in MB."""
        return self.left.mem

    @property
    def disk(self) -> float:
        """Disk left, in MB."""
        return self.left.disk

    @property
    def gpus(self) -> float:
        """GPUs left."""
        return self.left.gpus

    @property
    def ports(self) -> Pairs:
        """Ports left, as (first, last) pairs."""
        pairs: list[tuple[int, int]] = []
        for kind, amount in self.left:
            if kind.name == "ports" and isinstance(amount, tuple):
                pairs += amount
        return tuple(sorted(pairs))

    def free_ports(self, count: int) -> list[int]:
        """The lowest `count` ports left, for `launch(ports=...)`.

        Raises:
            DoesNotFit: fewer are left.
        """
        found: list[int] = []
        for first, last in self.ports:
            found += range(first, min(last, first + count - len(found) - 1) + 1)
            if len(found) >= count:
                return found
        raise DoesNotFit(f"{count} ports", str(self.left))

    @property
    def is_usable(self) -> bool:
        """Whether it can still be launched on."""
        return self.use in (Use.OPEN, Use.HELD)

    def fits(
        self,
        *,
        cpus: float = 0.0,
        mem: float = 0.0,
        disk: float = 0.0,
        gpus: float = 0.0,
        ports: Iterable[int] = (),
        resources: Resources | str | None = None,
        executor: ExecutorInfo | None = None,
    ) -> bool:
        """Whether a launch with the same arguments would find enough left."""
        if not self.is_usable:
            return False
        wanted = wanted_resources(cpus, mem, disk, gpus, ports, resources)
        return self._find(wanted + self._extra(executor)) is not None

    # -- using --------------------------------------------------------------------------------

    def launch(
        self,
        *,
        command: str | Sequence[str] | CommandInfo | None = None,
        executor: ExecutorInfo | None = None,
        name: str | None = None,
        task_id: str | None = None,
        cpus: float = 0.0,
        mem: float = 0.0,
        disk: float = 0.0,
        gpus: float = 0.0,
        ports: Iterable[int] = (),
        resources: Resources | str | None = None,
        env: Mapping[str, str] | None = None,
        uris: Sequence[str] = (),
        user: str | None = None,
        container: ContainerInfo | None = None,
        health_check: HealthCheck | None = None,
        kill_grace_s: float | None = None,
        max_run_s: float | None = None,
        data: bytes | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> str:
        """Launch a task and return its id.

        `command` runs in a shell if it is text, else directly with these arguments; `executor` is
        an executor of your own instead. `resources` come on top of the numbers. `env`, `uris` and
        `user` complete the command.

        Raises:
            DoesNotFit: not enough is left.
            OfferGone: the offer was used up, declined or rescinded.
            ValueError: neither command nor executor is given, or both are.
        """
        if (command is None) == (executor is None):
            raise ValueError("a task needs either a command or an executor")
        new_id = task_id or self._session.new_task_id(name)
        wanted = wanted_resources(cpus, mem, disk, gpus, ports, resources)
        task = TaskInfo(
            name=name or new_id,
            task_id=TaskID(new_id),
            agent_id=self.info.agent_id,
            resources=wanted.protos(),
            command=None if command is None else command_info(command, env, uris, user),
            executor=executor,
            container=container,
            health_check=health_check,
            kill_policy=None if kill_grace_s is None else KillPolicy(grace_period=_duration(kill_grace_s)),
            max_completion_time=None if max_run_s is None else _duration(max_run_s),
            data=data,
            labels=labels_info(labels),
        )
        return self.launch_task(task)

    def launch_task(self, task: TaskInfo) -> str:
        """Launch a task described in full; its agent id is filled in. Returns its id.

        Raises:
            DoesNotFit: not enough is left.
            OfferGone: the offer was used up, declined or rescinded.
            InvalidResource: a resource of the task is malformed.
        """
        self._check_usable()
        wanted = Resources.of(task.resources).unallocated()
        extra = self._extra(task.executor)
        found = self._find(wanted)
        rest = None if found is None else self._find(extra, self.left - found)
        if found is None or rest is None:
            raise DoesNotFit(str(wanted + extra), str(self.left))
        self.left = self.left - found - rest
        executor = task.executor
        if executor is not None:
            self._executors[executor.executor_id] = None
            executor = msgspec.structs.replace(executor, framework_id=self.info.framework_id)
        self._tasks.append(
            msgspec.structs.replace(
                task, agent_id=self.info.agent_id, resources=found.protos(), executor=executor
            )
        )
        self._session.touched(self)
        return task.task_id.value

    def decline(self, refuse_s: float | None = None) -> None:
        """Give the offer back; nothing like it is offered for `refuse_s` seconds.

        After launches, `refuse_s` counts for what they left over.

        Raises:
            OfferGone: the offer was used up, declined or rescinded.
        """
        self._check_usable()
        self._refuse_s = refuse_s
        self.use = Use.OPEN
        self._session.touched(self)

    def hold(self) -> None:
        """Keep the offer beyond the present handler call, until it is used, declined or rescinded.

        Raises:
            OfferGone: the offer was used up, declined or rescinded.
        """
        self._check_usable()
        self.use = Use.HELD

    # -- called by the session ----------------------------------------------------------------

    def settle(self, refuse_s: float) -> v1.Accept | v1.Decline | None:
        """What a handler's return means for this offer; None: it is held, or over already."""
        tasks, self._tasks = tuple(self._tasks), []
        if not tasks and self.use is not Use.OPEN:
            return None
        filters = Filters(refuse_seconds=refuse_s if self._refuse_s is None else self._refuse_s)
        if not tasks:
            self.use = Use.DECLINED
            return v1.Decline(framework_id=UNSET, offer_ids=(self.info.id,), filters=filters)
        # Also when it was rescinded since: whoever launched is told that the task was dropped.
        self.use = Use.ACCEPTED
        launch = Operation(type=Operation.Type.LAUNCH, launch=Operation.Launch(task_infos=tasks))
        return v1.Accept(framework_id=UNSET, offer_ids=(self.info.id,), operations=(launch,), filters=filters)

    def take(self) -> None:
        """The offer is answered by a call made elsewhere.

        Raises:
            OfferGone: the offer was used up, declined or rescinded.
        """
        self._check_usable()
        if self._tasks:
            raise OfferGone(self.id, Use.ACCEPTED.value)
        self.use = Use.ACCEPTED

    def rescind(self) -> None:
        """The offer is no longer valid."""
        self.use = Use.RESCINDED

    # -- inside -------------------------------------------------------------------------------

    def _check_usable(self) -> None:
        if not self.is_usable:
            raise OfferGone(self.id, self.use.value)

    def _extra(self, executor: ExecutorInfo | None) -> Resources:
        """What an executor needs that does not run on the agent yet."""
        if executor is None or executor.executor_id in self._executors:
            return Resources.EMPTY
        return Resources.of(executor.resources).unallocated()

    def _find(self, wanted: Resources, left: Resources | None = None) -> Resources | None:
        """Where to take `wanted` from: exactly it, or what is reserved to our role, or the rest."""
        left = self.left if left is None else left
        if left.contains(wanted) and any(kind.is_reserved for kind, _ in wanted):
            return wanted
        if self.role == "*":
            return left.find(wanted)
        ours = ReservationInfo(type=ReservationInfo.Type.STATIC, role=self.role)
        return left.find(wanted.to_unreserved().push_reservation(ours))


def wanted_resources(
    cpus: float,
    mem: float,
    disk: float,
    gpus: float,
    ports: Iterable[int],
    resources: Resources | str | None,
) -> Resources:
    """Add up the ways in which a launch says what it needs; text is parsed.

    Raises:
        InvalidResource, InvalidResources: a number or the text is malformed.
    """
    total = Resources.scalar(cpus=cpus, mem=mem, disk=disk, gpus=gpus)
    if wanted := tuple(Range(begin=port, end=port) for port in ports):
        entry = Resource(name="ports", type=ValueType.RANGES, ranges=Ranges(range=wanted))
        total = total + Resources.of((entry,))
    if isinstance(resources, str):
        resources = Resources.parse(resources)
    return total if resources is None else total + resources


def _role_of(info: OfferInfo) -> str:
    if info.allocation_info is not None and info.allocation_info.role is not None:
        return info.allocation_info.role
    roles = Resources.of(info.resources).roles
    return roles[0] if roles else "*"


def _value_of(attribute: Attribute) -> AttributeValue:
    match attribute.type:
        case ValueType.SCALAR:
            return attribute.scalar.value if attribute.scalar is not None else 0.0
        case ValueType.RANGES:
            ranges = attribute.ranges.range if attribute.ranges is not None else ()
            return tuple((one.begin, one.end) for one in ranges)
        case _:
            return attribute.text.value if attribute.text is not None else ""


def _duration(seconds: float) -> DurationInfo:
    return DurationInfo(nanoseconds=round(seconds * _NANOS))
