"""The commands of a batch and what became of them. Pure bookkeeping: no time, no messages, no files.

A job is one command. An attempt is one task that runs it; each has a task id of its own. Jobs are
WAITING, RUNNING, then SUCCEEDED, FAILED or (never tried again after Ctrl-C) INTERRUPTED.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cluster.model import TaskState, is_terminal
from cluster.scheduler import Update

S = TaskState

#: Ends that say nothing about the command, only about where it ran; they do not count as tries.
LOST = frozenset({S.TASK_LOST, S.TASK_DROPPED, S.TASK_UNREACHABLE, S.TASK_GONE, S.TASK_GONE_BY_OPERATOR})
#: Ends that are the command's own doing.
_FAULTS = frozenset({S.TASK_FAILED, S.TASK_ERROR})
#: So often a command is run again because it was lost.
MAX_LOSSES = 10


class Standing(enum.Enum):
    """How far a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


#: Nothing more happens to these.
OVER = frozenset({Standing.SUCCEEDED, Standing.FAILED, Standing.INTERRUPTED})


class Verdict(enum.Enum):
    """What an update of an attempt means."""

    GOES_ON = "nothing is decided"
    ENDED = "the job is over"
    AGAIN = "the job waits again: it failed, and has a try left"
    MOVED = "the job waits again: its task was lost"
    BACK = "a task thought lost is there again and is followed again"
    STRAY = "the task was replaced, but lives: kill it"
    STALE = "the task was replaced; what becomes of it does not matter"


@dataclass(slots=True)
class Attempt:
    """One task. Times in seconds since the epoch, by the agent's clock; 0 is not known.

    `is_overdue`: it ran too long and is being killed. `output_fault`: why its output is missing.
    """

    number: int
    task_id: str
    agent_id: str
    hostname: str
    state: TaskState = S.TASK_STAGING
    started_s: float = 0.0
    ended_s: float = 0.0
    message: str = ""
    reason: str = ""
    is_overdue: bool = False
    output_fault: str = ""

    @property
    def duration_s(self) -> float:
        """How long it ran; 0 if it never did."""
        return max(0.0, self.ended_s - self.started_s) if self.started_s and self.ended_s else 0.0


@dataclass(slots=True)
class Job:
    """One command of the batch, from line `line` of its file."""

    line: int
    command: str
    standing: Standing = Standing.WAITING
    attempts: list[Attempt] = field(default_factory=list)
    failures: int = 0
    losses: int = 0

    @property
    def last(self) -> Attempt:
        """The newest attempt."""
        return self.attempts[-1]


class Jobs:
    """All jobs of a batch. `retries`: how often a command that failed is tried again."""

    def __init__(self, commands: Iterable[tuple[int, str]], retries: int = 0) -> None:
        self.all = [Job(line, command) for line, command in commands]
        self._retries = retries
        self._is_interrupted = False
        self._waiting: deque[Job] = deque(self.all)
        self._by_task: dict[str, tuple[Job, Attempt]] = {}
        self._counts = dict.fromkeys(Standing, 0)
        self._counts[Standing.WAITING] = len(self.all)

    # -- looking ------------------------------------------------------------------------------

    def count(self, *standings: Standing) -> int:
        """How many jobs stand so."""
        return sum(self._counts[standing] for standing in standings)

    @property
    def is_over(self) -> bool:
        """Whether nothing waits and nothing runs."""
        return self.count(*OVER) == len(self.all)

    def next(self) -> Job | None:
        """The job to launch next."""
        return self._waiting[0] if self._waiting else None

    def running(self) -> Iterator[tuple[Job, Attempt]]:
        """The jobs that run, with their present attempts."""
        return ((job, job.last) for job in self.all if job.standing is Standing.RUNNING)

    def of_task(self, task_id: str) -> tuple[Job, Attempt] | None:
        """Which attempt of which job a task is."""
        return self._by_task.get(task_id)

    # -- changing -----------------------------------------------------------------------------

    def launched(self, task_id: str, agent_id: str, hostname: str) -> Attempt:
        """The job to launch next was launched."""
        job = self._waiting.popleft()
        attempt = Attempt(len(job.attempts) + 1, task_id, agent_id, hostname)
        job.attempts.append(attempt)
        self._by_task[task_id] = (job, attempt)
        self._stands(job, Standing.RUNNING)
        return attempt

    def updated(self, update: Update) -> Verdict:
        """Take an update of a task in, and say what it means."""
        found = self._by_task.get(update.task_id)
        if found is None or update.state is S.TASK_UNKNOWN:
            return Verdict.GOES_ON
        job, attempt = found
        if attempt is not job.last or job.standing in OVER:
            return Verdict.STRAY if _wants_killing(update.state) else Verdict.STALE
        if is_terminal(attempt.state) and attempt.state is not S.TASK_LOST:
            return Verdict.STALE
        self._note(attempt, update)
        if job.standing is Standing.WAITING:
            return self._reappeared(job, attempt)
        return self._decide(job, attempt)

    def interrupt(self) -> None:
        """No job that waits is launched any more, and none that ends is tried again."""
        self._is_interrupted = True
        while self._waiting:
            self._stands(self._waiting.popleft(), Standing.INTERRUPTED)

    def give_up(self) -> None:
        """What still waits or runs is left alone."""
        self.interrupt()
        for job, _ in list(self.running()):
            self._stands(job, Standing.INTERRUPTED)

    # -- inside -------------------------------------------------------------------------------

    def _stands(self, job: Job, standing: Standing) -> None:
        self._counts[job.standing] -= 1
        self._counts[standing] += 1
        job.standing = standing

    def _note(self, attempt: Attempt, update: Update) -> None:
        attempt.state = update.state
        attempt.message = update.message
        attempt.reason = update.reason.value if update.reason is not None else ""
        if update.state is S.TASK_RUNNING and not attempt.started_s:
            attempt.started_s = update.timestamp
        elif is_terminal(update.state):
            attempt.ended_s = update.timestamp

    def _reappeared(self, job: Job, attempt: Attempt) -> Verdict:
        """A job waits because its task was lost, and now its task reports something."""
        if attempt.state in LOST:
            return Verdict.GOES_ON
        if attempt.is_overdue:
            return Verdict.STRAY if _wants_killing(attempt.state) else Verdict.STALE
        self._waiting.remove(job)
        self._stands(job, Standing.RUNNING)
        return Verdict.BACK if not is_terminal(attempt.state) else self._decide(job, attempt)

    def _decide(self, job: Job, attempt: Attempt) -> Verdict:
        if attempt.state is S.TASK_FINISHED:
            return self._end(job, Standing.SUCCEEDED)
        if not is_terminal(attempt.state) and attempt.state not in LOST:
            return Verdict.GOES_ON
        if self._is_interrupted:
            return self._end(job, Standing.FAILED if attempt.state in _FAULTS else Standing.INTERRUPTED)
        if attempt.state in LOST and not attempt.is_overdue:
            job.losses += 1
            if job.losses > MAX_LOSSES:
                attempt.message = f"lost {job.losses} times; last: {attempt.message}"
                return self._end(job, Standing.FAILED)
            return self._wait_again(job, Verdict.MOVED)
        job.failures += 1
        if job.failures <= self._retries:
            return self._wait_again(job, Verdict.AGAIN)
        return self._end(job, Standing.FAILED)

    def _wait_again(self, job: Job, verdict: Verdict) -> Verdict:
        self._stands(job, Standing.WAITING)
        self._waiting.append(job)
        return verdict

    def _end(self, job: Job, standing: Standing) -> Verdict:
        self._stands(job, standing)
        return Verdict.ENDED


def _wants_killing(state: TaskState) -> bool:
    """Whether a task that nobody waits for lives, and is not being killed already."""
    return not is_terminal(state) and state not in (S.TASK_UNREACHABLE, S.TASK_KILLING)
