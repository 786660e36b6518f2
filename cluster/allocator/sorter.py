"""Order of clients by weighted dominant share, kept up to date at the cost of what changed.

Source: reference allocator.md §2; Ghodsi et al., "Dominant Resource Fairness", NSDI 2011.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from operator import attrgetter

from cluster.allocator.pool import Pool, scalar_quantities
from cluster.allocator.tree import VIRTUAL, Key, Node
from cluster.model import Quantities, Resources

_BY_KEY = attrgetter("key")
_EVEN = (1, 1)


@dataclass(frozen=True, slots=True)
class Share:
    """What a client or a level of the tree holds of the cluster, the weight not yet applied."""

    share: float
    dominant: str | None
    """Name of the resource of which most is held; None if nothing is."""
    weight: float
    count: int
    """Number of allocations so far."""


class DrfSorter:
    """Clients in a tree by `/`, siblings by weighted dominant share, then allocations so far, then path.

    The order is a pure function of holdings, counts and weights. It is repaired lazily: a new cluster total
    means one full sort at the next walk; any other change moves the one node and those above it.
    """

    def __init__(self, pool: Pool, excluded: frozenset[str] = frozenset()) -> None:
        """`excluded` names resources that do not count towards a share."""
        self._pool = pool
        self._excluded = excluded
        self._root = Node("", None)
        self._clients: dict[str, Node] = {}
        self._weights: dict[str, tuple[int, int]] = {}
        self._active = 0
        self._sorted_at = -1

    def __contains__(self, client: str) -> bool:
        return client in self._clients

    def __len__(self) -> int:
        return len(self._clients)

    def clients(self) -> Iterator[str]:
        """All clients, listed or not, in no particular order."""
        return iter(self._clients)

    # -- clients ---------------------------------------------------------------------------------------------

    def add(self, client: str) -> None:
        """Add a client, inactive and holding nothing."""
        assert client not in self._clients, f"{client} is already here"
        node = self._root
        for name in client.split("/"):
            if node.is_client:
                self._split(node)
            child = node.children.get(name)
            if child is None:
                child = node.children[name] = Node(name, node)
            node = child
        if node.children:
            leaf = node.children[VIRTUAL] = Node(VIRTUAL, node)
        else:
            leaf = node
        leaf.is_client = True
        self._clients[client] = leaf
        for above in leaf.ancestry():
            self._place_again(above)

    def remove(self, client: str) -> None:
        """Remove a client; what it holds leaves the levels above it."""
        self.deactivate(client)
        leaf = self._clients.pop(client)
        plain = leaf.plain_totals()
        for node in leaf.ancestry():
            if node is not leaf:
                self._displace(node)
                node.lose("", plain, Resources.EMPTY)
                for agent, shared in leaf.shared.items():
                    node.lose(agent, Quantities.EMPTY, shared)
        leaf.is_client = False
        parent = self._prune(leaf)
        for node in parent.ancestry():
            self._place(node)

    def activate(self, client: str) -> None:
        """List the client from now on."""
        leaf = self._clients[client]
        if not leaf.is_active:
            leaf.is_active = True
            self._active += 1
            self._place(leaf)

    def deactivate(self, client: str) -> None:
        """List the client no more; what it holds still counts."""
        leaf = self._clients[client]
        if leaf.is_active:
            self._displace(leaf)
            leaf.is_active = False
            self._active -= 1

    def is_active(self, client: str) -> bool:
        """Whether the client is listed."""
        return self._clients[client].is_active

    def update_weight(self, path: str, weight: float) -> None:
        """Set the weight of exactly this path; clients below do not inherit it. Default is 1."""
        assert weight > 0, f"weight of {path} is {weight}"
        self._weights[path] = Fraction(str(weight)).as_integer_ratio()
        node = self._find(path)
        if node is not None:
            self._place_again(node)

    # -- holdings --------------------------------------------------------------------------------------------

    def allocated(self, client: str, agent: str, resources: Resources) -> None:
        """The client was given resources of an agent: one more allocation for it and every level above."""
        self._gain(client, agent, resources, count=1)

    def unallocated(self, client: str, agent: str, resources: Resources) -> None:
        """The client gave back resources of an agent; the count of allocations stays."""
        self._lose(client, agent, resources, count=0)

    def retract(self, client: str, agent: str, resources: Resources) -> None:
        """Undo an `allocated` as if it had not happened, the count included."""
        self._lose(client, agent, resources, count=1)

    def _gain(self, client: str, agent: str, resources: Resources, count: int) -> None:
        plain, shared = _split_shared(resources)
        for node in self._clients[client].ancestry():
            self._displace(node)
            node.gain(agent, plain, shared)
            node.count += count
            self._place(node)

    def _lose(self, client: str, agent: str, resources: Resources, count: int) -> None:
        plain, shared = _split_shared(resources)
        for node in self._clients[client].ancestry():
            self._displace(node)
            node.lose(agent, plain, shared)
            node.count -= count
            self._place(node)

    # -- order -----------------------------------------------------------------------------------------------

    def walk(self) -> Iterator[str]:
        """Active clients in order, found one by one. Nothing may change while the walk is under way."""
        self._repair()
        levels = [iter(self._root.order)]
        while levels:
            for node in levels[-1]:
                if node.children:
                    levels.append(iter(node.order))
                    break
                yield node.client
            else:
                levels.pop()

    def sort(self) -> list[str]:
        """Active clients in order."""
        return list(self.walk())

    def has_active(self) -> bool:
        """Whether any client is listed."""
        return self._active > 0

    def share(self, path: str) -> Share:
        """What a client holds; a path with clients below it answers for all of them.

        Raises: KeyError for a path that is neither.
        """
        node = self._find(path)
        if node is None:
            raise KeyError(path)
        return self._share(node)

    def totals(self, client: str) -> Mapping[str, int]:
        """Scalars a client itself holds, in thousandths.

        Raises: KeyError for an unknown client.
        """
        return self._clients[client].totals

    def _share(self, node: Node) -> Share:
        shares = {
            name: milli / self._pool.totals[name]
            for name, milli in sorted(node.totals.items())
            if milli and self._counts(name)
        }
        dominant = max(shares, key=shares.__getitem__, default=None)
        over, under = self._weight(node)
        return Share(shares[dominant] if dominant else 0.0, dominant, over / under, node.count)

    def _counts(self, name: str) -> bool:
        return name not in self._excluded and self._pool.totals.get(name, 0) > 0

    def _weight(self, node: Node) -> tuple[int, int]:
        return _EVEN if node.name == VIRTUAL else self._weights.get(node.path, _EVEN)

    def _key(self, node: Node) -> Key:
        """Share over weight by one division of integers, so that equal shares give equal floats."""
        over, under = self._weight(node)
        pool = self._pool.totals
        share = 0.0
        for name, milli in node.totals.items():
            total = pool.get(name, 0)
            if total and name not in self._excluded:
                share = max(share, milli * under / (total * over))
        return (share, node.count, node.path)

    # -- keeping the order -----------------------------------------------------------------------------------

    def _is_sorted(self) -> bool:
        return self._sorted_at == self._pool.version

    def _repair(self) -> None:
        if not self._is_sorted():
            self._sort_below(self._root)
            self._sorted_at = self._pool.version

    def _sort_below(self, node: Node) -> None:
        for child in node.children.values():
            child.key = self._key(child)
            child.is_placed = child.is_active or bool(child.children)
            if child.children:
                self._sort_below(child)
        node.order = sorted((child for child in node.children.values() if child.is_placed), key=_BY_KEY)

    def _displace(self, node: Node) -> None:
        """Take a node out of its parent's order, before its key changes."""
        if node.is_placed and node.parent is not None and self._is_sorted():
            order = node.parent.order
            place = bisect_left(order, node.key, key=_BY_KEY)
            assert order[place] is node, f"{node.path} is not where it belongs"
            del order[place]
        node.is_placed = False

    def _place(self, node: Node) -> None:
        """Put a node where it now belongs, unless everything is to be sorted anyway."""
        if not self._is_sorted() or node.is_placed or node.parent is None:
            return
        if node.is_active or node.children:
            node.key = self._key(node)
            insort(node.parent.order, node, key=_BY_KEY)
            node.is_placed = True

    def _place_again(self, node: Node) -> None:
        self._displace(node)
        self._place(node)

    # -- shape -----------------------------------------------------------------------------------------------

    def _find(self, path: str) -> Node | None:
        node = self._root
        for name in path.split("/"):
            child = node.children.get(name)
            if child is None:
                return None
            node = child
        return node

    def _split(self, node: Node) -> None:
        """A client gets clients below it: it moves into a virtual leaf, its node becomes the level."""
        self._displace(node)
        leaf = node.children[VIRTUAL] = Node(VIRTUAL, node)
        leaf.adopt_holdings(node)
        leaf.is_client, leaf.is_active = True, node.is_active
        node.is_client = node.is_active = False
        self._clients[node.path] = leaf
        self._place(leaf)
        self._place(node)

    def _prune(self, node: Node) -> Node:
        """Drop nodes that lead to no client, fold a lone virtual leaf into its level; the node left."""
        while node.parent is not None and not node.children and not node.is_client:
            del node.parent.children[node.name]
            node = node.parent
        if list(node.children) == [VIRTUAL]:
            leaf = node.children.pop(VIRTUAL)
            self._displace(leaf)
            node.is_client, node.is_active = True, leaf.is_active
            self._clients[node.path] = node
        return node


def _split_shared(resources: Resources) -> tuple[Quantities, Resources]:
    shared = resources.shared()
    plain = resources.nonshared() if shared else resources
    return scalar_quantities(plain), shared
