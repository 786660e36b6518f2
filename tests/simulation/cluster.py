"""A whole cluster on virtual time, its faults, and what must hold at every step.

One seed draws the topology's parameters, the workload and the faults. Run one by hand:

    python -m tests.simulation.cluster --seed=17
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from actors import NANOS, PID, Rng
from actors.testing import Host, Simulation
from cluster.agent.actor import NAME as AGENT
from cluster.agent.actor import AgentActor
from cluster.agent.context import AgentSettings
from cluster.allocator import AllocatorOptions
from cluster.allocator.actor import AllocatorActor
from cluster.executor.simulated_host import SimulatedMachine
from cluster.http.endpoints.render_tasks import write_task
from cluster.master.actor import NAME as MASTER
from cluster.master.actor import MasterActor
from cluster.master.context import MasterSettings
from cluster.model import AgentInfo, FrameworkInfo, Resources, TaskState, is_terminal
from cluster.scheduler import Framework, Offer, Session, Update, attach

MASTER_IP = "10.0.0.1"
MASTER_PID = PID(MASTER, f"{MASTER_IP}:5050")
TOTAL = "cpus:4;mem:4096;disk:10000;ports:[31000-31100]"


class SimulatedEnvirons:
    """The operating system of a simulated machine, as an agent touches it."""

    def __init__(self, machine: SimulatedMachine) -> None:
        self._machine = machine
        self.reader = self

    def read(self, directory: str, name: str, offset: int, length: int) -> tuple[bytes, int]:
        """No simulated task writes anything."""
        raise FileNotFoundError(name)

    def make_sandbox(self, directory: str, user: str | None) -> None:
        """There is nothing to make."""

    def user_of(self, framework: FrameworkInfo, wanted: str | None) -> str | None:
        """Everything runs as one user."""
        return None

    def kill_leftovers(self, directory: str) -> None:
        """Kill every process that was started for a sandbox."""
        self._machine.processes.kill_leftovers(directory)


class Worker(Framework):
    """A framework that wants `wanted` commands run to a good end, and runs lost ones again.

    `attempts` is what it knows of every task it launched; it survives the scheduler, as a framework's
    own storage would.
    """

    def __init__(self, plan: Plan, rng: Rng) -> None:
        super().__init__(
            name=plan.name,
            role=plan.role,
            checkpoint=plan.checkpoint,
            failover_timeout_s=plan.failover_timeout_s,
            framework_id=plan.framework_id,
        )
        self.plan = plan
        self._rng = rng

    def on_subscribed(self, again: bool) -> None:
        self.plan.framework_id = self.framework_id
        if not again:  # what an earlier scheduler launched is known only to the plan
            self.reconcile(t for t, state in self.plan.attempts.items() if not is_terminal(state))
        for task_id in self.plan.unwanted:
            self.kill(task_id)

    def on_error(self, message: str) -> None:
        self.plan.error = message

    def on_offers(self, offers: list[Offer]) -> None:
        for offer in offers:
            while self.plan.wants_more() and offer.fits(cpus=self.plan.cpus, mem=64):
                command = self.plan.next_command()
                task_id = offer.launch(command=command, cpus=self.plan.cpus, mem=64, kill_grace_s=2.0)
                self.plan.attempts[task_id] = TaskState.TASK_STAGING
                if self._rng.chance(0.05):
                    self.kill(task_id)

    def on_update(self, update: Update) -> None:
        plan = self.plan
        before = plan.attempts.get(update.task_id)
        if before is None:
            return
        if is_over(before) and before not in AWAY:
            return
        plan.attempts[update.task_id] = update.state
        if update.state in AWAY:
            plan.unwanted[update.task_id] = None  # another one is started in its place
        elif update.task_id in plan.unwanted and not update.is_terminal:
            self.kill(update.task_id)  # it is back


@dataclass
class Plan:
    """A framework's workload and memory."""

    name: str
    role: str
    cpus: float
    wanted: int
    checkpoint: bool
    failover_timeout_s: float
    commands: list[str]
    framework_id: str | None = None
    error: str = ""
    attempts: dict[str, TaskState] = field(default_factory=dict)
    unwanted: dict[str, None] = field(default_factory=dict)
    launched: int = 0

    def next_command(self) -> str:
        """The script of the next task."""
        self.launched += 1
        return self.commands[self.launched % len(self.commands)]

    def wants_more(self) -> bool:
        """Whether another task is to be launched."""
        good = sum(state is TaskState.TASK_FINISHED for state in self.attempts.values())
        running = sum(
            not is_over(state) and task_id not in self.unwanted for task_id, state in self.attempts.items()
        )
        return good + running < self.wanted and len(self.attempts) < 20 * self.wanted

    def is_done(self) -> bool:
        """Whether enough ended well, and nothing it launched is still on."""
        good = sum(state is TaskState.TASK_FINISHED for state in self.attempts.values())
        return good >= self.wanted and all(is_over(state) for state in self.attempts.values())


#: The master does not know (any more) where the task is; it may turn up again.
AWAY = frozenset({TaskState.TASK_LOST, TaskState.TASK_UNREACHABLE, TaskState.TASK_UNKNOWN})


def is_over(state: TaskState) -> bool:
    """Whether nothing more is to be expected of a task in a healthy cluster."""
    return is_terminal(state) or state is TaskState.TASK_UNKNOWN


class Violation(AssertionError):
    """Raised when something that must hold at every step does not."""


class SimulatedCluster:
    """One master, agents with machines of their own, frameworks; and the checks over all of them."""

    def __init__(self, seed: int, agents: int = 5, frameworks: int = 3) -> None:
        self.seed = seed
        self.sim = Simulation(seed)
        self.rng = self.sim.rng.child("cluster")
        self.settings = MasterSettings()
        self._checked = -1
        self._kept: dict[str, set[tuple[str, str, str]]] = {}
        self.master = self.sim.host(MASTER_IP, self._boot_master)
        self.machines: dict[str, SimulatedMachine] = {}
        self.agents = [self._add_agent(number) for number in range(1, agents + 1)]
        self.plans: list[Plan] = []
        self.sessions: dict[str, Session] = {}
        self.schedulers = [self._add_framework(number) for number in range(1, frameworks + 1)]

    # -- topology -----------------------------------------------------------------------------

    def _boot_master(self, host: Host) -> None:
        host.runtime.spawn(MasterActor(self.settings, AllocatorOptions(), {}, write_task), MASTER)

    def _add_agent(self, number: int) -> Host:
        ip = f"10.0.1.{number}"
        machine = self.machines[ip] = SimulatedMachine(self.sim, ip)

        def boot(host: Host) -> None:
            clock = host.runtime.clock
            info = AgentInfo(hostname=f"agent{number}", resources=Resources.parse(TOTAL).protos())
            actor = AgentActor(
                AgentSettings(work_dir="/work"),
                info,
                MASTER_PID,
                host.disk,
                machine.host_process(clock),
                SimulatedEnvirons(machine),
                lambda code: clock.call_soon(host.stop),
            )
            host.runtime.spawn(actor, AGENT)
            lost = self._kept.pop(ip, set()) - self._kept_updates(actor)
            if lost:
                raise Violation(f"{ip} forgot updates it had acknowledged to executors: {sorted(lost)}")

        return self.sim.host(ip, boot)

    def _kept_updates(self, actor: AgentActor) -> set[tuple[str, str, str]]:
        """The updates an agent answers for even after its death: framework, task, state."""
        return {
            (*key, status.state.value)
            for key, status in actor.context.streams.pending()
            if actor.state.task(*key) is not None and actor.state.frameworks[key[0]].checkpoints
        }

    def note_updates(self, host: Host) -> None:
        """An agent is about to die, its machine is not: what it answers for must be there afterwards."""
        self._kept[host.ip] = self._kept_updates(self.agent_actor(host))

    def _add_framework(self, number: int) -> Host:
        rng = self.rng.child(f"framework{number}")
        plan = Plan(
            name=f"worker{number}",
            role=rng.choice(("*", "a", "a/b")),
            cpus=rng.choice((0.5, 1.0, 2.0)),
            wanted=rng.randint(4, 10),
            checkpoint=rng.chance(0.6),
            failover_timeout_s=2000.0,
            commands=[_command(rng) for _ in range(10)],
        )
        self.plans.append(plan)

        def boot(host: Host) -> None:
            worker = Worker(plan, self.rng.child(f"{plan.name}#{host.starts}"))
            self.sessions[plan.name] = attach(host.runtime, worker, MASTER_PID)

        return self.sim.host(f"10.0.2.{number}", boot)

    def start(self) -> None:
        """Switch everything on."""
        self.master.start(5050)
        for host in self.agents:
            host.start(5051)
        for host in self.schedulers:
            host.start()

    # -- what is inside -----------------------------------------------------------------------

    @property
    def master_actor(self) -> MasterActor:
        """The master."""
        actor = self.master.runtime.by_name[MASTER]
        assert isinstance(actor, MasterActor)
        return actor

    @property
    def allocator(self) -> AllocatorActor:
        """The master's allocator."""
        actor = self.master.runtime.by_name["allocator"]
        assert isinstance(actor, AllocatorActor)
        return actor

    def agent_actor(self, host: Host) -> AgentActor:
        """The agent on a host."""
        actor = host.runtime.by_name[AGENT]
        assert isinstance(actor, AgentActor)
        return actor

    # -- checks -------------------------------------------------------------------------------

    def check(self) -> None:
        """What must hold after every step.

        Raises:
            Violation: something does not.
        """
        for host in self.sim.hosts.values():
            if host.failures:
                pid, error = host.failures[0]
                raise Violation(f"actor {pid} failed: {error!r}") from error
        self._check_master()
        self._check_processes()

    def _check_master(self) -> None:
        """Resources are conserved, in the master's books and the allocator's, and both agree."""
        if not self.master.is_up:
            return
        handled = sum(sum(view.values()) for view in _handled(self.master))
        if handled == self._checked:
            return
        self._checked = handled
        state = self.master_actor.state
        faults = state.violated_invariants()
        if faults:
            raise Violation("; ".join(faults))
        books = self.allocator.state.agents
        if set(books) != set(state.agents):
            raise Violation(f"allocator has {sorted(books)}, master has {sorted(state.agents)}")
        for agent in state.agents.values():
            book = books[agent.id]
            held: dict[str, Resources] = {}
            for (framework_id, _), resources in book.held.items():
                held[framework_id] = held.get(framework_id, Resources.EMPTY) + resources
            counted = {f: r.unallocated() for f, r in agent.used.items()}
            for offer in agent.offers.values():
                so_far = counted.get(offer.framework_id, Resources.EMPTY)
                counted[offer.framework_id] = so_far + offer.resources.unallocated()
            if held != counted:
                raise Violation(f"{agent.id}: allocator counts {held}, master {counted}")
            total = book.available
            for resources in held.values():
                total = total + resources
            if total != agent.total:
                raise Violation(f"{agent.id}: free, offered and used add up to {total} of {agent.total}")

    def _check_processes(self) -> None:
        """No task runs in two places, none goes on after its agent reported its end."""
        places = Counter(
            (process.spec.environment["MESOS_FRAMEWORK_ID"], process.spec.environment["MESOS_EXECUTOR_ID"])
            for machine in self.machines.values()
            for process in machine.processes.running
        )
        double = [task for task, count in places.items() if count > 1]
        if double:
            raise Violation(f"tasks run twice: {double}")
        for host in self.agents:
            running = self._running_on(host)
            if running and host.is_up:
                pending = self.agent_actor(host).context.streams.pending()
                ended = [key for key, status in pending if is_terminal(status.state) and key in running]
                if ended:
                    raise Violation(f"{host.ip} reported the end of {ended}, which run")

    def _running_on(self, host: Host) -> set[tuple[str, str]]:
        """Framework and task of every process on an agent's machine."""
        processes = self.machines[host.ip].processes.running
        environments = [process.spec.environment for process in processes]
        return {(e["MESOS_FRAMEWORK_ID"], e["MESOS_EXECUTOR_ID"]) for e in environments}

    def is_converged(self) -> bool:
        """Whether all work is done, all updates are acknowledged, and everything is free again."""
        return (
            all(plan.is_done() for plan in self.plans)
            and all(host.is_up and not len(self.agent_actor(host).context.streams) for host in self.agents)
            and not any(machine.processes.running for machine in self.machines.values())
            and len(self.master_actor.state.agents) == len(self.agents)
            and not any(f.tasks for f in self.master_actor.state.frameworks.values())
        )

    def why_not_converged(self) -> str:
        """What is still open, for the failure message."""
        lines = [f"{plan.name} wants {plan.wanted}, has {plan.attempts}, {plan.error}" for plan in self.plans]
        for host in self.agents:
            if host.is_up:
                actor = self.agent_actor(host)
                pending = [(key, status.state.value) for key, status in actor.context.streams.pending()]
                lines.append(
                    f"{host.ip} {actor._registration.standing} pending {pending}"
                    f" frameworks {list(actor.state.frameworks)}"
                )
            processes = self.machines[host.ip].processes.running
            lines.append(f"{host.ip} up {host.is_up} runs {[p.spec.environment for p in processes]}")
        state = self.master_actor.state
        lines.append(f"master has agents {[(a.id, a.is_connected, a.tasks) for a in state.agents.values()]}")
        return "\n".join(lines)

    # -- a run --------------------------------------------------------------------------------

    def run(self, faults: Callable[[SimulatedCluster], None], limit_s: float = 3000.0) -> None:
        """Start, live through the faults, then converge.

        Raises:
            Violation: something that must hold did not, or the cluster does not converge.
        """
        self.start()
        faults(self)
        self.heal()
        until = self.sim.clock.now() + round(limit_s * NANOS)
        while not self.is_converged():
            if self.sim.clock.now() > until:
                raise Violation(f"not converged in {limit_s:g} s:\n{self.why_not_converged()}")
            self.sim.advance(5.0, self.check)

    def heal(self) -> None:
        """End all faults: the network is whole, everything runs."""
        self.sim.network.heal()
        for rule in list(self.sim.network.rules):
            self.sim.network.remove(rule)
        for host in (self.master, *self.agents, *self.schedulers):
            if not host.is_up:
                host.restart()


def _handled(host: Host) -> list[dict[str, int]]:
    return [
        {str(kind): entry[1] for kind, entry in actor._mail.entries.items()}
        for actor in host.runtime.by_name.values()
        if actor._mail is not None
    ]


def _command(rng: Rng) -> str:
    """A short script: most end well."""
    sleep = rng.choice((0.1, 1, 5, 30))
    code = rng.choice((0, 0, 0, 0, 1))
    stubborn = "trap '' TERM; " if rng.chance(0.2) else ""
    return f"{stubborn}sleep {sleep}; exit {code}"


# -- faults -----------------------------------------------------------------------------------


def swarm(duration_s: float = 240.0) -> Callable[[SimulatedCluster], None]:
    """A mixture of faults drawn from the seed: which kinds, how often, how long each."""

    def faults(cluster: SimulatedCluster) -> None:
        rng = cluster.rng.child("faults")
        kinds = [kind for kind in KINDS if rng.chance(0.6)] or [KINDS[0]]
        pause_s = rng.choice((5.0, 15.0, 40.0))
        until = cluster.sim.clock.now() + round(duration_s * NANOS)
        while cluster.sim.clock.now() < until:
            cluster.sim.advance(rng.uniform(0, 2 * pause_s), cluster.check)
            rng.choice(kinds)(cluster, rng)

    return faults


def _later(cluster: SimulatedCluster, delay_s: float, host: Host) -> None:
    """Switch a host on again after a while, unless it is on by then."""
    cluster.sim.clock.call_later(delay_s, lambda: None if host.is_up else host.restart())


def kill_agent(cluster: SimulatedCluster, rng: Rng) -> None:
    """kill -9 of an agent; its tasks live on."""
    host = rng.choice(cluster.agents)
    if host.is_up:
        cluster.note_updates(host)
        host.kill()
        _later(cluster, rng.choice((0.5, 5.0, 100.0)), host)


def stop_agent(cluster: SimulatedCluster, rng: Rng) -> None:
    """SIGTERM of an agent."""
    host = rng.choice(cluster.agents)
    if host.is_up:
        cluster.note_updates(host)
        host.stop()
        _later(cluster, rng.uniform(0.5, 60.0), host)


def power_off(cluster: SimulatedCluster, rng: Rng) -> None:
    """A machine loses power with all on it."""
    host = rng.choice(cluster.agents)
    if host.is_up:
        host.lose_power()
        cluster.machines[host.ip].lose_power()
        _later(cluster, rng.uniform(1.0, 150.0), host)


def kill_executors(cluster: SimulatedCluster, rng: Rng) -> None:
    """kill -9 of an executor host."""
    hosts = cluster.machines[rng.choice(cluster.agents).ip].hosts
    if hosts:
        hosts[0].kill()


def kill_scheduler(cluster: SimulatedCluster, rng: Rng) -> None:
    """kill -9 of a scheduler, which comes back with its id."""
    host = rng.choice(cluster.schedulers)
    if host.is_up:
        host.kill()
        _later(cluster, rng.uniform(0.5, 60.0), host)


def kill_master(cluster: SimulatedCluster, rng: Rng) -> None:
    """kill -9 of the master."""
    if cluster.master.is_up:
        cluster.master.kill()
        _later(cluster, rng.uniform(0.5, 30.0), cluster.master)


def partition_agent(cluster: SimulatedCluster, rng: Rng) -> None:
    """An agent and the master do not reach each other."""
    _cut(cluster, rng, rng.choice(cluster.agents).ip)


def partition_scheduler(cluster: SimulatedCluster, rng: Rng) -> None:
    """A scheduler and the master do not reach each other."""
    _cut(cluster, rng, rng.choice(cluster.schedulers).ip)


def _cut(cluster: SimulatedCluster, rng: Rng, ip: str) -> None:
    network = cluster.sim.network
    network.partition(ip, MASTER_IP)
    cluster.sim.clock.call_later(rng.choice((1.0, 20.0, 90.0, 200.0)), lambda: network.heal(ip, MASTER_IP))


def slow_network(cluster: SimulatedCluster, rng: Rng) -> None:
    """Every message takes longer, for a while."""
    network = cluster.sim.network
    healthy = network.latency_s
    network.latency_s = (0.01, rng.choice((0.1, 2.0)))

    def recover() -> None:
        network.latency_s = (0.0002, 0.002)

    assert healthy is not None
    cluster.sim.clock.call_later(rng.uniform(5.0, 60.0), recover)


Fault = Callable[[SimulatedCluster, Rng], None]
KINDS: tuple[Fault, ...] = (
    kill_agent,
    stop_agent,
    power_off,
    kill_executors,
    kill_scheduler,
    kill_master,
    partition_agent,
    partition_scheduler,
    slow_network,
)


def main() -> int:
    """Replay one seed, with the log on stderr and the end of the trace on failure."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--trace", action="store_true", help="print the trace at the end")
    options = parser.parse_args()
    cluster = SimulatedCluster(options.seed)
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(lambda record: _stamp(cluster, record))
    logging.basicConfig(level=logging.INFO, format="%(at)10.3f %(name)s: %(message)s", handlers=[handler])
    try:
        cluster.run(swarm())
    finally:
        if options.trace:
            print("\n".join(cluster.sim.lines))
        print(f"seed {options.seed}: {cluster.sim.clock.now() / NANOS:.0f} s, digest {cluster.sim.digest}")
    return 0


def _stamp(cluster: SimulatedCluster, record: logging.LogRecord) -> bool:
    record.at = cluster.sim.clock.now() / NANOS
    return True


if __name__ == "__main__":
    sys.exit(main())
