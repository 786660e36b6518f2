"""The tables of mesos-execute, mesos-batch and mesos-demo, and the door to the process."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from cluster.config import (
    BATCH,
    DEMO,
    EXECUTE,
    MASTER,
    Address,
    BatchConfig,
    DemoConfig,
    ExecuteConfig,
    Exit,
    batch_faults,
    config_or_exit,
    demo_faults,
    execute_faults,
    parse,
)
from cluster.config.console import installed_version
from cluster.config.options import C, Program

M = Address("m", 5050)
GOOD = ExecuteConfig(master=M, name="n", command="c")


def run(program: Program[C], *argv: str, **environ: str) -> C | Exit:
    return parse(program, argv, environ=environ, read_file={"/t": "{}"}.__getitem__, version="1")


def test_execute() -> None:
    argv = ["--master=m:5050", "--name=n", "--command=c"]
    assert run(EXECUTE, *argv) == GOOD
    outcome = run(EXECUTE, *argv, '--env={"A":"b"}', "--kill_after=1mins", "--checkpoint", "--role=r")
    assert outcome == dataclasses.replace(
        GOOD, env=(("A", "b"),), kill_after_s=60.0, checkpoint=True, role="r"
    )
    assert run(EXECUTE, "--master=m:5050", "--task=/t") == ExecuteConfig(master=M, task="{}")


def test_execute_does_not_read_the_environment() -> None:
    outcome = run(EXECUTE, "--name=n", "--command=c", MESOS_MASTER="m:5050")
    assert isinstance(outcome, Exit)
    assert outcome.stderr_text.startswith("--master is required\n")


@pytest.mark.parametrize(
    ("config", "faults"),
    [
        (GOOD, []),
        (
            ExecuteConfig(master=M),
            ["--name is required without --task", "--command is required without --task"],
        ),
        (
            dataclasses.replace(GOOD, shell=False),
            [
                "--command is not allowed with --no-shell",
                "--no-shell needs an image: --docker_image or --appc_image",
            ],
        ),
        (dataclasses.replace(GOOD, shell=False, command=None, docker_image="i"), []),
        (ExecuteConfig(master=M, task="{}"), []),
        (
            ExecuteConfig(master=M, task="{}", task_group="{}"),
            ["--task and --task_group exclude each other"],
        ),
        (
            dataclasses.replace(GOOD, task="{}", env=(), networks=("n",)),
            [
                "--name is not allowed with --task",
                "--command is not allowed with --task",
                "--env is not allowed with --task",
                "--networks is not allowed with --task",
            ],
        ),
        (ExecuteConfig(master=M, task_group="{}", networks=("n",)), []),
        (dataclasses.replace(GOOD, kill_after_s=0.0), ["--kill_after is 0ns: it must be above zero"]),
        (dataclasses.replace(GOOD, role=""), ["--role is empty"]),
    ],
)
def test_execute_faults(config: ExecuteConfig, faults: list[str]) -> None:
    assert execute_faults(config) == faults


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("--docker_image=a", "--docker_image is not supported yet"),
        ("--networks=a", "--networks is not supported yet"),
        ("--containerizer=docker", "--containerizer=docker is not supported yet (only mesos)"),
        ("--tty", "--tty is not supported yet"),
    ],
)
def test_execute_refuses_with_the_reason(argument: str, line: str) -> None:
    outcome = run(EXECUTE, "--master=m:5050", "--name=n", "--command=c", argument)
    assert isinstance(outcome, Exit)
    assert outcome.stderr_text.splitlines()[0] == line


def test_batch() -> None:
    assert run(BATCH, "--master=m:5050", "-") == BatchConfig(commands="-", master=M)
    outcome = run(
        BATCH,
        "--master=m:5050",
        "--cpus=0.5",
        "--mem=256",
        "--disk=1GB",
        "--retries=2",
        "--max-parallel=10",
        "--timeout=5mins",
        "--output=/out",
        "--no-progress",
        "cmds.txt",
    )
    assert outcome == BatchConfig(
        commands="cmds.txt",
        master=M,
        cpus_milli=500,
        mem_bytes=256 * 2**20,
        disk_bytes=2**30,
        retries=2,
        max_parallel=10,
        timeout_s=300.0,
        output="/out",
        progress=False,
    )


def test_batch_results_go_beside_the_output() -> None:
    batch = BatchConfig(commands="-", master=M)
    assert batch.results_path is None
    assert dataclasses.replace(batch, output="out/").results_path == "out/results.json"
    assert dataclasses.replace(batch, output="out", results="r.json").results_path == "r.json"
    assert dataclasses.replace(batch, results="r.json").results_path == "r.json"


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("--cpus=0.0001", "--cpus: '0.0001' has more than three decimals"),
        ("--mem=1XB", "--mem: '1XB' is not a size: write a number and one of B, KB, MB, GB, TB, as in 64MB"),
        ("--retries=-1", "--retries is -1: at least 0 is needed"),
        ("--max_parallel=0", "--max_parallel is 0: at least 1 is needed"),
        ("--timeout=0secs", "--timeout is 0ns: it must be above zero"),
        ("--name=", "--name is empty"),
    ],
)
def test_batch_faults(argument: str, line: str) -> None:
    outcome = run(BATCH, "--master=m:5050", argument, "cmds.txt")
    assert isinstance(outcome, Exit)
    assert outcome.stderr_text.splitlines()[0] == line


def test_batch_task_needs_something() -> None:
    config = BatchConfig(commands="-", master=M, cpus_milli=0, mem_bytes=0)
    assert batch_faults(config) == ["--cpus and --mem are both 0: a task needs one of them"]


def test_demo() -> None:
    assert run(DEMO) == DemoConfig(agents=3, keep=False)
    assert run(DEMO, "--keep", "--agents=5", MESOS_AGENTS="7") == DemoConfig(agents=5, keep=True)
    assert demo_faults(DemoConfig(agents=0)) == ["--agents is 0: at least 1 is needed"]


def test_console_gives_the_config_or_ends_the_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "port").write_text("81\n")
    argv = ["--registry=in_memory", f"--port=file://{tmp_path}/port"]
    assert config_or_exit(MASTER, argv, {"MESOS_CLUSTER": "c"}).port == 81
    with pytest.raises(SystemExit) as good:
        config_or_exit(MASTER, ["--version"], {})
    assert good.value.code == 0
    assert capsys.readouterr() == (f"mesos {installed_version()}\n", "")
    with pytest.raises(SystemExit) as bad:
        config_or_exit(MASTER, ["--xyzzy"], {})
    assert bad.value.code == 1
    assert capsys.readouterr() == ("", "unknown flag --xyzzy\n\nSee `mesos-master --help` for the flags.\n")
