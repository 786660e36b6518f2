"""What executors read from their environment, and what tasks get."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from actors import PID
from cluster.executor.environment import (
    DEFAULT_PATH,
    BadEnvironment,
    agent_from,
    allocation_role,
    options_from,
    task_environment,
)
from cluster.model import AllocationInfo, CommandInfo, Environment, Resource, Secret, ValueType
from tests.executor_kit import environment, task

Variable = Environment.Variable


def test_options_of_an_executor_that_survives() -> None:
    options = options_from(
        environment(
            "e1",
            "/sandbox",
            survives=True,
            MESOS_RECOVERY_TIMEOUT="10mins",
            MESOS_SUBSCRIPTION_BACKOFF_MAX="500ms",
            MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD="1.5secs",
        )
    )
    assert options.executor_id.value == "e1"
    assert options.survives_agent
    assert options.recovery_timeout_s == 600
    assert options.subscription_backoff_max_s == 0.5
    assert options.shutdown_grace_s == 1.5


def test_defaults_are_those_of_the_agent() -> None:
    options = options_from(environment("e1", "/sandbox", survives=False))
    assert not options.survives_agent
    assert (options.recovery_timeout_s, options.subscription_backoff_max_s) == (900, 2)
    assert options.shutdown_grace_s == 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"MESOS_FRAMEWORK_ID": ""}, "MESOS_FRAMEWORK_ID is not set"),
        ({"MESOS_EXECUTOR_ID": ""}, "MESOS_EXECUTOR_ID is not set"),
        ({"MESOS_RECOVERY_TIMEOUT": "soon"}, "MESOS_RECOVERY_TIMEOUT: 'soon' is not a duration"),
    ],
)
def test_environment_that_is_none_of_an_executor(change: dict[str, str], words: str) -> None:
    with pytest.raises(BadEnvironment, match=words):
        options_from(environment("e1", "/sandbox", survives=True) | change)


def test_agent_is_read_from_the_file_when_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "agent"
    told = {"MESOS_SLAVE_PID": "slave(1)@1.2.3.4:5051"}
    assert agent_from(told)() == PID("slave(1)", "1.2.3.4:5051")
    find = agent_from(told | {"MESOS_SLAVE_PID_FILE": str(path)})
    assert find() == PID("slave(1)", "1.2.3.4:5051")
    path.write_text("slave(1)@1.2.3.4:6000\n")
    assert find() == PID("slave(1)", "1.2.3.4:6000")
    with pytest.raises(BadEnvironment, match="MESOS_SLAVE_PID: 'nowhere' is not a PID"):
        agent_from({"MESOS_SLAVE_PID": "nowhere"})


def test_task_environment_is_the_executors_then_the_commands_then_the_role() -> None:
    secret = Secret(type=Secret.Type.VALUE, value=Secret.Value(data=b"hidden"))
    named = Secret(type=Secret.Type.REFERENCE, reference=Secret.Reference(name="n"))
    variables = (
        Variable(name="A", value="command"),
        Variable(name="B"),
        Variable(name="S", type=Variable.Type.SECRET, secret=secret),
        Variable(name="R", type=Variable.Type.SECRET, secret=named),
        Variable(name="MESOS_ALLOCATION_ROLE", value="forged"),
    )
    command = CommandInfo(value="x", environment=Environment(variables=variables))
    resource = Resource(name="cpus", type=ValueType.SCALAR, allocation_info=AllocationInfo(role="r/s"))
    info = msgspec.structs.replace(task("t"), resources=(resource,))
    assert task_environment({"A": "own", "C": "own"}, info, command) == {
        "A": "command",
        "B": "",
        "C": "own",
        "S": "hidden",
        "MESOS_ALLOCATION_ROLE": "r/s",
        "PATH": DEFAULT_PATH,
    }
    assert task_environment({"PATH": "/mine"}, task("t"), CommandInfo()) == {"PATH": "/mine"}
    assert allocation_role(task("t")) is None
