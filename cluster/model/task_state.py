"""Task states as data: which are final, and which may follow which.

The rows follow what a master may learn, not only what an executor may send: an agent that comes back tells
the state its tasks reached meanwhile.

Source: Mesos src/common/protobuf_utils.cpp (isTerminalState), src/master/master.cpp (updateTask);
reference types.md §6, §7.
"""

import msgspec

from cluster.model.errors import IllegalTransition
from cluster.model.offer import OperationState
from cluster.model.task import Task, TaskState, TaskStatus

S = TaskState

TERMINAL = frozenset(
    {
        S.TASK_FINISHED,
        S.TASK_FAILED,
        S.TASK_KILLED,
        S.TASK_ERROR,
        S.TASK_LOST,
        S.TASK_DROPPED,
        S.TASK_GONE,
        S.TASK_GONE_BY_OPERATOR,
    }
)
_ENDS = TERMINAL | {S.TASK_UNREACHABLE}  # what may befall any live task
_LIVE = frozenset({S.TASK_STAGING, S.TASK_STARTING, S.TASK_RUNNING, S.TASK_KILLING})
_NONE: frozenset[TaskState] = frozenset()

# A state in its own row may be reported again, with news of health, checks or addresses.
NEXT: dict[TaskState, frozenset[TaskState]] = {
    S.TASK_STAGING: _ENDS | {S.TASK_STARTING, S.TASK_RUNNING, S.TASK_KILLING},
    S.TASK_STARTING: _ENDS | {S.TASK_STARTING, S.TASK_RUNNING, S.TASK_KILLING},
    S.TASK_RUNNING: _ENDS | {S.TASK_RUNNING, S.TASK_KILLING},
    S.TASK_KILLING: _ENDS | {S.TASK_KILLING},
    S.TASK_UNREACHABLE: TERMINAL | _LIVE,  # the agent came back, or is gone for good
    S.TASK_LOST: (TERMINAL | _LIVE) - {S.TASK_LOST},  # the same, told to frameworks without PARTITION_AWARE
    S.TASK_UNKNOWN: _NONE,  # answers a reconciliation; no task is ever in it
    S.TASK_FINISHED: _NONE,
    S.TASK_FAILED: _NONE,
    S.TASK_KILLED: _NONE,
    S.TASK_ERROR: _NONE,
    S.TASK_DROPPED: _NONE,
    S.TASK_GONE: _NONE,
    S.TASK_GONE_BY_OPERATOR: _NONE,
}

TERMINAL_OPERATION = frozenset(
    {
        OperationState.OPERATION_FINISHED,
        OperationState.OPERATION_FAILED,
        OperationState.OPERATION_ERROR,
        OperationState.OPERATION_DROPPED,
        OperationState.OPERATION_GONE_BY_OPERATOR,
    }
)


def is_terminal(state: TaskState) -> bool:
    """Whether a task in this state holds no resources and stays as it is (LOST may come back)."""
    return state in TERMINAL


def moved(task: Task, status: TaskStatus) -> Task:
    """Move a task to the state of a status and remember the status.

    A repeated state replaces the last status, so there is one for each run of equal states; data is dropped.

    Raises:
        IllegalTransition: NEXT does not allow it.
    """
    if status.state not in NEXT[task.state]:
        raise IllegalTransition(task.task_id.value, task.state.value, status.state.value)
    return msgspec.structs.replace(told(task, status), state=status.state)


def told(task: Task, status: TaskStatus) -> Task:
    """Remember a status without changing the state of a task."""
    kept = task.statuses
    if kept and kept[-1].state is status.state:
        kept = kept[:-1]
    bare = msgspec.structs.replace(status, data=None)
    return msgspec.structs.replace(task, statuses=(*kept, bare))
