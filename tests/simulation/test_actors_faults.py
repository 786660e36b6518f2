"""The simulation itself: rules of the network, disks, time, and replay from a seed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from actors import PID, Actor, AskTimeout, handles
from actors.testing import Host, NotReached, SimulatedDisk, Simulation
from tests.actors_kit import Echo, Note, Ping, Pong, Recorder, actor_of, counter, dialling, frame, listening

A = "10.0.0.1:5050"
RECORDER = PID("recorder", A)


class Pair:
    """A recorder on one host, and a sender on another."""

    def __init__(self, seed: int = 1) -> None:
        self.sim = Simulation(seed)
        self.host = listening(self.sim, "10.0.0.1")
        self.recorder = Recorder()
        self.host.runtime.spawn(self.recorder, "recorder")
        self.sender = dialling(self.sim, "10.0.0.2")
        self.sender.runtime.send(RECORDER, Note(-1))
        self.sim.settle()
        self.recorder.got.clear()

    def notes(self, count: int, every_s: float = 0.0) -> list[int]:
        """Send numbered notes and let them arrive; the numbers in order of arrival."""
        for n in range(count):
            self.sender.runtime.send(RECORDER, Note(n))
            self.sim.advance(every_s)
        self.sim.advance(10.0)
        return self.recorder.numbers


# -- rules of the network ---------------------------------------------------------------------


def test_drop_loses_messages_of_a_type() -> None:
    pair = Pair()
    rule = pair.sim.network.drop(Note)
    assert pair.notes(3) == []
    assert rule.seen == 3
    pair.sender.runtime.send(RECORDER, Ping(7))
    pair.sim.settle()
    assert pair.recorder.numbers == [7]
    pair.sim.network.remove(rule)
    assert pair.notes(2) == [7, 0, 1]


def test_drop_loses_a_number_of_messages_or_those_to_one_actor() -> None:
    pair = Pair()
    pair.sim.network.drop(Note, count=2)
    pair.sim.network.drop(Note, to="somebody else")
    assert pair.notes(4) == [2, 3]


def test_rules_see_large_messages_too_and_nothing_inside_of_them() -> None:
    pair = Pair()
    rule = pair.sim.network.drop(Ping)
    inside = frame("recorder", "x", "test.Ping") * 2000
    pair.sender.runtime.send(RECORDER, Note(1, inside))
    pair.sim.settle()
    assert (pair.recorder.numbers, rule.seen) == ([1], 0)
    pair.sim.network.drop(Note)
    pair.sender.runtime.send(RECORDER, Note(2, inside))
    pair.sim.settle()
    assert pair.recorder.numbers == [1]
    assert counter(pair.host, "actors/protocol_errors") == 0


def test_delay_keeps_order() -> None:
    pair = Pair()
    pair.sim.network.delay(Note, 2.0, count=1)
    before = pair.sim.clock.now()
    pair.sender.runtime.send(RECORDER, Note(0))
    pair.sender.runtime.send(RECORDER, Note(1))
    pair.sim.run_until(lambda: bool(pair.recorder.got))
    assert pair.sim.clock.now() - before >= 2_000_000_000
    pair.sim.settle()
    assert pair.recorder.numbers == [0, 1]


def test_duplicate_delivers_twice() -> None:
    pair = Pair()
    pair.sim.network.duplicate(Note)
    assert sorted(pair.notes(3)) == [0, 0, 1, 1, 2, 2]


def test_reorder_lets_messages_overtake() -> None:
    pair = Pair()
    pair.sim.network.reorder(Note, 1.0)
    numbers = pair.notes(20)
    assert sorted(numbers) == list(range(20))
    assert numbers != list(range(20))


def test_hold_keeps_messages_until_released() -> None:
    pair = Pair()
    rule = pair.sim.network.hold(Note)
    assert pair.notes(3) == []
    assert len(rule.held) == 3
    rule.release()
    pair.sim.settle()
    assert pair.recorder.numbers == [0, 1, 2]
    assert pair.notes(2) == [0, 1, 2, 0, 1]


def test_partition_holds_both_ways_and_heals() -> None:
    pair = Pair()
    pair.sim.network.partition("10.0.0.2", "10.0.0.1")
    assert pair.sim.network.is_cut("10.0.0.1", "10.0.0.2")
    assert pair.notes(3) == []
    pair.sim.network.heal("10.0.0.1", "10.0.0.2")
    pair.sim.settle()
    assert pair.recorder.numbers == [0, 1, 2]


def test_a_partition_leaves_others_alone() -> None:
    pair = Pair()
    pair.sim.network.partition("10.0.0.3", "10.0.0.1")
    assert pair.notes(3) == [0, 1, 2]
    with pytest.raises(AskTimeout):
        pair.sim.ask(dialling(pair.sim, "10.0.0.3"), PID("echo", A), Ping())


# -- hosts ------------------------------------------------------------------------------------


def test_nothing_of_a_killed_process_runs_any_more() -> None:
    runs: list[int] = []

    class Alarm(Actor):
        def initialize(self) -> None:
            self.delay(1.0, Ping())

        @handles
        def on_ping(self, sender: PID, message: Ping) -> None:
            runs.append(1)
            self.delay(1.0, Ping())

    sim = Simulation(1)
    host = sim.host("10.0.0.1", lambda host: host.runtime.spawn(Alarm(), "alarm") and None)
    host.start()
    sim.advance(2.5)
    host.kill()
    sim.advance(10.0)
    assert len(runs) == 2
    host.restart()
    sim.advance(1.5)
    assert len(runs) == 3
    assert host.starts == 2


def test_every_start_has_its_own_random_stream_and_a_new_actor_shifts_nobody() -> None:
    def draws(names: list[str]) -> tuple[int, int]:
        sim = Simulation(5)
        host = sim.host("10.0.0.1", lambda host: [host.runtime.spawn(Echo(), n) for n in names] and None)
        host.start()
        first = host.runtime.by_name["echo"].rng().randint(0, 10**9)
        host.restart()
        return first, host.runtime.by_name["echo"].rng().randint(0, 10**9)

    first, second = draws(["echo"])
    assert first != second
    assert draws(["another", "echo", "third"]) == (first, second)


def test_a_wait_in_vain_names_the_seed() -> None:
    sim = Simulation(42)
    with pytest.raises(NotReached, match="seed 42"):
        sim.run_until(lambda: False, 1.0)


def test_after_each_event_a_checker_is_called() -> None:
    pair = Pair()
    calls: list[int] = []
    pair.sender.runtime.send(RECORDER, Note(1))
    pair.sim.advance(1.0, after_each=lambda: calls.append(1))
    assert calls


# -- disks ------------------------------------------------------------------------------------


def test_a_kill_keeps_what_was_appended_and_a_power_loss_what_was_synced() -> None:
    sim = Simulation(1)
    host = listening(sim, "10.0.0.1")
    disk = host.disk
    disk.append("/log", b"one ")
    disk.sync("/log")
    disk.append("/log", b"two ")
    disk.write("/state", b"written")
    host.kill()
    assert disk.read("/log") == b"one two "
    host.start(5050)
    host.lose_power()
    assert disk.read("/log") == b"one "
    assert disk.read("/state") == b"written"


def test_a_file_never_synced_is_gone_after_a_power_loss() -> None:
    disk = SimulatedDisk()
    disk.append("/a/b", b"x")
    assert disk.list("/a") == ["b"]
    disk.lose_power()
    assert disk.read("/a/b") is None
    assert disk.list("/a") == []


def test_removing_a_directory_removes_what_is_in_it_only() -> None:
    disk = SimulatedDisk()
    for path in ("/a/b/c", "/a/b/d", "/a/bc"):
        disk.write(path, b"x")
    disk.remove("/a/b")
    disk.remove("/nothing")
    assert disk.list("/a") == ["bc"]


# -- replay -----------------------------------------------------------------------------------


class Gossip(Actor):
    """Passes numbers on to whom chance picks, and writes some down."""

    def __init__(self, host: Host, everybody: list[PID]) -> None:
        self.host = host
        self.everybody = everybody

    def initialize(self) -> None:
        self.chance = self.rng()
        self.delay(self.chance.uniform(0.0, 1.0), Ping())

    @handles
    def on_ping(self, sender: PID, message: Ping) -> None:
        self.link(self.chance.choice(self.everybody))
        self.send(self.chance.choice(self.everybody), Note(self.chance.randint(0, 99)))
        self.delay(self.chance.uniform(0.0, 1.0), Ping())

    @handles
    def on_note(self, sender: PID, message: Note) -> None:
        self.host.disk.append("/notes", b"%d " % message.n)
        if self.chance.chance(0.5):
            self.send(sender, Note(message.n + 1))

    def on_exited(self, pid: PID, reason: str) -> None:
        self.host.simulation.trace(f"{self.pid} told of {pid}: {reason}")


def gossip(seed: int) -> Simulation:
    """30 s of four hosts under faults, all drawn from ``seed``."""
    sim = Simulation(seed)
    ips = [f"10.0.0.{n}" for n in range(1, 5)]
    everybody = [PID("gossip", f"{ip}:5050") for ip in ips]
    for ip in ips:
        sim.host(ip, lambda host: host.runtime.spawn(Gossip(host, everybody), "gossip") and None).start(5050)
    chance = sim.rng.child("faults")
    sim.network.reorder(Note, 0.1, count=20)
    sim.network.duplicate(Note, count=10)
    for _ in range(30):
        host = sim.hosts[chance.choice(ips)]
        fault = chance.randint(0, 5)
        if fault == 0:
            sim.network.partition(host.ip, chance.choice(ips))
        elif fault == 1:
            sim.network.heal()
        elif fault == 2:
            host.restart()
        elif fault == 3 and host.is_up:
            host.lose_power()
            host.start(5050)
        sim.advance(1.0)
    return sim


def test_the_same_seed_gives_the_same_trace_and_another_seed_another() -> None:
    first = gossip(11)
    assert len(first.lines) > 200
    assert gossip(11).digest == first.digest
    assert gossip(12).digest != first.digest


def test_the_digest_does_not_depend_on_the_hash_seed() -> None:
    root = Path(__file__).parents[2]
    program = (
        "from tests.simulation.test_actors_faults import gossip; print([gossip(s).digest for s in range(3)])"
    )
    found = set()
    for hash_seed in ("0", "1", "4711"):
        ran = subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        found.add(ran.stdout)
    assert len(found) == 1, found


def test_virtual_hours_cost_little() -> None:
    pair = Pair()
    pair.sim.advance(3600.0)
    assert pair.sim.ask(pair.sender, PID("echo", A), Ping(1)) == Pong(1)
    assert counter(pair.sender, "actors/connections") == 1
    assert actor_of(pair.host, "echo").exits == []


@dataclass(frozen=True)
class Outcome:
    """Private: what came of a coroutine."""

    text: str


class Worker(Actor):
    """Runs coroutines beside itself and keeps what came of them."""

    def __init__(self, *work: Coroutine[Any, Any, int]) -> None:
        self._work = work
        self.outcomes: list[object] = []

    def initialize(self) -> None:
        for work in self._work:
            self.background(work, then=lambda n: Outcome(str(n)), failed=lambda e: Outcome(repr(e)))

    @handles
    def on_outcome(self, sender: PID, message: Outcome) -> None:
        self.outcomes.append(message.text)


async def _good() -> int:
    return 7


async def _bad() -> int:
    raise ValueError("no")


def test_work_beside_an_actor_comes_back_as_messages_in_simulation_too() -> None:
    sim = Simulation(1)
    worker = Worker(_good(), _bad())
    host = sim.host("10.0.0.9", lambda host: host.runtime.spawn(worker, "worker"))
    host.start()
    assert worker.outcomes == []
    sim.settle()
    assert worker.outcomes == ["7", "ValueError('no')"]
