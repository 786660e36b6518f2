"""The operator API of an agent on a real port, before an agent whose state a test made."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from actors import PID, Actor, Process, bind, handles
from cluster.agent.history import MAX_TASKS
from cluster.agent.reading import GetAgentView, IsRecovering, Recovering, agent_view
from cluster.agent.registration import Standing
from cluster.agent.state import AgentState, AgentTask, Executor, Framework, Phase, task_view
from cluster.containerizer.usage import Usage
from cluster.http import http_factory
from cluster.http.endpoints.agent_containers import AgentContainers
from cluster.http.file_tree import Attached
from cluster.http.files import FileEndpoints
from cluster.http.v1.agent_api import AgentApi
from cluster.http.v1.daemon_calls import DaemonCalls
from cluster.http.verbosity import Verbosity
from cluster.model import (
    AgentID,
    AgentInfo,
    Attribute,
    CommandInfo,
    ExecutorID,
    ExecutorInfo,
    FrameworkID,
    FrameworkInfo,
    Label,
    Labels,
    Resources,
    Scalar,
    Source,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
    Text,
    ValueType,
)
from tests.unit.http.wire import asked

S = TaskState
AGENT = AgentInfo(
    hostname="a1.example",
    port=5051,
    resources=Resources.parse("cpus:4;mem:4096;ports:[31000-32000]").protos(),
    attributes=(Attribute(name="rack", type=ValueType.TEXT, text=Text(value="r1")),),
    id=AgentID("S0"),
)
FRAMEWORK = FrameworkInfo(
    user="svc", name="batcher", id=FrameworkID("F"), failover_timeout=604800.0, checkpoint=True,
    roles=("batch/etl",),
)  # fmt: skip
CUSTOM = ExecutorInfo(
    type=ExecutorInfo.Type.CUSTOM,
    executor_id=ExecutorID("e"),
    framework_id=FrameworkID("F"),
    command=CommandInfo(value="./e", user="bob"),
    resources=Resources.parse("cpus:0.5;mem:32").allocated("batch/etl").protos(),
    name="worker",
    source="src",
)


def info(name: str, **more: Any) -> TaskInfo:
    """A task for the custom executor."""
    return TaskInfo(
        name=f"name of {name}", task_id=TaskID(name), agent_id=AgentID("S0"), executor=CUSTOM,
        resources=Resources.parse("cpus:1;mem:64").allocated("batch/etl").protos(), **more,
    )  # fmt: skip


def task(name: str, *states: TaskState, **more: Any) -> AgentTask:
    """A task that was sent and went through these states."""
    made = AgentTask(info(name, **more), is_sent=True)
    for number, state in enumerate(states):
        made.enter(
            TaskStatus(
                task_id=TaskID(name), state=state, source=Source.SOURCE_EXECUTOR, agent_id=AgentID("S0"),
                executor_id=ExecutorID("e"), timestamp=1700000000.5 + number, uuid=bytes([number] * 16),
            )
        )  # fmt: skip
    return made


def executor(container_id: str, phase: Phase, *tasks: AgentTask) -> Executor:
    """A run of the custom executor."""
    return Executor(
        id="e", framework_id="F", info=CUSTOM, container_id=container_id, directory=f"/work/{container_id}",
        is_command=False, phase=phase, tasks={one.id: one for one in tasks}, is_started=True, has_worked=True,
        first_pid=4711,
    )  # fmt: skip


def busy_state() -> AgentState:
    """An agent with a running and an ended executor of one framework, and a framework that ended."""
    state = AgentState(max_completed=10)
    framework = state.frameworks["F"] = Framework("F", FRAMEWORK)
    before = executor("c0", Phase.TERMINATED)
    state.add_executor(before)
    before.completed.append(task_view(before, task("old", S.TASK_RUNNING, S.TASK_LOST)))
    waiting = AgentTask(info("waiting", labels=Labels(labels=(Label(key="k", value="v"),))))
    running = task(
        "running", S.TASK_STARTING, S.TASK_RUNNING, S.TASK_RUNNING, limits={"mem": Scalar(value=128.0)}
    )
    ended = task("ended", S.TASK_FINISHED)
    now = executor("c1", Phase.RUNNING, waiting, running, ended)
    now.completed.append(task_view(now, task("done", S.TASK_RUNNING, S.TASK_KILLED)))
    assert now.completed.maxlen == MAX_TASKS
    state.remove_executor(before)
    state.frameworks["F"] = framework
    state.add_executor(now)
    past = Framework("P", FrameworkInfo(user="svc", name="past", id=FrameworkID("P")))
    state.frameworks["P"] = past
    command = ExecutorInfo(executor_id=ExecutorID("t"), command=CommandInfo(value="true"), source="t")
    over = Executor("t", "P", command, "c2", "/work/c2", is_command=True, phase=Phase.TERMINATED)
    state.add_executor(over)
    state.remove_executor(over)
    return state


class StillAgent(Actor):
    """Answers readers from a state that does not change."""

    def __init__(self, state: AgentState) -> None:
        self.state = state
        self.standing = Standing.RUNNING

    @handles
    def on_get_agent_view(self, sender: PID, message: GetAgentView) -> None:
        self.send(sender, agent_view(self.state, AGENT, self.standing, 1700000000.0))

    @handles
    def on_is_recovering(self, sender: PID, message: IsRecovering) -> None:
        self.send(sender, Recovering(self.standing is Standing.RECOVERING))


class Served:
    """The API, and a client."""

    def __init__(self, process: Process, agent: StillAgent) -> None:
        self.process = process
        self.agent = agent
        self.ask = partial(asked, process.runtime.address)

    async def call(self, call: object, **headers: str) -> tuple[int, bytes]:
        """Make a call in JSON; status and body of the answer."""
        fields = {"Content-Type": "application/json", **headers}
        async with self.ask("/api/v1", json.dumps(call).encode(), fields) as answer:
            return answer.status, await answer.body()


@asynccontextmanager
async def served(
    state: AgentState | None = None, flags: Mapping[str, str] | None = None, files: Path | None = None
) -> AsyncIterator[Served]:
    """`files`: what is attached as `/here`."""

    async def find(path: str) -> Attached | None:
        return Attached("/here", str(files)) if path == "/here" or path.startswith("/here/") else None

    async def everything() -> Mapping[str, str]:
        return {"/here": str(files)}

    def read_usage(roots: Mapping[str, int]) -> Mapping[str, Usage]:
        return {name: Usage(1.5, 0.25, 1 << 20, 2, 3) for name in roots}

    process = Process(sock=bind("127.0.0.1", 0))
    runtime = process.runtime
    agent = StillAgent(AgentState(max_completed=10) if state is None else state)
    pid = runtime.spawn(agent, "slave(1)")
    verbosity = Verbosity(runtime.clock)
    daemon = DaemonCalls(runtime, "slave(1)", flags or {}, verbosity, FileEndpoints(find, everything))
    api = AgentApi(runtime, pid, daemon, AgentContainers(runtime, pid, read_usage))
    front = http_factory(runtime, "slave(1)", api.table())
    await process.listen(http=front)
    try:
        yield Served(process, agent)
    finally:
        await process.close()
        await front.close(0.1)
