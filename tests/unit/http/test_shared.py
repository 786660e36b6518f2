"""Answers that are made once for many, and the parts they are made of."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.containerizer.usage import read_usage
from cluster.http import shared
from cluster.http.endpoints.render_amounts import limits, of_list, of_resources
from cluster.http.endpoints.write_lists import ListWriter, opened
from cluster.http.fragments import Fragments
from cluster.http.prometheus import named
from cluster.http.shared import PIECE_BYTES, Rendering, Shared, let_others
from cluster.model import Resources, Scalar
from tests.limits import LIMIT_S


class Source:
    """Makes answers when it is let."""

    def __init__(self) -> None:
        self.made = 0
        self.go = asyncio.Event()

    async def make(self) -> AsyncIterator[bytes]:
        self.made += 1
        number = self.made
        await self.go.wait()
        yield b"%d" % number


async def text(rendering: Rendering) -> bytes:
    return b"".join([piece async for piece in rendering.pieces()])


async def test_who_asks_before_it_begins_shares_an_answer() -> None:
    source, hits = Source(), Mock()
    answers = Shared(source.make, hits)
    first = [answers.join() for _ in range(3)]
    while not source.made:
        await let_others()
    later = [answers.join() for _ in range(5)]
    source.go.set()
    assert {await text(each) for each in first} == {b"1"}
    assert {await text(each) for each in later} == {b"2"}
    assert source.made == 2
    assert hits.call_count == 2 + 4
    assert await text(answers.join()) == b"3"


async def test_a_failure_reaches_all_and_ends_nothing() -> None:
    async def fail() -> AsyncIterator[bytes]:
        yield b"x" * PIECE_BYTES
        raise ValueError("a bug")

    answers = Shared(fail, Mock())
    for _ in range(2):
        rendering = answers.join()
        with pytest.raises(ValueError, match="a bug"):
            await text(rendering)


async def test_compressed_answers_are_the_same() -> None:
    parts = [bytes([n]) * 50_000 for n in range(20)]

    async def make() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    rendering = Shared(make, Mock()).join()
    assert gzip.decompress(await text(rendering.gzipped())) == await text(rendering) == b"".join(parts)
    assert rendering.gzipped() is rendering.gzipped()


async def test_readers_that_keep_too_much_for_too_long_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "MOST_KEPT_BYTES", 100)
    monkeypatch.setattr(shared, "PATIENCE_S", 0.05)
    source = Source()
    source.go.set()

    async def make() -> AsyncIterator[bytes]:
        yield b"x" * 1000

    answers = Shared(make, Mock())
    slow = answers.join()
    cut = asyncio.Event()
    slow.readers.add(cut.set)
    assert len(await text(answers.join())) == 1000  # the slow one does not hold up the others
    async with asyncio.timeout(LIMIT_S):
        await cut.wait()


def test_fragments_belong_to_their_value() -> None:
    render = Mock(side_effect=lambda values: [repr(value).encode() for value in values])
    fragments: Fragments[tuple[str, int]] = Fragments(lambda value: value[0], render)
    assert fragments.meet([("a", 1), ("b", 1)]) == [b"('a', 1)", b"('b', 1)"]
    fragments.turn()
    assert fragments.meet([("a", 1), ("b", 2)]) == [b"('a', 1)", b"('b', 2)"]
    assert [call.args for call in render.call_args_list] == [([("a", 1), ("b", 1)],), ([("b", 2)],)]
    fragments.turn()
    fragments.meet([("a", 1)])
    fragments.turn()
    assert len(fragments) == 1
    assert fragments.look([("c", 1)]) == fragments.look([("c", 1)]) == [b"('c', 1)"]
    fragments.drop()
    assert len(fragments) == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers()), max_size=10).map(sorted))
def test_lists_are_written_row_by_row(rows: list[tuple[str, int]]) -> None:
    writer = ListWriter("a", "b", "c")
    parts = [writer.items(name, [b"%d" % number]) for name, number in rows]
    text = opened(b'{"x":1}') + b"".join(parts) + writer.end() + b"}"
    assert json.loads(text) == {
        "x": 1, **{name: [number for of, number in rows if of == name] for name in "abc"}
    }  # fmt: skip


@pytest.mark.parametrize("resources", ["cpus:1;mem:2", "cpus:1;cpus(r):0.5;ports:[1-3]", "", "x:1;s:{a,b}"])
def test_resources_are_shown_alike_from_wire_and_sum(resources: str) -> None:
    found = Resources.parse(resources)
    assert of_list(found.protos()) == of_resources(found)


def test_resources_are_added_up_by_name() -> None:
    shown = of_resources(Resources.parse("cpus:0.1;cpus(r):0.2;ports:[1-3];ports(r):[4-5];s:{b,a}"))
    assert shown == {"cpus": 0.3, "gpus": 0.0, "mem": 0.0, "disk": 0.0, "ports": "[1-5]", "s": "{a, b}"}
    assert limits({"cpus": Scalar(value=float("inf")), "mem": Scalar(value=1.5)}) == {
        "cpus": "Infinity", "mem": 1.5
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "name", "labels"),
    [
        ("master/tasks_running", "mesos_master_tasks", {"state": "running"}),
        ("slave/tasks_failed", "mesos_agent_tasks_ended", {"state": "failed"}),
        ("slave/mem_percent", "mesos_agent_resources_used_ratio", {"resource": "mem", "revocable": "false"}),
        (
            "master/task_lost/source_slave/reason_slave_removed", "mesos_master_task_ends",
            {"state": "lost", "source": "slave", "reason": "slave_removed"},
        ),
        ("allocator/mesos/roles/a/b/shares/dominant", "mesos_allocator_role_dominant_share", {"role": "a/b"}),
        (
            "allocator/mesos/allocation_run_ms/p99", "mesos_allocator_mesos_allocation_run_ms_window",
            {"statistic": "p99"},
        ),
        ("http/requests", "mesos_http_requests", {}),
        ("a-b c/ü", "mesos_a_b_c", {}),
    ],
)  # fmt: skip
def test_names_of_metrics(key: str, name: str, labels: dict[str, str]) -> None:
    assert named(key) == (name, labels)


async def test_the_usage_of_processes_is_read(tmp_path: Path) -> None:
    program = "import os; s = sum(range(3_000_000)); print(os.fork() and 1, flush=True); input()"
    process = await asyncio.create_subprocess_exec(
        "python3", "-c", program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    await process.stdout.readline()
    await process.stdout.readline()
    found = read_usage({"c": process.pid, "gone": 1 << 22})
    process.stdin.write(b"\n\n")
    process.stdin.close()
    await process.wait()
    assert set(found) == {"c"}
    usage = found["c"]
    assert (usage.processes, usage.threads) == (2, 2)
    assert usage.user_s > 0
    assert usage.rss_bytes > 1 << 20
