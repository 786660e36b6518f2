"""From arguments and environment to a config, or to an exit with the reason.

Nothing is read or printed here: the environment and the file reader are given, and the outcome
is a value. All faults are reported together, one line each.

Source: master.md §1, cli.md.
"""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from cluster.config.options import C, Option, Options, Program, options_of, positionals_of
from cluster.config.units import quoted
from cluster.config.usage import usage

_ENVIRONMENT_PREFIX = "MESOS_"
_FILE_PREFIX = "file://"
_NAME_LIMIT = 60

ReadFile = Callable[[str], str]
"""Gives the text of the file at a path. Raises: OSError; ValueError if it is not text."""


@dataclass(frozen=True, slots=True)
class Exit:
    """The program shall end now with this code, after printing these texts."""

    code: int
    stdout_text: str = ""
    stderr_text: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """A value somebody wrote. `label` is how they named it; `text` None is `--name` alone."""

    option: Option
    label: str
    text: str | None
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class _Flag:
    """A name found on the command line; without an option it is unknown."""

    option: Option | None
    label: str
    is_negated: bool = False


def parse(
    program: Program[C],
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    read_file: ReadFile,
    version: str,
) -> C | Exit:
    """The config that the arguments (without the program's name) and the environment ask for.

    `version` is what `--version` prints. Code 0 is `--help` or `--version`, code 1 a fault.
    Source: cli.md §1 (flag error: message, empty line, hint).
    """
    scan = _Scan(program.table)
    scan.read(argv)
    if program.reads_environment:
        scan.read_environment(environ)
    values = scan.values(read_file)
    if values.get("help"):
        return Exit(0, stdout_text=usage(program))
    if values.get("version"):
        return Exit(0, stdout_text=f"mesos {version}\n")
    if scan.faults:
        return _refused(program, scan.faults)
    build = cast(Callable[..., C], program.table)
    config = build(**values)
    faults = program.check(config)
    return _refused(program, faults) if faults else config


def _refused(program: Program[C], faults: list[str]) -> Exit:
    lines = [*faults, "", f"See `{program.name} --help` for the flags."]
    return Exit(1, stderr_text="\n".join(lines) + "\n")


class _Scan:
    """Collects, step by step, what was given for a table and what is wrong with it."""

    def __init__(self, table: type[Options]) -> None:
        self.faults: list[str] = []
        self._options = options_of(table)
        self._positionals = positionals_of(table)
        self._by_name = {name: row for row in self._options for name in row.names}
        self._given: dict[str, Given] = {}
        self._mentioned: set[str] = set()  # fields whose flag was named, with or without a fault
        self._arguments: list[str] = []

    def read(self, argv: Sequence[str]) -> None:
        """Sorts arguments into flags and positional arguments."""
        before: Given | None = None  # the flag just before, if it had no `=value`
        for at, argument in enumerate(argv):
            if argument == "--":
                self._flush(before)
                for rest in argv[at + 1 :]:
                    self._take_argument(rest)
                return
            if argument.startswith("--"):
                self._flush(before)
                before = self._take_flag(argument)
            else:
                self._take_word(argument, before)
                before = None
        self._flush(before)

    def _take_flag(self, argument: str) -> Given | None:
        """Records a flag; returns it if its value is still missing or was left out."""
        name, equals, text = argument[2:].partition("=")
        flag = self._find(name)
        if flag.option is None:
            self.faults.append(self._unknown(flag.label, name))
            return None
        self._mentioned.add(flag.option.field)
        is_boolean = flag.option.declared.kind.is_boolean
        if flag.is_negated and not is_boolean:
            self.faults.append(f"{flag.label} is not a flag: --{flag.option.name} is not true or false")
            return None
        if flag.is_negated and equals:
            self.faults.append(f"{flag.label} takes no value: write {flag.label} alone")
            return None
        given = Given(flag.option, flag.label, text if equals else None, flag.is_negated)
        if equals or is_boolean:
            self._record(given)
        return None if equals else given

    def _find(self, name: str) -> _Flag:
        shown = f"--{name}" if len(name) <= _NAME_LIMIT else f"--{name[:_NAME_LIMIT]}..."
        label = shown if shown.isprintable() else ascii(shown)[1:-1]
        plain = name.lower().replace("-", "_")
        if plain in self._by_name:
            return _Flag(self._by_name[plain], label)
        if plain.startswith("no_") and plain[3:] in self._by_name:
            return _Flag(self._by_name[plain[3:]], label, is_negated=True)
        return _Flag(None, label)

    def _unknown(self, label: str, name: str) -> str:
        plain = name.lower().replace("-", "_")[:_NAME_LIMIT]
        booleans = [each for each, row in self._by_name.items() if row.declared.kind.is_boolean]
        negated = {f"no_{each}": each for each in booleans} if plain.startswith("no_") else {}
        near = difflib.get_close_matches(plain, [*negated, *self._by_name], n=1, cutoff=0.6)
        if not near:
            return f"unknown flag {label}"
        prefix = "no-" if near[0] in negated else ""
        meant = self._by_name[negated.get(near[0], near[0])].name
        return f"unknown flag {label}: did you mean --{prefix}{meant}?"

    def _take_word(self, argument: str, before: Given | None) -> None:
        """Handles an argument without dashes; after a flag without a value it was meant as one."""
        if before is not None and not before.option.declared.kind.is_boolean:
            self.faults.append(f"{before.label} has no value: write {before.label}={_typed(argument)}")
        elif argument.startswith("-") and argument != "-":
            self.faults.append(f"unknown flag {quoted(argument)}: flags start with two dashes")
        elif len(self._arguments) < len(self._positionals):
            self._arguments.append(argument)
        elif before is not None and not before.is_negated and argument.lower() in ("true", "false"):
            self.faults.append(f"stray argument {quoted(argument)}: write {before.label}={argument}")
        else:
            self._take_argument(argument)

    def _take_argument(self, argument: str) -> None:
        if len(self._arguments) < len(self._positionals):
            self._arguments.append(argument)
        else:
            self.faults.append(f"stray argument {quoted(argument)}: write flags as --name=value")

    def _flush(self, before: Given | None) -> None:
        """Faults the flag before if it needed a value and none came."""
        if before is not None and not before.option.declared.kind.is_boolean:
            self.faults.append(f"{before.label} has no value: write {before.label}=VALUE")

    def _record(self, given: Given) -> None:
        self._mentioned.add(given.option.field)
        first = self._given.setdefault(given.option.field, given)
        if first is not given:
            how = "" if first.label == given.label else f" (as {first.label} and as {given.label})"
            dashes = "" if given.label.startswith(_ENVIRONMENT_PREFIX) else "--"
            name = given.option.name if dashes else _variable(given.option.name)
            self.faults.append(f"{dashes}{name} is given twice{how}")

    def read_environment(self, environ: Mapping[str, str]) -> None:
        """Adds variables for what the command line left open; unknown variables are ignored.

        MESOS_HELP and MESOS_VERSION do not count: container images set the latter to a number.
        """
        from_command_line = set(self._given)
        for row in self._options:
            if row.field in from_command_line or row.name in ("help", "version"):
                continue
            for name in row.names:
                if (text := environ.get(_variable(name))) is not None:
                    self._record(Given(row, _variable(name), text))

    def values(self, read_file: ReadFile) -> dict[str, object]:
        """The value of each field that was given, by field name; adds the faults met."""
        values: dict[str, object] = {}
        for name, given in self._given.items():
            try:
                values[name] = _value(given, read_file)
            except _NotSupportedYet as fault:
                self.faults.append(str(fault))
            except ValueError as fault:
                self.faults.append(f"{given.label}: {fault}")
        for row in self._options:
            if row.is_required and row.field not in self._mentioned:
                self.faults.append(f"--{row.name} is required")
        for at, row in enumerate(self._positionals):
            if at < len(self._arguments):
                values[row.field] = self._argument(row, self._arguments[at])
            elif row.is_required:
                self.faults.append(f"{row.declared.metavar} is missing")
        return values

    def _argument(self, row: Option, text: str) -> object:
        try:
            return cast(object, row.declared.kind.parse(text))
        except ValueError as fault:
            self.faults.append(f"{row.declared.metavar}: {fault}")
            return None


class _NotSupportedYet(ValueError):
    """Raised when a value asks for a feature that does not exist yet; its text is the line."""


def _shown(value: str) -> str:
    """The value on one line, in quotes only if it is hard to read without."""
    return value if value and value.isprintable() and len(value) <= _NAME_LIMIT else quoted(value)


def _typed(value: str) -> str:
    """How the value would be typed in a shell; a placeholder if that does not fit on the line."""
    return shlex.quote(value) if value.isprintable() and len(value) <= _NAME_LIMIT else "VALUE"


def _variable(name: str) -> str:
    return _ENVIRONMENT_PREFIX + name.upper()


def _value(given: Given, read_file: ReadFile) -> object:
    """The value of the text given.

    Raises: ValueError if the text is wrong; _NotSupportedYet if the value is not accepted yet.
    """
    row = given.option
    if row.accepted == (None,):
        raise _NotSupportedYet(f"{given.label} is not supported yet")
    value: object
    if given.text is None:
        value = not given.is_negated
    else:
        value = row.declared.kind.parse(_content(row, given.text, read_file))
    if row.accepted is not None and value not in row.accepted:
        raise _NotSupportedYet(_not_supported(given, value))
    return value


def _not_supported(given: Given, value: object) -> str:
    row = given.option
    if value is True or given.text is None:
        return f"{given.label} is not supported yet"
    supported = [_shown(row.show(each)) for each in row.accepted or () if each is not None]
    only = "" if row.declared.kind.is_boolean else f" (only {' or '.join(dict.fromkeys(supported))})"
    return f"{given.label}={_shown(row.show(value))} is not supported yet{only}"


def _content(row: Option, text: str, read_file: ReadFile) -> str:
    """The text itself, or the content of the file it names, without the newline at the end."""
    if text.startswith(_FILE_PREFIX):
        path = text.removeprefix(_FILE_PREFIX)
        if not path.startswith("/"):
            raise ValueError(f"{quoted(text)} is not an absolute path: write file:///path")
    elif row.declared.kind.takes_path and text.startswith("/"):
        path = text
    else:
        return text
    try:
        return read_file(path).rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"cannot read {quoted(path)}: it is not text in UTF-8") from None
    except OSError as fault:
        raise ValueError(f"cannot read {quoted(path)}: {fault.strerror or fault}") from None
    except ValueError as fault:
        raise ValueError(f"cannot read {quoted(path)}: {fault}") from None
