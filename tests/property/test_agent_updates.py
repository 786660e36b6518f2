"""Update streams against a simple model: nothing lost, reordered, or acknowledged twice."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.testing import SimulatedDisk
from cluster.agent.checkpoint import Checkpoints
from cluster.agent.paths import Paths
from cluster.agent.state import Executor, Framework
from cluster.agent.updates import RETRY_MAX_S, RETRY_MIN_S, Forward, Key, Streams
from cluster.model import (
    AgentID,
    AgentInfo,
    ExecutorID,
    ExecutorInfo,
    FrameworkID,
    FrameworkInfo,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
    is_terminal,
)

S = TaskState
KEYS: list[Key] = [(framework, task) for framework in "FG" for task in ("1", "2")]
keys = st.sampled_from(KEYS)
states = st.sampled_from([S.TASK_STARTING, S.TASK_RUNNING, S.TASK_RUNNING, S.TASK_KILLING, S.TASK_FINISHED])
PATHS = Paths("/work")


def ids() -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        yield number.to_bytes(16, "big")


class UpdateStreams(RuleBasedStateMachine):
    """Streams as an agent uses them, with a disk, restarts, and a scheduler at the far end.

    The model: per task, what was taken and not acknowledged, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.disk = SimulatedDisk()
        self.checkpoints = Checkpoints(self.disk, PATHS, strict=True)
        self.streams = Streams()
        self.is_paused = True
        self.waiting: dict[Key, list[TaskStatus]] = {}
        self.taken: dict[Key, list[TaskStatus]] = {}
        self.ended: set[Key] = set()
        self.acknowledged: dict[Key, list[TaskStatus]] = {key: [] for key in KEYS}
        self.timers: dict[Key, Forward] = {}
        self.uuids = ids()
        self.executors = {
            key: Executor(
                key[1], key[0], ExecutorInfo(executor_id=ExecutorID(key[1])), f"c{key}", "/s", is_command=True
            )
            for key in KEYS
        }

    @initialize()
    def begin(self) -> None:
        self.checkpoints.save_agent(AgentInfo(hostname="h", id=AgentID("S0")))
        for framework in "FG":
            info = FrameworkInfo(user="me", name=framework, id=FrameworkID(framework), checkpoint=True)
            self.checkpoints.save_framework(Framework(framework, info))
        for key, executor in self.executors.items():
            self.checkpoints.save_executor(executor)
            self.checkpoints.save_task(
                executor, TaskInfo(name="t", task_id=TaskID(key[1]), agent_id=AgentID("S0"))
            )

    # -- what goes out ------------------------------------------------------------------------

    def sent(self, forward: Forward | None) -> None:
        """Something is sent: it must be the oldest of its task, with the newest state."""
        if forward is None:
            return
        assert not self.is_paused
        assert forward.status == self.waiting[forward.key][0]
        assert forward.latest is self.taken[forward.key][-1].state
        assert RETRY_MIN_S <= forward.retry_s <= RETRY_MAX_S
        self.timers[forward.key] = forward

    # -- what happens -------------------------------------------------------------------------

    @rule(key=keys, state=states)
    def executor_sends(self, key: Key, state: TaskState) -> None:
        status = TaskStatus(task_id=TaskID(key[1]), state=state, uuid=next(self.uuids))
        is_new = self.streams.is_new(key, status)
        assert is_new == (key not in self.ended or key not in self.waiting)
        if not is_new or key in self.ended:
            return  # its executor would be forgotten by now
        self.checkpoints.add_update(self.executors[key], key[1], status)
        was_idle = not self.waiting.get(key)
        self.waiting.setdefault(key, []).append(status)
        self.taken.setdefault(key, []).append(status)
        if is_terminal(state):
            self.ended.add(key)
        forward = self.streams.add(key, status)
        assert (forward is not None) == (was_idle and not self.is_paused)
        self.sent(forward)

    @rule(key=keys, data=st.data())
    def executor_repeats(self, key: Key, data: st.DataObject) -> None:
        if key in self.waiting and self.taken[key]:
            status = data.draw(st.sampled_from(self.taken[key]))
            assert not self.streams.is_new(key, status)

    @rule(key=keys)
    def scheduler_acknowledges(self, key: Key) -> None:
        if self.waiting.get(key):
            self.acknowledge(key, self.waiting[key][0])

    def acknowledge(self, key: Key, status: TaskStatus) -> None:
        assert status.uuid is not None
        found, forward = self.streams.acknowledge(key, status.uuid)
        assert found == self.waiting[key].pop(0) == status
        assert status not in self.acknowledged[key]
        self.acknowledged[key].append(status)
        self.checkpoints.add_acknowledgement(self.executors[key], key[1], status.uuid)
        assert (forward is not None) == (bool(self.waiting[key]) and not self.is_paused)
        if is_terminal(status.state):
            del self.waiting[key]
            assert key not in self.streams
            self.checkpoints.forget_task(self.executors[key], key[1])
        self.sent(forward)

    @rule(key=keys, data=st.data())
    def scheduler_repeats_itself(self, key: Key, data: st.DataObject) -> None:
        """Old acknowledgements, those of other tasks, and those out of turn change nothing."""
        strange = [
            s for other in KEYS for s in self.taken.get(other, []) if s not in self.waiting.get(key, [])[:1]
        ]
        if strange:
            uuid = data.draw(st.sampled_from(strange)).uuid
            assert uuid is not None
            assert self.streams.acknowledge(key, uuid) == (None, None)

    @rule(key=keys)
    def time_passes(self, key: Key) -> None:
        """A retry is due: sent again if nothing happened since, with twice the wait."""
        last = self.timers.pop(key, None)
        if last is None:
            return
        forward = self.streams.retry(key, last.attempt)
        if forward is not None:
            assert forward.status == last.status
            assert forward.retry_s == min(2 * last.retry_s, RETRY_MAX_S)
        else:
            assert self.is_paused or not self.waiting.get(key) or self.waiting[key][0] != last.status
        self.sent(forward)

    @rule(key=keys, behind=st.integers(1, 3))
    def an_old_timer_fires(self, key: Key, behind: int) -> None:
        last = self.timers.get(key)
        if last is not None:
            assert self.streams.retry(key, last.attempt - behind) is None

    @precondition(lambda self: not self.is_paused)
    @rule()
    def connection_breaks(self) -> None:
        self.streams.pause()
        self.is_paused = True

    @precondition(lambda self: self.is_paused)
    @rule()
    def connection_is_back(self) -> None:
        self.is_paused = False
        self.repeated(self.streams.resume(), None)

    @rule(framework=st.sampled_from("FG"))
    def framework_is_back(self, framework: str) -> None:
        self.repeated(self.streams.repeat(framework), framework)

    def repeated(self, forwards: list[Forward], framework: str | None) -> None:
        heads = {key for key, waiting in self.waiting.items() if waiting and framework in (None, key[0])}
        assert {forward.key for forward in forwards} == (set() if self.is_paused else heads)
        assert {forward.retry_s for forward in forwards} <= {RETRY_MIN_S}
        for forward in forwards:
            self.sent(forward)

    @rule(torn=st.integers(0, 40), key=keys)
    def agent_dies(self, torn: int, key: Key) -> None:
        """kill -9 while a record was being written: the next life goes on where this one was."""
        path = PATHS.task("S0", key[0], key[1], key[1]) + "/task.updates"
        if torn and self.waiting.get(key):
            self.disk.append(path, (100).to_bytes(4, "big")[: min(torn, 4)] + b"x" * max(0, torn - 4))
        self.checkpoints = Checkpoints(self.disk, PATHS, strict=True)
        found = self.checkpoints.load()
        assert found is not None
        self.streams = found.streams
        self.timers.clear()
        self.is_paused = True

    @rule()
    def framework_ends(self) -> None:
        for key in [key for key in self.waiting if key[0] == "G"]:
            del self.waiting[key]
            self.ended.add(key)
            self.checkpoints.forget_task(self.executors[key], key[1])
        self.streams.drop("G")

    # -- what always holds --------------------------------------------------------------------

    @invariant()
    def nothing_is_lost_or_reordered(self) -> None:
        pending: dict[Key, list[TaskStatus]] = {}
        for key, status in self.streams.pending():
            pending.setdefault(key, []).append(status)
        assert pending == {key: waiting for key, waiting in self.waiting.items() if waiting}
        for key, acknowledged in self.acknowledged.items():
            assert acknowledged == self.taken.get(key, [])[: len(acknowledged)]

    @invariant()
    def what_waits_is_looked_after(self) -> None:
        """Every task with something to say has a timer running, or is paused."""
        if not self.is_paused:
            for key, waiting in self.waiting.items():
                if waiting and key not in self.timers:
                    raise AssertionError(f"{key} is forgotten")

    def teardown(self) -> None:
        """In the end everything is delivered."""
        if self.is_paused:
            self.connection_is_back()
        for key in KEYS:
            while self.waiting.get(key):
                self.acknowledge(key, self.waiting[key][0])
        assert not list(self.streams.pending())


UpdateStreams.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestUpdateStreams = UpdateStreams.TestCase
