"""The text of --help."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from cluster.config import AGENT, BATCH, DEMO, EXECUTE, LOCAL, MASTER, options_of, usage
from cluster.config.kinds import BOOLEAN, DURATION, PATH, TEXT, choice
from cluster.config.options import C, Options, Program, flag, later, option, positional


@dataclass(frozen=True, kw_only=True)
class Table(Options):
    zk: str | None = later(None, TEXT, "ZooKeeper.")
    commands: str = field(metadata=positional("COMMANDS", PATH, "File with commands."))
    ping_s: float = option(
        15.0,
        DURATION,
        "How long an agent may take to answer a ping before the master counts it as missed.",
        aliases=("old_ping",),
    )
    look_up: bool = option(True, BOOLEAN, "Look up.")
    host: str = field(metadata=flag(TEXT, "Host.", metavar="HOST"))
    level: str = option("low", choice("low", "high"), "Level.", only=("low",))


def no_faults(config: Options) -> list[str]:
    return []


LAYOUT = """\
Usage: prog [options] COMMANDS

  --[no-]help                        Print this text and exit. (default: false)
  --host=HOST                        Host. (required)
  --level=VALUE                      Level. (supported so far: low) (default: low)
  --[no-]look_up                     Look up. (default: true)
  --ping=VALUE, --old_ping=VALUE     How long an agent may take to answer a ping before the master counts it
                                     as missed. (default: 15secs)
  --[no-]version                     Print the version and exit. (default: false)
  --zk=VALUE                         ZooKeeper. (not supported yet)

  COMMANDS                           File with commands.
"""


def test_layout() -> None:
    assert usage(Program("prog", Table, no_faults, reads_environment=False)) == LAYOUT


@pytest.mark.parametrize("program", [MASTER, AGENT, LOCAL, EXECUTE, BATCH, DEMO], ids=lambda p: p.name)
def test_every_program_explains_every_flag(program: Program[C]) -> None:
    lines = usage(program).splitlines()
    assert lines[0].startswith(f"Usage: {program.name} [options]")
    for row in options_of(program.table):
        start = "  --[no-]" if row.declared.kind.is_boolean else "  --"
        assert sum(line.startswith((f"{start}{row.name}=", f"{start}{row.name} ", f"{start}{row.name},"))
                   for line in lines) == 1  # fmt: skip
        assert row.declared.help.endswith(".")


@pytest.mark.parametrize("program", [MASTER, AGENT, LOCAL, EXECUTE, BATCH, DEMO], ids=lambda p: p.name)
def test_no_name_is_used_twice(program: Program[C]) -> None:
    names = [name for row in options_of(program.table) for name in row.names]
    assert len(names) == len(set(names))
    assert all(name == name.lower() and "-" not in name for name in names)
    assert not [name for name in names if name.startswith("no_") and name[3:] in names]
