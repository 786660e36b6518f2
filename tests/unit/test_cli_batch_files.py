"""The files of a batch, and what is shown of it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from cluster.cli.batch import options_of
from cluster.cli.batch_files import OutputFiles, commands_of, read_commands, results_of, write_results
from cluster.cli.batch_view import Bar, Lines, Quiet, show_summary, watcher_of
from cluster.cli.complain import StartFault
from cluster.config import BATCH, BatchConfig, parse
from cluster.examples.batch import Batch, BatchOptions
from cluster.examples.batch_jobs import Jobs
from tests.framework_kit import Desk


def half_done(commands: int = 4, outputs: OutputFiles | None = None) -> tuple[Batch, Desk]:
    """A batch in which line 1 succeeded, line 2 failed and the rest was interrupted."""
    jobs = Jobs([(number, f"echo [{number}]") for number in range(1, commands + 1)])
    batch = Batch(jobs, BatchOptions(), Quiet(), outputs)
    desk = Desk(batch)
    tasks = desk.offer("cpus:2;mem:256")
    for task in tasks:
        desk.update(task, "RUNNING", at_s=100.0)
    desk.update(tasks[0], "FINISHED", at_s=101.5)
    desk.update(tasks[1], "FAILED", "Command exited with status [7]", at_s=102.0)
    desk.serve_files({(tasks[0].task_id.value, "stdout"): b"[1]\n"}, fault="it is gone")
    batch.interrupt()
    return batch, desk


def test_commands() -> None:
    text = "one\n\n  # comment\n\ttwo words # kept\r\n#\nthree"
    assert commands_of(text) == [(1, "one"), (4, "two words # kept"), (6, "three")]


def test_commands_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StartFault, match="cannot read /no/such: No such file or directory"):
        read_commands("/no/such")
    path = tmp_path / "c"
    path.write_bytes(b"echo a\necho \xff\n")
    with pytest.raises(StartFault, match=rf"^cannot read {path}: line 2 is not text in UTF-8$"):
        read_commands(str(path))


def test_options() -> None:
    argv = ["--master=m:5050", "--cpus=0.5", "--mem=1GB", "--retries=3", "--timeout=2mins", "c"]
    config = parse(BATCH, argv, environ={}, read_file=lambda path: "", version="1")
    assert isinstance(config, BatchConfig)
    options = options_of(config)
    assert str(options.resources) == "cpus:0.5; mem:1024"
    assert (options.retries, options.timeout_s, options.max_parallel) == (3, 120.0, None)


def test_output_and_results(tmp_path: Path) -> None:
    outputs = OutputFiles(str(tmp_path / "out"))
    batch, desk = half_done(outputs=outputs)
    assert desk.exit_code == 130
    assert (tmp_path / "out/1-1.stdout").read_bytes() == b"[1]\n"
    path = tmp_path / "results.json"
    path.write_text("old")
    write_results(str(path), batch, "m:5050", outputs)
    found = json.loads(path.read_text())
    assert (found["master"], found["framework_id"], found["name"]) == ("m:5050", "m-0000", "mesos-batch")
    assert (found["succeeded"], found["interrupted"]) == (False, True)
    assert found["counts"] == {"waiting": 0, "running": 0, "succeeded": 1, "failed": 1, "interrupted": 2}
    good, bad, *never = found["commands"]
    assert (good["line"], good["command"], good["state"]) == (1, "echo [1]", "succeeded")
    (attempt,) = good["attempts"]
    assert attempt["stdout"] == str(tmp_path / "out/1-1.stdout")
    assert attempt["output_fault"] == "it is gone"
    assert (attempt["started"], attempt["ended"], attempt["duration_s"]) == (100.0, 101.5, 1.5)
    assert bad["attempts"][0]["message"] == "Command exited with status [7]"
    assert [command["attempts"] for command in never] == [[], []]
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_results_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    batch, _ = half_done()
    with pytest.raises(StartFault, match="cannot write the results"):
        write_results(f"{tmp_path}/file/results.json", batch, "m:5050", None)


def test_output_that_cannot_be_written_is_noted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    outputs = OutputFiles(str(tmp_path / "out"))
    (tmp_path / "out/1-1.stdout").mkdir()
    batch, _ = half_done(outputs=outputs)
    assert batch.jobs.all[0].last.output_fault.startswith(f"cannot write {tmp_path}/out/1-1.stdout: Is a dir")
    assert caplog.text.count("cannot write") == 1


def test_files_left_open_are_closed(tmp_path: Path) -> None:
    outputs = OutputFiles(str(tmp_path))
    batch, _ = half_done()
    job = batch.jobs.all[0]
    outputs.write(job, job.last, "stdout", b"half")
    outputs.close_all()
    assert (tmp_path / "1-1.stdout").read_bytes() == b"half"


def test_results_without_output() -> None:
    batch, _ = half_done()
    found = json.loads(json.dumps(results_of(batch, "m", None)))
    assert "stdout" not in found["commands"][0]["attempts"][0]


def test_the_summary() -> None:
    console = Console(file=io.StringIO(), width=100)
    batch, _ = half_done()
    show_summary(console, batch)
    assert isinstance(console.file, io.StringIO)
    words = [" ".join(line.replace("│", " ").split()) for line in console.file.getvalue().splitlines()]
    assert "4 commands" in words
    assert "succeeded 1 1" in words
    assert "interrupted 2 0" in words
    assert "2 echo [2] a1.example 2.00" in words
    assert "2 echo [2] a1.example failed: Command exited with status [7]" in words


def test_the_summary_of_nothing() -> None:
    console = Console(file=io.StringIO())
    show_summary(console, Batch(Jobs([]), BatchOptions(), Quiet()))
    assert isinstance(console.file, io.StringIO)
    assert "0 commands" in console.file.getvalue()


def test_progress_in_lines() -> None:
    console = Console(file=io.StringIO(), width=40)
    lines = Lines(console, shows_progress=True)
    batch, _ = half_done(100)
    lines.changed(batch)
    lines.changed(batch)
    lines.tell("a [word] that is long enough to be broken if lines were broken")
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines() == [
        "mesos-batch: 100 of 100 done: 1 succeeded, 1 failed, 98 interrupted",
        "mesos-batch: a [word] that is long enough to be broken if lines were broken",
    ]


def test_what_is_shown_where() -> None:
    plain = Console(file=io.StringIO())
    terminal = Console(file=io.StringIO(), force_terminal=True)
    assert type(watcher_of(plain, 1, quiet=True, progress=True)) is Quiet
    assert type(watcher_of(plain, 1, quiet=False, progress=True)) is Lines
    assert type(watcher_of(terminal, 1, quiet=False, progress=False)) is Lines
    bar = watcher_of(terminal, 4, quiet=False, progress=True)
    assert type(bar) is Bar
    batch, _ = half_done()
    bar.changed(batch)
    bar.tell("line 2: failed")
    bar.stop()
    assert isinstance(terminal.file, io.StringIO)
    assert "mesos-batch: line 2: failed" in terminal.file.getvalue()
    assert "4/4" in terminal.file.getvalue()
