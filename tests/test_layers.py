"""Who may import whom: read from the source, without importing it.

Imports go down only; on one line they go one way, and never between master and agent::

    cli
    http | classic | examples
    master | agent | scheduler | executor
    storage | election | containerizer
    allocator | validation
    v1
    protocol
    model
    actors        standard library, msgpack, msgspec, uvloop

``config`` reads options for the command line and the daemons and knows only the model beside itself.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

LINES: tuple[tuple[str, ...], ...] = (
    ("actors",),
    ("model", "constants", "errors", "version"),
    ("protocol",),
    ("v1",),
    ("allocator", "validation"),
    ("storage", "election", "containerizer"),
    ("master", "agent", "scheduler", "executor"),
    ("http", "classic", "examples"),
    ("cli",),
)
RANK = {room: rank for rank, rooms in enumerate(LINES) for room in rooms}
READS_CONFIG = {"cli", "http", "master", "agent", "scheduler", "executor", "classic", "examples"}

#: Old names lead up, late: existing frameworks import the classic classes from here.
DOORS = {("cluster/scheduler/__init__.py", "classic"), ("cluster/executor/__init__.py", "classic")}

#: What a decision cannot have: time, chance, voices, waiting, the outside world.
IMPURE = {
    "asyncio", "concurrent", "logging", "multiprocessing", "os", "random", "secrets", "selectors",
    "shutil", "signal", "socket", "subprocess", "tempfile", "threading", "time", "uvloop",
    "actors.clock", "actors.rng", "actors.runtime", "actors.process", "actors.tcp", "actors.peers",
    "actors.Clock", "actors.LoopClock", "actors.Rng", "actors.Runtime", "actors.Process",
}  # fmt: skip


class Import(NamedTuple):
    """One name imported by one file; ``name`` is a dotted path, of a module or of something in it."""

    path: Path
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.name}"


def imports_of(path: Path) -> Iterator[Import]:
    """Everything a file imports, wherever in it, type checking included."""
    relative = path.relative_to(ROOT)
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(relative, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = relative.parts[: len(relative.parts) - node.level]
                base = ".".join((*parents, *filter(None, [node.module])))
            for alias in node.names:
                yield Import(relative, node.lineno, f"{base}.{alias.name}")


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def room_of_path(path: Path) -> str:
    """``cluster/master/state.py`` is in ``master``, ``cluster/validation.py`` in ``validation``."""
    return Path(path.parts[1]).stem if len(path.parts) > 1 else ""


def room_of_name(name: str) -> str:
    parts = name.split(".")
    if parts[0] == "actors":
        return "actors"
    return parts[1] if parts[0] == "cluster" and len(parts) > 1 else ""


ACTORS = [found for path in sources("actors") for found in imports_of(path)]
CLUSTER = [
    found
    for path in sources("cluster")
    for found in imports_of(path)
    if (found.path.as_posix(), room_of_name(found.name)) not in DOORS
]


def show(found: list[Import]) -> str:
    return "\n" + "\n".join(map(str, found))


def test_actors_stand_on_the_standard_library_and_three_packages() -> None:
    allowed = sys.stdlib_module_names | {"actors", "msgpack", "msgspec", "uvloop"}
    wrong = [i for i in ACTORS if i.name.split(".")[0] not in allowed]
    assert not wrong, show(wrong)


def test_actors_do_not_need_what_tests_them() -> None:
    wrong = [i for i in ACTORS if i.name.startswith("actors.testing") and "testing" not in i.path.parts]
    assert not wrong, show(wrong)


@pytest.mark.parametrize(
    ("module", "only"),
    [
        ("random", {"rng.py"}),
        ("secrets", {"rng.py"}),
        ("time", {"clock.py"}),
        ("socket", {"tcp.py", "process.py"}),
        ("uvloop", {"process.py"}),
        ("msgpack", {"codec.py", "peer.py", "network.py"}),
    ],
)
def test_the_outside_world_has_one_door_each(module: str, only: set[str]) -> None:
    wrong = [i for i in ACTORS if i.name.split(".")[0] == module and i.path.name not in only]
    assert not wrong, show(wrong)


def test_every_room_of_the_cluster_has_its_line() -> None:
    rooms = {room_of_path(path.relative_to(ROOT)) for path in sources("cluster")}
    assert rooms - RANK.keys() - {"config", "__init__", "__main__"} == set()


def test_imports_go_down_only() -> None:
    wrong = []
    for found in CLUSTER:
        here, there = room_of_path(found.path), room_of_name(found.name)
        if not there or here in (there, "config", "__init__") or there == "config":
            continue
        if there not in RANK or RANK[there] > RANK[here]:
            wrong.append(found)
    assert not wrong, show(wrong)


def test_rooms_of_one_line_do_not_import_each_other_both_ways() -> None:
    used = {(room_of_path(i.path), room_of_name(i.name)): i for i in CLUSTER}
    wrong = [i for (here, there), i in used.items() if here != there and (there, here) in used]
    assert not wrong, show(wrong)


def test_config_knows_the_model_and_is_known_by_the_daemons() -> None:
    wrong = []
    for found in CLUSTER:
        here, there = room_of_path(found.path), room_of_name(found.name)
        if here == "config" and there not in ("", "config", "model", "constants", "errors", "version"):
            wrong.append(found)
        if there == "config" and here != "config" and here not in READS_CONFIG:
            wrong.append(found)
    assert not wrong, show(wrong)


def test_master_and_agent_never_import_each_other() -> None:
    pairs = {("master", "agent"), ("agent", "master")}
    wrong = [i for i in CLUSTER if (room_of_path(i.path), room_of_name(i.name)) in pairs]
    assert not wrong, show(wrong)


def test_decisions_are_pure() -> None:
    wrong = []
    for found in CLUSTER:
        if room_of_path(found.path) not in ("allocator", "validation", "model", "v1"):
            continue
        if room_of_path(found.path) == "allocator" and found.path.name == "actor.py":
            continue
        parts = found.name.split(".")
        if parts[0] in IMPURE or ".".join(parts[:2]) in IMPURE:
            wrong.append(found)
    assert not wrong, show(wrong)


def test_aiohttp_stays_with_http_and_the_clients() -> None:
    wrong = []
    for found in CLUSTER:
        is_client = any(word in found.path.stem for word in ("http", "client"))
        if found.name.split(".")[0] == "aiohttp" and room_of_path(found.path) != "http" and not is_client:
            wrong.append(found)
    assert not wrong, show(wrong)


def test_the_reader_of_imports_sees_all_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / "cluster" / "master" / "x.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "import a.b, c\nfrom d.e import f as g\nfrom . import h\nfrom ..agent.i import j\n"
        "def k():\n    if TYPE_CHECKING:\n        import l\n"
    )
    assert [i.name for i in imports_of(path)] == [
        "a.b",
        "c",
        "d.e.f",
        "cluster.master.h",
        "cluster.agent.i.j",
        "l",
    ]
