"""What subscribers are told adds up to what the master knows, whenever they come and whatever happens.

A cluster lives under faults; subscribers come at random moments, and each of them keeps a picture of its
own from the bytes it is sent. Pictures are taken in very many, slow steps, so that much happens meanwhile.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from actors import PID, Rng, Runtime
from actors.testing import Host
from cluster.http.v1 import operator_events
from cluster.http.v1.event_stream import EventStream
from cluster.http.v1.operator_events import Join, Leave, OperatorEvents, PageDue, Subscriber
from cluster.http.v1.operator_state import EVERYTHING
from cluster.http.v1.recordio import Decoder
from cluster.master import kept
from cluster.v1.codec import JSON, PROTOBUF, Codec
from cluster.v1.master import Event
from tests.simulation.cluster import MASTER_IP, MASTER_PID, SimulatedCluster, Violation, swarm
from tests.simulation.master_kit import Stage

E = Event.Type
#: After these nothing comes, unless the task is added anew.
ENDED = ("TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR")
HUB = PID("operator-events", f"{MASTER_IP}:5050")


class Hub(OperatorEvents):
    """Takes its time between two pages of a picture."""

    def __init__(self, master: PID, most: int, rng: Rng, slowest_s: float) -> None:
        super().__init__(master, most)
        self._rng = rng
        self._slowest_s = slowest_s

    def _read_on(self) -> None:
        self.delay(self._rng.uniform(0, self._slowest_s), PageDue())


class Picture(EventStream):
    """A client: what it was told, put together."""

    def __init__(self, runtime: Runtime, codec: Codec) -> None:
        super().__init__(runtime, lambda reason: None)
        self._codec = codec
        self._decoder = Decoder(1 << 30)
        self._is_closed = False
        self.is_live = False
        self.told: list[E] = []
        self.tasks: dict[tuple[str, str], str] = {}
        self.agents: set[str] = set()
        self.frameworks: dict[str, tuple[bool, bool]] = {}

    @property
    def is_open(self) -> bool:
        return not self._is_closed

    def open_with(self, pieces: Iterable[bytes]) -> None:
        assert not self.is_live
        self._take(b"".join(pieces))
        self.is_live = True

    def write(self, record: bytes) -> None:
        assert self.is_live
        self._apply(self._codec.decode(Event, record))

    def write_framed(self, framed: bytes) -> None:
        assert self.is_live
        self._take(framed)

    def heartbeat_every(self, interval_s: float, record: bytes) -> None:
        """Time is not looked at here."""

    def end(self) -> None:
        self._is_closed = True

    def _take(self, data: bytes) -> None:
        for record in self._decoder.feed(data):
            self._apply(self._codec.decode(Event, record))
        assert self._decoder.is_between

    def _apply(self, event: Event) -> None:
        assert event.type is not None
        self.told.append(event.type)
        if event.subscribed is not None:
            self._begin(event.subscribed)
        if event.task_added is not None:
            task = event.task_added.task
            self.tasks[task.framework_id.value, task.task_id.value] = task.state.value
        if event.task_updated is not None:
            key = event.task_updated.framework_id.value, event.task_updated.status.task_id.value
            assert key in self.tasks, f"{key} is updated, but was never added"
            state = event.task_updated.state.value  # later statuses of an ended task change nothing
            assert self.tasks[key] not in ENDED or self.tasks[key] == state, f"{key} leaves {self.tasks[key]}"
            self.tasks[key] = state
        if event.agent_added is not None:
            assert event.agent_added.agent.agent_info.id is not None
            self.agents.add(event.agent_added.agent.agent_info.id.value)
        if event.agent_removed is not None:
            self.agents.remove(event.agent_removed.agent_id.value)
        changed = event.framework_added or event.framework_updated
        if changed is not None:
            self._framework(changed.framework)
        if event.framework_removed is not None:
            assert event.framework_removed.framework_info.id is not None
            del self.frameworks[event.framework_removed.framework_info.id.value]

    def _begin(self, subscribed: Event.Subscribed) -> None:
        state = subscribed.get_state
        assert state is not None
        assert state.get_tasks is not None
        assert state.get_agents is not None
        assert state.get_frameworks is not None
        tasks = state.get_tasks
        for task in (*tasks.completed_tasks, *tasks.unreachable_tasks, *tasks.tasks):
            self.tasks[task.framework_id.value, task.task_id.value] = task.state.value
        for agent in state.get_agents.agents:
            assert agent.agent_info.id is not None
            self.agents.add(agent.agent_info.id.value)
        for framework in state.get_frameworks.frameworks:
            self._framework(framework)

    def _framework(self, framework: Any) -> None:
        self.frameworks[framework.framework_info.id.value] = (framework.connected, framework.recovered)


class WatchedCluster(SimulatedCluster):
    """A cluster with subscribers, who are checked after every step."""

    def __init__(self, seed: int) -> None:
        self.pictures: list[Picture] = []
        super().__init__(seed)
        self._chance = self.rng.child("subscribers")
        self.compared = 0

    def _boot_master(self, host: Host) -> None:
        super()._boot_master(host)
        self.pictures = []  # the streams of the master before are gone with it
        rng = self.rng.child(f"hub{host.starts}")
        host.runtime.spawn(Hub(MASTER_PID, 8, rng, rng.choice((0.01, 0.3, 2.0))), HUB.name)

    def check(self) -> None:
        super().check()
        if self.master.is_up:
            self._come_and_go()
            self._compare()

    def _come_and_go(self) -> None:
        self.pictures = [picture for picture in self.pictures if picture.is_open]
        runtime = self.master.runtime
        if self._chance.chance(0.01):
            codec = self._chance.choice((JSON, PROTOBUF))
            picture = Picture(runtime, codec)
            self.pictures.append(picture)
            subscriber = Subscriber(picture, codec)
            runtime.send(HUB, Join(subscriber))
            if self._chance.chance(0.1):
                picture.end()
                runtime.send(HUB, Leave(subscriber))

    def _compare(self) -> None:
        """Everything the master told has arrived when nothing waits at the hub."""
        if any(view.queue_length for view in self.master.runtime.view() if view.name == HUB.name):
            return
        live = [picture for picture in self.pictures if picture.is_live and picture.is_open]
        if not live:
            return
        self.compared += 1
        truth = Truth(self)
        for picture in live:
            fault = truth.fault_of(picture)
            if fault:
                raise Violation(f"a picture is wrong after {len(picture.told)} events: {fault}")


class Truth:
    """What the master knows."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        state = cluster.master_actor.state
        self._frameworks = {
            f.id: (f.is_connected, f.standing.value == "recovered") for f in state.frameworks.values()
        }
        self._agents = set(state.agents)
        self._lost = set(state.unreachable_agents) | set(state.gone_agents)
        self._active: dict[tuple[str, str], str] = {}
        self._ended: dict[tuple[str, str], str] = {}
        for framework in (*state.completed_frameworks.values(), *state.frameworks.values()):
            for record in (*framework.completed, *framework.unreachable.values()):
                self._ended[framework.id, record.task_id.value] = record.state.value
            for task in framework.tasks.values():
                self._active[framework.id, task.id] = task.state.value

    def fault_of(self, picture: Picture) -> str:
        """How a picture differs; empty if it does not."""
        if picture.frameworks != self._frameworks:
            return f"frameworks {picture.frameworks}, not {self._frameworks}"
        if not (self._agents <= picture.agents <= self._agents | self._lost):
            return f"agents {picture.agents}, not {self._agents}"
        known = self._ended | self._active
        for key in known.keys() | picture.tasks.keys():
            if picture.tasks.get(key) != known.get(key):
                return f"task {key} is {picture.tasks.get(key)}, not {known.get(key)}"
        return ""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", range(20))
def test_pictures_stay_true_under_faults(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_events, "EVERYTHING", replace(EVERYTHING, page_cost=3))
    monkeypatch.setattr(kept, "PART", 2)
    cluster = WatchedCluster(seed)
    cluster.run(swarm())
    assert cluster.compared > 100
    cluster.sim.advance(60)  # for the pictures that are still taken
    assert all(picture.is_live for picture in cluster.pictures if picture.is_open)


def hub_stage() -> tuple[Stage, Runtime]:
    stage = Stage()
    runtime = stage.master_host.runtime
    runtime.spawn(OperatorEvents(MASTER_PID, 3), HUB.name)
    return stage, runtime


def test_those_who_come_together_share_a_picture() -> None:
    stage, runtime = hub_stage()
    stage.agent()
    pictures = [Picture(runtime, JSON) for _ in range(3)]
    for picture in pictures:
        runtime.send(HUB, Join(Subscriber(picture, JSON)))
    stage.settle()
    assert all(picture.told == [E.SUBSCRIBED, E.HEARTBEAT] for picture in pictures)
    (master,) = [view for view in runtime.view() if view.name == "master"]
    assert [count for name, count in master.handled.items() if name.endswith("OpenWalk")] == [2]


def test_the_oldest_makes_room() -> None:
    stage, runtime = hub_stage()
    pictures = [Picture(runtime, JSON) for _ in range(4)]
    for picture in pictures:
        runtime.send(HUB, Join(Subscriber(picture, JSON)))
        stage.settle()
    assert [picture.is_open for picture in pictures] == [False, True, True, True]


def test_too_much_during_one_picture_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.http.v1.operator_events.HELD_EVENTS", 2)
    monkeypatch.setattr(operator_events, "EVERYTHING", replace(EVERYTHING, page_cost=1))
    stage = Stage()
    runtime = stage.master_host.runtime
    stage.agent()
    stage.agent()
    runtime.spawn(Hub(MASTER_PID, 3, Rng(1), 100.0), HUB.name)
    slow = Picture(runtime, JSON)
    runtime.send(HUB, Join(Subscriber(slow, JSON)))
    stage.settle()
    for _ in range(4):
        stage.framework()
    stage.advance(200)
    assert not slow.is_open
    assert slow.told == []
    late = Picture(runtime, JSON)
    runtime.send(HUB, Join(Subscriber(late, JSON)))
    stage.advance(2000)
    assert late.told[:2] == [E.SUBSCRIBED, E.HEARTBEAT]
    assert len(late.frameworks) == 4


def test_json_of_a_picture_is_what_one_encoder_would_write() -> None:
    stage, runtime = hub_stage()
    end, framework = stage.agent(), stage.framework(role="r")
    framework.launch(end, "t1", "t2")
    seen: list[bytes] = []

    class Raw(Picture):
        def open_with(self, pieces: Iterable[bytes]) -> None:
            whole = b"".join(pieces)
            seen.append(whole.partition(b"\n")[2])
            super().open_with([whole])

    for codec in (JSON, PROTOBUF):
        runtime.send(HUB, Join(Subscriber(Raw(runtime, codec), codec)))
        stage.settle()
    as_json, packed = seen
    assert JSON.decode(Event, as_json) == PROTOBUF.decode(Event, packed)
    assert json.loads(as_json) == json.loads(JSON.encode(JSON.decode(Event, as_json)))
    assert len(PROTOBUF.encode(PROTOBUF.decode(Event, packed))) == len(packed)  # offers stand last
