"""One clear line on stderr instead of a traceback."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TextIO


class StartFault(Exception):
    """Raised when a program cannot start; the text is a line for the user, without its name."""


def say(line: str, stream: TextIO | None = None) -> None:
    """Print a line, on stdout unless told otherwise; nobody there to read it is no fault."""
    stream = sys.stdout if stream is None else stream
    try:
        print(line, file=stream, flush=True)
    except BrokenPipeError:
        send_nowhere(stream)


def send_nowhere(stream: TextIO) -> None:
    """Nobody reads `stream` any more: have what is buffered and what follows go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def complain(program: str, fault: object) -> None:
    """Print `program: fault` on stderr."""
    say(f"{program}: {fault}", sys.stderr)


def words_of(error: OSError) -> str:
    """The operating system's words for an error, without Python's decoration."""
    return error.strerror or str(error)


def usable_directory(path: str, what: str) -> Path:
    """Make a directory if there is none, and see that files can be written to it.

    Raises:
        StartFault: it cannot be used; names `what` the directory is, its path and the reason.
    """
    directory = Path(path)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise StartFault(f"cannot use the {what} {path}: {words_of(error)}") from None
    return directory
