"""Whatever is posted to the agent's APIs: an answer below 500 (but 501), and the next request is served."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster.v1.agent import Call as AgentCall
from cluster.v1.executor import Call as ExecutorCall
from tests.unit.http import agent_kit
from tests.unit.http.test_executor_api import staged
from tests.unit.http.wire import asked

JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}

names = st.sampled_from(
    [*ExecutorCall.NUMBERS, *AgentCall.NUMBERS, "status", "task_id", "value", "uuid", "path"]
)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.sampled_from(["TASK_RUNNING", "SOURCE_EXECUTOR", "AAECAwQFBgcICQoLDA0ODw==", "/here"])
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4)
)


def calls(kinds: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Calls of every type with some members, whatever is in them."""

    def named(kind: str) -> st.SearchStrategy[dict[str, Any]]:
        identified = {"framework_id": {"value": "F"}, "executor_id": {"value": "e"}, "type": kind}
        member = st.dictionaries(names, values, max_size=4)
        return st.builds(
            lambda member, more: identified | {kind.lower(): member} | more,
            member,
            st.dictionaries(names, values, max_size=2),
        )

    return st.sampled_from(kinds).flatmap(named)


bodies = st.binary(max_size=40) | values.map(lambda value: json.dumps(value).encode())
headers = st.sampled_from([JSON, PROTOBUF])
EXECUTOR = calls([kind.value for kind in ExecutorCall.Type]).map(lambda call: json.dumps(call).encode())
AGENT = calls([kind.value for kind in AgentCall.Type]).map(lambda call: json.dumps(call).encode())

SOME = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


async def post(address: str, path: str, body: bytes, fields: Mapping[str, str]) -> int:
    async with asked(address, path, body, fields) as answer:
        return answer.status


def is_told(status: int) -> bool:
    """Whether a status is one that a caller can make something of."""
    return status < 500 or status == 501


@SOME
@given(st.lists(st.tuples(headers, EXECUTOR | bodies), min_size=1, max_size=15))
def test_executor_calls(posts: list[tuple[dict[str, str], bytes]]) -> None:
    async def run() -> None:
        async with staged() as s:
            for fields, body in posts:
                status = await post(s.process.runtime.address, "/api/v1/executor", body, fields)
                assert is_told(status), body
            async with s.call(
                {"executor_id": {"value": "e"}, "framework_id": {"value": "F"}, "type": "HEARTBEAT"}
            ) as a:
                assert a.status == 202

    asyncio.run(run())


@SOME
@given(st.lists(st.tuples(headers, AGENT | bodies), min_size=1, max_size=15))
def test_operator_calls(posts: list[tuple[dict[str, str], bytes]]) -> None:
    async def run() -> None:
        async with agent_kit.served(agent_kit.busy_state()) as s:
            for fields, body in posts:
                status = await post(s.process.runtime.address, "/api/v1", body, fields)
                assert is_told(status), body
            assert (await s.call({"type": "GET_HEALTH"}))[0] == 200

    asyncio.run(run())
