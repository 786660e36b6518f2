"""Where the log goes, from the options.

A line has the time of this host, the level, the module, and the text.
"""

from __future__ import annotations

import logging
import sys

from cluster.cli.complain import StartFault, usable_directory, words_of
from cluster.config.shared import LoggingOptions

_FORMAT = "%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s: %(message)s"
_DATE = "%Y-%m-%d %H:%M:%S"


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
        path = directory / f"{program}.log"
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
