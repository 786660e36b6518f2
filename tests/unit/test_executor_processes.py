"""Reading the process table, and scripts of simulated processes."""

from __future__ import annotations

import os
import signal

import pytest

from actors import Rng
from actors.testing import VirtualClock
from cluster.containerizer.proc_table import Entry, ProcessTable, belongs, entry_of, parse_stat, read_table
from cluster.containerizer.processes import LaunchError, ProcessSpec, shell
from cluster.containerizer.simulated import SimulatedProcesses, Step, parse


def entry(pid: int, parent: int, group: int, session: int) -> Entry:
    return Entry(pid, parent, group, session, 0, is_zombie=False)


def test_everything_below_a_leader_is_found() -> None:
    table = ProcessTable(
        [
            entry(1, 0, 1, 1),
            entry(10, 1, 10, 10),  # the root
            entry(11, 10, 10, 10),  # child
            entry(12, 11, 12, 10),  # grandchild in a group of its own
            entry(13, 12, 13, 13),  # in a session of its own
            entry(14, 1, 10, 10),  # orphan in the group
            entry(15, 1, 15, 10),  # orphan in the session
            entry(16, 1, 13, 13),  # orphan in the inner session
            entry(20, 1, 20, 20),  # a stranger
            entry(21, 20, 20, 20),
        ]
    )
    assert sorted(table.below([10])) == [10, 11, 12, 13, 14, 15, 16]


def test_session_that_only_contains_a_process_is_left_alone() -> None:
    table = ProcessTable([entry(20, 1, 20, 20), entry(21, 20, 21, 20), entry(22, 21, 21, 20)])
    assert sorted(table.below([22])) == [22]
    assert sorted(table.below([21])) == [21, 22]


def test_stat_with_a_strange_name() -> None:
    fields = " ".join(str(n) for n in range(3, 50))
    parsed = parse_stat(f"42 (a) b (c)) Z 1 41 40 {fields}".encode())
    assert parsed[:4] == (42, 1, 41, 40)
    assert parsed.is_zombie


def test_own_entry() -> None:
    own = entry_of(os.getpid())
    assert own is not None
    assert own.parent == os.getppid()
    assert own.session == os.getsid(0)
    assert os.getpid() in read_table().below([os.getppid()])
    assert entry_of(2**22 + 1) is None


def test_environment_that_names_a_sandbox() -> None:
    wanted = {b"/work/a"}
    assert belongs(b"X=1\0MESOS_DIRECTORY=/work/a\0", wanted)
    assert belongs(b"MESOS_SANDBOX=/work/a\0", wanted)
    assert not belongs(b"MESOS_DIRECTORY=/work/ab\0", wanted)
    assert not belongs(b"NOT_MESOS_DIRECTORY=/work/a\0", wanted)
    assert not belongs(b"", wanted)


# -- simulated ----------------------------------------------------------------------------------


class Machine:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.processes = SimulatedProcesses(self.clock, Rng("1"))
        self.ended: dict[str, tuple[float, int]] = {}

    def start(self, script: str, directory: str = "/s") -> object:
        spec = ProcessSpec(shell(script), {"MESOS_DIRECTORY": directory}, directory)
        now = self.clock.now
        return self.processes.start(spec, lambda s: self.ended.__setitem__(script, (now() / 1e9, s)))

    def run(self) -> None:
        while self.clock.step():
            pass


def test_scripts_are_cut_at_semicolons_and_ands() -> None:
    assert parse("trap '' TERM; sleep 1 && exit 2\ntrue") == [
        Step(("trap", "", "TERM"), False),
        Step(("sleep", "1"), False),
        Step(("exit", "2"), True),
        Step(("true",), False),
    ]


@pytest.mark.parametrize(
    ("script", "status", "about_s"),
    [
        ("true", 0, 0),
        ("false", 256, 0),
        ("false; true", 0, 0),
        ("false && true && sleep 5", 256, 0),
        ("true && sleep 5; exit 3", 3 << 8, 5),
        ("no-such-command", 127 << 8, 0),
        ("kill -11 $$; sleep 5", 11, 0),
        ("echo hi && exit", 0, 0),
    ],
)
def test_script(script: str, status: int, about_s: float) -> None:
    machine = Machine()
    machine.start(script)
    assert machine.ended == {}
    machine.run()
    at_s, ended = machine.ended[script]
    assert ended == status
    assert about_s < at_s < about_s + 0.1


def test_signals_and_traps() -> None:
    machine = Machine()
    obeys = machine.processes.start(ProcessSpec(shell("sleep 9"), {}, "/a"), lambda s: ends.append(s))
    ends: list[int] = []
    stubborn = machine.processes.start(
        ProcessSpec(shell("trap '' TERM; sleep 9; sleep 9"), {}, "/b"), lambda s: ends.append(s)
    )
    for _ in range(2):
        machine.clock.step()
    obeys.signal_tree(signal.SIGTERM)
    stubborn.signal_tree(signal.SIGTERM)
    assert ends == []
    machine.clock.step()
    assert ends == [signal.SIGTERM]
    stubborn.signal_tree(signal.SIGKILL)
    stubborn.signal_tree(signal.SIGKILL)
    machine.run()
    assert ends == [signal.SIGTERM, signal.SIGKILL]
    assert stubborn.signals == [signal.SIGTERM, signal.SIGKILL]


def test_leftovers_of_a_sandbox_and_of_the_machine() -> None:
    machine = Machine()
    machine.start("sleep 1", "/a")
    machine.start("sleep 2", "/b")
    machine.start("sleep 3", "/c")
    (pid,) = machine.processes.leftovers("/a")
    assert machine.processes.kill_leftovers("/a") == [pid]
    assert machine.processes.leftovers("/a") == []
    assert len(machine.processes.running) == 2
    machine.processes.kill_all()
    assert machine.processes.running == []
    machine.run()
    assert {status for _, status in machine.ended.values()} == {signal.SIGKILL}


def test_program_that_does_not_exist() -> None:
    with pytest.raises(LaunchError, match="cannot run 'nothing': No such file"):
        Machine().processes.start(ProcessSpec(("nothing",), {}, "/s"), lambda status: None)
