"""The operating system as the agent touches it besides files: sandboxes, users, stray processes."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from typing import Protocol

from cluster.agent.files import RealSandboxReader, SandboxReader
from cluster.model import FrameworkInfo


class Environs(Protocol):
    """See the methods of `RealEnvirons`."""

    reader: SandboxReader

    def make_sandbox(self, directory: str, user: str | None) -> None:
        """Make the directory an executor runs in, owned by `user`."""

    def user_of(self, framework: FrameworkInfo, wanted: str | None) -> str | None:
        """As whom to run; None means as the user of the agent."""

    def kill_leftovers(self, directory: str) -> None:
        """Kill every process that was started for a sandbox."""


class RealEnvirons:
    """This host."""

    def __init__(self, *, switch_user: bool, kill_leftovers: Callable[[str], object]) -> None:
        self._switch_user = switch_user and os.geteuid() == 0
        self._kill_leftovers = kill_leftovers
        self.reader: SandboxReader = RealSandboxReader()

    def make_sandbox(self, directory: str, user: str | None) -> None:
        """Make the directory an executor runs in, owned by `user`.

        Raises:
            OSError: it cannot be made.
        """
        os.makedirs(directory, mode=0o755, exist_ok=True)
        if user is not None:
            entry = pwd.getpwnam(user)
            os.chown(directory, entry.pw_uid, entry.pw_gid)
            os.chmod(directory, 0o750)

    def user_of(self, framework: FrameworkInfo, wanted: str | None) -> str | None:
        """As whom to run: the command's user, else the framework's; None means as the agent's own.

        Raises:
            LookupError: there is no such user on this host.
        """
        if not self._switch_user:
            return None
        name = wanted or framework.user
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            raise LookupError(f"there is no user {name!r} on this host") from None
        return None if entry.pw_uid == os.geteuid() else name

    def kill_leftovers(self, directory: str) -> None:
        """Kill every process that was started for a sandbox."""
        self._kill_leftovers(directory)
