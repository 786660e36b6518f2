"""An allocator to be measured: the real actor, on a clock that moves only when told, and a master's stand-in.

Time stands still while a handler works, so a round is never cut into slices here and nothing waits for
anything; what is measured is the work itself. `allocator_stretch` measures the slices.
"""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from actors import NANOS, PID, Actor, Rng, Runtime, handles
from actors.testing.clock import VirtualClock
from cluster.allocator import AllocatorOptions, AllocatorState
from cluster.allocator import messages as m
from cluster.allocator.actor import AllocatorActor
from cluster.cli.collector import NURSERY
from cluster.model import AgentCapability, AgentInfo, Capability, Resources

TOTAL = "cpus:24;mem:4096;disk:4096;ports:[31000-32000]"
"""What an agent of the issue's table has."""
FOREVER_S = 2_147_483_647.0
CAPABILITIES = frozenset({Capability.Type.MULTI_ROLE, Capability.Type.SHARED_RESOURCES})
AGENT_CAPABILITIES = tuple(AgentCapability.Type)
INTERVAL_S = 1.0
MIDDLE = 4
"""Looks at the youngest before another at those that survived them; a daemon takes that one more seldom."""


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of processor and by the clock on the wall."""

    cpu_s: float
    wall_s: float

    def __add__(self, other: Took) -> Took:
        return Took(self.cpu_s + other.cpu_s, self.wall_s + other.wall_s)

    def __truediv__(self, times: float) -> Took:
        return Took(self.cpu_s / times, self.wall_s / times)


NOTHING = Took(0.0, 0.0)


def timed(work: Callable[[], object], *, times: int = 1, collect: bool = True) -> Took:
    """How long `work` takes, on the average of `times`.

    All there is has lived for a while, as far as the garbage collector is concerned (`as_in_the_daemon`).
    """
    if collect:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        work()
    return Took(time.process_time() - cpu, time.perf_counter() - wall) / times


def as_in_the_daemon() -> None:
    """Have the garbage collector run as often as in a master; what `timed` freezes, a master does in time."""
    gc.set_threshold(NURSERY, MIDDLE, 1 << 30)


def best(several: Iterable[Took]) -> Took:
    """The one that was disturbed least."""
    return min(several, key=lambda took: took.cpu_s)


class Desk(Actor):
    """Where the master would sit: keeps what it is told."""

    def __init__(self) -> None:
        self.made: list[m.OffersMade] = []
        self.rest: list[object] = []

    @handles
    def on_offers(self, sender: PID, message: m.OffersMade) -> None:
        self.made.append(message)

    @handles
    def on_other(
        self,
        sender: PID,
        message: m.InverseOffersMade | m.Explained | m.Shares | m.Refusals | m.AvailableUpdated,
    ) -> None:
        self.rest.append(message)


class Nowhere:
    """A network without anybody else."""

    def dial(self, *where: object) -> Callable[[], None]:
        """Nobody dials."""
        raise AssertionError(f"dialled {where}")

    def expect(self, now_ns: int) -> None:
        """Nobody answers."""


class Digest:
    """Of everything that was decided, in order: the same on every machine, whatever PYTHONHASHSEED."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.grants = 0

    def add(self, made: Iterable[m.OffersMade]) -> None:
        """Take in what the master was told."""
        texts: dict[int, str] = {}
        for offers in made:
            for granted in offers.grants:
                text = texts.get(id(granted.resources))
                if text is None:
                    text = texts[id(granted.resources)] = str(granted.resources)
                self._hash.update(
                    f"{offers.framework_id} {granted.role} {granted.agent_id} {text}\n".encode()
                )
                self.grants += 1

    def text(self) -> str:
        """The first 16 digits."""
        return self._hash.hexdigest()[:16]


class Cluster:
    """Agents and frameworks of one allocator. What is handed out is read into `digest`, if there is one."""

    def __init__(
        self, seed: int, digest: Digest | None = None, options: AllocatorOptions | None = None
    ) -> None:
        self._clock = VirtualClock()
        self._failures: list[BaseException] = []
        self._digest = digest
        self.runtime = Runtime(
            clock=self._clock,
            rng=Rng(seed),
            transport=Nowhere(),
            on_failure=lambda pid, error: self._failures.append(error),
        )
        self.desk = Desk()
        self.master = self.runtime.spawn(self.desk, "master")
        self.actor = AllocatorActor(options or AllocatorOptions(), self.master)
        self.allocator = self.runtime.spawn(self.actor, "allocator")
        self.epochs: dict[str, int] = {}

    @property
    def state(self) -> AllocatorState:
        """What the allocator knows."""
        return self.actor.state

    # -- time -------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Let everything happen that need not wait."""
        now = self._clock.now()
        while self._clock.next_ns() == now:
            self._clock.step()
        if self._failures:
            raise self._failures[0]

    def tell(self, messages: Iterable[object]) -> None:
        """Let these happen in one burst, with the rounds they want."""
        send, allocator, master = self.runtime.send, self.allocator, self.master
        for message in messages:
            send(allocator, message, master)
        self.settle()

    def tell_each(self, messages: Iterable[object]) -> None:
        """Let these happen one by one, each with the round it wants."""
        for message in messages:
            self.runtime.send(self.allocator, message, self.master)
            self.settle()

    def interval(self) -> None:
        """Let an allocation interval pass, with the round over everything that falls due."""
        self._clock.jump(self._clock.now() + round(INTERVAL_S * NANOS) - 1)
        self._clock.step()
        self.settle()

    def offers(self) -> list[m.OffersMade]:
        """What the master was told since the last time."""
        made, self.desk.made = self.desk.made, []
        if self._digest is not None:
            self._digest.add(made)
        return made

    # -- events -----------------------------------------------------------------------------------------

    def new_agents(
        self, count: int, total: str = TOTAL, used: dict[str, str] | None = None, first: int = 0
    ) -> list[m.AddAgent]:
        """Agents that want to join, each described for itself, as it would be when it registers."""
        joining = []
        for number in range(first, first + count):
            agent_id = f"agent-{number:06}"
            epoch = self.epochs[agent_id] = len(self.epochs) + 1
            info = AgentInfo(hostname=f"host{number}")
            held = {name: Resources.parse(text).allocated("*") for name, text in (used or {}).items()}
            resources = Resources.parse(total)
            joining.append(m.AddAgent(agent_id, epoch, info, resources, AGENT_CAPABILITIES, held))
        return joining

    def returns(self, made: Iterable[m.OffersMade], refuse_s: float | None = None) -> list[m.Recover]:
        """All that was handed out comes back."""
        return [
            m.Recover(offers.framework_id, granted.agent_id, granted.epoch, granted.resources, refuse_s)
            for offers in made
            for granted in offers.grants
        ]


def framework(number: int, role: str, suppressed: Sequence[str] = ()) -> m.AddFramework:
    """A framework that wants to subscribe."""
    return m.AddFramework(f"framework-{number:05}", (role,), tuple(suppressed), tuple(CAPABILITIES))


class Yardstick:
    """Processor seconds for summing `range(50_000_000)`, from tenths of it around what they calibrate.

    The least disturbed one counts, as it does of what is measured.
    """

    def __init__(self) -> None:
        self.seconds = float("inf")
        self.look()

    def look(self) -> float:
        """Look again; the least so far."""
        for _ in range(3):
            began = time.process_time()
            sum(range(5_000_000))
            self.seconds = min(self.seconds, (time.process_time() - began) * 10)
        return self.seconds
