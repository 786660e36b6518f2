"""First part of mesos-demo: one agent, two frameworks, and how its resources get to them.

Every line is read from the cluster when it has happened; what the example says is asserted.
Source: the resource offer example of the Mesos paper (Hindman et al., NSDI 2011, §3, figure 3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import psutil
from rich.markup import escape

from actors import PID, Process
from cluster.cli.demo_view import View
from cluster.cli.processes import Daemon
from cluster.examples.observed import Observed
from cluster.examples.sharing import Demand
from cluster.model import Resources
from cluster.protocol import operator
from cluster.scheduler import Offer, Timing, Update, attach

T = TypeVar("T")

#: What the agent of the story has.
RESOURCES = "cpus:4;mem:4096"
TASKS = (Demand(2, 1024), Demand(1, 2048))
LEFT = Demand(1, 1024)
#: The tasks of the story; they are killed when it is told.
COMMAND = ["sleep", "600"]
#: Subscriptions need not be spread over time: there are two.
TIMING = Timing(backoff_min_s=0.02)
#: How long the cluster may take for one step.
STEP_S = 20.0
#: For so long the first framework does not want what it left over.
REFUSE_S = 3600.0


class StoryFailed(Exception):
    """Raised when the cluster did not do what the story is about; the text says what instead."""


class Story:
    """The frameworks of the story, and what they see."""

    def __init__(self, process: Process, master: str, view: View) -> None:
        self._runtime = process.runtime
        self._master = PID("master", master)
        self._view = view
        self.first = Observed(name="framework-1")
        self.second = Observed(name="framework-2")

    async def ask(self, question: object) -> object:
        """Ask the master."""
        return await self._runtime.ask(self._master, question, STEP_S)

    # -- the story ----------------------------------------------------------------------------

    async def subscribe_first(self) -> None:
        """Before there is any agent."""
        await self._subscribe(self.first)
        self._view.exchange("framework 1", "master", "subscribes; there is no agent yet")

    async def tell(self, agent: Daemon) -> None:
        """From the report of `agent`, which was just started, to the end of the tasks.

        Raises:
            StoryFailed: something else happened.
            FrameworkFailed: the master is lost.
        """
        offer = await within("an offer for framework 1", self.first.until_offered())
        await self._tell_offer(agent, offer)
        tasks = await self._launch(agent, offer)
        await self._subscribe(self.second)
        rest = await within("an offer for framework 2", self.second.until_offered())
        await self._tell_rest(agent, rest)
        await self._end(tasks)

    async def _subscribe(self, framework: Observed) -> None:
        attach(self._runtime, framework, self._master, name=framework.name, timing=TIMING)
        await within(f"the subscription of {framework.name}", framework.until_subscribed())

    async def _tell_offer(self, agent: Daemon, offer: Offer) -> None:
        view = self._view
        seen = await self._agent(offer.agent_id)
        share, dominant = await self._share(self.first)
        view.exchange("agent 1", "master", f"reports {Demand.of_text(seen.total)}, all free")
        view.exchange("allocator", "", f"decides for framework 1: share now {share:.0%} ({dominant})")
        view.exchange("master", "framework 1", f"offers {Demand.of(offer.left)} on agent 1")
        expect(offer.left == Resources.parse(RESOURCES), f"the offer was {offer.left}")
        expect(offer.agent_id == agent.agent_id, f"the offer was of agent {offer.agent_id}")

    async def _launch(self, agent: Daemon, offer: Offer) -> list[str]:
        view = self._view
        tasks = [
            offer.launch(command=COMMAND, name=f"task-{number}", cpus=each.cpus, mem=each.mem)
            for number, each in enumerate(TASKS, 1)
        ]
        offer.decline(refuse_s=REFUSE_S)  # what the tasks leave over
        wanted = " and ".join(str(each) for each in TASKS)
        view.exchange("framework 1", "master", f"launches {wanted}")
        for number, task_id in enumerate(tasks, 1):
            update = await within(f"the start of task {number}", self.first.until_running(task_id))
            self._tell_running(agent, number, update)
        return tasks

    def _tell_running(self, agent: Daemon, number: int, update: Update) -> None:
        expect(update.state.value == "TASK_RUNNING", str(update))
        status = update.status.container_status
        pid = status.executor_pid if status is not None else None
        expect(pid is not None, f"no process is known of {update.task_id}")
        command = escape(command_below(agent.pid, pid or 0))
        self._view.exchange(
            "agent 1", "framework 1", f"task {number} is {update.state.value}: process {pid} ({command})"
        )  # fmt: skip

    async def _tell_rest(self, agent: Daemon, rest: Offer) -> None:
        view = self._view
        view.exchange("framework 2", "master", "subscribes")
        view.exchange("master", "framework 2", f"offers the {Demand.of(rest.left)} left on agent 1")
        expect(rest.left == Resources.scalar(cpus=LEFT.cpus, mem=LEFT.mem), f"the offer was {rest.left}")
        expect(rest.agent_id == agent.agent_id, f"the offer was of agent {rest.agent_id}")
        seen = await self._agent(rest.agent_id)
        used, offered = Demand.of_text(seen.used), Demand.of_text(seen.offered)
        total = Demand.of_text(seen.total)
        view.exchange("master on agent 1", "", f"{used} used, {offered} offered")
        is_all = used.cpus + offered.cpus == total.cpus and used.mem + offered.mem == total.mem
        expect(is_all, f"of {total} {used} are used and {offered} offered")

    async def _end(self, tasks: list[str]) -> None:
        for task_id in tasks:
            self.first.kill(task_id)
        ends = await within("the end of the tasks", self.first.until_over(tasks))
        states = ", ".join(dict.fromkeys(update.state.value for update in ends))
        self._view.exchange("framework 1", "master", f"kills its tasks ({states}); both leave")
        for framework in (self.first, self.second):
            framework.stop()
            await self._runtime.wait(PID(framework.name, self._runtime.address))

    # -- what the master knows ----------------------------------------------------------------

    async def _agent(self, agent_id: str) -> operator.AgentView:
        answer = await self.ask(operator.GetAgents())
        assert isinstance(answer, operator.Agents)
        return next(agent for agent in answer.agents if agent.id == agent_id)

    async def _share(self, framework: Observed) -> tuple[float, str]:
        answer = await self.ask(operator.GetShares())
        assert isinstance(answer, operator.Shares)
        for role in answer.roles:
            for each in role.frameworks:
                if each.framework_id == framework.framework_id:
                    return each.share, each.dominant
        raise StoryFailed(f"the allocator does not know {framework.name}")


def expect(is_so: bool, instead: str) -> None:
    """What the story says must be what happened.

    Raises:
        StoryFailed: it is not.
    """
    if not is_so:
        raise StoryFailed(f"the story went another way: {instead}")


async def within(what: str, awaited: Awaitable[T]) -> T:
    """Wait for something, not for ever.

    Raises:
        StoryFailed: it did not come in time.
    """
    try:
        async with asyncio.timeout(STEP_S):
            return await awaited
    except TimeoutError:
        raise StoryFailed(f"{what} did not come within {STEP_S:g} s") from None


def command_below(ancestor: int, pid: int) -> str:
    """The command line of a living process.

    Raises:
        StoryFailed: there is no such process, or it does not descend from `ancestor`.
    """
    try:
        process = psutil.Process(pid)
        expect(ancestor in [parent.pid for parent in process.parents()], f"process {pid} is somebody else's")
        return " ".join(process.cmdline())
    except psutil.Error as error:
        raise StoryFailed(f"process {pid} does not run: {error}") from None
