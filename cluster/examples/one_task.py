"""Runs one task and follows it to its end; what `mesos-execute` does.

Unlike the original it keeps looking at offers until one fits, and says why it waits.

Source: reference cli.md §4 (behaviour and output lines of mesos-execute).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from cluster.examples.unfit import Unfit
from cluster.model import AgentID, InvalidResources, ModelError, Resources, TaskInfo, TaskState
from cluster.scheduler import Framework, Offer, Update

Say = Callable[[str], None]

CAPABILITIES = ("RESERVATION_REFINEMENT", "TASK_KILLING_STATE", "REVOCABLE_RESOURCES", "PARTITION_AWARE")

#: Exit codes: the task finished; it failed, was lost or refused; it was killed (as by SIGTERM).
FINISHED, FAILED, KILLED = 0, 1, 128 + 15
#: Interrupted, and how the task ended is not known.
INTERRUPTED = 130

#: How long to wait for a fitting offer before saying why there is none; then each time so long.
EXPLAIN_S, EXPLAIN_AGAIN_S = 5.0, 60.0
#: How long a killed task may take to end before it is left to the master.
KILL_S = 30.0
#: Launches that reached no agent are repeated so often.
MAX_LAUNCHES = 10


class OneTask(Framework):
    """One task. `say` takes the output lines, `warn` lines for people."""

    name = "mesos-execute instance"
    failover_timeout_s = 0.0
    capabilities = CAPABILITIES

    def __init__(
        self,
        task: TaskInfo,
        say: Say,
        warn: Say,
        *,
        role: str = "*",
        principal: str | None = None,
        checkpoint: bool = False,
        kill_after_s: float | None = None,
    ) -> None:
        super().__init__(role=role, principal=principal, checkpoint=checkpoint)
        self._task = task
        self._id = task.task_id.value
        self._wanted = Resources.of(task.resources).unallocated()
        self._say = say
        self._warn = warn
        self._kill_after_s = kill_after_s
        self._unfit = Unfit()
        self._agent_id = ""  # where the task is; empty while it waits
        self._launches = 0
        self._explanations = 0
        self._is_interrupted = False

    # -- offers -------------------------------------------------------------------------------

    def on_subscribed(self, again: bool) -> None:
        self._say(f"Subscribed with ID {self.framework_id}")
        if not again:
            self._explain_later(EXPLAIN_S)

    def on_disconnected(self, reason: str) -> None:
        self._warn(f"lost the master: {reason}; trying again")

    def on_error(self, message: str) -> None:
        self._say(f"Received an ERROR event: {message}")

    def on_offers(self, offers: list[Offer]) -> None:
        if self._agent_id or self._is_interrupted:
            return
        for offer in offers:
            if self._fits(offer):
                self._launch(offer)
                return
        self._unfit.note(offers)

    def _fits(self, offer: Offer) -> bool:
        return offer.fits(resources=self._wanted, executor=self._task.executor)

    def _launch(self, offer: Offer) -> None:
        offer.launch_task(self._task)
        self._agent_id = offer.agent_id
        self._launches += 1
        self._unfit.clear()
        self.suppress()
        self._say(f"Submitted task '{self._task.name}' to agent '{offer.agent_id}'")

    def _explain_later(self, delay_s: float) -> None:
        self._explanations += 1
        number = self._explanations

        def explain() -> None:
            if not self._agent_id and number == self._explanations:
                self._warn(f"still waiting: {self._unfit.explain(self._wanted)}")
                self._explain_later(EXPLAIN_AGAIN_S)

        self.call_later(delay_s, explain)

    # -- the task -----------------------------------------------------------------------------

    def on_update(self, update: Update) -> None:
        for line in lines_of(update):
            self._say(line)
        if update.state is TaskState.TASK_DROPPED and self._may_launch_again():
            self._agent_id = ""
            self._warn("the task did not reach the agent; waiting for another offer")
            self.revive()
            self._explain_later(EXPLAIN_S)
        elif update.is_terminal:
            self.stop(exit_code=exit_code_of(update.state))
        elif update.state is TaskState.TASK_UNREACHABLE:
            self._warn("the agent cannot be reached; waiting until it comes back or is given up")
        elif update.state is TaskState.TASK_RUNNING and self._kill_after_s is not None:
            self.call_later(self._kill_after_s, self._kill)

    def _may_launch_again(self) -> bool:
        return self._launches < MAX_LAUNCHES and not self._is_interrupted

    def _kill(self) -> None:
        self._say(f"Asked to kill task '{self._id}' on agent '{self._agent_id}'")
        self.kill(self._id)

    def interrupt(self) -> None:
        """Kill the task and end with it; asked again, or if that takes too long, end without it."""
        if self._is_interrupted or not self._agent_id:
            self.stop(exit_code=INTERRUPTED)
            return
        self._is_interrupted = True
        self._kill()
        self.call_later(KILL_S, self._give_up)

    def _give_up(self) -> None:
        self._warn(f"the task did not end within {KILL_S:g} s; the master is told to end it")
        self.stop(exit_code=INTERRUPTED)


def exit_code_of(state: TaskState) -> int:
    """How a task's end is told to the shell."""
    if state is TaskState.TASK_FINISHED:
        return FINISHED
    return KILLED if state is TaskState.TASK_KILLED else FAILED


def lines_of(update: Update) -> Iterator[str]:
    """The output lines for an update; only what it holds is shown."""
    status = update.status
    yield f"Received status update {update.state.value} for task '{update.task_id}'"
    if status.message is not None:
        yield f"  message: '{status.message}'"
    if status.source is not None:
        yield f"  source: {status.source.value}"
    if status.reason is not None:
        yield f"  reason: {status.reason.value}"
    if status.healthy is not None:
        yield f"  healthy?: {int(status.healthy)}"
    if status.check_status is not None:
        yield f"  check status: {msgspec.json.encode(status.check_status).decode()}"
    if status.limitation is not None:
        yield f"  resource limit violation: {Resources.of(status.limitation.resources)}"


def task_of_json(text: str) -> TaskInfo:
    """A task from JSON; the agent may be left out.

    Raises:
        ValueError: the text does not describe a task; the message has the path of the fault.
    """
    raw = msgspec.json.decode(text)
    if not isinstance(raw, dict):
        raise ValueError("expected a map")
    raw["agent_id"] = {"value": ""}
    try:
        task = msgspec.json.decode(msgspec.json.encode(raw), type=TaskInfo)
        Resources.of(task.resources)
    except (msgspec.ValidationError, ModelError) as fault:
        raise ValueError(str(fault)) from None
    return task


def resources_of_text(text: str) -> Resources:
    """The resources of a task.

    Raises:
        ValueError: the text does not describe resources, or none.
    """
    try:
        resources = Resources.parse(text)
    except InvalidResources as fault:
        raise ValueError(str(fault)) from None
    if not resources:
        raise ValueError(f"{text!r} holds no resources: a task needs some")
    return resources


#: Stands where the agent is filled in at the launch.
NO_AGENT = AgentID("")
