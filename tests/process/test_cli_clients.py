"""mesos-execute and mesos-batch as programs, against real clusters and against none."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.process.cluster import LOOPBACK, Cluster, Daemon, held_port, running_cluster

pytestmark = pytest.mark.process


async def ran(c: Cluster, *command: str) -> Daemon:
    """Start a program."""
    program = c.daemon(command)
    await program.launch()
    return program


async def test_execute_tells_the_end_of_its_task(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        to = f"--master={master.address}"
        good = await ran(c, "mesos-execute", to, "--name=good", "--command=true")
        assert await good.ended() == 0
        assert good.out[0].startswith("Subscribed with ID ")
        assert good.out[1].startswith("Submitted task 'good' to agent '")
        assert good.out[-3:] == [
            "Received status update TASK_FINISHED for task 'good'",
            "  message: 'Command exited with status 0'",
            "  source: SOURCE_EXECUTOR",
        ]
        assert good.lines == []
        bad = await ran(c, "mesos-execute", to, "--name=bad", "--command=exit 7", '--env={"A": "1"}')
        assert await bad.ended() == 1
        assert "  message: 'Command exited with status 7'" in bad.out


async def test_programs_end_even_if_nobody_reads_what_they_say(tmp_path: Path) -> None:
    (tmp_path / "commands").write_text("true\nfalse\n")
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        to = f"--master={master.address}"
        deaf = ["bash", "-c", 'exec "$@" > >(:) 2>&1', "bash"]
        execute = c.daemon(["mesos-execute", to, "--name=t", "--command=true"], wrapper=deaf)
        await execute.launch()
        assert await execute.ended() == 0
        flags = ["--mem=32", f"--results={tmp_path}/r.json", str(tmp_path / "commands")]
        batch = c.daemon(["mesos-batch", to, *flags], wrapper=deaf)
        await batch.launch()
        assert await batch.ended() == 1
        assert (tmp_path / "r.json").exists()


async def test_an_interrupted_execute_kills_its_task(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        pipe = c.pipe()
        flags = [f"--master={master.address}", "--name=t", f"--command=echo $$ > {pipe}; exec sleep 1000"]
        program = await ran(c, "mesos-execute", *flags)
        (pid,) = await pipe.heard()
        program.send_signal(signal.SIGINT)
        assert await program.ended() == 128 + signal.SIGTERM
        assert "Received status update TASK_KILLED for task 't'" in program.out
        await c.gone([int(pid)])


async def test_execute_says_why_it_waits(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master, "--resources=cpus:1;mem:100;disk:10;ports:[]", "--hostname=small")
        flags = ["--name=t", "--command=true", "--resources=cpus:2;mem:50"]
        program = await ran(c, "mesos-execute", f"--master={master.address}", *flags)
        await program.line("still waiting: no offer fits cpus:2; mem:50: offered were small cpus:1; mem:100$")
        program.send_signal(signal.SIGTERM)
        assert await program.ended() == 130


@pytest.mark.parametrize("program", ["mesos-execute", "mesos-batch"])
async def test_a_master_that_is_not_there_is_tried_again(tmp_path: Path, program: str) -> None:
    (tmp_path / "commands").write_text("true\n")
    more = {
        "mesos-execute": ["--name=t", "--command=true"],
        "mesos-batch": [str(tmp_path / "commands")],
    }[program]
    with held_port() as port:
        pass
    async with running_cluster(tmp_path) as c:
        made = await ran(c, program, f"--master={LOOPBACK}:{port}", *more)
        first = await made.line(rf"^{program}: .*{LOOPBACK}:{port}: .*Connection refused; trying again$")
        await made.line("trying again$", since=made.lines.index(first.string) + 1)
        made.send_signal(signal.SIGINT)
        assert await made.ended() == 130


async def test_a_batch(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        for _ in range(2):
            await c.agent(master)
        commands = [f"echo out {n}; echo err {n} >&2" for n in range(1, 21)]
        # The second try of this one finds what the first one left.
        commands.append(f"mkdir {tmp_path}/tried || exit 0; exit 3")
        path = tmp_path / "commands"
        path.write_text("# twenty words\n\n" + "\n".join(commands))
        out = tmp_path / "out"
        flags = [f"--master={master.address}", "--cpus=1", "--mem=32", "--retries=1", f"--output={out}"]
        program = await ran(c, "mesos-batch", *flags, str(path))
        assert await program.ended() == 0
        assert (out / "3-1.stdout").read_text() == "out 1\n"
        assert (out / "22-1.stderr").read_text() == "err 20\n"
        results = json.loads((out / "results.json").read_text())
        assert results["succeeded"]
        assert [len(command["attempts"]) for command in results["commands"]] == [1] * 20 + [2]
        assert len({a["agent_id"] for command in results["commands"] for a in command["attempts"]}) == 2
        assert program.find("line 23: failed: Command exited with status 3; is tried again")
        assert any("succeeded" in line for line in program.out)


async def test_a_batch_with_a_failure(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        path = tmp_path / "commands"
        path.write_text("true\nexit 5\n")
        flags = [f"--master={master.address}", "--mem=32", "--quiet", f"--results={tmp_path}/r.json"]
        program = await ran(c, "mesos-batch", *flags, str(path))
        assert await program.ended() == 1
        assert (program.out, program.lines) == ([], [])
        found = json.loads((tmp_path / "r.json").read_text())
        assert [command["state"] for command in found["commands"]] == ["succeeded", "failed"]


async def test_an_interrupted_batch_kills_what_runs_and_writes_its_results(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        pipe = c.pipe()
        path = tmp_path / "commands"
        path.write_text(f"echo $$ > {pipe}; exec sleep 1000\n" * 6)
        out = tmp_path / "out"
        flags = [f"--master={master.address}", "--mem=32", f"--output={out}"]
        program = await ran(c, "mesos-batch", *flags, str(path))
        pids = await pipe.heard(4)
        program.send_signal(signal.SIGINT)
        assert await program.ended() == 130
        await c.gone([int(pid) for pid in pids])
        results = json.loads((out / "results.json").read_text())
        assert results["interrupted"]
        assert results["counts"]["interrupted"] == 6


async def test_a_batch_goes_on_when_an_agent_dies(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master("--agent_ping_timeout=1secs", "--max_agent_ping_timeouts=1")
        dying = await c.agent(master)
        pipe = c.pipe()
        path = tmp_path / "commands"
        # Looks for the file before it tells of its start: the test makes the file right after.
        path.write_text(f"test -e {tmp_path}/go || {{ echo started > {pipe}; exec sleep 1000; }}\n")
        flags = [f"--master={master.address}", "--mem=32"]
        program = await ran(c, "mesos-batch", *flags, str(path))
        await pipe.heard(1)
        (tmp_path / "go").touch()
        machine = [c.host_of(dying), *c.tasks()]
        await dying.kill()
        for process in machine:
            process.kill()
        await c.agent(master)
        assert await program.ended() == 0
        assert program.find("line 1: lost on .*; is run again")


async def test_batches_that_cannot_start(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        to = f"--master={LOOPBACK}:1"
        program = await ran(c, "mesos-batch", to, "/no/such/file")
        assert await program.ended() == 1
        assert program.lines == ["mesos-batch: cannot read /no/such/file: No such file or directory"]
        (tmp_path / "empty").write_text("# nothing\n")
        program = await ran(c, "mesos-batch", to, "--output=/dev/null/x", str(tmp_path / "empty"))
        assert await program.ended() == 1
        assert program.lines == ["mesos-batch: cannot use the output directory /dev/null/x: Not a directory"]
        program = await ran(c, "mesos-batch", to, str(tmp_path / "empty"))
        assert await program.ended() == 0
        assert program.lines == [f"mesos-batch: no commands in {tmp_path}/empty"]
