"""A framework with many tasks of one size, which takes one task an offer and so shares politely.

Each task works on a batch of files (`file_work`), its results are read back from its sandbox.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cluster.examples import file_work
from cluster.model import Resources
from cluster.scheduler import Framework, Offer, Update

#: A batch that failed, or was lost with its agent, is tried again this often.
MAX_TRIES = 3
#: How long an agent that has too little left need not be offered again.
UNFIT_S = 0.2


@dataclass(frozen=True, slots=True)
class Demand:
    """Two resources, as what a task needs; mem in MB."""

    cpus: float
    mem: float

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __str__(self) -> str:
        mem = f"{self.mem / 1024:g} GB" if self.mem >= 1024 else f"{self.mem:g} MB"
        return f"<{self.cpus:g} cpu{'' if self.cpus == 1 else 's'}, {mem}>"

    @classmethod
    def of(cls, resources: Resources) -> Demand:
        """CPUs and memory of resources."""
        return cls(resources.cpus, resources.mem)

    @classmethod
    def of_text(cls, text: str) -> Demand:
        """CPUs and memory of resources as the master writes them."""
        return cls.of(Resources.EMPTY if text == str(Resources.EMPTY) else Resources.parse(text))


@dataclass(frozen=True, slots=True)
class Batch:
    """Files `first` to `last`, without it, of the list."""

    number: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Cost:
    """The last line a task prints."""

    cpu_s: float
    read_bytes: int


class BadOutput(ValueError):
    """Raised when a task did not print what it should have."""


def batches_of(sizes: Sequence[int], most_bytes: int) -> list[Batch]:
    """Cut files of these sizes into batches of about `most_bytes`, in order."""
    batches: list[Batch] = []
    first, total = 0, 0
    for index, size in enumerate(sizes):
        if index > first and total + size > most_bytes:
            batches.append(Batch(len(batches), first, index))
            first, total = index, 0
        total += size
    if first < len(sizes):
        batches.append(Batch(len(batches), first, len(sizes)))
    return batches


def read_output(output: bytes, count: int) -> tuple[list[str], Cost]:
    """The results of `count` files and the cost, from what a task printed.

    Raises:
        BadOutput: it printed something else.
    """
    lines = output.decode(errors="replace").splitlines()
    if len(lines) != count + 1:
        raise BadOutput(f"it printed {len(lines)} lines instead of {count + 1}")
    try:
        cpu_s, read_bytes = lines.pop().split()
        return lines, Cost(float(cpu_s), int(read_bytes))
    except ValueError as fault:
        raise BadOutput(f"its last line: {fault}") from None


@dataclass(slots=True)
class Running:
    """A task that was launched, and what was read of its output."""

    batch: Batch
    output: bytearray = field(default_factory=bytearray)


class FileWork(Framework):
    """One kind of work on all batches; `changed` is called after every event.

    `results` has an entry for each file that is done.
    """

    failover_timeout_s = 0.0

    def __init__(
        self, kind: str, demand: Demand, batches: Sequence[Batch], list_path: str, changed: Callable[[], None]
    ) -> None:
        super().__init__(name=kind)
        self.kind = kind
        self.demand = demand
        self.total = len(batches)
        self.waiting = deque(batches)
        self.running: dict[str, Running] = {}
        self.results: dict[int, str] = {}
        self.done = 0
        self.failures: list[str] = []
        self.fault = ""
        self.cpu_s = 0.0
        self.read_bytes = 0
        self.most_running = 0
        self.by_agent: dict[str, int] = {}
        self._tries: dict[int, int] = {}
        self._list_path = list_path
        self._changed = changed

    @property
    def is_hungry(self) -> bool:
        """Whether it wants more than it has."""
        return bool(self.waiting)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be done."""
        return bool(self.fault) or not (self.waiting or self.running)

    # -- offers -------------------------------------------------------------------------------

    def on_subscribed(self, again: bool) -> None:
        self._changed()

    def on_offers(self, offers: list[Offer]) -> None:
        for offer in offers:
            if not self.waiting:
                break
            if offer.fits(cpus=self.demand.cpus, mem=self.demand.mem):
                self._launch(offer, self.waiting.popleft())
                offer.decline(refuse_s=0.0)  # what is left: to whoever is next in line, maybe us
            else:
                offer.decline(refuse_s=UNFIT_S)
        if not self.waiting:
            self.suppress()
        self._changed()

    def _launch(self, offer: Offer, batch: Batch) -> None:
        task_id = offer.launch(
            command=self._command(batch),
            cpus=self.demand.cpus,
            mem=self.demand.mem,
            name=f"{self.kind}-{batch.number}",
        )
        self.running[task_id] = Running(batch)
        self.most_running = max(self.most_running, len(self.running))

    def _command(self, batch: Batch) -> list[str]:
        # -I -S: nothing but the standard library, whatever the environment says.
        words = [sys.executable, "-I", "-S", file_work.__file__, self.kind, self._list_path]
        return [*words, str(batch.first), str(batch.last)]

    # -- tasks --------------------------------------------------------------------------------

    def on_update(self, update: Update) -> None:
        running = self.running.get(update.task_id)
        if running is None or not update.is_terminal:
            return
        if update.is_finished and update.agent_id is not None:
            self._read(update.agent_id, update.task_id, running)
        else:
            self._failed(update.task_id, str(update))
        self._changed()

    def _read(self, agent_id: str, task_id: str, running: Running) -> None:
        def on_end(fault: str) -> None:
            try:
                if fault:
                    raise BadOutput(fault)
                self._keep(running)
            except BadOutput as bad:
                self._failed(task_id, f"{task_id}: {bad}")
            else:
                del self.running[task_id]
                self.done += 1
                self.by_agent[agent_id] = self.by_agent.get(agent_id, 0) + 1
            self._changed()

        self.read_file(agent_id, task_id, "stdout", running.output.extend, on_end)

    def _keep(self, running: Running) -> None:
        batch = running.batch
        results, cost = read_output(bytes(running.output), batch.last - batch.first)
        self.results.update(enumerate(results, batch.first))
        self.cpu_s += cost.cpu_s
        self.read_bytes += cost.read_bytes

    def _failed(self, task_id: str, why: str) -> None:
        batch = self.running.pop(task_id).batch
        self.failures.append(why)
        self._tries[batch.number] = self._tries.get(batch.number, 0) + 1
        if self._tries[batch.number] < MAX_TRIES:
            self.waiting.append(batch)
            self.revive()

    def on_error(self, message: str) -> None:
        self.fault = message
        self._changed()

    def on_disconnected(self, reason: str) -> None:
        self.fault = f"the master is lost: {reason}"
        self._changed()
