"""The one place where the options meet the process: its arguments, environment and streams."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from cluster.config.command_line import Exit, parse
from cluster.config.options import C, Program


def config_or_exit(
    program: Program[C], argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None
) -> C:
    """The config of this process; without arguments given, its own command line and environment.

    Raises: SystemExit after printing, for `--help`, `--version` and faults.
    """
    outcome = parse(
        program,
        sys.argv[1:] if argv is None else argv,
        environ=os.environ if environ is None else environ,
        read_file=read_text_file,
        version=installed_version(),
    )
    if isinstance(outcome, Exit):
        sys.stdout.write(outcome.stdout_text)
        sys.stderr.write(outcome.stderr_text)
        raise SystemExit(outcome.code)
    return outcome


def read_text_file(path: str) -> str:
    """The text of a file in UTF-8. Raises: OSError; UnicodeDecodeError."""
    return Path(path).read_text(encoding="utf-8")


def installed_version() -> str:
    """The version of the installed package, `unknown` if it runs without being installed."""
    try:
        return metadata.version("tepui")
    except metadata.PackageNotFoundError:
        return "unknown"
