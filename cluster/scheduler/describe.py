"""From plain Python values to the model's descriptions of commands, executors and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster.model import (
    CommandInfo,
    Environment,
    ExecutorID,
    ExecutorInfo,
    Label,
    Labels,
    Resources,
)


def command_info(
    command: str | Sequence[str] | CommandInfo,
    env: Mapping[str, str] | None = None,
    uris: Sequence[str] = (),
    user: str | None = None,
) -> CommandInfo:
    """Describe a command: text runs in a shell, a list of words directly; a CommandInfo is kept.

    Raises:
        ValueError: a complete CommandInfo is to be completed, or a list of words is empty.
    """
    if isinstance(command, CommandInfo):
        if env or uris or user:
            raise ValueError("env, uris and user belong into the CommandInfo")
        return command
    variables = tuple(Environment.Variable(name=name, value=value) for name, value in (env or {}).items())
    is_shell = isinstance(command, str)
    words = () if isinstance(command, str) else tuple(command)
    if not is_shell and not words:
        raise ValueError("the command has no words")
    return CommandInfo(
        value=command if isinstance(command, str) else words[0],
        shell=is_shell,
        arguments=words,
        environment=Environment(variables=variables) if variables else None,
        uris=tuple(CommandInfo.URI(value=uri) for uri in uris),
        user=user,
    )


def executor_info(
    executor_id: str,
    command: str | Sequence[str] | CommandInfo,
    *,
    cpus: float = 0.0,
    mem: float = 0.0,
    env: Mapping[str, str] | None = None,
    uris: Sequence[str] = (),
    name: str | None = None,
    data: bytes | None = None,
) -> ExecutorInfo:
    """Describe an executor of your own; mem in MB. Same id on an agent: same running executor."""
    return ExecutorInfo(
        type=ExecutorInfo.Type.CUSTOM,
        executor_id=ExecutorID(executor_id),
        command=command_info(command, env, uris),
        resources=Resources.scalar(cpus=cpus, mem=mem).protos(),
        name=name,
        data=data,
    )


def labels_info(labels: Mapping[str, str] | None) -> Labels | None:
    """Labels of a mapping; None if there are none."""
    if not labels:
        return None
    return Labels(labels=tuple(Label(key=key, value=value) for key, value in labels.items()))
