"""Where the log goes, from the options.

A line has the time of this host, the level, the module, and the text.
"""

from __future__ import annotations

import logging
import os
import sys

from cluster.cli.complain import StartFault, usable_directory, words_of
from cluster.config.shared import LoggingOptions

_FORMAT = "%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s: %(message)s"
_DATE = "%Y-%m-%d %H:%M:%S"


def _file_name(program: str) -> str:
    return f"{program}.log"


def log_path(program: str, options: LoggingOptions) -> str | None:
    """The log file of a program; None without a directory for it."""
    if options.log_dir is None:
        return None
    return os.path.join(os.path.abspath(options.log_dir), _file_name(program))


def set_up_logging(program: str, options: LoggingOptions) -> None:
    """Log to stderr (unless quiet), and to `<log_dir>/<program>.log` if there is a directory.

    Raises:
        StartFault: the log file cannot be written.
    """
    handlers: list[logging.Handler] = []
    if not options.quiet:
        handlers.append(logging.StreamHandler(sys.stderr))
    if options.log_dir is not None:
        directory = usable_directory(options.log_dir, "log directory")
        path = directory / _file_name(program)
        try:
            handlers.append(logging.FileHandler(path, encoding="utf-8"))
        except OSError as error:
            raise StartFault(f"cannot write the log file {path}: {words_of(error)}") from None
    logging.basicConfig(
        level=options.logging_level,
        format=_FORMAT,
        datefmt=_DATE,
        handlers=handlers or [logging.NullHandler()],
        force=True,
    )
