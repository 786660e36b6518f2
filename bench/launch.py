"""How many command tasks a second does one agent run, and what does a running one cost in memory?

Run as ``python -m bench.launch``. Starts a real master and a real agent as processes on the loopback
interface and runs a framework against them. The limits of the same run beside it: starting the same
shell command from Python with nothing around it, and starting a Python interpreter for each.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from threading import Event
from time import perf_counter

import psutil
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cluster.scheduler import Framework, Offer, Update, start

BIN = Path(sys.executable).parent


class Burst(Framework):
    """Runs `count` times one command and remembers how many ended well."""

    name = "burst"

    def __init__(self, command: str, count: int, progress: Progress) -> None:
        super().__init__(refuse_s=0.0)
        self._command = command
        self._left = count
        self._progress = progress
        self._bar = progress.add_task(command, total=count)
        self.count = count
        self.running = 0
        self.finished = 0
        self.others: list[str] = []
        self.began_s = 0.0
        self.are_running = Event()
        self.are_done = Event()

    def on_offers(self, offers: list[Offer]) -> None:
        if self._left and not self.began_s:
            self.began_s = perf_counter()
        for offer in offers:
            while self._left and offer.fits(cpus=0.01, mem=1):
                offer.launch(command=self._command, cpus=0.01, mem=1)
                self._left -= 1

    def on_update(self, update: Update) -> None:
        if update.state.value == "TASK_RUNNING":
            self.running += 1
            if self.running == self.count:
                self.are_running.set()
        elif update.is_terminal:
            self._progress.advance(self._bar)
            if update.is_finished:
                self.finished += 1
            else:
                self.others.append(str(update))
            if self.finished + len(self.others) == self.count:
                self.are_done.set()


@dataclass(frozen=True)
class Figures:
    """Everything measured in one run; rates per second, memory in kB, CPU in ms."""

    calibration_s: float
    raw_shells_per_s: float
    raw_interpreters_per_s: float
    raw_interpreter_kb: float
    tasks: int
    tasks_per_s: float
    agent_cpu_ms_per_task: float
    running: int
    memory_kb_per_task: float
    host_memory_kb: float
    digest: str


@contextmanager
def daemon(*command: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A daemon and the address it says it listens on; ended and reaped at the end."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stderr is not None
    lines = []
    try:
        for line in process.stderr:
            lines.append(line)
            if " listens on " in line:
                break
        else:
            raise RuntimeError("".join(lines))
        # From here on its log goes nowhere, so that the pipe cannot fill.
        drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        yield process, line.split(" listens on ")[1].split(";")[0].strip()
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        drain.wait(30)
    finally:
        process.kill()


def calibrate() -> float:
    """Seconds for summing `range(50_000_000)`."""
    began = perf_counter()
    sum(range(50_000_000))
    return perf_counter() - began


def raw_rate(argv: list[str], count: int) -> float:
    """Commands a second, two at a time, with nothing around them."""
    began = perf_counter()
    running: list[subprocess.Popen[bytes]] = []
    for _ in range(count):
        running.append(subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True))
        if len(running) == 2:
            running.pop(0).wait()
    for process in running:
        process.wait()
    return count / (perf_counter() - began)


def tree(root: int) -> list[psutil.Process]:
    """A process and all below it that live."""
    try:
        process = psutil.Process(root)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def memory_kb(processes: list[psutil.Process]) -> float:
    """Proportional share of memory, which counts shared pages once over all sharers."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            pass
    return total / 1024


def interpreter_kb() -> float:
    """What a bare interpreter with asyncio costs."""
    program = "import asyncio, sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = memory_kb([psutil.Process(process.pid)])
        process.communicate()
    return found


def host_of(work_dir: Path) -> int:
    """The process id of the agent's executor host."""
    return int(json.loads((work_dir / "meta/executor_host").read_bytes())["pid"])


def cpu_s(process: psutil.Process) -> float:
    """CPU seconds of a process and of the children it reaped."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def measure(tasks: int, running: int, rounds: int) -> Figures:
    """Start a cluster, run both bursts, and put everything together."""
    console = Console(stderr=True)
    calibration = calibrate()
    with tempfile.TemporaryDirectory() as directory, Progress(console=console, transient=True) as progress:
        work_dir = Path(directory, "agent")
        shells = median(raw_rate(["/bin/sh", "-c", "true"], tasks) for _ in range(rounds))
        interpreters = raw_rate([sys.executable, "-c", "import asyncio"], max(4, tasks // 25))
        bare_kb = interpreter_kb()
        master_command = (
            str(BIN / "mesos-master"),
            "--ip=127.0.0.1",
            "--port=0",
            f"--work_dir={directory}/m",
        )
        with daemon(*master_command, "--allocation_interval=50ms") as (_, address):
            resources = f"cpus:{running};mem:{running * 10};disk:1000;ports:[31000-31001]"
            agent_command = (str(BIN / "mesos-agent"), f"--master={address}", "--ip=127.0.0.1", "--port=0")
            with daemon(*agent_command, f"--work_dir={work_dir}", f"--resources={resources}") as (agent, _):
                rates, costs, ended = [], [], 0
                for _ in range(rounds):
                    rate, cost, good = run_tasks(address, agent.pid, work_dir, tasks, progress)
                    rates.append(rate)
                    costs.append(cost)
                    ended += good
                each_kb, host_kb = hold_tasks(address, agent.pid, work_dir, running, progress)
    return Figures(
        calibration_s=calibration,
        raw_shells_per_s=shells,
        raw_interpreters_per_s=interpreters,
        raw_interpreter_kb=bare_kb,
        tasks=tasks,
        tasks_per_s=median(rates),
        agent_cpu_ms_per_task=median(costs) * 1000,
        running=running,
        memory_kb_per_task=each_kb,
        host_memory_kb=host_kb,
        digest=hashlib.sha256(f"{ended} {rounds * tasks} {running}".encode()).hexdigest()[:16],
    )


def run_tasks(
    address: str, agent: int, work_dir: Path, tasks: int, progress: Progress
) -> tuple[float, float, int]:
    """Run short tasks: how many a second, CPU seconds each on the agent's side, how many ended well."""
    burst = Burst("true", tasks, progress)
    handle = start(burst, address)
    try:
        both = [psutil.Process(agent), psutil.Process(host_of(work_dir))]
        before = sum(cpu_s(process) for process in both)
        if not burst.are_done.wait(300):
            raise RuntimeError(f"only {burst.finished} of {tasks} tasks ended within 300 s")
        took = perf_counter() - burst.began_s
        spent = sum(cpu_s(process) for process in both) - before
    finally:
        handle.stop()
        handle.join()
    if burst.others:
        raise RuntimeError(f"tasks did not end well: {burst.others[:3]}")
    return tasks / took, spent / tasks, burst.finished


def hold_tasks(
    address: str, agent: int, work_dir: Path, running: int, progress: Progress
) -> tuple[float, float]:
    """Memory of the agent's host per task while many run: agent, executor host and the tasks' own."""
    host = host_of(work_dir)
    before = memory_kb([psutil.Process(agent), *tree(host)])
    burst = Burst("sleep 1000", running, progress)
    handle = start(burst, address)
    try:
        if not burst.are_running.wait(300):
            raise RuntimeError(f"only {burst.running} of {running} tasks run after 300 s")
        after = memory_kb([psutil.Process(agent), *tree(host)])
        return (after - before) / running, memory_kb([psutil.Process(host)])
    finally:
        handle.stop()
        handle.join()


def show(figures: Figures) -> None:
    """The table."""
    table = Table(title="Command tasks on one agent", caption=f"digest {figures.digest}")
    for title in ("what", "figure", "limit of the same run", "target"):
        table.add_column(title, justify="left" if title == "what" else "right")
    table.add_row(
        "tasks a second (`true`, launch to acknowledged end)",
        f"{figures.tasks_per_s:,.0f}",
        f"{figures.raw_shells_per_s:,.0f} bare shells",
        f"over {figures.raw_interpreters_per_s:,.0f} interpreters",
    )
    table.add_row(
        "CPU of agent and executor host per task", f"{figures.agent_cpu_ms_per_task:.2f} ms", "", "a few ms"
    )
    table.add_row(
        f"memory per running task ({figures.running} x `sleep`)",
        f"{figures.memory_kb_per_task:,.0f} kB",
        f"{figures.raw_interpreter_kb:,.0f} kB an interpreter",
        "2,000 kB",
    )
    table.add_row("memory of the executor host", f"{figures.host_memory_kb:,.0f} kB", "", "")
    table.add_row("sum(range(50_000_000))", f"{figures.calibration_s:.2f} s", "", "")
    Console().print(table)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1000, help="short tasks per round")
    parser.add_argument("--running", type=int, default=300, help="tasks that run at the same time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--smallest", action="store_true", help="a few seconds, only to see that it works")
    options = parser.parse_args()
    if options.smallest:
        options.tasks, options.running, options.rounds = 40, 20, 1
    figures = measure(options.tasks, options.running, options.rounds)
    show(figures)
    if options.json is not None:
        options.json.write_text(json.dumps({**asdict(figures), "cpus": os.cpu_count()}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
