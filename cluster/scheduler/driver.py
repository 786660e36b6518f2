"""Runs a framework in threads: the connection in one of its own, the user's code in another.

The two meet in a bounded queue, so that slow user code leaves heartbeats and subscriptions alone.
The only module of the package that knows threads.
"""

from __future__ import annotations

import asyncio
import getpass
import logging
import os
import socket
from collections.abc import Callable
from threading import Event as Flag
from threading import Thread, get_ident

import actors
from actors import PID, Limits, Process, Runtime
from cluster.scheduler.detector import Detector, detector_of
from cluster.scheduler.events import Call, CallDue, Stop, Stopped
from cluster.scheduler.files import read_file
from cluster.scheduler.framework import Framework
from cluster.scheduler.inbox import MAX_EVENTS, Inbox
from cluster.scheduler.inline import SCHEDULER_NAME
from cluster.scheduler.session import Session
from cluster.scheduler.subscription import SchedulerActor
from cluster.scheduler.timers import Timing

log = logging.getLogger(__name__)

#: Exit code after Ctrl-C, as a shell would give it.
INTERRUPTED = 130
#: How long the end of the connection is waited for, in seconds.
CLOSE_S = 10.0


class Connection:
    """The thread of the connection: an event loop, a runtime that only dials, one actor on it."""

    def __init__(self, actor: SchedulerActor, inbox: Inbox, seed: int | None, limits: Limits | None) -> None:
        self._actor = actor
        self._inbox = inbox
        self._seed = seed
        self._limits = limits
        self._is_ready = Flag()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._runtime: Runtime | None = None
        self._thread = Thread(target=self._main, name=f"connection of {actor.info.name}", daemon=True)

    def start(self) -> None:
        """Start the thread; the actor lives when this returns."""
        self._thread.start()
        self._is_ready.wait()

    def join(self) -> None:
        """Wait until what was sent is out and the thread has ended."""
        self._thread.join(CLOSE_S)

    def post(self, call: Call) -> None:
        """Send a call to the actor, from any thread; lost when the connection is over."""
        loop, runtime = self._loop, self._runtime
        if loop is None or runtime is None:
            return
        try:
            loop.call_soon_threadsafe(runtime.send, PID(SCHEDULER_NAME, runtime.address), call)
        except RuntimeError:
            log.debug("the connection is closed: %s is lost", type(call).__name__)

    def read(self, address: str, framework_id: str, executor_id: str, name: str) -> bytes:
        """Read a whole file from an agent, from any thread but the connection's."""
        loop, runtime = self._loop, self._runtime
        assert loop is not None, "not started"
        assert runtime is not None, "not started"

        async def whole() -> bytes:
            parts = [part async for part in read_file(runtime, address, framework_id, executor_id, name)]
            return b"".join(parts)

        return asyncio.run_coroutine_threadsafe(whole(), loop).result()

    def _main(self) -> None:
        exit_code = 1
        try:
            exit_code = actors.run(self._serve)
        except BaseException:
            log.exception("the connection of framework %s failed", self._actor.info.name)
        finally:
            self._loop = None
            self._inbox.put(Stopped(exit_code))  # the first one counts; this is for failures
            self._is_ready.set()

    async def _serve(self) -> int:
        process = Process(seed=self._seed, limits=self._limits)
        self._runtime = process.runtime
        self._loop = asyncio.get_running_loop()
        pid = process.runtime.spawn(self._actor, SCHEDULER_NAME)
        self._is_ready.set()
        await process.runtime.wait(pid)
        self._loop = None
        await process.close()
        return process.exit_code


class Handle:
    """A framework that runs. All methods may be called from any thread."""

    def __init__(
        self,
        framework: Framework,
        master: str | PID | Detector,
        *,
        max_events: int = MAX_EVENTS,
        seed: int | None = None,
        limits: Limits | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._inbox = Inbox(max_events)
        info = framework.describe(_user_name(), socket.gethostname())
        actor = SchedulerActor(info, detector_of(master), self._inbox.put, timing)
        self._connection = Connection(actor, self._inbox, seed, limits)
        self.framework = framework
        self.session = Session(framework, self._connection.post)
        self._failure: BaseException | None = None
        self._thread: Thread | None = None
        self._user_thread = 0

    @property
    def framework_id(self) -> str | None:
        """The framework's id once it is subscribed."""
        return self.framework.framework_id

    def call(self, call: Callable[[], object]) -> None:
        """Have `call` run like a handler, between the others."""
        self._inbox.put(CallDue(call))

    def stop(self, failover: bool = False, exit_code: int = 0) -> None:
        """As `Framework.stop`, without waiting for a handler that is running, unless called by it."""
        if get_ident() == self._user_thread:
            self.session.stop(Stop(failover, exit_code))
        else:
            self.session.stop_now(Stop(failover, exit_code))
        self._inbox.drop_all()

    def read_file(self, agent_id: str, executor_id: str, name: str) -> bytes:
        """Read a whole file of a sandbox; not from inside a handler, which it would block.

        Raises:
            FileUnreadable: the agent says why.
            AskTimeout, ActorGone: the agent does not answer.
            LookupError: the agent made no offer in this run, so that its address is not known.
        """
        address = self.session.address_of(agent_id)
        if address is None:
            raise LookupError(f"the address of agent {agent_id} is not known")
        return self._connection.read(address, self.framework_id or "", executor_id, name)

    def join(self, timeout_s: float | None = None) -> int | None:
        """Wait for the end and return the exit code; None if it did not end in time.

        Raises:
            Exception: what `on_start` raised.
        """
        assert self._thread is not None, "only what was started with start() is joined"
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            return None
        if self._failure is not None:
            raise self._failure
        return self.session.exit_code

    # -- running ------------------------------------------------------------------------------

    def start(self) -> None:
        """Run handlers in a thread of their own."""
        self._thread = Thread(target=self._main, name=f"framework {self.framework.name}", daemon=True)
        self._connection.start()
        self._thread.start()

    def run(self) -> int:
        """Run handlers on this thread until the end.

        Raises:
            Exception: what `on_start` raised.
        """
        self._connection.start()
        return self._serve()

    def _main(self) -> None:
        try:
            self._serve()
        except BaseException as error:
            self._failure = error

    def _serve(self) -> int:
        session = self.session
        self._user_thread = get_ident()
        try:
            while session.exit_code is None:
                session.handle(self._inbox.get())
        except BaseException:
            session.stop_now(Stop(failover=False, exit_code=1))
            raise
        finally:
            self._connection.join()
        return session.exit_code


def start(
    framework: Framework,
    master: str | PID | Detector,
    *,
    max_events: int = MAX_EVENTS,
    seed: int | None = None,
    limits: Limits | None = None,
    timing: Timing | None = None,
) -> Handle:
    """Run a framework in threads and return at once.

    `max_events`: how many events may wait for slow handlers; beyond it offers are declined and
    updates come again later.

    Raises:
        InvalidMaster: the text is not an address.
    """
    handle = Handle(framework, master, max_events=max_events, seed=seed, limits=limits, timing=timing)
    handle.start()
    return handle


def run(
    framework: Framework,
    master: str | PID | Detector,
    *,
    max_events: int = MAX_EVENTS,
    seed: int | None = None,
    limits: Limits | None = None,
    timing: Timing | None = None,
) -> int:
    """Run a framework until it stops; handlers run on this thread. Returns the exit code.

    0 after `stop()`, 1 after an error from the master, 130 after Ctrl-C, which tears it down.

    Raises:
        InvalidMaster: the text is not an address.
        Exception: what `on_start` raised.
    """
    handle = Handle(framework, master, max_events=max_events, seed=seed, limits=limits, timing=timing)
    try:
        return handle.run()
    except KeyboardInterrupt:
        return INTERRUPTED


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
