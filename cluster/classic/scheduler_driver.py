"""The classic scheduler driver, on top of the typed API.

Differences from the original: an exception in a callback is logged and the driver goes on;
acknowledgements, heartbeats, subscriptions and reconciliation after a lost connection need no help.
Credentials give the principal; they are not checked yet. Inverse offers and resource requests are
accepted and ignored.

Source: Mesos src/python/interface, src/sched/sched.cpp; pymesos scheduler.py.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from typing import Any

import msgspec

from cluster.classic.messages import Message
from cluster.classic.styles import Style, listed, style_of, to_bytes, to_model
from cluster.model import (
    AgentID,
    Capability,
    Credential,
    ExecutorID,
    Filters,
    FrameworkID,
    FrameworkInfo,
    MasterInfo,
    OfferID,
    Operation,
    OperationStatus,
    TaskID,
    TaskInfo,
    TaskStatus,
)
from cluster.scheduler.driver import Handle, start
from cluster.scheduler.framework import Framework
from cluster.scheduler.offers import Offer
from cluster.scheduler.updates import Update

log = logging.getLogger(__name__)

DRIVER_NOT_STARTED, DRIVER_RUNNING, DRIVER_ABORTED, DRIVER_STOPPED = 1, 2, 3, 4
#: Failover time-out that pymesos gives to frameworks that do not say, in seconds.
PYMESOS_FAILOVER_S = 100.0


class ClassicFramework(Framework):
    """Passes what the typed API says on to the callbacks of a classic scheduler."""

    def __init__(self, driver: MesosSchedulerDriver, info: FrameworkInfo, acknowledges: bool) -> None:
        self.driver = driver
        self.info = info
        self.name = info.name
        self.framework_id = None if info.id is None else info.id.value
        self.acknowledge_by = "auto" if acknowledges else "manual"
        self._is_known = self.framework_id is not None and isinstance(driver.described, Mapping)

    def describe(self, user: str, hostname: str) -> FrameworkInfo:
        info = self.info
        return msgspec.structs.replace(info, user=info.user or user, hostname=info.hostname or hostname)

    def on_subscribed(self, again: bool) -> None:
        assert self.framework_id is not None
        assert self.master_info is not None
        self.driver.subscribed(self.framework_id, self.master_info, again or self._is_known)

    def on_offers(self, offers: list[Offer]) -> None:
        for offer in offers:
            offer.hold()
        try:
            self.driver.callback("resourceOffers", [offer.info for offer in offers])
        except Exception:
            for offer in offers:
                if offer.is_usable:
                    offer.decline()
            raise

    def on_rescinded(self, offer: Offer) -> None:
        self.driver.callback("offerRescinded", offer.info.id)

    def on_update(self, update: Update) -> None:
        self.driver.callback("statusUpdate", update.status)

    def on_operation(self, status: OperationStatus) -> None:
        self.driver.callback("operationStatusUpdate", status)

    def on_message(self, agent_id: str, executor_id: str, data: bytes) -> None:
        self.driver.callback("frameworkMessage", ExecutorID(executor_id), AgentID(agent_id), data)

    def on_failure(self, agent_id: str, executor_id: str | None, status: int | None) -> None:
        if executor_id is None:
            self.driver.callback("slaveLost", AgentID(agent_id))
        else:
            self.driver.callback("executorLost", ExecutorID(executor_id), AgentID(agent_id), status or 0)

    def on_error(self, message: str) -> None:
        self.driver.failed(message)

    def on_disconnected(self, reason: str) -> None:
        self.driver.callback("disconnected")


class MesosSchedulerDriver:
    """Connects a classic scheduler to a master.

    ``MesosSchedulerDriver(scheduler, framework, master[, implicitAcknowledgements][, credential])``
    with messages of `mesos_pb2`, or
    ``MesosSchedulerDriver(sched, framework, master_uri, use_addict=False,
    implicit_acknowledgements=True, principal=None, secret=None, failover=False, timeout=...)``
    with dicts. Methods may be called from any thread; they return the status of the driver.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        options = constructor_options(args, kwargs)
        self.scheduler = options["scheduler"]
        self.described: Any = options["framework"]
        self._master = str(options["master"])
        self._failover = bool(options["failover"])
        self._status = DRIVER_NOT_STARTED
        self._is_connected = False
        self._style: Style = style_of(self.described)
        info = framework_info(self.described, options["principal"])
        self._framework = ClassicFramework(self, info, bool(options["implicit_acknowledgements"]))
        self._handle: Handle | None = None

    # -- life ---------------------------------------------------------------------------------

    def start(self) -> int:
        """Connect; callbacks come from now on."""
        if self._status == DRIVER_NOT_STARTED:
            self._status = DRIVER_RUNNING
            self._handle = start(self._framework, self._master)
        return self._status

    def stop(self, failover: bool | None = None) -> int:
        """End; without `failover` the framework is torn down and its tasks are killed."""
        return self._end(DRIVER_STOPPED, self._failover if failover is None else failover)

    def abort(self) -> int:
        """No more callbacks. The framework lives on for its failover time-out, as after a crash."""
        return self._end(DRIVER_ABORTED, failover=True)

    def _end(self, status: int, failover: bool) -> int:
        if self._handle is not None and self._status == DRIVER_RUNNING:
            self._status = status
            self._handle.stop(failover)
        return self._status

    def join(self) -> int:
        """Wait until the driver is stopped or aborted."""
        if self._handle is not None:
            self._handle.join()
        return self._status

    def run(self) -> int:
        """Start and join."""
        self.start()
        return self.join()

    # -- answering offers ---------------------------------------------------------------------

    def launchTasks(self, offerIds: Any, tasks: Any, filters: Any = None) -> int:
        """Launch tasks on offers of one agent; no tasks: decline."""
        infos = tuple(to_model(TaskInfo, task) for task in listed(tasks))
        if not infos:
            return self.declineOffer(offerIds, filters)
        launch = Operation(type=Operation.Type.LAUNCH, launch=Operation.Launch(task_infos=infos))
        return self._accept(offerIds, [launch], filters)

    def acceptOffers(self, offerIds: Any, operations: Any, filters: Any = None) -> int:
        """Apply operations to offers of one agent; no operations: decline."""
        wanted = [to_model(Operation, operation) for operation in listed(operations)]
        if not wanted:
            return self.declineOffer(offerIds, filters)
        return self._accept(offerIds, wanted, filters)

    def _accept(self, offer_ids: Any, operations: list[Operation], filters: Any) -> int:
        if self._status == DRIVER_RUNNING:
            self._framework.session.accept(_offer_ids(offer_ids), operations, _filters(filters))
        return self._status

    def declineOffer(self, offerIds: Any, filters: Any = None) -> int:
        """Give offers back."""
        if self._status == DRIVER_RUNNING:
            self._framework.session.decline(_offer_ids(offerIds), _filters(filters))
        return self._status

    declineOffers = declineOffer

    def reviveOffers(self, roles: Any = ()) -> int:
        """Lift all filters and suppression."""
        if self._status == DRIVER_RUNNING:
            self._framework.revive(*roles)
        return self._status

    def suppressOffers(self, roles: Any = ()) -> int:
        """Ask for no more offers."""
        if self._status == DRIVER_RUNNING:
            self._framework.suppress(*roles)
        return self._status

    def acceptInverseOffers(self, offerIds: Any, filters: Any = None) -> int:
        """Ignored."""
        return self._status

    declineInverseOffer = acceptInverseOffers

    # -- tasks --------------------------------------------------------------------------------

    def killTask(self, taskId: Any) -> int:
        """Kill a task."""
        if self._status == DRIVER_RUNNING:
            self._framework.kill(to_model(TaskID, taskId).value)
        return self._status

    def acknowledgeStatusUpdate(self, status: Any) -> int:
        """Acknowledge an update, if acknowledging is explicit."""
        if self._status == DRIVER_RUNNING:
            self._framework.acknowledge(Update(to_model(TaskStatus, status)))
        return self._status

    def acknowledgeOperationStatusUpdate(self, status: Any) -> int:
        """Ignored: operations with ids are not there yet."""
        return self._status

    def reconcileTasks(self, statuses: Any) -> int:
        """Have the state of these tasks (none: of all) reported."""
        if self._status == DRIVER_RUNNING:
            tasks = [one["task_id"] if isinstance(one, Mapping) else one.task_id for one in statuses]
            self._framework.reconcile(to_model(TaskID, task).value for task in tasks)
        return self._status

    def sendFrameworkMessage(self, executorId: Any, slaveId: Any, data: str | bytes) -> int:
        """Send bytes to an executor, best effort."""
        if self._status == DRIVER_RUNNING:
            executor_id, agent_id = to_model(ExecutorID, executorId), to_model(AgentID, slaveId)
            self._framework.message(agent_id.value, executor_id.value, self._bytes(data))
        return self._status

    def requestResources(self, requests: Any) -> int:
        """Ignored, as by the allocator of the original."""
        return self._status

    def _bytes(self, data: str | bytes) -> bytes:
        is_dict = isinstance(self.described, Mapping)
        return to_bytes(data) if is_dict or isinstance(data, bytes) else data.encode()

    # -- looking ------------------------------------------------------------------------------

    @property
    def framework_id(self) -> str | None:
        """The framework's id once it is known."""
        return self._framework.framework_id

    @property
    def connected(self) -> bool:
        """Whether the framework is subscribed."""
        return self._is_connected

    @property
    def aborted(self) -> bool:
        """Whether the driver does not run."""
        return self._status != DRIVER_RUNNING

    # -- called by the framework --------------------------------------------------------------

    def subscribed(self, framework_id: str, master: MasterInfo, is_again: bool) -> None:
        """The master took us."""
        self._is_connected = True
        if isinstance(self.described, MutableMapping):
            self.described["id"] = {"value": framework_id}
        if is_again:
            self.callback("reregistered", master)
        else:
            self.callback("registered", FrameworkID(framework_id), master)

    def failed(self, message: str) -> None:
        """The master ended the subscription; the original aborts first, then tells."""
        self._status = DRIVER_ABORTED
        self.callback("error", message)

    def callback(self, name: str, *values: Any) -> None:
        """Call the scheduler, if it has such a callback, with values in its style."""
        if name == "disconnected":
            self._is_connected = False
        method = getattr(self.scheduler, name, None)
        if method is not None:
            method(self, *(self._shown(value) for value in values))

    def _shown(self, value: Any) -> Any:
        if isinstance(value, msgspec.Struct):
            return self._style.show(value)
        if isinstance(value, bytes):
            return self._style.show_data(value)
        return [self._shown(one) for one in value] if isinstance(value, list) else value


def constructor_options(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of either constructor under one set of names.

    Raises:
        TypeError: an argument is missing, unknown or given twice.
    """
    names = {"sched": "scheduler", "master_uri": "master"}
    names["implicitAcknowledgements"] = "implicit_acknowledgements"
    known: dict[str, Any] = {names.get(name, name): value for name, value in kwargs.items()}
    described = args[1] if len(args) > 1 else known.get("framework")
    if isinstance(described, Mapping):
        order = ["scheduler", "framework", "master", "use_addict", "implicit_acknowledgements"]
        order += ["principal", "secret", "failover", "timeout"]
    else:
        order = ["scheduler", "framework", "master", "implicit_acknowledgements", "credential"]
        if len(args) > 3 and isinstance(args[3], Message):
            order.remove("implicit_acknowledgements")
    if len(args) > len(order):
        raise TypeError(f"MesosSchedulerDriver takes at most {len(order)} arguments, {len(args)} given")
    for name, value in zip(order, args, strict=False):
        if name in known:
            raise TypeError(f"MesosSchedulerDriver got {name!r} twice")
        known[name] = value
    defaults = {"use_addict": False, "implicit_acknowledgements": True, "principal": None, "secret": None}
    allowed = {**defaults, "failover": False, "timeout": None, "credential": None}
    if missing := {"scheduler", "framework", "master"} - known.keys():
        raise TypeError(f"MesosSchedulerDriver needs {', '.join(sorted(missing))}")
    if unknown := known.keys() - allowed.keys() - {"scheduler", "framework", "master"}:
        raise TypeError(f"MesosSchedulerDriver has no argument {', '.join(sorted(unknown))}")
    options = {**allowed, **known}
    if options["credential"] is not None and options["principal"] is None:
        options["principal"] = to_model(Credential, options["credential"]).principal
    return options


def framework_info(described: Any, principal: str | None) -> FrameworkInfo:
    """The description of a classic framework, completed as its driver would.

    Raises:
        ValueError: a value has the wrong type.
    """
    if isinstance(described, Mapping):
        filled = {"user": "", "name": "", "failover_timeout": PYMESOS_FAILOVER_S, **described}
        info = to_model(FrameworkInfo, filled)
        gpus = Capability(type=Capability.Type.GPU_RESOURCES)
        if gpus not in info.capabilities:
            info = msgspec.structs.replace(info, capabilities=(*info.capabilities, gpus))
    else:
        info = to_model(FrameworkInfo, described)
    if info.id is not None and not info.id.value:
        info = msgspec.structs.replace(info, id=None)
    return msgspec.structs.replace(info, principal=info.principal or principal)


def _offer_ids(given: Any) -> list[Offer | str]:
    return [to_model(OfferID, offer_id).value for offer_id in listed(given)]


def _filters(given: Any) -> Filters | None:
    return None if given is None else to_model(Filters, given)
