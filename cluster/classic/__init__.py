"""The classic callback API, so that an existing framework changes its import and runs.

In place of ``mesos.interface`` and ``mesos.native``::

    from cluster.classic import Executor, MesosExecutorDriver, MesosSchedulerDriver, Scheduler, mesos_pb2

In place of ``pymesos``::

    from cluster.classic import MesosSchedulerDriver, Scheduler, decode_data, encode_data

`mesos_pb2` is made when it is imported and not before; an executor that imported it is given
messages, any other dicts.
"""

from cluster.classic.dicts import Dict, decode_data, encode_data
from cluster.classic.executor_driver import MesosExecutorDriver
from cluster.classic.interface import Executor, Scheduler
from cluster.classic.scheduler_driver import MesosSchedulerDriver

__all__ = [
    "Dict",
    "Executor",
    "MesosExecutorDriver",
    "MesosSchedulerDriver",
    "Scheduler",
    "decode_data",
    "encode_data",
]
