"""Whole processes on a virtual network: connecting, losing each other, coming back."""

from __future__ import annotations

import itertools

import pytest

from actors import PID, Actor, ActorGone, AskTimeout, Limits, handles
from actors.connection import State
from actors.testing import Host, Simulation
from tests.actors_kit import (
    Echo,
    Fail,
    Note,
    Ping,
    Pong,
    Recorder,
    Stop,
    actor_of,
    counter,
    dead_letters,
    dialling,
    listening,
)

A, B = "10.0.0.1", "10.0.0.2"
A_ADDRESS, B_ADDRESS = f"{A}:5050", f"{B}:5050"
ECHO_A, ECHO_B = PID("echo", A_ADDRESS), PID("echo", B_ADDRESS)


class Ticker(Actor):
    """Sends a numbered note to ``to`` every ``every_s`` seconds."""

    def __init__(self, to: PID, every_s: float) -> None:
        self.to = to
        self.every_s = every_s
        self.n = 0

    def initialize(self) -> None:
        self.delay(0.0, Ping())

    @handles
    def on_ping(self, sender: PID, message: Ping) -> None:
        self.send(self.to, Note(self.n))
        self.n += 1
        self.delay(self.every_s, Ping())


def recording(sim: Simulation, ip: str, limits: Limits | None = None) -> Host:
    """A host with a recorder called ``recorder`` that lasts over restarts of the process."""

    def boot(host: Host) -> None:
        host.runtime.spawn(Recorder(), "recorder")

    host = sim.host(ip, boot)
    host.start(5050, limits)
    return host


def machine_only(sim: Simulation, ip: str) -> None:
    """A machine on which nothing listens, so that it refuses connections."""
    sim.host(ip, lambda host: None)


def open_connections(host: Host) -> int:
    return sum(c.state is State.OPEN for c in host.runtime.peers._connections)


# -- both dial at once ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_two_that_dial_each_other_keep_one_connection_and_lose_nothing(seed: int) -> None:
    sim = Simulation(seed)
    rng = sim.rng.child("test")
    sim.network.latency_s = (0.0, rng.choice([0.0005, 0.01, 0.2]))
    a, b = recording(sim, A), recording(sim, B)
    to_a, to_b = PID("recorder", A_ADDRESS), PID("recorder", B_ADDRESS)
    for n in range(30):
        a.runtime.send(to_b, Note(n))
        b.runtime.send(to_a, Note(n))
        sim.advance(rng.uniform(0.0, 0.02))
    sim.advance(5.0)
    assert actor_of(a, "recorder").numbers == list(range(30))
    assert actor_of(b, "recorder").numbers == list(range(30))
    assert (open_connections(a), open_connections(b)) == (1, 1)
    assert (counter(a, "actors/connections"), counter(b, "actors/connections")) == (1, 1)
    assert dead_letters(a) == dead_letters(b) == []
    assert counter(a, "actors/protocol_errors") == counter(b, "actors/protocol_errors") == 0


def test_the_connection_dialled_by_the_lower_address_is_kept() -> None:
    sim = Simulation(1)
    sim.network.latency_s = (0.01, 0.01)
    a, b = recording(sim, A), recording(sim, B)
    b.runtime.send(PID("recorder", A_ADDRESS), Note(1))
    a.runtime.send(PID("recorder", B_ADDRESS), Note(1))
    sim.settle()
    assert [c.dialled for c in a.runtime.peers._connections] == [True]
    assert [c.dialled for c in b.runtime.peers._connections] == [False]


@pytest.mark.parametrize("seed", range(10))
def test_many_that_dial_each_other_end_with_a_connection_per_pair(seed: int) -> None:
    sim = Simulation(seed)
    ips = [f"10.0.0.{n}" for n in range(1, 7)]
    hosts = [recording(sim, ip) for ip in ips]
    for n in range(3):
        for host in hosts:
            for ip in ips:
                if ip != host.ip:
                    host.runtime.send(PID("recorder", f"{ip}:5050"), Note(n))
    sim.advance(5.0)
    for host in hosts:
        assert open_connections(host) == len(ips) - 1
        got = actor_of(host, "recorder").got
        assert len(got) == 3 * (len(ips) - 1)
        for ip in ips:
            numbers = [m.n for m, sender in got if sender.address == f"{ip}:5050"]
            assert numbers == ([] if ip == host.ip else [0, 1, 2])


@pytest.mark.parametrize("seed", range(10))
def test_links_both_ways_survive_a_simultaneous_dial(seed: int) -> None:
    sim = Simulation(seed)
    a, b = listening(sim, A), listening(sim, B)
    at_a, at_b = Recorder(link_to=ECHO_B), Recorder(link_to=ECHO_A)
    a.runtime.spawn(at_a, "recorder")
    b.runtime.spawn(at_b, "recorder")
    sim.advance(5.0)
    assert at_a.exits == at_b.exits == []
    a.runtime.terminate(ECHO_A)
    b.runtime.terminate(ECHO_B)
    sim.settle()
    assert at_a.exits == [(ECHO_B, "terminated")]
    assert at_b.exits == [(ECHO_A, "terminated")]


# -- losing each other ------------------------------------------------------------------------


def test_the_death_of_a_process_is_the_exit_of_its_actors() -> None:
    sim = Simulation(1)
    a, b = listening(sim, A), listening(sim, B)
    recorder = Recorder(link_to=ECHO_A)
    b.runtime.spawn(recorder, "recorder")
    sim.settle()
    a.kill()
    sim.settle()
    assert recorder.exits == [(ECHO_A, "connection lost: connection reset")]


def test_an_orderly_end_tells_before_the_connection_goes() -> None:
    sim = Simulation(1)
    a, b = listening(sim, A), listening(sim, B)
    recorder = Recorder(link_to=ECHO_A)
    b.runtime.spawn(recorder, "recorder")
    sim.settle()
    a.stop()
    sim.settle()
    assert recorder.exits == [(ECHO_A, "process ends")]


def test_a_link_goes_both_ways_over_the_connection_a_client_opened() -> None:
    sim = Simulation(1)
    server = listening(sim, A)
    client = dialling(sim, B)
    client.runtime.send(ECHO_A, Ping(), PID("recorder", client.runtime.address))
    sim.settle()
    (connection,) = server.runtime.peers._connections
    watched = PID("recorder", connection.address)
    echo = actor_of(server, "echo")
    echo.link(watched)
    sim.settle()
    client.runtime.terminate(PID("recorder", client.runtime.address))
    sim.settle()
    assert echo.exits == [(watched, "terminated")]


def test_a_power_loss_is_noticed_by_silence() -> None:
    sim = Simulation(1)
    a, b = listening(sim, A), listening(sim, B)
    recorder = Recorder(link_to=ECHO_A)
    b.runtime.spawn(recorder, "recorder")
    sim.settle()
    a.lose_power()
    sim.advance(80.0)
    assert recorder.exits == []  # a short partition would look the same
    sim.advance(80.0)
    assert recorder.exits == [(ECHO_A, "connection lost: peer is silent")]


def test_a_restart_after_a_power_loss_is_told_from_the_old_process() -> None:
    sim = Simulation(1)
    a, b = recording(sim, A), listening(sim, B)
    recorder_b = Recorder(link_to=PID("recorder", A_ADDRESS))
    b.runtime.spawn(recorder_b, "recorder")
    a.runtime.send(ECHO_B, Ping())
    sim.settle()
    a.lose_power()
    sim.settle()
    a.start(5050)
    assert sim.ask(a, ECHO_B, Ping(1)) == Pong(1)  # the half-open connection gives way to the new one
    assert [pid for pid, _ in recorder_b.exits] == [PID("recorder", A_ADDRESS)]
    assert open_connections(b) == 1


@pytest.mark.parametrize("how", ["kill", "lose_power", "stop"])
@pytest.mark.parametrize("seed", range(5))
def test_a_restarted_process_is_reached_again_and_its_links_were_told(seed: int, how: str) -> None:
    sim = Simulation(seed)
    a, b = listening(sim, A), listening(sim, B)
    recorder = Recorder(link_to=ECHO_A)
    b.runtime.spawn(recorder, "recorder")
    sim.settle()
    getattr(a, how)()
    sim.advance(0.5)
    a.start(5050)
    with pytest.raises((ActorGone, AskTimeout)):
        for _ in range(1000):  # over the half-open connection, until the reset comes back
            sim.ask(b, ECHO_A, Ping(), 1.0)
            if recorder.exits:
                raise ActorGone
    sim.advance(1.0)
    assert len(recorder.exits) == 1
    assert sim.ask(b, ECHO_A, Ping(2)) == Pong(2)
    recorder.link(ECHO_A)
    sim.settle()
    b.runtime.send(ECHO_A, Stop())
    sim.settle()
    assert len(recorder.exits) == 2


def test_a_half_open_connection_is_reset_when_something_is_sent() -> None:
    sim = Simulation(1)
    a, b = listening(sim, A), listening(sim, B)
    recorder = Recorder(link_to=ECHO_A)
    b.runtime.spawn(recorder, "recorder")
    sim.settle()
    a.lose_power()
    a.start(5050)
    sim.settle()
    assert recorder.exits == []
    b.runtime.send(ECHO_A, Ping())
    sim.settle()
    assert recorder.exits == [(ECHO_A, "connection lost: connection reset")]
    assert sim.ask(b, ECHO_A, Ping(1)) == Pong(1)


# -- partitions -------------------------------------------------------------------------------


def test_a_short_partition_delays_and_loses_nothing() -> None:
    sim = Simulation(3)
    a, b = recording(sim, A), listening(sim, B)
    linked = Recorder(link_to=PID("recorder", A_ADDRESS))
    b.runtime.spawn(linked, "linked")
    b.runtime.spawn(Ticker(PID("recorder", A_ADDRESS), 1.0), "ticker")
    sim.advance(10.0)
    sim.network.partition(A, B)
    sim.advance(60.0)
    got = len(actor_of(a, "recorder").got)
    assert got <= 11
    sim.network.heal()
    sim.advance(5.0)
    numbers = actor_of(a, "recorder").numbers
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 70
    assert linked.exits == []


def test_a_long_partition_is_told_to_both_and_both_come_back() -> None:
    sim = Simulation(3)
    a, b = listening(sim, A), listening(sim, B)
    at_a, at_b = Recorder(link_to=ECHO_B), Recorder(link_to=ECHO_A)
    a.runtime.spawn(at_a, "recorder")
    b.runtime.spawn(at_b, "recorder")
    sim.advance(1.0)
    sim.network.partition(A, B)
    sim.advance(200.0)
    assert [pid for pid, _ in at_a.exits] == [ECHO_B]
    assert [pid for pid, _ in at_b.exits] == [ECHO_A]
    with pytest.raises((ActorGone, AskTimeout)):
        sim.ask(a, ECHO_B, Ping(), 1.0)
    sim.network.heal(A, B)
    sim.advance(30.0)
    assert sim.ask(a, ECHO_B, Ping(1)) == Pong(1)
    assert sim.ask(b, ECHO_A, Ping(2)) == Pong(2)
    assert open_connections(a) == open_connections(b) == 1


def test_a_link_made_during_a_partition_is_told_when_the_dial_fails() -> None:
    sim = Simulation(3)
    listening(sim, A)
    b = listening(sim, B)
    sim.network.partition(A, B)
    recorder = Recorder(link_to=ECHO_A)
    b.runtime.spawn(recorder, "recorder")
    sim.advance(9.0)
    assert recorder.exits == []
    sim.advance(2.0)
    assert recorder.exits == [(ECHO_A, "unreachable: connection timed out")]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_breaks_order_is_kept_and_after_it_everything_arrives(seed: int) -> None:
    sim = Simulation(seed)
    rng = sim.rng.child("test")
    a, b = recording(sim, A), recording(sim, B)
    seen: list[tuple[str, Recorder]] = [(A, actor_of(a, "recorder")), (B, actor_of(b, "recorder"))]
    n = 0
    for _ in range(60):
        for host, to in ((a, B_ADDRESS), (b, A_ADDRESS)):
            if host.is_up:
                for _ in range(rng.randint(0, 3)):
                    host.runtime.send(PID("recorder", to), Note(n := n + 1))
        sim.advance(rng.uniform(0.0, 3.0))
        victim = rng.choice([a, b])
        fault = rng.randint(0, 9)
        if fault == 0:
            sim.network.partition(A, B)
        elif fault in (1, 2):
            sim.network.heal()
        elif fault == 3 and victim.is_up:
            rng.choice([victim.kill, victim.lose_power, victim.stop])()
        elif not victim.is_up:
            victim.start(5050)
            seen.append((victim.ip, actor_of(victim, "recorder")))
    sim.network.heal()
    for host in (a, b):
        if not host.is_up:
            host.start(5050)
            seen.append((host.ip, actor_of(host, "recorder")))
    sim.advance(300.0)
    a.runtime.send(PID("recorder", B_ADDRESS), Note(n + 1))  # finds out that the connection is dead
    b.runtime.send(PID("recorder", A_ADDRESS), Note(n + 1))
    sim.advance(30.0)
    for last in range(n + 2, n + 5):
        a.runtime.send(PID("recorder", B_ADDRESS), Note(last))
        b.runtime.send(PID("recorder", A_ADDRESS), Note(last))
    sim.advance(30.0)
    for _, recorder in seen:
        numbers = recorder.numbers
        assert numbers == sorted(set(numbers))  # each at most once, in order
    assert actor_of(a, "recorder").numbers[-3:] == [n + 2, n + 3, n + 4]
    assert actor_of(b, "recorder").numbers[-3:] == [n + 2, n + 3, n + 4]
    assert open_connections(a) == open_connections(b) == 1
    for host in (a, b):
        peers = host.runtime.peers
        assert len(peers._connections) == 1
        assert len(peers._peers) == 1
        assert not peers.dirty
        assert not peers.backlog


# -- dialling again ---------------------------------------------------------------------------


def test_dials_are_repeated_with_a_growing_pause() -> None:
    sim = Simulation(1)
    machine_only(sim, A)
    b = listening(sim, B, Limits(backoff_min_s=1.0, backoff_max_s=8.0))
    b.runtime.spawn(Ticker(ECHO_A, 0.1), "ticker")
    failed: list[float] = []
    for _ in range(600):
        sim.advance(0.1)
        while counter(b, "actors/dials_failed") > len(failed):
            failed.append(sim.clock.now() / 1e9)
    pauses = [round(later - earlier, 0) for earlier, later in itertools.pairwise(failed)]
    assert pauses[:6] == [1, 2, 4, 8, 8, 8]
    listening(sim, A)
    sim.advance(9.0)
    assert open_connections(b) == 1


def test_a_peer_nothing_is_sent_to_is_not_dialled_again_and_forgotten() -> None:
    sim = Simulation(1)
    b = listening(sim, B)
    b.runtime.send(ECHO_A, Ping())
    sim.advance(60.0)
    assert counter(b, "actors/dials_failed") == 1
    assert not b.runtime.peers._peers
    assert dead_letters(b) == [("unreachable", "*")]


def test_what_is_sent_during_the_pause_goes_out_with_the_next_dial() -> None:
    sim = Simulation(1)
    machine_only(sim, A)
    b = listening(sim, B, Limits(backoff_min_s=1.0))
    b.runtime.send(ECHO_A, Ping())
    sim.advance(0.5)
    a = recording(sim, A)
    for n in range(5):
        b.runtime.send(PID("recorder", A_ADDRESS), Note(n))
    sim.advance(1.0)
    assert actor_of(a, "recorder").numbers == [0, 1, 2, 3, 4]


def test_a_link_alone_in_the_pause_causes_the_next_dial() -> None:
    sim = Simulation(1)
    machine_only(sim, A)
    b = listening(sim, B, Limits(backoff_min_s=1.0))
    b.runtime.send(ECHO_A, Ping())
    sim.advance(0.5)
    recorder = Recorder(link_to=ECHO_A)
    b.runtime.spawn(recorder, "recorder")
    a = listening(sim, A)
    sim.advance(2.0)
    assert recorder.exits == []
    a.runtime.terminate(ECHO_A)
    sim.settle()
    assert recorder.exits == [(ECHO_A, "terminated")]


def test_an_ask_of_an_unreachable_process_fails_with_the_dial() -> None:
    sim = Simulation(1)
    machine_only(sim, A)
    b = listening(sim, B)
    with pytest.raises(ActorGone):
        sim.ask(b, ECHO_A, Ping(), 100.0)
    assert sim.clock.now() < 1_000_000_000


def test_an_address_that_is_none_is_unreachable() -> None:
    sim = Simulation(1)
    b = listening(sim, B)
    for address in ("~10.0.0.9:1", "10.0.0.9:0", "0.0.0.0:5050"):
        recorder = Recorder(link_to=PID("x", address))
        b.runtime.spawn(recorder, f"to {address}")
        with pytest.raises(ActorGone):
            sim.ask(b, PID("x", address), Ping())
        sim.settle()
        assert recorder.exits == [(PID("x", address), "unreachable")]
    assert counter(b, "actors/dials_failed") == 0


# -- peers that cannot be dialled -------------------------------------------------------------


class Greeter(Echo):
    """Keeps who pinged, to speak to them later."""

    def __init__(self) -> None:
        super().__init__()
        self.known: list[PID] = []

    @handles
    def on_ping(self, sender: PID, message: Ping) -> None:
        self.known.append(sender)
        self.send(sender, Pong(message.n))


def test_a_peer_that_advertises_nothing_is_answered_and_spoken_to_but_never_dialled() -> None:
    sim = Simulation(1)
    server = listening(sim, A)
    greeter = Greeter()
    server.runtime.spawn(greeter, "greeter")
    clients = [dialling(sim, f"10.0.1.{n}") for n in range(3)]
    for n, client in enumerate(clients):
        client.runtime.send(PID("greeter", A_ADDRESS), Ping(n), PID("recorder", client.runtime.address))
    sim.settle()
    assert len(set(greeter.known)) == 3
    assert all(pid.address.startswith("~10.0.1.") for pid in greeter.known)
    for pid in greeter.known:
        greeter.send(pid, Note(100))
    sim.settle()
    for n, client in enumerate(clients):
        assert actor_of(client, "recorder").numbers == [n, 100]
    clients[0].kill()
    sim.settle()
    gone = greeter.known[0]
    greeter.send(gone, Note(1))
    sim.advance(30.0)
    assert ("unreachable", "test.Note") in dead_letters(server)
    assert counter(server, "actors/dials_failed") == 0
    assert len(server.runtime.peers._peers) == 2


def test_a_client_comes_back_under_a_new_address_and_is_not_confused_with_its_past() -> None:
    sim = Simulation(1)
    server = listening(sim, A)
    greeter = Greeter()
    server.runtime.spawn(greeter, "greeter")
    client = dialling(sim, B)
    for _ in range(2):
        client.runtime.send(PID("greeter", A_ADDRESS), Ping(), PID("recorder", client.runtime.address))
        sim.settle()
        client.restart()
    assert len(set(greeter.known)) == 2


# -- two names, one process; two processes, one name ------------------------------------------


def test_two_processes_that_advertise_one_address_the_later_is_refused() -> None:
    sim = Simulation(1)
    server = recording(sim, A)
    first, second = listening(sim, B), sim.host("10.0.0.3", lambda host: None)
    first.runtime.send(PID("recorder", A_ADDRESS), Note(1))
    sim.settle()
    second.start(5050)
    second.runtime.peers._advertised = B_ADDRESS  # started with a wrong flag
    recorder = Recorder(link_to=PID("recorder", A_ADDRESS))
    second.runtime.spawn(recorder, "linked")
    sim.advance(1.0)
    assert recorder.exits == [(PID("recorder", A_ADDRESS), "unreachable: refused: address_taken")]
    first.runtime.send(PID("recorder", A_ADDRESS), Note(2))
    sim.settle()
    assert actor_of(server, "recorder").numbers == [1, 2]
    assert open_connections(server) == 1
    first.kill()
    sim.settle()
    second.runtime.send(PID("recorder", A_ADDRESS), Note(3))
    sim.advance(15.0)
    assert actor_of(server, "recorder").numbers == [1, 2, 3]


def two_names() -> tuple[Simulation, Host, Host, str]:
    """A host that can also be dialled under an address it does not advertise, and another one."""
    sim = Simulation(1)
    a, b = listening(sim, A), listening(sim, B)
    other = f"{A}:7777"
    sim.network.listen(other, a.runtime.peers.accept)
    return sim, a, b, other


def test_a_process_is_reached_under_a_name_it_does_not_advertise() -> None:
    sim, a, b, other = two_names()
    assert sim.ask(b, PID("echo", other), Ping(1)) == Pong(1)
    echo = actor_of(a, "echo")
    echo.link(ECHO_B)
    echo.send(ECHO_B, Ping())
    sim.settle()
    assert open_connections(a) == 1
    assert echo.exits == []


@pytest.mark.parametrize(
    "first", ["alias dialled first", "alias dialled second", "dialled by the other side"]
)
def test_two_names_of_one_process_share_a_connection(first: str) -> None:
    sim, a, b, other = two_names()
    alias = PID("echo", other)
    if first == "alias dialled first":
        assert sim.ask(b, alias, Ping(1)) == Pong(1)
        assert sim.ask(b, ECHO_A, Ping(2)) == Pong(2)
    elif first == "alias dialled second":
        assert sim.ask(b, ECHO_A, Ping(1)) == Pong(1)
    else:
        assert sim.ask(a, ECHO_B, Ping(1)) == Pong(1)
    assert sim.ask(b, alias, Ping(3)) == Pong(3)
    assert open_connections(a) == open_connections(b) == 1
    recorder = Recorder(link_to=alias)
    b.runtime.spawn(recorder, "recorder")
    sim.settle()
    a.runtime.send(ECHO_A, Stop())
    sim.settle()
    assert recorder.exits == [(alias, "terminated")]
    a.runtime.spawn(Echo(), "echo")
    recorder.link(alias)
    recorder.link(ECHO_A)
    sim.settle()
    a.kill()
    sim.settle()
    assert {pid for pid, _ in recorder.exits} == {alias, ECHO_A}
    assert not b.runtime.peers._connections
    assert not b.runtime.peers._peers


# -- shutdown ---------------------------------------------------------------------------------


class Farewell(Actor):
    """Says goodbye when it ends."""

    def __init__(self, to: PID) -> None:
        self.to = to

    def finalize(self) -> None:
        self.send(self.to, Note(99))


def test_what_is_sent_while_ending_still_arrives() -> None:
    sim = Simulation(1)
    a, b = recording(sim, A), listening(sim, B)
    to = PID("recorder", A_ADDRESS)
    b.runtime.send(to, Note(1))
    sim.settle()
    b.runtime.spawn(Farewell(to), "farewell")
    b.stop()
    sim.settle()
    assert actor_of(a, "recorder").numbers == [1, 99]


def test_nothing_is_accepted_or_dialled_after_shutdown() -> None:
    sim = Simulation(1)
    a, b = listening(sim, A), listening(sim, B)
    sim.ask(b, ECHO_A, Ping())
    a.runtime.shutdown()
    sim.settle()
    assert not a.runtime.peers._connections
    a.runtime.send(ECHO_B, Ping())
    with pytest.raises(ActorGone):
        sim.ask(b, ECHO_A, Ping())
    assert dead_letters(a) == [("unreachable", "test.Ping")]


def test_a_failed_actor_takes_its_simulated_process_along() -> None:
    sim = Simulation(1)
    a, b = listening(sim, A), listening(sim, B)
    recorder = Recorder(link_to=ECHO_A)
    b.runtime.spawn(recorder, "recorder")
    sim.settle()
    b.runtime.send(ECHO_A, Fail())
    sim.settle()
    assert not a.is_up
    assert [str(error) for _, error in a.failures] == ["told to fail"]
    assert len(recorder.exits) == 1


def test_two_names_of_one_process_are_one_actor_to_those_who_ask() -> None:
    sim, _, b, other = two_names()
    asker = actor_of(b, "echo")
    assert not asker.is_same(ECHO_A, PID("echo", other))  # nobody knows yet
    assert sim.ask(b, PID("echo", other), Ping(1)) == Pong(1)
    assert sim.ask(b, ECHO_A, Ping(2)) == Pong(2)
    assert asker.is_same(ECHO_A, PID("echo", other))
    assert not asker.is_same(ECHO_A, PID("other", other))
