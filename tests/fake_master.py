"""A master that does what a test tells it, and remembers every call of schedulers."""

from __future__ import annotations

from typing import Any, TypeVar

from actors import PID, Actor, handles
from cluster.model import (
    URL,
    Address,
    AgentID,
    AllocationInfo,
    FrameworkID,
    MasterInfo,
    Offer,
    OfferID,
    Reason,
    Resources,
    Source,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
)
from cluster.protocol import scheduler as v1
from cluster.protocol.files import FileData, ReadFile

C = TypeVar("C")
HEARTBEAT_S = 15.0


class FakeMaster(Actor):
    """Subscribes whoever asks; everything else only when told to."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.scheduler: PID | None = None
        self.framework_id: FrameworkID | None = None
        self.refuses = ""
        self.is_beating = True
        self.count = 0

    def of(self, kind: type[C]) -> list[C]:
        """The calls of one kind so far."""
        return [call for call in self.calls if isinstance(call, kind)]

    def tell(self, event: object) -> None:
        """Send an event to the scheduler."""
        assert self.scheduler is not None
        self.send(self.scheduler, event)

    # -- calls --------------------------------------------------------------------------------

    @handles
    def on_subscribe(self, sender: PID, message: v1.Subscribe) -> None:
        self.calls.append(message)
        self.scheduler = sender
        if self.refuses:
            self.tell(v1.Error(message=self.refuses))
            return
        self.framework_id = message.framework_info.id or self.framework_id or FrameworkID("m-0000")
        info = MasterInfo(id="m", ip=1, port=5050)
        self.tell(
            v1.Subscribed(
                framework_id=self.framework_id, heartbeat_interval_seconds=HEARTBEAT_S, master_info=info
            )
        )
        self.send(self.pid, v1.Heartbeat())

    @handles
    def on_heartbeat(self, sender: PID, message: v1.Heartbeat) -> None:
        """Sent by itself, to itself, every interval."""
        if self.is_beating and self.scheduler is not None:
            self.tell(message)
        self.delay(HEARTBEAT_S, message)

    @handles
    def on_call(
        self,
        sender: PID,
        message: v1.Teardown
        | v1.Accept
        | v1.Decline
        | v1.Revive
        | v1.Suppress
        | v1.Kill
        | v1.Shutdown
        | v1.Acknowledge
        | v1.Reconcile
        | v1.MessageToExecutor,
    ) -> None:
        self.calls.append(message)

    # -- events -------------------------------------------------------------------------------

    def offer(self, *agents: str, resources: str = "cpus:4;mem:4096;ports:[31000-31009]") -> list[str]:
        """Offer resources of agents; the ids of the offers."""
        offers = []
        for agent in agents or ("a1",):
            self.count += 1
            offers.append(make_offer(f"o{self.count}", agent, resources))
        self.tell(v1.Offers(offers=tuple(offers)))
        return [offer.id.value for offer in offers]

    def rescind(self, offer_id: str) -> None:
        """Take an offer back."""
        self.tell(v1.Rescind(offer_id=OfferID(offer_id)))

    def update(self, task_id: str, state: str, uuid: bytes | None = None, agent: str = "a1") -> None:
        """Report the state of a task; with a uuid as agents do, without as masters do."""
        reason = Reason.REASON_RECONCILIATION if uuid is None else None
        self.tell(v1.Update(status=make_status(task_id, state, uuid, agent, reason)))

    @property
    def launched(self) -> list[TaskInfo]:
        """All tasks of all accept calls."""
        return [
            task
            for call in self.of(v1.Accept)
            for operation in call.operations
            if operation.launch is not None
            for task in operation.launch.task_infos
        ]


class FakeFiles(Actor):
    """Reads from a dict of files, at most 10 bytes at a time."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    @handles
    def on_read_file(self, sender: PID, message: ReadFile) -> None:
        data = self.files.get(message.name)
        if data is None:
            self.send(sender, FileData(message.offset, b"", 0, "no such file"))
        else:
            piece = data[message.offset : message.offset + 10]
            self.send(sender, FileData(message.offset, piece, len(data)))


def make_offer(
    offer_id: str, agent: str = "a1", resources: str = "cpus:4;mem:4096", role: str = "*"
) -> Offer:
    """An offer as a master makes it for a MULTI_ROLE framework."""
    return Offer(
        id=OfferID(offer_id),
        framework_id=FrameworkID("m-0000"),
        agent_id=AgentID(agent),
        hostname=f"{agent}.example",
        url=URL(scheme="http", address=Address(ip="10.0.0.2", port=5051), path="/slave(1)"),
        resources=Resources.parse(resources).allocated(role).protos(),
        allocation_info=AllocationInfo(role=role),
    )


def make_status(
    task_id: str,
    state: str,
    uuid: bytes | None = None,
    agent: str | None = "a1",
    reason: Reason | None = None,
) -> TaskStatus:
    """A status as it reaches a scheduler."""
    return TaskStatus(
        task_id=TaskID(task_id),
        state=TaskState(state),
        uuid=uuid,
        reason=reason,
        source=Source.SOURCE_MASTER if uuid is None else Source.SOURCE_EXECUTOR,
        agent_id=None if agent is None else AgentID(agent),
    )


def uuid_of(number: int) -> bytes:
    """16 bytes."""
    return number.to_bytes(16, "big")
