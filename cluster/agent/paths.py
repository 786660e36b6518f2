"""Where an agent keeps things below its work directory.

Source: reference agent.md §5. The checkpoints hold msgpack instead of protobuf, and `latest` is a
file that names the agent instead of a symbolic link.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths below `work_dir`, all absolute."""

    work_dir: str

    @property
    def latest(self) -> str:
        """Names the agent that used the work directory last."""
        return f"{self.work_dir}/meta/slaves/latest"

    @property
    def host(self) -> str:
        """Identifies the executor host process."""
        return f"{self.work_dir}/meta/executor_host"

    @property
    def endpoint(self) -> str:
        """Where the agent listens now, for executors that come back."""
        return f"{self.work_dir}/meta/agent_endpoint"

    def agent(self, agent_id: str) -> str:
        """Checkpoints of an agent."""
        return f"{self.work_dir}/meta/slaves/{agent_id}"

    def agent_info(self, agent_id: str) -> str:
        """How the agent described itself when it registered first."""
        return f"{self.agent(agent_id)}/slave.info"

    def framework(self, agent_id: str, framework_id: str) -> str:
        """Checkpoints of a framework."""
        return f"{self.agent(agent_id)}/frameworks/{framework_id}"

    def framework_info(self, agent_id: str, framework_id: str) -> str:
        """How the framework describes itself."""
        return f"{self.framework(agent_id, framework_id)}/framework.info"

    def executor(self, agent_id: str, framework_id: str, executor_id: str) -> str:
        """Checkpoints of an executor."""
        return f"{self.framework(agent_id, framework_id)}/executors/{executor_id}"

    def executor_info(self, agent_id: str, framework_id: str, executor_id: str) -> str:
        """The executor and its present run."""
        return f"{self.executor(agent_id, framework_id, executor_id)}/executor.info"

    def task(self, agent_id: str, framework_id: str, executor_id: str, task_id: str) -> str:
        """Checkpoints of a task."""
        return f"{self.executor(agent_id, framework_id, executor_id)}/tasks/{task_id}"

    def sandbox(self, agent_id: str, framework_id: str, executor_id: str, container_id: str) -> str:
        """The directory in which an executor runs."""
        return (
            f"{self.work_dir}/slaves/{agent_id}/frameworks/{framework_id}"
            f"/executors/{executor_id}/runs/{container_id}"
        )
