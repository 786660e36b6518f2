"""A framework that only subscribes, over the scheduler API: for what the library has no option for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.limits import LIMIT_S


@asynccontextmanager
async def subscribed(
    address: str, name: str, *capabilities: str, role: str, constraints: Any = None, **info: Any
) -> AsyncIterator[str]:
    """The framework's id, while it is subscribed. `constraints`: offer constraints of its role."""
    kinds = [{"type": kind} for kind in ("MULTI_ROLE", *capabilities)]
    framework = {"name": name, "user": "root", "roles": [role], "capabilities": kinds, **info}
    call: dict[str, Any] = {"framework_info": framework}
    if constraints is not None:
        call["offer_constraints"] = {"role_constraints": {role: constraints}}
    body = json.dumps({"type": "SUBSCRIBE", "subscribe": call}).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"http://{address}/api/v1/scheduler", data=body, headers=headers) as answer,
    ):
        assert answer.status == 200, await answer.text()
        async with asyncio.timeout(LIMIT_S):
            length = int(await answer.content.readline())
            event = json.loads(await answer.content.readexactly(length))
        assert event["type"] == "SUBSCRIBED", event
        yield event["subscribed"]["framework_id"]["value"]
