"""Lists can be paged to their end in every order, also beyond what one would scroll by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from bench.http_cluster import fill
from cluster.http.page.lists import MOST_SHOWN, TASK_KEYS
from tests.unit.http.endpoints_kit import Scene, master

AGENTS, TASKS = 12, 12_000
#: What the entries of an answer are sorted by.
SHOWN = {"id": "id", "name": "name", "state": "state", "started": "started_s", "updated": "updated_s"}


async def pages(scene: Scene, query: str) -> list[dict[str, Any]]:
    """All entries, page by page."""
    shown: list[dict[str, Any]] = []
    while True:
        found = await scene.json(f"/page/tasks?{query}&offset={len(shown)}&limit={MOST_SHOWN}")
        assert found["total"] == TASKS
        if not found["found"]:
            return shown
        shown += found["found"]


@pytest.mark.parametrize("filters", ["", "&search=task"])  # the second looks at every task
async def test_every_task_is_shown_once_in_every_order(filters: str) -> None:
    assert set(SHOWN) == set(TASK_KEYS)
    async with master() as scene:
        actor = scene.runtime.by_name["master"]
        await fill(scene.process, actor.pid, AGENTS, TASKS)
        for sort, field in SHOWN.items():
            for order in ("asc", "desc"):
                shown = await pages(scene, f"sort={sort}&order={order}{filters}")
                assert len({one["id"] for one in shown}) == TASKS, (sort, order)
                keys = [one[field] for one in shown]
                if order == "desc":
                    keys.reverse()
                assert all(a <= b for a, b in pairwise(keys)), (sort, order)


async def test_agents_are_paged_to_their_end() -> None:
    async with master() as scene:
        actor = scene.runtime.by_name["master"]
        await fill(scene.process, actor.pid, AGENTS, 0)
        shown = []
        for offset in range(0, AGENTS + 5, 5):
            shown += (await scene.json(f"/page/agents?sort=id&offset={offset}&limit=5"))["found"]
        assert [one["id"] for one in shown] == sorted(f"bench-S{number}" for number in range(AGENTS))
