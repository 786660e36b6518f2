"""Tables of options: one frozen dataclass a program, one field a flag.

A field declares its flag with `option`, `later` or, if it has no default,
`field(metadata=flag(...))`. The same table then gives the command line and the environment
(`command_line.parse`), the text of `--help` (`usage.usage`) and the `/flags` endpoint
(`flags_of`). Simulations build the dataclass directly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Generic, TypeVar

from cluster.config.kinds import BOOLEAN, Kind

T = TypeVar("T")
D = TypeVar("D")

_KEY = "option"


@dataclass(frozen=True, slots=True)
class Declared:
    """What a field says about its flag; see `option`."""

    kind: Kind[Any]
    help: str
    aliases: tuple[str, ...] = ()
    metavar: str = "VALUE"
    implemented: bool = True
    only: tuple[object, ...] = ()
    is_positional: bool = False


def option(
    default: D,
    kind: Kind[T],
    help: str,
    *,
    aliases: tuple[str, ...] = (),
    metavar: str = "VALUE",
    implemented: bool = True,
    only: tuple[T, ...] = (),
) -> T | D:
    """Declares the flag of a dataclass field.

    `aliases` are older names that are still accepted. With `only`, other values are refused as
    not supported yet; with `implemented=False` only the default is accepted.
    """
    declared = Declared(kind, help, aliases, metavar, implemented, only)
    return field(default=default, metadata={_KEY: declared})


def later(
    default: D, kind: Kind[T], help: str, *, aliases: tuple[str, ...] = (), only: tuple[T, ...] = ()
) -> T | D:
    """Declares a flag whose feature does not exist yet: any value but the default (or one of
    `only`) is refused, so that nothing is silently ignored."""
    return option(default, kind, help, aliases=aliases, implemented=False, only=only)


def flag(
    kind: Kind[Any],
    help: str,
    *,
    aliases: tuple[str, ...] = (),
    metavar: str = "VALUE",
    implemented: bool = True,
) -> dict[str, Declared]:
    """The metadata of a field that says itself whether it has a default.

    `field(metadata=flag(...))` is a flag that must be given.
    """
    return {_KEY: Declared(kind, help, aliases, metavar, implemented)}


def positional(metavar: str, kind: Kind[Any], help: str) -> dict[str, Declared]:
    """The metadata of a field given by a required argument without a flag."""
    return {_KEY: Declared(kind, help, metavar=metavar, is_positional=True)}


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every program understands."""

    help: bool = option(False, BOOLEAN, "Print this text and exit.")
    version: bool = option(False, BOOLEAN, "Print the version and exit.")


C = TypeVar("C", bound=Options)


@dataclass(frozen=True, slots=True)
class Program(Generic[C]):
    """A program: its name, its table, and what must hold between its options.

    `check` returns one line per fault. `reads_environment` says whether MESOS_* variables count.
    """

    name: str
    table: type[C]
    check: Callable[[C], list[str]]
    reads_environment: bool


@dataclass(frozen=True, slots=True)
class Option:
    """One row of a table. `name` is the flag's without dashes, `field` the dataclass field's."""

    name: str
    field: str
    default: object
    is_required: bool
    declared: Declared

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.declared.aliases)

    @property
    def accepted(self) -> tuple[object, ...] | None:
        """The only values that are supported; None if all are."""
        if self.declared.implemented:
            return self.declared.only or None
        return (self.default, *self.declared.only)

    def show(self, value: object) -> str:
        """The text of a value of this option."""
        return self.declared.kind.show(value)


def options_of(table: type[Options]) -> tuple[Option, ...]:
    """The flags of a table, sorted by name."""
    return tuple(sorted(_rows(table, is_positional=False), key=lambda row: row.name))


def positionals_of(table: type[Options]) -> tuple[Option, ...]:
    """The arguments without a flag, in the order in which they are declared."""
    return tuple(_rows(table, is_positional=True))


def flags_of(config: Options) -> dict[str, str]:
    """Every flag's effective value as text, by flag name; flags without a value are left out.

    Source: http-endpoints.md `/flags`.
    """
    values = ((row, getattr(config, row.field)) for row in options_of(type(config)))
    return {row.name: row.show(value) for row, value in values if value is not None}


def _rows(table: type[Options], *, is_positional: bool) -> list[Option]:
    rows = []
    for each in fields(table):
        declared: Declared = each.metadata[_KEY]
        if declared.is_positional == is_positional:
            suffix = declared.kind.suffix
            assert each.name.endswith(suffix), f"{each.name} must end with {suffix}"
            is_required = each.default is MISSING
            default = None if is_required else each.default
            rows.append(Option(each.name.removesuffix(suffix), each.name, default, is_required, declared))
    return rows
