"""mesos-execute: runs one task in the cluster and follows it to its end.

The exit status tells how the task ended: 0 it finished; 1 it failed, was lost, or was refused (also:
wrong options, an error from the master); 143 (128+15, as after SIGTERM) it was killed, by Ctrl-C,
--kill_after or anybody else; 130 interrupted, and there was no task yet or its end is not known.

Source: reference cli.md §4.
"""

from __future__ import annotations

import sys

from cluster.cli.client import run_client
from cluster.cli.complain import StartFault, complain, say
from cluster.config import EXECUTE, ExecuteConfig, config_or_exit
from cluster.examples.one_task import NO_AGENT, OneTask, resources_of_text, task_of_json
from cluster.model import TaskID, TaskInfo
from cluster.scheduler import command_info


def task_of(config: ExecuteConfig) -> TaskInfo:
    """The task that the options describe.

    Raises:
        StartFault: an option does not make sense.
    """
    if config.task is not None:
        try:
            return task_of_json(config.task)
        except ValueError as fault:
            raise StartFault(f"--task: {fault}") from None
    assert config.name is not None
    assert config.command is not None
    try:
        resources = resources_of_text(config.resources)
    except ValueError as fault:
        raise StartFault(f"--resources: {fault}") from None
    return TaskInfo(
        name=config.name,
        task_id=TaskID(config.name),
        agent_id=NO_AGENT,
        resources=resources.protos(),
        command=command_info(config.command, dict(config.env or ())),
    )


def main() -> int:
    """Run the task of the command line; returns the exit status."""
    config = config_or_exit(EXECUTE)
    try:
        task = task_of(config)
    except StartFault as fault:
        complain(EXECUTE.name, fault)
        return 1

    def warn(line: str) -> None:
        complain(EXECUTE.name, line)

    framework = OneTask(
        task,
        say,
        warn,
        role=config.role,
        principal=config.principal,
        checkpoint=config.checkpoint,
        kill_after_s=config.kill_after_s,
    )
    return run_client(framework, str(config.master), framework.interrupt, warn)


if __name__ == "__main__":
    sys.exit(main())
