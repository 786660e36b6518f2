"""A framework without a connection: its session gets events by hand, its calls are kept."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from cluster.model import URL, Address, MasterInfo, Reason, TaskInfo
from cluster.model import FrameworkID as Fid
from cluster.protocol import scheduler as v1
from cluster.protocol.files import FileData
from cluster.scheduler import Framework, Session
from cluster.scheduler.events import Call, CallDue, CallLater, Event, FilePart, ReadPart, Started, Stop
from cluster.scheduler.subscription import launched_by
from tests.fake_master import make_offer, make_status, uuid_of

C = TypeVar("C")


class Desk:
    """Plays the master and the clock for one framework."""

    def __init__(self, framework: Framework) -> None:
        self.framework = framework
        self.calls: list[Call] = []
        self.session = Session(framework, self.calls.append)
        self._offers = 0
        self._updates = 0
        self.tell(Started("t"))
        self.tell(v1.Subscribed(Fid("m-0000"), 15.0, MasterInfo(id="m", ip=0, port=5050)))

    def tell(self, *events: Event) -> None:
        """Hand events over."""
        for event in events:
            self.session.handle(event)

    def take(self, kind: type[C]) -> list[C]:
        """The calls of a kind since they were taken last."""
        found = [call for call in self.calls if isinstance(call, kind)]
        self.calls[:] = [call for call in self.calls if not isinstance(call, kind)]
        return found

    def offer(self, *resources: str) -> list[TaskInfo]:
        """Offer so much on agents a1, a2 ... at once; the tasks that are launched on it."""
        offers = []
        for number, text in enumerate(resources, start=1):
            self._offers += 1
            made = make_offer(f"o{self._offers}", f"a{number}", text)
            url = URL(scheme="http", address=Address(ip=f"10.0.0.{number}", port=5051))
            offers.append(msgspec.structs.replace(made, url=url))
        self.tell(v1.Offers(tuple(offers)))
        return [task for accept in self.take(v1.Accept) for task in launched_by(accept)]

    def update(
        self, task: TaskInfo, state: str, message: str = "", at_s: float = 0.0, reason: Reason | None = None
    ) -> None:
        """Report a state of a task."""
        self._updates += 1
        status = make_status(task.task_id.value, f"TASK_{state}", uuid_of(self._updates), reason=reason)
        more = {"message": message or None, "timestamp": at_s or float(self._updates)}
        self.tell(v1.Update(msgspec.structs.replace(status, agent_id=task.agent_id, **more)))

    def pass_time(self, delay_s: float) -> None:
        """Make the calls that were put off for exactly so long."""
        for later in self.take(CallLater):
            if later.delay_s == delay_s:
                self.tell(CallDue(later.call))
            else:
                self.calls.append(later)

    def serve_files(self, files: dict[tuple[str, str], bytes], fault: str = "no such file") -> None:
        """Answer reads from a table by (task id, name), until there are none."""
        while parts := self.take(ReadPart):
            for part in parts:
                asked = part.request
                data = files.get((asked.executor_id, asked.name))
                if data is None:
                    answer = FileData(asked.offset, b"", 0, fault)
                else:
                    answer = FileData(asked.offset, data[asked.offset : asked.offset + 4], len(data))
                self.tell(FilePart(part.call, answer))

    @property
    def exit_code(self) -> int | None:
        """The exit code the framework stopped with."""
        stops = [call for call in self.calls if isinstance(call, Stop)]
        return stops[0].exit_code if stops else None

    def killed(self) -> list[str]:
        """Tasks that are to be killed, since asked last."""
        return [kill.task_id.value for kill in self.take(v1.Kill)]
