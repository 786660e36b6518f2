"""The classic executor driver, on top of the typed API.

Differences from the original: an exception in `launchTask` fails the task, any other is logged.
`disconnected` and `error` are never called: the driver finds a restarted agent by itself, and an
executor that is refused is shut down. Task groups are not launched. Of a status, task id, state,
message, reason, data and healthy reach the scheduler.

Source: Mesos src/python/interface, src/exec/exec.cpp; pymesos executor.py.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from threading import Thread
from typing import Any

import msgspec

from cluster.classic.scheduler_driver import (
    DRIVER_ABORTED,
    DRIVER_NOT_STARTED,
    DRIVER_RUNNING,
    DRIVER_STOPPED,
)
from cluster.classic.styles import DictStyle, Style, style_in_use, to_bytes, to_model
from cluster.executor.driver import Executor, NotRunning, serve
from cluster.executor.environment import agent_from, options_from
from cluster.model import TaskID, TaskInfo, TaskStatus
from cluster.protocol.executor import Subscribed

log = logging.getLogger(__name__)


class ClassicExecutor(Executor):
    """Passes what the typed API says on to the callbacks of a classic executor."""

    def __init__(self, driver: MesosExecutorDriver) -> None:
        self.driver = driver
        self._was_ready = False

    def on_ready(self, subscribed: Subscribed) -> None:
        if self._was_ready:
            self.driver.callback("reregistered", subscribed.agent_info)
        else:
            self._was_ready = True
            self.driver.callback(
                "registered", subscribed.executor_info, subscribed.framework_info, subscribed.agent_info
            )

    def on_launch(self, task: TaskInfo) -> None:
        self.driver.callback("launchTask", task)

    def on_kill(self, task_id: str) -> None:
        self.driver.callback("killTask", TaskID(task_id))

    def on_message(self, data: bytes) -> None:
        self.driver.callback("frameworkMessage", data)

    def on_shutdown(self) -> None:
        self.driver.callback("shutdown")


class MesosExecutorDriver:
    """Connects a classic executor to the agent that started this process.

    ``MesosExecutorDriver(executor)`` for either style of data: an executor that imported
    `mesos_pb2` gets messages, any other, or one that names `use_addict`, dicts. Methods may be
    called from any thread; they return the status of the driver.

    Raises:
        BadEnvironment: the process was not started by an agent.
    """

    def __init__(
        self,
        executor: Any,
        use_addict: bool | None = None,
        timeout: float | None = None,
        http_timeout: float | None = None,
        *,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        told = os.environ if environment is None else environment
        self.executor = executor
        self._options, self._find_agent = options_from(told), agent_from(told)
        self._style: Style = style_in_use() if use_addict is None else DictStyle()
        self._typed = ClassicExecutor(self)
        self._status = DRIVER_NOT_STARTED
        self._thread: Thread | None = None

    # -- life ---------------------------------------------------------------------------------

    def start(self) -> int:
        """Connect; callbacks come from now on."""
        if self._status == DRIVER_NOT_STARTED:
            self._status = DRIVER_RUNNING
            self._thread = Thread(target=self._main, name="executor", daemon=True)
            self._thread.start()
        return self._status

    def stop(self) -> int:
        """End once all updates are acknowledged."""
        return self._end(DRIVER_STOPPED)

    def abort(self) -> int:
        """As `stop`, without any further callback."""
        return self._end(DRIVER_ABORTED)

    def join(self) -> int:
        """Wait until the driver is stopped or aborted, by the agent too."""
        if self._thread is not None:
            self._thread.join()
        return self._status

    def run(self) -> int:
        """Start and join."""
        self.start()
        return self.join()

    def _main(self) -> None:
        exit_code = 1
        try:
            exit_code = serve(self._typed, self._options, self._find_agent)
        finally:
            if self._status == DRIVER_RUNNING:
                self._status = DRIVER_STOPPED if exit_code == 0 else DRIVER_ABORTED

    def _end(self, status: int) -> int:
        if self._status == DRIVER_RUNNING:
            self._status = status
            self._try(self._typed.stop)
        return self._status

    # -- telling ------------------------------------------------------------------------------

    def sendStatusUpdate(self, status: Any) -> int:
        """Report the state of a task; repeated until the agent has it.

        Raises:
            ValueError: the status is malformed, or its state is none that an executor may report.
        """
        told = to_model(TaskStatus, status)
        if self._status == DRIVER_RUNNING:
            self._try(
                self._typed.update,
                told.task_id,
                told.state,
                message=told.message,
                data=told.data,
                reason=told.reason,
                healthy=told.healthy,
            )
        return self._status

    def sendFrameworkMessage(self, data: str | bytes) -> int:
        """Send bytes to the scheduler, best effort."""
        if self._status == DRIVER_RUNNING:
            is_base64 = isinstance(data, str) and isinstance(self._style, DictStyle)
            self._try(self._typed.send, to_bytes(data) if is_base64 else _encoded(data))
        return self._status

    def _try(self, action: Any, *arguments: Any, **named: Any) -> None:
        """Do something, unless the connection has ended meanwhile."""
        try:
            action(*arguments, **named)
        except NotRunning:
            log.debug("the executor has ended: %s comes too late", action.__name__)

    # -- called by the executor ---------------------------------------------------------------

    def callback(self, name: str, *values: Any) -> None:
        """Call the executor, if it has such a callback, with values in its style."""
        method = getattr(self.executor, name, None)
        if method is not None and self._status != DRIVER_ABORTED:
            method(self, *(self._shown(value) for value in values))

    def _shown(self, value: Any) -> Any:
        if isinstance(value, msgspec.Struct):
            return self._style.show(value)
        return self._style.show_data(value) if isinstance(value, bytes) else value


def _encoded(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data
