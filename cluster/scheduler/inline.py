"""Runs a framework inside a runtime that exists already, without any thread.

Handlers run on the runtime's own thread and must be quick. Meant for simulation, and for
frameworks that are made of actors themselves.
"""

from __future__ import annotations

from actors import PID, Runtime
from cluster.scheduler.detector import Detector, detector_of
from cluster.scheduler.events import Call, Event
from cluster.scheduler.framework import Framework
from cluster.scheduler.session import Session
from cluster.scheduler.subscription import SchedulerActor
from cluster.scheduler.timers import Timing

#: Name of the actor unless another is given.
SCHEDULER_NAME = "scheduler"


def attach(
    runtime: Runtime,
    framework: Framework,
    master: str | PID | Detector,
    *,
    name: str = SCHEDULER_NAME,
    user: str = "root",
    hostname: str = "localhost",
    timing: Timing | None = None,
) -> Session:
    """Spawn the connection of a framework; its handlers are called by the actor itself.

    Raises:
        InvalidMaster: the text is not an address.
        NameTaken: the runtime has an actor of that name.
    """
    pid = PID(name, runtime.address)

    def post(call: Call) -> None:
        runtime.send(pid, call)

    session = Session(framework, post)

    def dispatch(event: Event) -> bool:
        session.handle(event)
        return True

    runtime.spawn(
        SchedulerActor(framework.describe(user, hostname), detector_of(master), dispatch, timing), name
    )
    return session
