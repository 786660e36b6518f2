"""Order of siblings by weighted dominant share, kept up to date at the cost of what changed.

`Client` is one that competes, `Level` its siblings, `Contest` the scratch copy a round is decided on.

Source: reference allocator.md §2; Ghodsi et al., "Dominant Resource Fairness", NSDI 2011.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Generator, Iterable
from heapq import merge
from itertools import islice
from typing import Generic, TypeVar

from cluster.allocator.bundle import Bundle, Counted
from cluster.allocator.pool import Pool, scalar_quantities
from cluster.allocator.slices import at_once
from cluster.model import Resources

FEW = 512
"""Clients that are put in order in about a millisecond."""
MOST_PLANS = 64
"""Bundles of which it is remembered what they add to shares."""
MOVED_AT_ONCE = 64
"""Clients that find a new place in a long order in well under that."""


class Client:
    """One that competes with its siblings: what it holds, how often it was given something, its weight.

    `totals` sums scalars in thousandths; a shared resource counts once per agent, however many copies are
    held, and so `shared` remembers the copies. The weight is `over / under`.
    """

    __slots__ = ("count", "key", "over", "path", "shared", "totals", "under")

    def __init__(self, path: str) -> None:
        self.path = path
        self.totals: dict[str, int] = {}
        self.shared: dict[str, Resources] = {}
        self.count = 0
        self.over = self.under = 1
        self.key: tuple[float, int, str, Client] | None = None  # while it stands in an order

    def gain(self, counted: Counted, times: int = 1) -> None:
        """Hold more of what is not shared."""
        totals = self.totals
        for name, milli in counted:
            totals[name] = totals.get(name, 0) + milli * times

    def lose(self, counted: Counted) -> None:
        """Hold less of what is not shared."""
        for name, milli in counted:
            self._add(name, -milli)

    def gain_shared(self, agent: str, copies: Resources) -> None:
        """Hold further copies of shared resources of an agent."""
        held = self.shared.get(agent, Resources.EMPTY)
        self._set_shared(agent, held, held + copies)

    def lose_shared(self, agent: str, copies: Resources) -> None:
        """Give copies of shared resources back."""
        held = self.shared[agent]
        self._set_shared(agent, held, held - copies)

    def plain_totals(self) -> Counted:
        """Totals without shared resources."""
        plain = dict(self.totals)
        for held in self.shared.values():
            for name, milli in scalar_quantities(held).items():
                plain[name] -= milli
        return tuple((name, milli) for name, milli in plain.items() if milli)

    def adopt_holdings(self, other: Client) -> None:
        """Copy what another client holds, its count included."""
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


C = TypeVar("C", bound=Client)
Key = tuple[float, int, str, C]
"""Place among siblings: weighted share, number of allocations, path (code points order like UTF-8 bytes)."""


class Level(Generic[C]):
    """The clients of one level that are listed, in order.

    The order is a pure function of holdings, counts and weights. It is repaired when somebody looks: a new
    cluster total means one full sort, any other change moves the clients that were touched. Levels of many
    are known to the pool, so that a round can have them put in order a step at a time before it looks.
    """

    __slots__ = ("_order", "_pool", "_sorted_at", "_touched", "members")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._order: list[Key[C]] = []
        self._sorted_at = -1
        self._touched: dict[C, None] = {}
        #: Those listed, in no particular order.
        self.members: dict[C, None] = {}

    def __len__(self) -> int:
        return len(self.members)

    def add(self, client: C) -> None:
        """List a client."""
        self.members[client] = None
        self._touched[client] = None
        if len(self.members) > FEW:
            self._pool.crowded[self] = None

    def discard(self, client: C) -> None:
        """List a client no more."""
        if client in self.members:
            del self.members[client]
            self._touched[client] = None
            if len(self.members) == FEW:
                self._pool.crowded.pop(self, None)

    def touch(self, client: C) -> None:
        """The client holds something else, or its weight changed."""
        self._touched[client] = None

    def ordered(self) -> list[Key[C]]:
        """The order now; not to be changed."""
        if self._touched or self._sorted_at != self._pool.version:
            at_once(self.settling())
        return self._order

    def settling(self) -> Generator[None, None, None]:
        """Put all in order, a step at a time; nothing may happen in between."""
        if self._sorted_at != self._pool.version:
            yield from self._sorting(list(self.members))
        elif len(self._touched) * 4 > len(self.members):
            yield from self._sorting([client for client in self._touched if client in self.members])
        else:
            for number, client in enumerate(self._touched, 1):
                self._move(client)
                if not number % MOVED_AT_ONCE:
                    yield
        if self._touched:
            self._touched.clear()

    def _sorting(self, changed: list[C]) -> Generator[None, None, None]:
        """Sort anew, where only these have another key; by runs that are merged, if there are many."""
        for client in self._touched:
            client.key = None
        for number, client in enumerate(changed, 1):
            client.key = self._key(client)
            if not number % FEW:
                yield
        keys = [self._key_of(client) for client in self.members]
        if len(keys) <= FEW:
            keys.sort()
            order = keys
        else:
            runs = []
            for first in range(0, len(keys), FEW):
                runs.append(sorted(keys[first : first + FEW]))
                yield
            merged, order = merge(*runs), []
            while some := list(islice(merged, FEW)):
                order += some
                yield
        self._order = order
        self._sorted_at = self._pool.version

    @staticmethod
    def _key_of(client: C) -> Key[C]:
        key = client.key
        assert key is not None, f"{client.path} has no place"
        return key  # type: ignore[return-value]

    def _move(self, client: C) -> None:
        order = self._order
        if client.key is not None:
            del order[bisect_left(order, client.key)]
            client.key = None
        if client in self.members:
            key = client.key = self._key(client)
            insort(order, key)

    def _key(self, client: C) -> Key[C]:
        return (
            self._pool.share(client.totals, client.over, client.under),
            client.count,
            client.path,
            client,
        )


class _Scratch:
    """What a client would hold if the round so far were carried out; `milli` by the contest's names."""

    __slots__ = ("count", "key", "milli", "shared")

    def __init__(self, milli: list[int], count: int, key: Key[Client]) -> None:
        self.milli = milli
        self.shared: dict[str, Resources] = {}
        self.count = count
        self.key = key


class Contest(Generic[C]):
    """A level on a copy that is charged while a round is decided."""

    __slots__ = ("_names", "_plans", "_scratch", "_weighed", "order")

    def __init__(self, level: Level[C], pool: Pool) -> None:
        self.order = level.ordered().copy()
        self._weighed = pool.weighed
        self._names = list(pool.weighed)
        self._plans: dict[Bundle, list[tuple[int, int, int]]] = {}
        self._scratch: dict[Client, _Scratch] = {}

    def charge(self, client: C, agent: str, bundle: Bundle) -> None:
        """The client is given a bundle: one more allocation, and a later place in the order.

        Needless if there is nobody to compete with.
        """
        order = self.order
        scratch = self._scratch.get(client)
        if scratch is None:
            scratch = self._new_scratch(client)
        milli, key = scratch.milli, scratch.key
        share, over, under = key[0], client.over, client.under
        if bundle.shared:
            self._gain_shared(client, scratch, agent, bundle.shared)
            share = self._share(client, milli)
        # Shares only grow while a round is decided, so what did not change needs no second look.
        for number, more, total in self._plans.get(bundle) or self._plan(bundle):
            milli[number] += more
            mine = milli[number] * under / (total * over)
            if mine > share:
                share = mine
        scratch.count += 1
        if order[0] is key:
            del order[0]
        else:
            del order[bisect_left(order, key)]
        scratch.key = new = (share, scratch.count, client.path, client)
        insort(order, new)

    def sorted(self, clients: Iterable[C]) -> list[C]:
        """Some of the clients, in order."""
        return [key[3] for key in sorted(map(self.key, clients))]

    def key(self, client: C) -> Key[C]:
        """The present place of a client."""
        scratch = self._scratch.get(client)
        key = client.key if scratch is None else scratch.key
        assert key is not None, f"{client.path} is not listed"
        return key  # type: ignore[return-value]

    def _new_scratch(self, client: C) -> _Scratch:
        held = client.totals
        milli = [held.get(name, 0) for name in self._names]
        scratch = self._scratch[client] = _Scratch(milli, client.count, self.key(client))
        return scratch

    def _plan(self, bundle: Bundle) -> list[tuple[int, int, int]]:
        """What a bundle adds to which name, next to the cluster's total of it."""
        plan = [
            (self._names.index(name), milli, self._weighed[name])
            for name, milli in bundle.counted
            if name in self._weighed
        ]
        if len(self._plans) < MOST_PLANS:  # where no two agents are alike they are not wanted again
            self._plans[bundle] = plan
        return plan

    def _share(self, client: C, milli: list[int]) -> float:
        totals = self._weighed.values()
        over, under = client.over, client.under
        return max(
            (mine * under / (total * over) for mine, total in zip(milli, totals, strict=True)), default=0.0
        )

    def _gain_shared(self, client: C, scratch: _Scratch, agent: str, copies: Resources) -> None:
        before = scratch.shared.get(agent)
        if before is None:
            before = client.shared.get(agent, Resources.EMPTY)
        after = scratch.shared[agent] = before + copies
        was, now = scalar_quantities(before), scalar_quantities(after)
        for number, name in enumerate(self._names):
            scratch.milli[number] += now[name] - was[name]
