"""The tree of roles: nodes by `/` components, each with what its subtree holds, siblings in order of share.

A role whose path is also an inner node lives in a virtual leaf `.` below that node, so that role `a` competes
with `a/b` on one level, under the total of `a`.

Source: reference allocator.md §2.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from operator import itemgetter

from cluster.allocator.bundle import Bundle
from cluster.allocator.draws import Chances
from cluster.allocator.pool import Pool
from cluster.allocator.ranking import Client, Contest, Level
from cluster.allocator.seats import Seat
from cluster.model import ancestors

STEP = 64
"""Roles whose chances are worked out in one step."""
VIRTUAL = "."
"""Name of the leaf of a role that also has roles below it. No role component may be `.`."""


@lru_cache(maxsize=1 << 14)
def lineage(role: str) -> tuple[str, ...]:
    """A role and all above it."""
    return (role, *ancestors(role))


class RoleNode(Client):
    """One node: an inner one if it has children, else the leaf of a role."""

    __slots__ = ("children", "level", "name", "parent", "role")

    def __init__(self, name: str, parent: RoleNode | None, pool: Pool) -> None:
        super().__init__(f"{parent.path}/{name}" if parent is not None and parent.path else name)
        self.name = name
        self.parent = parent
        self.children: dict[str, RoleNode] = {}
        #: Order of the children.
        self.level: Level[RoleNode] = Level(pool)
        #: The role, if this is its leaf.
        self.role: Role | None = None

    def ancestry(self) -> Iterator[RoleNode]:
        """This node and all above it, the root included."""
        node: RoleNode | None = self
        while node is not None:
            yield node
            node = node.parent


class Role:
    """A role that some framework is tracked under."""

    __slots__ = ("leaf", "lineage", "mask", "path", "seating", "seats")

    def __init__(self, path: str, leaf: RoleNode, pool: Pool) -> None:
        self.path = path
        self.leaf = leaf
        self.lineage = frozenset(lineage(path))
        #: Its seats by framework, listed or not.
        self.seats: dict[str, Seat] = {}
        #: Order of those listed, and the set of them.
        self.seating: Level[Seat] = Level(pool)
        self.mask = 0


@dataclass(frozen=True, slots=True)
class Share:
    """What a role or framework holds of the cluster, the weight not yet applied."""

    share: float
    dominant: str | None
    """Name of the resource of which most is held; None if nothing is."""
    weight: float
    count: int
    """Number of allocations so far."""


class RoleTree:
    """All roles that frameworks are tracked under, and what they hold."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.root = RoleNode("", None, pool)
        self.roles: dict[str, Role] = {}
        self.weights: dict[str, float] = {}
        #: Changes with the roles and their weights.
        self.version = 0
        self._chances: Chances | None = None  # until that changes

    # -- roles ---------------------------------------------------------------------------------------------

    def add(self, path: str) -> Role:
        """Add a role that is not there, with nothing held."""
        assert path not in self.roles, f"{path} is already here"
        self._changed()
        node = self.root
        for name in path.split("/"):
            if node.role is not None:
                self._split(node)
            child = node.children.get(name)
            if child is None:
                child = node.children[name] = self._new_node(name, node)
            node = child
        leaf = node
        if node.children:
            leaf = node.children[VIRTUAL] = self._new_node(VIRTUAL, node)
        role = leaf.role = self.roles[path] = Role(path, leaf, self._pool)
        return role

    def remove(self, role: Role) -> None:
        """Remove a role without seats; what it holds leaves the levels above it."""
        self._changed()
        del self.roles[role.path]
        leaf = role.leaf
        plain = leaf.plain_totals()
        for node in leaf.ancestry():
            if node is not leaf:
                node.lose(plain)
                for agent, shared in leaf.shared.items():
                    node.lose_shared(agent, shared)
            self._touch(node)
        leaf.role = None
        self._prune(leaf)

    def update_weight(self, path: str, weight: float) -> None:
        """Set the weight of exactly this path; roles below do not inherit it. Default is 1."""
        assert weight > 0, f"weight of {path} is {weight}"
        self._changed()
        self.weights[path] = weight
        node = self.find(path)
        if node is not None:
            self._weigh(node)
            self._touch(node)

    # -- holdings ------------------------------------------------------------------------------------------

    def charge(self, role: Role, agent: str, bundle: Bundle, allocations: int) -> None:
        """The role was given resources of an agent, in so many allocations."""
        for node in role.leaf.ancestry():
            node.gain(bundle.counted)
            if bundle.shared:
                node.gain_shared(agent, bundle.shared)
            node.count += allocations
            self._touch(node)

    def charge_often(self, role: Role, bundle: Bundle, times: int) -> None:
        """The role was given a bundle without shared resources several times."""
        for node in role.leaf.ancestry():
            node.gain(bundle.counted, times)
            node.count += times
            self._touch(node)

    def discharge(self, role: Role, agent: str, bundle: Bundle) -> None:
        """The role gave back resources of an agent; the count of allocations stays."""
        for node in role.leaf.ancestry():
            node.lose(bundle.counted)
            if bundle.shared:
                node.lose_shared(agent, bundle.shared)
            self._touch(node)

    # -- looking -------------------------------------------------------------------------------------------

    def find(self, path: str) -> RoleNode | None:
        """The node at a path."""
        node = self.root
        for name in path.split("/"):
            child = node.children.get(name)
            if child is None:
                return None
            node = child
        return node

    def at_or_below(self, path: str) -> Iterator[Role]:
        """The role at a path and those below it."""
        nodes = [node] if (node := self.find(path)) is not None else []
        while nodes:
            node = nodes.pop()
            if node.role is not None:
                yield node.role
            nodes += node.children.values()

    def in_order(self) -> Iterator[Role]:
        """All roles, depth first, siblings by share."""
        return self._below(self.root)

    def _below(self, node: RoleNode) -> Iterator[Role]:
        for *_, child in node.level.ordered():
            if child.role is not None:
                yield child.role
            else:
                yield from self._below(child)

    def share(self, client: Client) -> Share:
        """What a node or seat holds of the cluster."""
        shares = {
            name: milli / total
            for name, milli in sorted(client.totals.items())
            if milli and (total := self._pool.weighed.get(name))
        }
        dominant = max(shares, key=shares.__getitem__, default=None)
        weight = client.over / client.under
        return Share(shares[dominant] if dominant else 0.0, dominant, weight, client.count)

    def chances(self) -> Generator[None, None, Chances]:
        """Of each role the probability to come first when the order is random, found a step at a time.

        A level's part is split among its children by their weights.
        """
        if self._chances is None:
            found: dict[str, Fraction] = {}
            yield from self._split_chance(self.root, Fraction(1), found)
            self._chances = Chances(found)
        return self._chances

    def _split_chance(
        self, node: RoleNode, part: Fraction, found: dict[str, Fraction]
    ) -> Generator[None, None, None]:
        total = Fraction(0)
        for number, child in enumerate(node.children.values(), 1):
            total += Fraction(child.over, child.under)
            if not number % STEP:
                yield
        for number, child in enumerate(node.children.values(), 1):
            mine = part * Fraction(child.over, child.under) / total
            if child.role is not None:
                found[child.role.path] = mine
            else:
                yield from self._split_chance(child, mine, found)
            if not number % STEP:
                yield

    # -- shape ---------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        self.version += 1
        self._chances = None

    def _new_node(self, name: str, parent: RoleNode) -> RoleNode:
        node = RoleNode(name, parent, self._pool)
        self._weigh(node)
        parent.level.add(node)
        return node

    def _weigh(self, node: RoleNode) -> None:
        if node.name != VIRTUAL:
            weight = Fraction(str(self.weights.get(node.path, 1)))
            node.over, node.under = weight.as_integer_ratio()

    def _touch(self, node: RoleNode) -> None:
        if node.parent is not None:
            node.parent.level.touch(node)

    def _split(self, node: RoleNode) -> None:
        """A role gets roles below it: it moves into a virtual leaf, its node becomes a level."""
        role, node.role = node.role, None
        assert role is not None
        leaf = node.children[VIRTUAL] = self._new_node(VIRTUAL, node)
        leaf.adopt_holdings(node)
        leaf.role, role.leaf = role, leaf

    def _prune(self, node: RoleNode) -> None:
        """Drop nodes that lead to no role, fold a lone virtual leaf into its level."""
        while node.parent is not None and not node.children and node.role is None:
            del node.parent.children[node.name]
            node.parent.level.discard(node)
            node = node.parent
        if len(node.children) == 1 and VIRTUAL in node.children:
            leaf = node.children.pop(VIRTUAL)
            node.level.discard(leaf)
            role = node.role = leaf.role
            assert role is not None
            role.leaf = node


class TreeContest:
    """The tree as a round charges it: a contest for every level that is looked at.

    `worked` is told of roles that were put in order or picked out of it, as that is work.
    """

    __slots__ = ("_contests", "_pool", "_root", "_worked")

    def __init__(self, tree: RoleTree, pool: Pool, worked: Callable[[int], None]) -> None:
        self._worked = worked
        self._root = tree.root
        self._pool = pool
        self._contests: dict[RoleNode, Contest[RoleNode]] = {}

    def in_order(self) -> Iterator[Role]:
        """All roles, depth first, siblings by share; nothing may be charged while this is under way."""
        return self._below(self._root)

    def _below(self, node: RoleNode) -> Iterator[Role]:
        for *_, child in self._contest(node).order:
            if child.role is not None:
                yield child.role
            else:
                yield from self._below(child)

    def first(self) -> Role:
        """The first of all roles in order."""
        node = self._root
        while node.role is None:
            contest = self._contests.get(node) or self._contest(node)
            node = contest.order[0][3]
        return node.role

    def sorted(self, roles: Iterable[Role]) -> list[Role]:
        """Some of the roles, in order."""
        keyed = [(self._path_of_keys(role), role) for role in roles]
        keyed.sort(key=itemgetter(0))
        self._worked(len(keyed))
        return [role for _, role in keyed]

    def _path_of_keys(self, role: Role) -> list[tuple[float, int, str]]:
        keys = []
        node = role.leaf
        while (above := node.parent) is not None:
            keys.append(self._contest(above).key(node)[:3])
            node = above
        keys.reverse()
        return keys

    def _contest(self, node: RoleNode) -> Contest[RoleNode]:
        contest = self._contests.get(node)
        if contest is None:
            contest = self._contests[node] = Contest(node.level, self._pool)
            self._worked(len(contest.order))
        return contest

    def charge(self, role: Role, agent: str, bundle: Bundle) -> None:
        """A role is given a bundle."""
        node = role.leaf
        while (above := node.parent) is not None:
            contest = self._contests.get(above) or self._contest(above)
            if len(contest.order) > 1:
                contest.charge(node, agent, bundle)
            node = above
