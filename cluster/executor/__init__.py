"""Executors: the Python API for custom ones, the command executor, and the host that runs both."""

from cluster.executor.driver import Executor, NotRunning, run
from cluster.executor.environment import BadEnvironment, ExecutorError
from cluster.executor.host_process import HostIdentity, HostProcess

__all__ = [
    "BadEnvironment",
    "Executor",
    "ExecutorError",
    "HostIdentity",
    "HostProcess",
    "NotRunning",
    "run",
]
