"""Roles as the endpoint of the master shows them: what is below a role counts for it. Pure.

Source: reference http-endpoints.md §3.4.
"""

from __future__ import annotations

from collections import Counter

from cluster.http.endpoints.render_amounts import quantities
from cluster.master.reading import RoleRow
from cluster.model import ancestors

_NOTHING = RoleRow("", 1.0, {}, {}, {}, {}, ())


def roles_view(rows: tuple[RoleRow, ...], listed: frozenset[str] | None) -> list[dict[str, object]]:
    """All roles and those above them by name. `listed`: the only ones there are, if the master has a list."""
    known = {row.name: row for row in rows}
    names = {name for role in known if listed is None or role in listed for name in (*ancestors(role), role)}
    names |= {name for role in listed or () for name in (*ancestors(role), role)}
    trees = _trees(rows)
    return [_role(known.get(name) or _NOTHING, name, trees.get(name) or _Tree()) for name in sorted(names)]


class _Tree:
    """What a role has with all that is below it, in thousandths."""

    __slots__ = ("offered", "reserved", "reserved_used", "used")

    def __init__(self) -> None:
        self.used: Counter[str] = Counter()
        self.offered: Counter[str] = Counter()
        self.reserved: Counter[str] = Counter()
        self.reserved_used: Counter[str] = Counter()

    def add(self, row: RoleRow) -> None:
        self.used.update(row.used)
        self.offered.update(row.offered)
        self.reserved.update(row.reserved)
        self.reserved_used.update(row.reserved_used)


def _trees(rows: tuple[RoleRow, ...]) -> dict[str, _Tree]:
    trees: dict[str, _Tree] = {}
    for row in rows:
        for name in (*ancestors(row.name), row.name):
            trees.setdefault(name, _Tree()).add(row)
    return trees


def _role(row: RoleRow, name: str, tree: _Tree) -> dict[str, object]:
    consumed = tree.used + (tree.reserved - tree.reserved_used)
    return {
        "name": name,
        "weight": row.weight,
        "quota": {"role": name, "guarantee": {}, "limit": {}, "consumed": quantities(consumed)},
        "resources": quantities(tree.used + tree.offered),
        "allocated": quantities(tree.used),
        "offered": quantities(tree.offered),
        "reserved": quantities(tree.reserved),
        "frameworks": list(row.frameworks),
    }
