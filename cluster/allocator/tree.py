"""The tree of clients under a sorter: nodes by `/` components, each with what its subtree holds.

A client whose path is also an internal node lives in a virtual leaf `.` below that node, so that role `a`
competes with `a/b` on one level, under the total of `a`.

Source: reference allocator.md §2.
"""

from __future__ import annotations

from collections.abc import Iterator

from cluster.allocator.pool import scalar_quantities
from cluster.model import Quantities, Resources

VIRTUAL = "."
"""Name of the leaf that stands for a client which also has clients below it. No role component may be `.`."""

Key = tuple[float, int, str]
"""Place among siblings: weighted share, number of allocations, path (code points order like UTF-8 bytes)."""


class Node:
    """One node: an internal one if it has children, else the leaf of a client.

    `totals` sums scalars in thousandths over the subtree; a shared resource counts once per agent, however
    many copies are held, and so `shared` remembers the copies.
    """

    __slots__ = (
        "children",
        "client",
        "count",
        "is_active",
        "is_client",
        "is_placed",
        "key",
        "name",
        "order",
        "parent",
        "path",
        "shared",
        "totals",
    )

    def __init__(self, name: str, parent: Node | None) -> None:
        self.name = name
        self.parent = parent
        self.path: str = f"{parent.path}/{name}" if parent is not None and parent.path else name
        self.client = parent.path if parent is not None and name == VIRTUAL else self.path
        """Path of the client, if this is its leaf."""
        self.children: dict[str, Node] = {}
        self.order: list[Node] = []
        """Internal children and active leaves, by key."""
        self.is_client = False
        self.is_active = False
        self.is_placed = False
        self.totals: dict[str, int] = {}
        self.shared: dict[str, Resources] = {}
        self.count = 0
        self.key: Key = (0.0, 0, self.path)

    def ancestry(self) -> Iterator[Node]:
        """This node and all above it, the root (which competes with nobody) left out."""
        node = self
        while node.parent is not None:
            yield node
            node = node.parent

    def gain(self, agent: str, plain: Quantities, shared: Resources) -> None:
        """Add what one client below was given on an agent; `plain` is the part that is not shared."""
        for name, milli in plain.items():
            self.totals[name] = self.totals.get(name, 0) + milli
        if shared:
            held = self.shared.get(agent, Resources.EMPTY)
            self._set_shared(agent, held, held + shared)

    def lose(self, agent: str, plain: Quantities, shared: Resources) -> None:
        """Take away what one client below gave back on an agent."""
        for name, milli in plain.items():
            self._add(name, -milli)
        if shared:
            held = self.shared[agent]
            self._set_shared(agent, held, held - shared)

    def plain_totals(self) -> Quantities:
        """Totals without shared resources."""
        plain = Quantities(self.totals)
        for held in self.shared.values():
            plain = plain - scalar_quantities(held)
        return plain

    def adopt_holdings(self, other: Node) -> None:
        """Copy what another node holds, its count included."""
        self.totals = dict(other.totals)
        self.shared = dict(other.shared)
        self.count = other.count

    def _set_shared(self, agent: str, before: Resources, after: Resources) -> None:
        for name, milli in scalar_quantities(before).items():
            self._add(name, -milli)
        for name, milli in scalar_quantities(after).items():
            self._add(name, milli)
        if after:
            self.shared[agent] = after
        else:
            del self.shared[agent]

    def _add(self, name: str, milli: int) -> None:
        amount = self.totals.get(name, 0) + milli
        assert amount >= 0, f"{self.path} gives back more {name} than it holds"
        if amount:
            self.totals[name] = amount
        else:
            self.totals.pop(name, None)
