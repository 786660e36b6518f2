"""What executors and tasks are told by their environment.

Source: reference scheduler-executor-api.md §6, "Environment given to executors"; agent.md §9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from actors import PID
from cluster.config.units import parse_duration
from cluster.executor.agent_address import FindAgent, fixed, from_file
from cluster.model import CommandInfo, Environment, ExecutorID, FrameworkID, Secret, TaskInfo

#: Given to processes that would have no PATH otherwise.
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

SHUTDOWN_GRACE_S = 5.0
RECOVERY_TIMEOUT_S = 900.0
SUBSCRIPTION_BACKOFF_MAX_S = 2.0


class ExecutorError(Exception):
    """Root of what this package raises."""


class BadEnvironment(ExecutorError):
    """Raised when an executor is started without the environment an agent gives."""


@dataclass(frozen=True, slots=True)
class ExecutorOptions:
    """Who an executor is, and how long it holds out.

    ``survives_agent``: it goes on when the agent is gone, for ``recovery_timeout_s`` seconds, and
    subscribes again after random waits up to ``subscription_backoff_max_s``.
    ``shutdown_grace_s`` is what it has from a shutdown to its end.
    """

    framework_id: FrameworkID
    executor_id: ExecutorID
    survives_agent: bool = False
    shutdown_grace_s: float = SHUTDOWN_GRACE_S
    recovery_timeout_s: float = RECOVERY_TIMEOUT_S
    subscription_backoff_max_s: float = SUBSCRIPTION_BACKOFF_MAX_S


def options_from(environment: Mapping[str, str]) -> ExecutorOptions:
    """Read the variables an agent sets for an executor.

    Raises:
        BadEnvironment: one is missing, or a duration is none.
    """
    return ExecutorOptions(
        framework_id=FrameworkID(required(environment, "MESOS_FRAMEWORK_ID")),
        executor_id=ExecutorID(required(environment, "MESOS_EXECUTOR_ID")),
        survives_agent=environment.get("MESOS_CHECKPOINT") == "1",
        shutdown_grace_s=_duration_s(environment, "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", SHUTDOWN_GRACE_S),
        recovery_timeout_s=_duration_s(environment, "MESOS_RECOVERY_TIMEOUT", RECOVERY_TIMEOUT_S),
        subscription_backoff_max_s=_duration_s(
            environment, "MESOS_SUBSCRIPTION_BACKOFF_MAX", SUBSCRIPTION_BACKOFF_MAX_S
        ),
    )


def agent_from(environment: Mapping[str, str]) -> FindAgent:
    """Read where the agent is.

    ``MESOS_SLAVE_PID_FILE``, which the reference does not have, names a file that holds the present
    address, for agents that may come back at another port.

    Raises:
        BadEnvironment: there is no address.
    """
    text = required(environment, "MESOS_SLAVE_PID")
    try:
        agent = PID.parse(text)
    except ValueError as error:
        raise BadEnvironment(f"MESOS_SLAVE_PID: {error}") from None
    path = environment.get("MESOS_SLAVE_PID_FILE")
    return from_file(path, otherwise=agent) if path else fixed(agent)


def required(environment: Mapping[str, str], name: str) -> str:
    """A variable that must be there.

    Raises:
        BadEnvironment: it is not.
    """
    value = environment.get(name)
    if not value:
        raise BadEnvironment(f"{name} is not set: an executor is started by an agent")
    return value


def _duration_s(environment: Mapping[str, str], name: str, default_s: float) -> float:
    text = environment.get(name)
    if text is None:
        return default_s
    try:
        return parse_duration(text)
    except ValueError as error:
        raise BadEnvironment(f"{name}: {error}") from None


def task_environment(own: Mapping[str, str], task: TaskInfo, command: CommandInfo) -> dict[str, str]:
    """The environment of a command task: that of its command, and the allocation role."""
    environment = command_environment(own, command)
    role = allocation_role(task)
    if role is not None:
        environment["MESOS_ALLOCATION_ROLE"] = role
    return environment


def command_environment(own: Mapping[str, str], command: CommandInfo) -> dict[str, str]:
    """The environment of a command: the executor's, then what the command says.

    Source: reference agent.md §12, "Container environment order".
    """
    environment = dict(own)
    if command.environment is not None:
        for variable in command.environment.variables:
            value = _value(variable)
            if value is not None:
                environment[variable.name] = value
    environment.setdefault("PATH", DEFAULT_PATH)
    return environment


def allocation_role(task: TaskInfo) -> str | None:
    """The role the task's resources are allocated to; there is only one."""
    for resource in task.resources:
        if resource.allocation_info is not None:
            return resource.allocation_info.role
    return None


def _value(variable: Environment.Variable) -> str | None:
    """The text of a variable; None for a secret that is only named."""
    if variable.type is not Environment.Variable.Type.SECRET:
        return variable.value or ""
    secret = variable.secret
    if secret is None or secret.type is not Secret.Type.VALUE or secret.value is None:
        return None
    return secret.value.data.decode("utf-8", "surrogateescape")
