"""The text of `--help`.

Source: cli.md, usage text layout.
"""

from __future__ import annotations

import textwrap

from cluster.config.options import C, Option, Program, options_of, positionals_of

_HELP_WIDTH = 72
_GAP = " " * 5


def usage(program: Program[C]) -> str:
    """The usage text of a program: its flags sorted by name, then its arguments."""
    flags, arguments = options_of(program.table), positionals_of(program.table)
    rows = [(_flag_column(row), _help_column(row)) for row in flags]
    tail = [(row.declared.metavar, row.declared.help) for row in arguments]
    width = max(len(left) for left, _ in [*rows, *tail])
    head = " ".join([f"Usage: {program.name} [options]", *(left for left, _ in tail)])
    lines = [head, "", *_aligned(rows, width)]
    if tail:
        lines += ["", *_aligned(tail, width)]
    return "\n".join(lines) + "\n"


def _flag_column(row: Option) -> str:
    if row.declared.kind.is_boolean:
        return ", ".join(f"--[no-]{name}" for name in row.names)
    return ", ".join(f"--{name}={row.declared.metavar}" for name in row.names)


def _help_column(row: Option) -> str:
    parts = [row.declared.help]
    if not row.declared.implemented:
        parts.append("(not supported yet)")
    elif row.declared.only:
        parts.append(f"(supported so far: {' or '.join(map(row.show, row.declared.only))})")
    if row.is_required:
        parts.append("(required)")
    elif row.default is not None:
        parts.append(f"(default: {row.show(row.default)})")
    return " ".join(parts)


def _aligned(rows: list[tuple[str, str]], width: int) -> list[str]:
    lines = []
    for left, text in rows:
        first, *rest = textwrap.wrap(text, _HELP_WIDTH, break_long_words=False, break_on_hyphens=False)
        lines.append(f"  {left:<{width}}{_GAP}{first}")
        lines += [" " * (width + 2) + _GAP + more for more in rest]
    return lines
