"""Frameworks: the typed API to run tasks in a cluster. See :mod:`cluster.scheduler.framework`.

The classic names `Scheduler` and `MesosSchedulerDriver` lead to :mod:`cluster.classic`.
"""

from typing import TYPE_CHECKING, Any

from cluster.model import Operation, Reason, Resources, TaskState
from cluster.scheduler.describe import command_info, executor_info
from cluster.scheduler.detector import Detector, FixedMaster, master_pid
from cluster.scheduler.driver import Handle, run, start
from cluster.scheduler.errors import DoesNotFit, InvalidMaster, NotStarted, OfferGone, SchedulerError
from cluster.scheduler.files import FileUnreadable, read_file
from cluster.scheduler.framework import Framework, FrameworkOptions
from cluster.scheduler.inline import attach
from cluster.scheduler.offers import Offer
from cluster.scheduler.session import Later, Session
from cluster.scheduler.subscription import SchedulerActor
from cluster.scheduler.timers import Timing
from cluster.scheduler.updates import Update

if TYPE_CHECKING:
    from cluster.classic import MesosSchedulerDriver, Scheduler

__all__ = [
    "Detector",
    "DoesNotFit",
    "FileUnreadable",
    "FixedMaster",
    "Framework",
    "FrameworkOptions",
    "Handle",
    "InvalidMaster",
    "Later",
    "MesosSchedulerDriver",
    "NotStarted",
    "Offer",
    "OfferGone",
    "Operation",
    "Reason",
    "Resources",
    "Scheduler",
    "SchedulerActor",
    "SchedulerError",
    "Session",
    "TaskState",
    "Timing",
    "Update",
    "attach",
    "command_info",
    "executor_info",
    "master_pid",
    "read_file",
    "run",
    "start",
]


def __getattr__(name: str) -> Any:
    # Late, because the classic classes stand on this package.
    if name in ("MesosSchedulerDriver", "Scheduler"):
        import cluster.classic

        return getattr(cluster.classic, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
