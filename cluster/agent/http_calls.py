"""Calls of executors that came over HTTP: which of them the agent takes. Pure.

Over HTTP a call is not known by its sender, as every call has a connection of its own; what counts is
the executor it names and how far that is. The front of the agent's own process asks with `HttpCall`; a
subscription is only asked about, and made afterwards by the actor that holds its stream.

Source: reference scheduler-executor-api.md §6 (request processing order, rows 8 to 11).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from cluster.agent.registration import Standing
from cluster.agent.state import AgentState, Phase
from cluster.model import ExecutorID, FrameworkID
from cluster.protocol.executor import MessageToScheduler, Update


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A call of the executor that it names; answered with `Admitted` or `Refused`.

    `call` is None for what is no message to the agent: a subscription, or a type it does not know.
    """

    framework_id: FrameworkID
    executor_id: ExecutorID
    call: Update | MessageToScheduler | None = None
    is_subscription: bool = False


@dataclass(frozen=True, slots=True)
class Admitted:
    """The call was taken, or the subscription may be made."""


class Refusal(enum.Enum):
    """Why a call is not taken."""

    RECOVERING = "recovering"
    UNKNOWN_FRAMEWORK = "unknown framework"
    UNKNOWN_EXECUTOR = "unknown executor"
    NOT_SUBSCRIBED = "not subscribed"


@dataclass(frozen=True, slots=True)
class Refused:
    """The call is not taken; `words` are a sentence for people."""

    why: Refusal
    words: str


def refusal(standing: Standing, state: AgentState, asked: HttpCall) -> Refused | None:
    """Why the agent does not take a call; None if it does."""
    if standing is Standing.RECOVERING and not asked.is_subscription:
        return Refused(Refusal.RECOVERING, "The agent is recovering and waits for its executors to subscribe")
    framework_id, executor_id = asked.framework_id.value, asked.executor_id.value
    framework = state.frameworks.get(framework_id)
    if framework is None:
        return Refused(
            Refusal.UNKNOWN_FRAMEWORK, f"framework_id: this agent runs nothing of framework {framework_id!r}"
        )
    executor = framework.executors.get(executor_id)
    if executor is None:
        return Refused(
            Refusal.UNKNOWN_EXECUTOR,
            f"executor_id: framework {framework_id!r} has no executor {executor_id!r} on this agent",
        )
    if executor.phase is Phase.REGISTERING and not asked.is_subscription:
        return Refused(
            Refusal.NOT_SUBSCRIBED, f"executor_id: executor {executor_id!r} has not subscribed yet"
        )
    return None
