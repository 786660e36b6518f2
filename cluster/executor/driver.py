"""Custom executors: what a user writes to run tasks in a process of their own.

::

    class Squares(Executor):
        def on_launch(self, task):
            self.update(task.task_id, "TASK_RUNNING")
            result = int(task.data) ** 2
            self.update(task.task_id, "TASK_FINISHED", data=str(result).encode())

    if __name__ == "__main__":
        raise SystemExit(run(Squares()))
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable, Mapping
from threading import Condition, Thread
from threading import Event as Flag

import actors
from actors import PID, Limits, Process, Runtime
from cluster.executor.agent_address import FindAgent
from cluster.executor.bridge import (
    Data,
    DriverActor,
    Event,
    Finish,
    GiveData,
    GiveStatus,
    KillTask,
    LaunchRaised,
    LaunchTask,
    Ready,
    ShutDown,
)
from cluster.executor.environment import (
    BadEnvironment,
    ExecutorError,
    ExecutorOptions,
    agent_from,
    options_from,
)
from cluster.model import Reason, TaskID, TaskInfo, TaskState
from cluster.protocol.executor import Subscribed

log = logging.getLogger(__name__)

#: The actor's name.
NAME = "executor"
#: Messages from the scheduler that may wait for busy user code; further ones are lost.
MAX_MESSAGES = 10_000
#: An agent that came back is on this host: it is dialled often and answers soon.
LIMITS = Limits(dial_s=5.0, backoff_min_s=0.05, backoff_max_s=1.0)


class NotRunning(ExecutorError):
    """Raised when an executor acts that is not run by :func:`run`, or not any more."""


class Executor:
    """Base of custom executors. Override the handlers; call the actions, from any thread.

    Handlers run one after another on the thread that called :func:`run`. They may take their time,
    but while one runs no other does: what runs long belongs in a thread or process, so that
    :meth:`on_kill` can reach it. A handler that raises is logged; if it is :meth:`on_launch`, the
    task fails with the text of the exception.
    """

    _post: Callable[[object], None] | None = None

    # -- handlers -----------------------------------------------------------------------------

    def on_ready(self, subscribed: Subscribed) -> None:
        """The agent took us, or took us back: who we are, for whom, and where."""

    def on_launch(self, task: TaskInfo) -> None:
        """Start a task, and report its states with :meth:`update`."""
        raise NotImplementedError

    def on_kill(self, task_id: str) -> None:
        """Kill a task, and report TASK_KILLED."""
        log.warning("task %s is to be killed, but this executor cannot do that", task_id)

    def on_message(self, data: bytes) -> None:
        """Bytes from the scheduler, best effort."""

    def on_shutdown(self) -> None:
        """Kill all tasks and report that; the executor ends when this returns."""

    # -- actions ------------------------------------------------------------------------------

    def update(
        self,
        task_id: str | TaskID,
        state: str | TaskState,
        *,
        message: str | None = None,
        data: bytes | None = None,
        reason: Reason | None = None,
        healthy: bool | None = None,
    ) -> None:
        """Report the state of a task; repeated until the agent acknowledges it.

        Raises:
            ValueError: there is no such state, or no executor may report it.
            NotRunning: the executor does not run.
        """
        if isinstance(state, str):
            state = TaskState(state)
        if state is TaskState.TASK_STAGING:
            raise ValueError("TASK_STAGING is the state before an executor has the task")
        task_id = TaskID(task_id) if isinstance(task_id, str) else task_id
        self._give(GiveStatus(task_id, state, message, reason, data, healthy))

    def send(self, data: bytes) -> None:
        """Send bytes to the scheduler, best effort.

        Raises:
            NotRunning: the executor does not run.
        """
        self._give(GiveData(data))

    def stop(self) -> None:
        """End the executor once all its updates are acknowledged, or after its shutdown grace.

        Raises:
            NotRunning: the executor does not run.
        """
        self._give(Finish())

    def _give(self, message: object) -> None:
        if self._post is None:
            raise NotRunning("this executor is not run by cluster.executor.run")
        self._post(message)


class Inbox:
    """Events for user code, in order. Only messages are refused when too many wait."""

    def __init__(self, limit: int = MAX_MESSAGES) -> None:
        self._limit = limit
        self._events: deque[Event] = deque()
        self._is_closed = False
        self._changed = Condition()

    def put(self, event: Event) -> None:
        """Add an event."""
        with self._changed:
            if isinstance(event, Data) and len(self._events) >= self._limit:
                log.warning("a message is lost: %d events wait already", len(self._events))
                return
            self._events.append(event)
            self._changed.notify()

    def close(self) -> None:
        """There will be no more; what waits is not wanted any more."""
        with self._changed:
            self._is_closed = True
            self._events.clear()
            self._changed.notify()

    def get(self) -> Event | None:
        """Wait for the next event; None after the last."""
        with self._changed:
            while not self._events and not self._is_closed:
                self._changed.wait()
            return self._events.popleft() if self._events else None


class Connection:
    """The thread of the connection: an event loop, a runtime that only dials, one actor on it."""

    def __init__(self, actor: DriverActor, inbox: Inbox) -> None:
        self._actor = actor
        self._inbox = inbox
        self._loop: asyncio.AbstractEventLoop | None = None
        self._runtime: Runtime | None = None
        self._has_started = Flag()
        self._thread = Thread(target=self._main, name="connection to the agent", daemon=True)
        self.exit_code = 1

    def start(self) -> None:
        """Start the thread; the actor lives when this returns, unless it failed."""
        self._thread.start()
        self._has_started.wait()

    def join(self) -> int:
        """Wait for the end; returns the exit code."""
        self._thread.join()
        return self.exit_code

    def post(self, message: object) -> None:
        """Send to the actor, from any thread.

        Raises:
            NotRunning: the connection is over.
        """
        loop, runtime = self._loop, self._runtime
        try:
            if loop is None or runtime is None:
                raise RuntimeError
            loop.call_soon_threadsafe(runtime.send, PID(NAME, runtime.address), message)
        except RuntimeError:
            raise NotRunning("this executor has ended") from None

    def _main(self) -> None:
        try:
            self.exit_code = actors.run(self._serve)
        except BaseException:
            log.exception("the connection to the agent failed")
        finally:
            self._loop = None
            self._inbox.close()
            self._has_started.set()

    async def _serve(self) -> int:
        process = Process(limits=LIMITS)
        self._runtime, self._loop = process.runtime, asyncio.get_running_loop()
        pid = process.runtime.spawn(self._actor, NAME)
        self._has_started.set()
        await process.runtime.wait(pid)
        self._loop = None
        await process.close()
        return process.exit_code


def serve(
    executor: Executor,
    options: ExecutorOptions,
    find_agent: FindAgent,
    hard_exit: Callable[[int], None] = os._exit,
) -> int:
    """Run an executor with options from elsewhere than the environment; see :func:`run`."""
    inbox = Inbox()
    connection = Connection(DriverActor(options, find_agent, inbox.put, hard_exit), inbox)
    executor._post = connection.post
    connection.start()
    try:
        while (event := inbox.get()) is not None:
            _handle(executor, event)
    finally:
        executor._post = None
    return connection.join()


def _handle(executor: Executor, event: Event) -> None:
    """Call the handler of an event; nothing it raises gets further, except what ends a process."""
    try:
        match event:
            case Ready(subscribed):
                executor.on_ready(subscribed)
            case LaunchTask(task):
                executor.on_launch(task)
            case KillTask(task_id):
                executor.on_kill(task_id)
            case Data(data):
                executor.on_message(data)
            case ShutDown():
                executor.on_shutdown()
    except Exception as error:
        log.exception("%s raised", type(event).__name__)
        if isinstance(event, LaunchTask):
            _tell(executor, LaunchRaised(event.task.task_id, f"{type(error).__name__}: {error}"))
    if isinstance(event, ShutDown):
        _tell(executor, Finish())


def _tell(executor: Executor, message: object) -> None:
    try:
        executor._give(message)
    except NotRunning:
        log.debug("the connection is over")


def run(executor: Executor, environment: Mapping[str, str] | None = None) -> int:
    """Run an executor until the agent shuts it down or it stops; returns the exit code.

    To be called once, by the main thread of a process that an agent started: who it is and where
    the agent is stands in the environment. Handlers run on this thread, the connection has one of
    its own. If handlers do not let go in time after a shutdown, the process is ended.

    Raises:
        BadEnvironment: the environment is not that of an executor.
    """
    told = os.environ if environment is None else environment
    return serve(executor, options_from(told), agent_from(told))


__all__ = ["BadEnvironment", "Executor", "NotRunning", "run", "serve"]
