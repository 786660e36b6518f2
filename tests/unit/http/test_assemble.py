"""Messages put together from pieces are what one encoder writes."""

from __future__ import annotations

import pytest

from cluster.http.v1.assemble import Elements, Fields, Nested, message
from cluster.model import AgentID, FrameworkID, Task, TaskID, TaskState
from cluster.v1.codec import JSON, PROTOBUF, Codec
from cluster.v1.master import Response

CODECS = pytest.mark.parametrize("codec", [JSON, PROTOBUF], ids=["json", "protobuf"])


def tasks(count: int, name_bytes: int) -> tuple[Task, ...]:
    return tuple(
        Task(
            name="n" * name_bytes, task_id=TaskID(f"t{number}"), framework_id=FrameworkID("F"),
            agent_id=AgentID("A"), state=TaskState.TASK_RUNNING,
        )
        for number in range(count)
    )  # fmt: skip


@CODECS
@pytest.mark.parametrize("pages", [(), (0,), (1,), (3, 0, 2), (200,)])
@pytest.mark.parametrize("name_bytes", [0, 100, 20_000])  # lengths of one, two and three bytes
def test_lists_in_pages(codec: Codec, pages: tuple[int, ...], name_bytes: int) -> None:
    numbers = Response.GetTasks.NUMBERS
    running = Elements("tasks", numbers["tasks"], codec)
    ended = Elements("completed_tasks", numbers["completed_tasks"], codec)
    for count in pages:
        running.add(tasks(count, name_bytes))
    member = Nested("get_tasks", Response.NUMBERS["get_tasks"], [running, ended])
    pieces = message([Fields(Response(type=Response.Type.GET_TASKS), codec), member], codec)
    everything = tuple(task for count in pages for task in tasks(count, name_bytes))
    whole = Response(type=Response.Type.GET_TASKS, get_tasks=Response.GetTasks(tasks=everything))
    assert codec.decode(Response, b"".join(pieces)) == whole
    if codec is PROTOBUF:
        assert b"".join(pieces) == codec.encode(whole)
