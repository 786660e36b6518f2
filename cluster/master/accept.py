"""ACCEPT: offers become launched tasks; what is not used goes back.

A call may launch a thousand tasks, so it is carried out with pauses; see `Rest`.

Source: reference master.md §7.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import msgspec

from cluster.allocator import messages as alloc
from cluster.master.context import Context
from cluster.master.offers import Offers, refuse_s
from cluster.master.state import AgentEntry, ExecutorEntry, FrameworkEntry, OfferEntry, TaskEntry
from cluster.master.tasks import Tasks
from cluster.model import (
    AgentID,
    ExecutorInfo,
    FrameworkID,
    Operation,
    OperationState,
    OperationStatus,
    Reason,
    Resources,
    Task,
    TaskInfo,
    TaskState,
)
from cluster.protocol import agent as agent_protocol
from cluster.protocol import scheduler as protocol
from cluster.validation import TaskContext, allocated, allocated_protos, sentence, task_violations

log = logging.getLogger(__name__)

LAUNCH = Operation.Type.LAUNCH
LAUNCH_GROUP = Operation.Type.LAUNCH_GROUP

#: Tasks after which others get their turn. The runtime looks at the clock after 16 of these: within 5 ms.
TASKS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a call; it comes before all other messages, so that it seems to be done at once."""

    work: Iterator[None]


class Acceptance:
    """Carries out ACCEPT calls."""

    def __init__(self, context: Context, offers: Offers, tasks: Tasks) -> None:
        self._c = context
        self._offers = offers
        self._tasks = tasks

    def accept(self, framework: FrameworkEntry, message: protocol.Accept) -> Iterator[None]:
        """Check the offers, then the operations one after the other on what remains of them.

        Pauses after each task. Others may do something meanwhile, but nobody may touch the state.
        """
        ids = [offer_id.value for offer_id in message.offer_ids]
        fault = self._offer_fault(framework, ids)
        if fault is not None:
            yield from self._refuse_all(framework, message, ids, fault)
            return
        taken = [framework.offers[offer_id] for offer_id in ids]
        for offer in taken:
            self._c.state.remove_offer(offer)
        self._c.count("master/offers_accepted")
        framework.counts.offers_accepted += len(taken)
        agent = self._c.state.agents[taken[0].agent_id]
        offered = Resources.EMPTY
        for offer in taken:
            offered = offered + offer.resources
        remaining = offered
        for operation in message.operations:
            remaining = yield from self._operate(framework, agent, taken[0], operation, remaining)
        if used := offered - remaining:
            self._c.allocator(alloc.Allocated(framework.id, agent.id, agent.epoch, used))
        if remaining:
            self._c.allocator(
                alloc.Recover(
                    framework.id, agent.id, taken[0].epoch, remaining, refuse_s=refuse_s(message.filters)
                )
            )

    # -- offers -------------------------------------------------------------------------------

    def _offer_fault(self, framework: FrameworkEntry, ids: list[str]) -> str | None:
        """Why these offers cannot be accepted together; None if they can."""
        state = self._c.state
        if not ids:
            return "No offers specified"
        if len(set(ids)) != len(ids):
            return "An offer is named twice"
        for offer_id in ids:
            offer = state.offers.get(offer_id)
            if offer is None:
                return f"Offer {offer_id} is no longer valid"
            if offer.framework_id != framework.id:
                return f"Offer {offer_id} was made to another framework"
        offers = [state.offers[offer_id] for offer_id in ids]
        if len({offer.role for offer in offers}) > 1:
            return "The offers are for different roles"
        if len({offer.agent_id for offer in offers}) > 1:
            return "The offers are of different agents"
        if not state.agents[offers[0].agent_id].is_connected:
            return "The agent is disconnected"
        return None

    def _refuse_all(
        self, framework: FrameworkEntry, message: protocol.Accept, ids: list[str], fault: str
    ) -> Iterator[None]:
        """Nothing of the call is done: the offers go back, the tasks are dropped."""
        log.info("accept of %s by %s is refused: %s", ids, framework.id, fault)
        for offer_id in dict.fromkeys(ids):
            offer = framework.offers.get(offer_id)
            if offer is not None:
                self._offers.give_back(offer)
        for task in tasks_of(message.operations):
            self._tasks.drop(framework, task.task_id, task.agent_id, Reason.REASON_INVALID_OFFERS, fault)
            yield
        for operation in message.operations:
            if operation.type not in (LAUNCH, LAUNCH_GROUP):
                self._fail_operation(framework, operation, fault)

    # -- operations ---------------------------------------------------------------------------

    def _operate(
        self,
        framework: FrameworkEntry,
        agent: AgentEntry,
        offer: OfferEntry,
        operation: Operation,
        remaining: Resources,
    ) -> Generator[None, None, Resources]:
        """Carry out one operation; what remains of the offers."""
        if operation.type is not None:
            framework.counts.operations[operation.type] += 1
        if operation.type is LAUNCH and operation.launch is not None:
            for task in operation.launch.task_infos:
                if operation.id is not None:
                    self._invalid(framework, task, "operation.id: must not be set for LAUNCH")
                else:
                    remaining = self._launch(framework, agent, offer, task, remaining)
                yield
        elif operation.type is LAUNCH_GROUP:
            for task in tasks_of((operation,)):
                self._tasks.refuse(
                    framework, task.task_id, AgentID(agent.id), TaskState.TASK_ERROR,
                    Reason.REASON_TASK_GROUP_INVALID, "task groups are not supported yet",
                )  # fmt: skip
                yield
        else:
            self._fail_operation(framework, operation, _unsupported(operation))
        return remaining

    def _fail_operation(self, framework: FrameworkEntry, operation: Operation, why: str) -> None:
        log.info("operation %s of %s is dropped: %s", operation.type, framework.id, why)
        if operation.id is not None and framework.is_connected:
            status = OperationStatus(
                operation_id=operation.id, state=OperationState.OPERATION_ERROR, message=why
            )
            self._c.tell(framework, protocol.UpdateOperationStatus(status))

    def _invalid(self, framework: FrameworkEntry, task: TaskInfo, why: str) -> None:
        self._tasks.refuse(
            framework, task.task_id, task.agent_id, TaskState.TASK_ERROR, Reason.REASON_TASK_INVALID, why
        )

    def _launch(
        self,
        framework: FrameworkEntry,
        agent: AgentEntry,
        offer: OfferEntry,
        task: TaskInfo,
        remaining: Resources,
    ) -> Resources:
        """Launch one task, or say what is wrong with it; what remains of the offers."""
        running = self._running_executor(framework, agent, task)
        context = TaskContext(
            framework_id=framework.id,
            agent_id=agent.id,
            role=offer.role,
            offered=remaining,
            taken_ids=framework.taken_ids,
            running=running,
        )
        violations = task_violations(task, context)
        if violations:
            self._invalid(framework, task, sentence(violations))
            return remaining
        resources = allocated(task.resources, offer.role)
        used = resources
        executor = _complete(task.executor, framework.id, offer.role)
        launch_executor = running is None
        if executor is not None and launch_executor:
            entry = ExecutorEntry(executor, Resources.of(executor.resources))
            agent.executors[framework.id, executor.executor_id.value] = entry
            agent.charge(framework.id, entry.resources)
            used = used + entry.resources
        protos = allocated_protos(task.resources, offer.role)
        task = msgspec.structs.replace(task, resources=protos, executor=executor)
        record = _record(task, framework)
        self._c.state.add_task(framework, agent, TaskEntry(record, resources))
        self._c.feed.task_added(record)
        self._c.count("master/tasks_launched")
        log.info("task %s of %s is launched on %s", task.task_id, framework.id, agent.id)
        self._c.send(agent.pid, agent_protocol.RunTask(framework.info, task, launch_executor))
        return remaining - used

    def _running_executor(
        self, framework: FrameworkEntry, agent: AgentEntry, task: TaskInfo
    ) -> ExecutorInfo | None:
        if task.executor is None:
            return None
        entry = agent.executors.get((framework.id, task.executor.executor_id.value))
        return entry.info if entry is not None else None


def tasks_of(operations: tuple[Operation, ...]) -> Iterator[TaskInfo]:
    """The tasks that operations want to launch."""
    for operation in operations:
        if operation.launch is not None:
            yield from operation.launch.task_infos
        if operation.launch_group is not None:
            yield from operation.launch_group.task_group.tasks


def _unsupported(operation: Operation) -> str:
    """Why nothing can be done with an operation."""
    if operation.type is LAUNCH:
        return "operation.launch: is required for LAUNCH"
    name = operation.type.value if operation.type is not None else "an operation without a type"
    return f"{name} is not supported yet"


def _complete(executor: ExecutorInfo | None, framework_id: str, role: str) -> ExecutorInfo | None:
    """A valid executor with what may be left out filled in."""
    if executor is None:
        return None
    return msgspec.structs.replace(
        executor,
        framework_id=FrameworkID(framework_id),
        resources=allocated_protos(executor.resources, role),
    )


def _record(task: TaskInfo, framework: FrameworkEntry) -> Task:
    """The master's record of a task that is being launched."""
    command = task.command or (task.executor.command if task.executor is not None else None)
    return Task(
        name=task.name,
        task_id=task.task_id,
        framework_id=FrameworkID(framework.id),
        executor_id=task.executor.executor_id if task.executor is not None else None,
        agent_id=task.agent_id,
        state=TaskState.TASK_STAGING,
        resources=task.resources,
        labels=task.labels,
        discovery=task.discovery,
        container=task.container,
        health_check=task.health_check,
        kill_policy=task.kill_policy,
        user=command.user if command is not None else None,
        limits=task.limits,
    )
