"""Files as actors see them: few operations, small contents, explicit about what survives a crash."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Protocol


class Disk(Protocol):
    """A tree of files, addressed by absolute paths. Calls return when done; contents are small."""

    def read(self, path: str) -> bytes | None:
        """The content of a file; None when there is none."""

    def write(self, path: str, data: bytes, *, durable: bool = True) -> None:
        """Replace a file in one step, so that a crash leaves the old content or the new.

        With `durable` it survives the death of the host, else only that of the process.

        Raises:
            OSError: the disk refuses.
        """

    def append(self, path: str, data: bytes) -> None:
        """Add to the end of a file; survives the death of the process, not yet of the host."""

    def sync(self, path: str) -> None:
        """Make what was appended survive the death of the host."""

    def remove(self, path: str) -> None:
        """Remove a file or a directory with all in it; harmless when there is none."""

    def list(self, path: str) -> list[str]:
        """Names in a directory, sorted; none when it does not exist."""

    def make_directory(self, path: str) -> None:
        """Make a directory and those above it."""


class RealDisk:
    """The file system of this host."""

    def read(self, path: str) -> bytes | None:
        try:
            return Path(path).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, path: str, data: bytes, *, durable: bool = True) -> None:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.new")
        with temporary.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(target)
        if durable:
            self.sync(str(target.parent))

    def append(self, path: str, data: bytes) -> None:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("ab") as file:
            file.write(data)

    def sync(self, path: str) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, path: str) -> None:
        target = Path(path)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target, ignore_errors=True)
        else:
            target.unlink(missing_ok=True)

    def list(self, path: str) -> list[str]:
        try:
            return sorted(os.listdir(path))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def make_directory(self, path: str) -> None:
        Path(path).mkdir(parents=True, exist_ok=True)
