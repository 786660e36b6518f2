"""The parts of mesos-demo and mesos-local that decide: batches, outputs, leftovers, words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.cli.demo import moral_of, only
from cluster.cli.demo_sharing import choose_files, source_files
from cluster.cli.leftovers import MARKER, belongs
from cluster.cli.processes import environment, words_of
from cluster.examples import file_work
from cluster.examples.sharing import BadOutput, Batch, Cost, Demand, batches_of, read_output
from cluster.model import Resources


@given(st.lists(st.integers(0, 1000)), st.integers(1, 2000))
def test_batches_cover_all_files_in_order(sizes: list[int], most_bytes: int) -> None:
    batches = batches_of(sizes, most_bytes)
    assert [batch.number for batch in batches] == list(range(len(batches)))
    assert [index for batch in batches for index in range(batch.first, batch.last)] == list(range(len(sizes)))
    for batch in batches:
        assert batch.last > batch.first
        assert batch.last == batch.first + 1 or sum(sizes[batch.first : batch.last]) <= most_bytes


def test_a_large_file_is_a_batch_of_its_own() -> None:
    assert batches_of([1, 9, 1, 1], 4) == [Batch(0, 0, 1), Batch(1, 1, 2), Batch(2, 2, 4)]


def test_outputs() -> None:
    assert read_output(b"a\nb c\n0.25 12\n", 2) == (["a", "b c"], Cost(0.25, 12))
    for bad in (b"", b"a\n0.25 12\n", b"a\nb\nc\n", b"a\nb\n1 2 3\n", b"a\nb\n0.25 \xff\n"):
        with pytest.raises(BadOutput):
            read_output(bad, 2)


@pytest.mark.parametrize("kind", sorted(file_work.WORK))
def test_the_program_prints_what_the_function_returns(kind: str, tmp_path: Path) -> None:
    paths = []
    for number, content in enumerate([b"", b"hello\n" * 100, bytes(range(256))]):
        path = tmp_path / f"file {number}"
        path.write_bytes(content)
        paths.append(str(path))
    (tmp_path / "list").write_text("\0".join(paths))
    words = [sys.executable, "-I", "-S", file_work.__file__, kind, str(tmp_path / "list"), "1", "3"]
    output = subprocess.run(words, capture_output=True, check=True).stdout
    results, cost = read_output(output, 2)
    assert results == [file_work.WORK[kind](Path(path).read_bytes()) for path in paths[1:]]
    assert cost.read_bytes == 600 + 256
    assert cost.cpu_s > 0


def test_files_are_taken_evenly(tmp_path: Path) -> None:
    few = choose_files(5, tmp_path / "list")
    assert len(few.paths) == 5
    assert few.list_path == str(tmp_path / "list")
    assert (tmp_path / "list").read_text().split("\0") == list(few.paths)
    assert few.total_bytes == sum(Path(path).stat().st_size for path in few.paths)
    assert few.batches[-1].last == 5
    everything = choose_files(0, tmp_path / "list")
    assert set(few.paths) <= set(everything.paths)
    assert len(choose_files(10**6, tmp_path / "list").paths) == len(everything.paths)


def test_what_was_installed_is_not_of_the_standard_library(tmp_path: Path) -> None:
    for name in ("b.py", "a/c.py", "site-packages/d.py", "a/dist-packages/e.py", "f.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in source_files(str(tmp_path))] == ["c.py", "b.py"]


def test_demands_in_words() -> None:
    assert str(Demand(1, 1024)) == "<1 cpu, 1 GB>"
    assert str(Demand(0.5, 512)) == "<0.5 cpus, 512 MB>"
    assert f"{Demand(2, 2560):<16}|" == "<2 cpus, 2.5 GB>|"
    assert Demand.of_text("cpus:4; mem:4096; ports:[1-2]") == Demand(4, 4096)
    assert Demand.of_text(str(Resources.EMPTY)) == Demand(0, 0)


def test_resources_without_those_that_are_not_named() -> None:
    assert only("cpus:4;mem:1") == "cpus:4;mem:1;disk:0;ports:[]"
    assert only("cpus:4; disk:5; ") == "cpus:4; disk:5;ports:[]"
    assert only("ports:[1-2];disk:1") == "ports:[1-2];disk:1"
    assert only('[{"name": "cpus"}]') == '[{"name": "cpus"}]'


def test_the_moral_is_told_only_if_it_is_true() -> None:
    assert moral_of([0.6, 0.55])
    assert not moral_of([0.9, 0.4])
    assert not moral_of([None, 0.9])


def test_what_belongs_to_a_cluster() -> None:
    def environ(*variables: str) -> bytes:
        return "\0".join(variables).encode() + b"\0"

    directory = b"/tmp/x"
    assert belongs(environ("A=b", f"{MARKER}=/tmp/x"), directory)
    assert belongs(environ("MESOS_SANDBOX=/tmp/x/agents/1", "A=b"), directory)
    assert belongs(environ("MESOS_DIRECTORY=/tmp/x/agents/1"), directory)
    assert not belongs(environ(f"{MARKER}=/tmp/xy"), directory)
    assert not belongs(environ("MESOS_SANDBOX=/tmp/xy/agents/1"), directory)
    assert not belongs(environ("PWD=/tmp/x/logs", "OLDPWD=/tmp/x"), directory)
    assert not belongs(b"", directory)


def test_ends_in_words() -> None:
    assert words_of(1) == "ended with exit code 1"
    assert words_of(-9) == "was ended by SIGKILL"


def test_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESOS_ROLES", "a")
    monkeypatch.setenv("MESOS_QUIET", "true")
    monkeypatch.setenv("OTHER", "b")
    assert "MESOS_ROLES" in environment()
    some = environment(without=["MESOS_QUIET"])
    assert "MESOS_QUIET" not in some
    assert some["MESOS_ROLES"] == "a"
    none = environment(without_all=True)
    assert not [name for name in none if name.startswith("MESOS_")]
    assert none["OTHER"] == "b"
