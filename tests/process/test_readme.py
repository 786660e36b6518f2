"""The README tells the truth: its framework runs as printed, its commands exist, its figures are there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from cluster.config import AGENT, BATCH, DEMO, EXECUTE, LOCAL, MASTER
from tests.process.cluster import running_cluster

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.process
async def test_the_framework_in_20_lines_runs_as_printed(tmp_path: Path) -> None:
    block = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert block is not None
    program = block.group(1)
    assert len([line for line in program.splitlines() if line.strip()]) <= 20
    async with running_cluster(tmp_path) as cluster:
        master = await cluster.master()
        await cluster.agent(master)
        script = tmp_path / "everywhere.py"
        script.write_text(program.replace("10.10.10.11:5050", master.address))
        everywhere = cluster.daemon(["python", "-u", str(script)])
        await everywhere.launch()
        await cluster.until(lambda: any("TASK_FINISHED" in line for line in everywhere.out))
        await everywhere.kill()


def test_every_command_of_the_readme_exists() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    named = set(re.findall(r"\bmesos-[a-z]+\b", README))
    assert named == set(scripts)
    assert {p.name for p in (MASTER, AGENT, EXECUTE, BATCH, LOCAL, DEMO)} == set(scripts) - {"mesos-slave"}


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`make (\w+)`|^    make (\w+)", README, re.MULTILINE)):
        name = next(part for part in target if part)
        assert re.search(rf"^{name}:", makefile, re.MULTILINE), name


def test_the_readme_has_its_figures() -> None:
    assert "FIGURES" not in README
