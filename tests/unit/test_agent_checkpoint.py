"""Checkpoints: what one writes another one reads, whatever a crash left of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from actors.testing import SimulatedDisk
from cluster.agent.checkpoint import Checkpoints, Recovered, RecoveryError, compatibility_fault
from cluster.agent.paths import Paths
from cluster.agent.state import AgentTask, Executor, Framework
from cluster.model import (
    AgentID,
    AgentInfo,
    CommandInfo,
    DomainInfo,
    ExecutorID,
    ExecutorInfo,
    FrameworkID,
    FrameworkInfo,
    Resources,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
    parse_attributes,
)

S = TaskState
PATHS = Paths("/work")
INFO = AgentInfo(hostname="h", resources=Resources.parse("cpus:4;ports:[1-9]").protos(), id=AgentID("S0"))
FRAMEWORK = FrameworkInfo(user="me", name="f", id=FrameworkID("F"), checkpoint=True)
FaultDomain = DomainInfo.FaultDomain
HERE = DomainInfo(
    fault_domain=FaultDomain(region=FaultDomain.RegionInfo(name="r"), zone=FaultDomain.ZoneInfo(name="z"))
)
TASK_DIRECTORY = "/work/meta/slaves/S0/frameworks/F/executors/e/tasks/t"
HISTORY = f"{TASK_DIRECTORY}/task.updates"


def status(state: TaskState, number: int) -> TaskStatus:
    return TaskStatus(task_id=TaskID("t"), state=state, uuid=number.to_bytes(16, "big"), message="words")


STATES = (S.TASK_STARTING, S.TASK_RUNNING, S.TASK_FINISHED)
UPDATES = [status(state, number) for number, state in enumerate(STATES)]


class Life:
    """A work directory with one framework, executor and task."""

    def __init__(self, *, strict: bool = True, checkpoint: bool = True) -> None:
        self.disk = SimulatedDisk()
        self.strict = strict
        self.writer = self.another()
        self.framework = Framework("F", replace(FRAMEWORK, checkpoint=checkpoint))
        info = ExecutorInfo(executor_id=ExecutorID("e"), command=CommandInfo(value="./e"))
        self.executor = Executor("e", "F", info, "c1", "/work/sandbox", is_command=False)
        self.task = TaskInfo(name="t", task_id=TaskID("t"), agent_id=AgentID("S0"), labels=None)

    def another(self) -> Checkpoints:
        return Checkpoints(self.disk, PATHS, strict=self.strict)

    def write(self, updates: int = 0, acknowledged: int = 0) -> Life:
        self.writer.save_agent(INFO)
        self.writer.save_framework(self.framework)
        self.writer.save_executor(self.executor)
        self.writer.save_task(self.executor, self.task)
        for update in UPDATES[:updates]:
            self.writer.add_update(self.executor, "t", update)
        for update in UPDATES[:acknowledged]:
            assert update.uuid is not None
            self.writer.add_acknowledgement(self.executor, "t", update.uuid)
        return self

    def read(self) -> Recovered:
        found = self.another().load()
        assert found is not None
        return found

    def read_task(self) -> AgentTask | None:
        (framework,) = self.read().frameworks
        return framework.executors["e"].tasks.get("t")


def test_a_new_directory_has_nothing() -> None:
    assert Life().another().load() is None


def test_what_was_written_is_read() -> None:
    found = Life().write().read()
    assert found.info == INFO
    (framework,) = found.frameworks
    assert (framework.id, framework.info, framework.is_terminating) == ("F", FRAMEWORK, False)
    executor = framework.executors["e"]
    assert (executor.id, executor.framework_id, executor.container_id, executor.directory) == (
        "e", "F", "c1", "/work/sandbox",
    )  # fmt: skip
    assert executor.is_started
    assert not executor.is_command
    assert executor.info.command == CommandInfo(value="./e")
    task = executor.tasks["t"]
    assert (task.info.name, task.state, task.is_sent) == ("t", S.TASK_STAGING, True)
    assert not len(found.streams)


@pytest.mark.parametrize("acknowledged", range(3))
def test_what_is_not_acknowledged_is_sent_again_in_order(acknowledged: int) -> None:
    found = Life().write(3, acknowledged).read()
    assert [update for _, update in found.streams.pending()] == UPDATES[acknowledged:]
    (forward,) = found.streams.resume()
    assert (forward.key, forward.status, forward.latest) == (
        ("F", "t"), UPDATES[acknowledged], S.TASK_FINISHED,
    )  # fmt: skip
    assert found.frameworks[0].executors["e"].tasks["t"].state is S.TASK_FINISHED


def test_a_task_whose_end_is_acknowledged_is_gone() -> None:
    life = Life().write(3, 3)
    assert life.read_task() is None
    assert not len(life.read().streams)


def test_duplicates_are_still_known_as_such() -> None:
    found = Life().write(2, 1).read()
    assert not found.streams.is_new(("F", "t"), UPDATES[0])
    assert not found.streams.is_new(("F", "t"), UPDATES[1])
    assert found.streams.is_new(("F", "t"), UPDATES[2])


def test_frameworks_that_do_not_checkpoint_leave_no_description() -> None:
    life = Life(checkpoint=False)
    life.writer.save_agent(INFO)
    life.writer.save_framework(life.framework)
    assert life.read().frameworks == []


@pytest.mark.parametrize(
    ("forget", "left"),
    [
        (lambda life: life.writer.forget_task(life.executor, "t"), (1, 1, 0)),
        (lambda life: life.writer.forget_executor(life.executor), (1, 0, 0)),
        (lambda life: life.writer.forget_framework("F"), (0, 0, 0)),
    ],
)
def test_what_is_forgotten_is_gone(forget: Callable[[Life], None], left: tuple[int, int, int]) -> None:
    life = Life().write(2)
    forget(life)
    found = life.read()
    executors = [e for f in found.frameworks for e in f.executors.values()]
    tasks = [t for e in executors for t in e.tasks.values()]
    assert (len(found.frameworks), len(executors), len(tasks)) == left


# -- crashes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("strict", [True, False])
def test_a_history_torn_at_any_byte_keeps_its_whole_records_and_goes_on(strict: bool) -> None:
    whole = Life(strict=strict).write(3, 1)
    history = whole.disk.read(HISTORY)
    assert history is not None
    ends = [0]
    while ends[-1] < len(history):
        ends.append(ends[-1] + 4 + int.from_bytes(history[ends[-1] : ends[-1] + 4], "big"))
    assert len(ends) == 5
    for at in range(len(history)):
        life = Life(strict=strict).write()
        life.disk.write(HISTORY, history[:at])
        whole_records = sum(end <= at for end in ends[1:])
        first = life.another()
        found = first.load()
        assert found is not None
        pending = [update for _, update in found.streams.pending()]
        assert pending == UPDATES[: min(whole_records, 3)]
        # What is written behind the tear must be found by the next one.
        executor = found.frameworks[0].executors["e"]
        for update in UPDATES[len(pending) :]:
            first.add_update(executor, "t", update)
        assert [update for _, update in life.read().streams.pending()] == UPDATES, at


PLACES = [
    PATHS.agent_info("S0"),
    PATHS.framework_info("S0", "F"),
    PATHS.executor_info("S0", "F", "e"),
    f"{TASK_DIRECTORY}/task.info",
]


@pytest.mark.parametrize("content", [None, b"", b"\0", b"\0\0\0"])
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("place", PLACES)
def test_a_file_that_was_never_written_whole_is_passed_over(
    place: str, strict: bool, content: bytes | None
) -> None:
    life = Life(strict=strict).write(2)
    if content is None:
        life.disk.remove(place)
    else:
        life.disk.write(place, content)
    found = life.another().load()
    if place == PLACES[0]:
        assert found is None  # a new agent
        return
    assert found is not None
    assert not len(found.streams)
    assert len(found.frameworks) == (place != PLACES[1])


@pytest.mark.parametrize("content", [b"garbage!", b"\0\0\0\1\xc1", b"\0\0\0\2\x81\xa1", b"\0\0\0\1\x90"])
@pytest.mark.parametrize("place", [*PLACES, HISTORY])
def test_a_broken_file_ends_a_strict_agent_and_is_passed_over_otherwise(place: str, content: bytes) -> None:
    life = Life(strict=True).write(2)
    life.disk.write(place, content if place != HISTORY else b"\0\0\0\4\xc1\xc1\xc1\xc1")
    with pytest.raises(RecoveryError) as caught:
        life.another().load()
    assert place in str(caught.value)
    assert "--no-strict" in str(caught.value)
    assert PATHS.latest in str(caught.value)
    life.strict = False
    found = life.another().load()
    assert (found is None) == (place == PLACES[0])


@pytest.mark.parametrize("latest", [b"", b"S9", b"\xff\xfe"])
def test_a_latest_that_leads_nowhere_is_a_new_agent(latest: bytes) -> None:
    life = Life().write()
    life.disk.write(PATHS.latest, latest)
    assert life.another().load() is None


def test_a_truncated_description_is_broken_not_half_believed() -> None:
    life = Life().write()
    data = life.disk.read(PLACES[1])
    assert data is not None
    life.disk.write(PLACES[1], data[:-1])
    with pytest.raises(RecoveryError):
        life.another().load()


def test_a_history_without_its_task_is_passed_over() -> None:
    life = Life().write(2)
    life.disk.remove(f"{TASK_DIRECTORY}/task.info")
    assert life.read_task() is None


# -- whether an agent may go on ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, None),
        ({"port": 1}, None),
        ({"id": None}, None),
        ({"hostname": "other"}, "hostname changed"),
        ({"resources": Resources.parse("cpus:5;ports:[1-9]").protos()}, "resources changed"),
        ({"attributes": parse_attributes("a:b")}, "attributes changed"),
        ({"domain": HERE}, "domain changed"),
    ],
)
def test_an_agent_goes_on_as_what_it_was(changes: dict[str, object], fault: str | None) -> None:
    assert compatibility_fault(INFO, replace(INFO, **changes)) == fault


def test_the_order_of_resources_and_attributes_means_nothing() -> None:
    info = replace(INFO, attributes=parse_attributes("a:b;c:d"))
    turned = replace(info, resources=info.resources[::-1], attributes=info.attributes[::-1])
    assert compatibility_fault(info, turned) is None
