"""Master and allocator with agents and frameworks that only pretend: how many offers a second?

All are actors of one process whose time moves only when told, so nothing is spent on sockets or on waiting:
a figure is offers per second of processor time, everybody's work included. Every other offer is accepted with
a task that ends at once; the rest is declined.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors import NANOS, PID, Actor, Rng, Runtime, handles
from actors.testing.clock import VirtualClock
from bench.allocator_cluster import INTERVAL_S, TOTAL, Nowhere, Yardstick, timed
from bench.allocator_figures import REFERENCE_YARDSTICK_S, Amount
from bench.allocator_shapes import Shape
from bench.pretended_agent import PretendedAgent
from cluster.allocator import AllocatorOptions
from cluster.master.actor import NAME, MasterActor
from cluster.master.context import MasterSettings
from cluster.model import (
    AgentID,
    Capability,
    CommandInfo,
    Filters,
    FrameworkID,
    FrameworkInfo,
    Operation,
    Resources,
    TaskID,
    TaskInfo,
    TaskState,
)
from cluster.protocol import scheduler as schedulers

ADDRESS = "10.0.0.1:5050"
NEED = Resources.parse("cpus:1;mem:128")


class PretendedFramework(Actor):
    """Accepts every other offer, with one task on it, and declines the rest for `refuse_s`."""

    def __init__(self, info: FrameworkInfo, master: PID, refuse_s: float) -> None:
        self._info, self._master = info, master
        self._filters = Filters(refuse_seconds=refuse_s)
        self._id = FrameworkID("")
        self.offers = self.tasks = self.ended = 0

    def initialize(self) -> None:
        self.send(self._master, schedulers.Subscribe(self._info))

    @handles
    def on_subscribed(self, sender: PID, message: schedulers.Subscribed) -> None:
        self._id = message.framework_id

    @handles
    def on_offers(self, sender: PID, message: schedulers.Offers) -> None:
        declined = []
        for offer in message.offers:
            self.offers += 1
            if self.offers % 2:
                self.tasks += 1
                assert offer.agent_id is not None
                self._launch(sender, offer.id, offer.agent_id)
            else:
                declined.append(offer.id)
        if declined:
            self.send(sender, schedulers.Decline(self._id, tuple(declined), self._filters))

    def _launch(self, master: PID, offer_id: object, agent_id: AgentID) -> None:
        task = TaskInfo(
            name="task",
            task_id=TaskID(f"t{self.tasks}"),
            agent_id=agent_id,
            resources=NEED.protos(),
            command=CommandInfo(value="true"),
        )
        launch = Operation(type=Operation.Type.LAUNCH, launch=Operation.Launch(task_infos=(task,)))
        self.send(master, schedulers.Accept(self._id, (offer_id,), (launch,), self._filters))  # type: ignore[arg-type]

    @handles
    def on_update(self, sender: PID, message: schedulers.Update) -> None:
        status = message.status
        assert status.state is TaskState.TASK_FINISHED, status
        assert status.agent_id is not None
        self.ended += 1
        if status.uuid is not None:
            self.send(sender, schedulers.Acknowledge(self._id, status.agent_id, status.task_id, status.uuid))

    @handles
    def on_other(self, sender: PID, message: schedulers.Heartbeat | schedulers.Rescind) -> None:
        """Nothing to do."""


class Everybody:
    """The whole cluster in one runtime."""

    def __init__(self, shape: Shape, seed: int, refuse_s: float) -> None:
        self._clock = VirtualClock()
        self._failures: list[BaseException] = []
        runtime = self.runtime = Runtime(
            clock=self._clock,
            rng=Rng(seed),
            transport=Nowhere(),
            address=ADDRESS,
            on_failure=lambda pid, error: self._failures.append(error),
        )
        options = AllocatorOptions(allocation_interval_s=INTERVAL_S)
        settings = MasterSettings(max_completed_tasks=10)
        self._master = MasterActor(settings, options, {})
        master = runtime.spawn(self._master, NAME)
        for number in range(shape.agents):
            runtime.spawn(PretendedAgent(number, master, TOTAL, TaskState.TASK_FINISHED), f"slave({number})")
        self.advance(0.5)
        self.frameworks = []
        multi_role = (Capability(type=Capability.Type.MULTI_ROLE),)
        for number in range(shape.frameworks):
            roles = (shape.role(number),)
            info = FrameworkInfo(user="root", name=f"f{number}", roles=roles, capabilities=multi_role)
            self.frameworks.append(PretendedFramework(info, master, refuse_s))
            runtime.spawn(self.frameworks[-1], f"scheduler-{number}")
        self.advance(0.5)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        until = self._clock.now() + round(seconds * NANOS)
        while (due := self._clock.next_ns()) is not None and due <= until:
            self._clock.step()
        self._clock.jump(until)
        if self._failures:
            raise self._failures[0]

    @property
    def offers(self) -> int:
        """Offers that frameworks were made so far."""
        return sum(each.offers for each in self.frameworks)

    def check(self) -> None:
        """Nothing may be lost on the way."""
        assert sum(f.ended for f in self.frameworks) == sum(f.tasks for f in self.frameworks)
        assert not self._master.state.violated_invariants()


def end_to_end(shape: Shape, seed: int, intervals: int) -> Iterator[Amount]:
    """Offers per second of processor time, over so many allocation intervals."""
    for refuse_s, what in ((0.0, "declined for now"), (5.0, "declined for 5 s")):
        yardstick = Yardstick()
        everybody = Everybody(shape, seed, refuse_s)
        assert len(everybody._master.state.agents) == shape.agents
        made = everybody.offers
        took = timed(lambda e=everybody: e.advance(intervals * INTERVAL_S))  # type: ignore[misc]
        everybody.check()
        offers = everybody.offers - made
        yard = yardstick.look()
        rate = offers / took.cpu_s
        calibrated = rate * yard / REFERENCE_YARDSTICK_S
        note = f"{offers:,} offers in {intervals} intervals; calibrated {calibrated:,.0f}"
        yield Amount("end", str(shape), f"half accepted, half {what}", rate, "offers/s", note=note)
