"""The JSON of every endpoint, byte for byte but for times. `GOLDEN=write` writes the files anew."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.http.endpoints_kit import busy_agent, busy_master, steady

GOLDEN = Path(__file__).parents[2] / "golden" / "http"
MASTER = (
    "state", "state-summary", "slaves", "frameworks", "tasks", "roles", "quota", "weights", "flags",
    "maintenance/schedule", "maintenance/status", "allocator/offer_constraints_debug",
)  # fmt: skip
AGENT = ("state", "containers", "monitor/statistics", "containerizer/debug", "flags")


def compare(name: str, found: Any) -> None:
    """Compare with the golden file."""
    path = GOLDEN / f"{name.replace('/', '-')}.json"
    text = json.dumps(found, indent=1) + "\n"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text(), f"{name} is not what {path} holds"


@pytest.mark.parametrize("path", MASTER)
async def test_answers_of_the_master(path: str) -> None:
    async with busy_master() as scene:
        answer = await scene.ask(f"/{path}")
        assert answer.status == 200
        compare(f"master/{path}", json.loads(steady(answer.text, scene.runtime.address)))


@pytest.mark.parametrize("path", AGENT)
async def test_answers_of_the_agent(path: str, tmp_path: Path) -> None:
    async with busy_agent(tmp_path) as served:
        answer = await served.ask(f"/{path}")
        assert answer.status == 200
        compare(f"agent/{path}", json.loads(steady(answer.text, served.runtime.address)))


def test_every_file_belongs_to_an_endpoint() -> None:
    known = {f"master-{path.replace('/', '-')}" for path in MASTER}
    known |= {f"agent-{path.replace('/', '-')}" for path in AGENT}
    assert {path.stem for path in GOLDEN.glob("*.json")} == known
