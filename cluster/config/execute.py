"""The options of mesos-execute, which runs one task and follows it.

Source: cli.md §4.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cluster.config import checks
from cluster.config.kinds import BOOLEAN, DURATION, JSON, MASTER, NAMES, STRING_MAP, TEXT, choice
from cluster.config.options import Options, Program, flag, later, option
from cluster.config.units import Address


@dataclass(frozen=True, kw_only=True)
class ExecuteConfig(Options):
    """The options of one mesos-execute. Units: `_s` seconds. `task` is JSON text."""

    master: Address = field(
        metadata=flag(MASTER, "The master as host:port, or file:///path of a file that holds it.")
    )
    name: str | None = option(None, TEXT, "Name and id of the task.")
    command: str | None = option(None, TEXT, "Command to run.")
    shell: bool = option(True, BOOLEAN, "Run the command in a shell; otherwise what the image says is run.")
    env: tuple[tuple[str, str], ...] | None = option(
        None, STRING_MAP, "Environment of the task, as a JSON map of texts or the path of a file with one."
    )
    resources: str = option("cpus:1;mem:128", TEXT, "Resources of the task.")
    task: str | None = option(None, JSON, "The whole task as JSON, or the path of a file with it.")
    role: str = option("*", TEXT, "Role in which to run the task.")
    principal: str | None = option(None, TEXT, "Principal of the framework.")
    checkpoint: bool = option(False, BOOLEAN, "Let the task survive a restart of its agent.")
    kill_after_s: float | None = option(
        None, DURATION, "Kill the task so long after it started to run; without it never."
    )

    # Not there yet.
    task_group: str | None = later(None, TEXT, "A group of tasks as JSON, or the path of a file with it.")
    containerizer: str = later("mesos", choice("mesos", "docker"), "What runs the container.")
    docker_image: str | None = later(None, TEXT, "Docker image for the task.")
    appc_image: str | None = later(None, TEXT, "Appc image for the task.")
    networks: tuple[str, ...] | None = later(None, NAMES, "CNI networks to join, separated by commas.")
    volumes: str | None = later(None, TEXT, "Volumes as JSON, or the path of a file with them.")
    effective_capabilities: str | None = later(None, TEXT, "Capabilities the task gets, as JSON.")
    bounding_capabilities: str | None = later(None, TEXT, "Capabilities the task may get, as JSON.")
    rlimits: str | None = later(None, TEXT, "Resource limits of processes, as JSON.")
    tty: bool = later(False, BOOLEAN, "Give the task a terminal.")
    secret: str | None = later(None, TEXT, "Secret of the principal.")
    partition_aware: bool = later(True, BOOLEAN, "Let the task outlive a partition of its agent.")
    framework_capabilities: tuple[str, ...] | None = later(
        None, NAMES, "More capabilities of the framework: GPU_RESOURCES."
    )
    content_type: str = later("protobuf", TEXT, "Encoding of the scheduler API: json or protobuf.")
    package: str | None = later(None, TEXT, "File to upload to HDFS and fetch into the sandbox.")
    overwrite: bool = later(False, BOOLEAN, "Upload the package even if it is there.")
    hadoop: str = later("hadoop", TEXT, "Hadoop client program.")
    hdfs: str = later("localhost:9000", TEXT, "Address of HDFS.")


def execute_faults(config: ExecuteConfig) -> list[str]:
    """What is wrong between the options of mesos-execute, one line each.

    Source: cli.md §4 name, command, shell, task and task_group.
    """
    faults = checks.not_empty("--role", config.role)
    faults += checks.above_zero("--kill_after", config.kill_after_s)
    if config.task is not None or config.task_group is not None:
        return faults + _whole_task_faults(config)
    if not config.name:
        faults.append("--name is required without --task")
    if config.shell and not config.command:
        faults.append("--command is required without --task")
    if not config.shell and config.command is not None:
        faults.append("--command is not allowed with --no-shell")
    if not config.shell and config.docker_image is None and config.appc_image is None:
        faults.append("--no-shell needs an image: --docker_image or --appc_image")
    return faults


def _whole_task_faults(config: ExecuteConfig) -> list[str]:
    """Faults of flags that would say again what the JSON of a task or group says."""
    given = "--task" if config.task is not None else "--task_group"
    faults = []
    if config.task is not None and config.task_group is not None:
        faults.append("--task and --task_group exclude each other")
    said_again: dict[str, object] = {
        "--name": config.name,
        "--command": config.command,
        "--env": config.env,
        "--appc_image": config.appc_image,
        "--docker_image": config.docker_image,
        "--volumes": config.volumes,
    }
    if config.task is not None:
        said_again["--networks"] = config.networks
    faults += [
        f"{flag} is not allowed with {given}" for flag, value in said_again.items() if value is not None
    ]
    return faults


EXECUTE = Program("mesos-execute", ExecuteConfig, execute_faults, reads_environment=False)
