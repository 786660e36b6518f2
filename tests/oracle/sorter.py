"""Order of clients, all from scratch: by weighted dominant share in a tree, or by weighted chance.

A client whose path is also an internal node lives in a virtual leaf `.` below that node, so `a` competes with
`a/b` on one level, under the total of `a`.

Source: reference allocator.md §2; Ghodsi et al., "Dominant Resource Fairness", NSDI 2011.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from cluster.model import Quantities, Resources


@dataclass
class Client:
    """A client of a sorter: whether it is listed, and what it holds by agent."""

    is_active: bool
    held: dict[str, Resources] = field(default_factory=dict)


def leaf_of(client: str, clients: Collection[str]) -> str:
    """Path of the leaf of a client: the virtual one if there are clients below it."""
    return f"{client}/." if any(other.startswith(f"{client}/") for other in clients) else client


def client_of(leaf: str) -> str:
    """The client whose leaf this is."""
    return leaf.removesuffix("/.")


def ancestry(path: str) -> list[str]:
    """A node and all nodes above it: `a/b` has `a` and `a/b`."""
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]


class Counts:
    """Number of allocations of every node, which cannot be worked out from what is held now.

    Never decreased; kept while a client is inactive, lost when its node goes.
    """

    def __init__(self) -> None:
        self.clients: list[str] = []
        self.by_node: dict[str, int] = {}

    def copy(self) -> Counts:
        """The same to scribble on."""
        other = Counts()
        other.clients, other.by_node = list(self.clients), dict(self.by_node)
        return other

    def sync(self, clients: Collection[str]) -> None:
        """Take over the clients there are now; new ones come before old ones go."""
        for client in sorted(set(clients) - set(self.clients)):
            self._add(client)
        for client in sorted(set(self.clients) - set(clients)):
            self._remove(client)

    def allocated(self, client: str) -> None:
        """The client was given something: one more for its leaf and every level above."""
        for node in ancestry(leaf_of(client, self.clients)):
            self.by_node[node] += 1

    def _add(self, client: str) -> None:
        for above in ancestry(client)[:-1]:
            if above in self.clients and leaf_of(above, self.clients) == above:
                self.by_node[f"{above}/."] = self.by_node[above]  # a leaf becomes a level
        self.clients.append(client)
        for node in ancestry(leaf_of(client, self.clients)):
            self.by_node.setdefault(node, 0)

    def _remove(self, client: str) -> None:
        self.clients.remove(client)
        leaves = [leaf_of(other, self.clients) for other in self.clients]
        nodes = {node for leaf in leaves for node in ancestry(leaf)}
        self.by_node = {node: count for node, count in self.by_node.items() if node in nodes}


@dataclass
class Sorter:
    """A snapshot that can be sorted. `total` is the cluster's, `weights` are by path."""

    clients: dict[str, Client]
    counts: Counts
    total: Quantities
    weights: Mapping[str, float] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()

    def leaves(self) -> dict[str, Client]:
        """Clients by the path of their leaf."""
        return {leaf_of(name, self.clients): client for name, client in self.clients.items()}

    def held(self, node: str) -> Quantities:
        """Scalars held below a node; shared resources count once per agent."""
        by_agent: dict[str, Resources] = {}
        for leaf, client in self.leaves().items():
            if node in ancestry(leaf):
                for agent, resources in client.held.items():
                    by_agent[agent] = by_agent.get(agent, Resources.EMPTY) + resources
        total = Quantities.EMPTY
        for resources in by_agent.values():
            total = total + resources.scalars().quantities()
        return total

    def weight(self, node: str) -> Fraction:
        """Weight of exactly this node; a virtual leaf has 1."""
        return Fraction(1) if node.endswith("/.") else Fraction(str(self.weights.get(node, 1.0)))

    def share(self, node: str) -> Fraction:
        """Weighted dominant share."""
        held = self.held(node)
        shares = [
            Fraction(held[name], total) for name, total in self.total.items() if name not in self.excluded
        ]
        return max(shares, default=Fraction(0)) / self.weight(node)

    def children(self, node: str | None) -> list[str]:
        """Nodes right below a node, or (None) the topmost."""
        nodes = {path for leaf in self.leaves() for path in ancestry(leaf)}
        depth = 0 if node is None else len(node.split("/"))
        return sorted(
            path
            for path in nodes
            if len(path.split("/")) == depth + 1 and (node is None or path.startswith(f"{node}/"))
        )

    def drf_order(self, below: str | None = None) -> list[str]:
        """Active clients depth first, siblings by share, then allocations so far, then path."""
        leaves = self.leaves()
        order = []
        children = self.children(below)
        if len(children) > 1:
            children.sort(key=lambda node: (self.share(node), self.counts.by_node[node], node.encode()))
        for node in children:
            if node not in leaves:
                order += self.drf_order(node)
            elif leaves[node].is_active:
                order.append(client_of(node))
        return order

    def chances(self, below: str | None = None, part: Fraction = Fraction(1)) -> dict[str, Fraction]:
        """Of each active client the probability to come first when the order is random.

        A level's part is split among its children with active clients, by their weights.
        """
        leaves = self.leaves()
        active = [node for node in self.children(below) if self._has_active(node)]
        weights = sum((self.weight(node) for node in active), Fraction(0))
        chances: dict[str, Fraction] = {}
        for node in active:
            mine = part * self.weight(node) / weights
            chances |= {client_of(node): mine} if node in leaves else self.chances(node, mine)
        return chances

    def _has_active(self, node: str) -> bool:
        return any(client.is_active and node in ancestry(leaf) for leaf, client in self.leaves().items())
