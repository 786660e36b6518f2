"""The tree of roles on its own, as the original measures its sorters: flat, and with every node a client.

Source: reference allocator.md §10, "Sorter FullSort" and "Sorter HierarchyFullSort".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import starmap

from bench.allocator_cluster import Took, Yardstick, timed
from bench.allocator_figures import Figure
from cluster.allocator.bundle import Bundle
from cluster.allocator.pool import Pool
from cluster.allocator.tree import RoleTree
from cluster.model import Resources

TOTAL = "cpus:24;mem:4096;disk:4096;ports:[31000-32000]"
PORTS = ",".join(f"{31_000 + 10 * n}-{31_005 + 10 * n}" for n in range(100))
HELD = f"cpus:16;mem:2014;disk:1024;ports:[{PORTS}]"


def flat(clients: int) -> list[str]:
    """Clients side by side."""
    return [f"client-{n:05}" for n in range(clients)]


def tree(height: int, branching: int) -> list[str]:
    """A tree of so many levels, every node of which is a client."""
    level, found = [""], list[str]()
    for _ in range(height):
        level = [f"{above}/{n}".lstrip("/") for above in level for n in range(branching)]
        found += level
    return found


def sorters(agents: int, frameworks: int, depths: tuple[tuple[int, int], ...]) -> Iterator[Figure]:
    """All steps over flat clients, then over trees of (height, branching)."""
    yield from _steps("FullSort", flat(frameworks), agents)
    for height, branching in depths:
        yield from _steps(f"HierarchyFullSort {height}x{branching}", tree(height, branching), agents)


def _steps(name: str, paths: list[str], agents: int) -> Iterator[Figure]:
    yardstick = Yardstick()
    pool = Pool()
    roles = RoleTree(pool)
    total, held = Bundle.of(Resources.parse(TOTAL)), Bundle.of(Resources.parse(HELD))
    found: list[tuple[str, Took]] = []

    def step(what: str, work: Callable[[], object]) -> None:
        found.append((what, timed(work)))

    def step_for_each(
        what: str, work: Callable[..., object], arguments: Sequence[tuple[object, ...]]
    ) -> None:
        step(what, lambda: deque(starmap(work, arguments), maxlen=0))

    names = [(path,) for path in paths]
    joining = [(total.scalars(),)] * agents
    step_for_each("add clients", roles.add, names)
    step_for_each("add agents", pool.add, joining)
    holding = [(roles.roles[paths[n % len(paths)]], f"agent-{n}", held) for n in range(agents)]
    step_for_each("add allocations", roles.charge, [(*each, 1) for each in holding])
    step("full sort", lambda: deque(roles.in_order(), maxlen=0))
    step("sort again", lambda: deque(roles.in_order(), maxlen=0))
    step_for_each("remove allocations", roles.discharge, holding)
    step_for_each("remove agents", pool.remove, joining)
    step_for_each("remove clients", roles.remove, [(roles.roles[path],) for path in paths])
    yard = yardstick.look()
    for what, took in found:
        yield Figure.of("sorters", f"{name}, {agents:,} / {len(paths):,}", what, took, yard)
