"""What a cluster costs the allocator's process in memory, in a process of its own per shape.

    python -m bench.allocator_memory --agents=10000 --frameworks=200 --roles=one

prints one line of JSON. Memory is what is resident after agents and frameworks were added and everything was
handed out, in MB of 1,000,000 bytes as in the original's table: all of the process, and what grew since its
start. With `--filters=10` every agent was then refused by that many of the frameworks.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.allocator_cluster import FOREVER_S, as_in_the_daemon
from bench.allocator_figures import Amount
from bench.allocator_shapes import Original, Shape

MB = 1_000_000
MOST_FILTERS_MB = 2_000.0
"""For 50,000 agents, 1,000 frameworks and five million filters."""
ROOT = Path(__file__).parents[1]


def resident_mb() -> float:
    """What the process has in memory."""
    return float(psutil.Process().memory_info().rss) / MB


def measure(shape: Shape, seed: int, filters: int) -> dict[str, float]:
    """Build the cluster in this process: growth and total in MB, and the number of filters."""
    gc.collect()
    before = resident_mb()
    cluster = shape.cluster(seed)
    cluster.tell(cluster.returns(cluster.offers()))
    cluster.interval()
    for _ in range(filters):
        cluster.tell(cluster.returns(cluster.offers(), FOREVER_S))
        cluster.interval()
    cluster.desk.made.clear()
    gc.collect()
    total = resident_mb()
    count = sum(seat.filters for f in cluster.state.frameworks.values() for seat in f.seats.values())
    return {"growth_mb": total - before, "total_mb": total, "filters": float(count)}


def in_child(shape: Shape, seed: int, filters: int = 0) -> dict[str, float]:
    """The same in a fresh process."""
    command = [sys.executable, "-m", "bench.allocator_memory", f"--seed={seed}", f"--filters={filters}"]
    command += [f"--agents={shape.agents}", f"--frameworks={shape.frameworks}", f"--roles={shape.roles}"]
    command += ["--is-random"] * shape.is_random
    found: dict[str, float] = json.loads(subprocess.check_output(command, cwd=ROOT, text=True))
    return found


def memory(original: Original, seed: int) -> Iterator[Amount]:
    """The memory of one shape; with one role a third of the original's is asked for, with many a tenth."""
    shape, cpp = original.shape, original.memory_mb
    most = None if cpp is None else cpp / (10 if shape.roles == "each" else 3)
    found = in_child(shape, seed)
    yield Amount("memory", str(shape), "whole process", found["total_mb"], "MB", cpp, most)
    yield Amount("memory", str(shape), "growth", found["growth_mb"], "MB", cpp)


def filter_memory(agents: int, frameworks: int, seed: int) -> Iterator[Amount]:
    """The memory with a filter for a tenth of all pairs of agent and framework."""
    shape = Shape(agents, frameworks)
    found = in_child(shape, seed, max(1, frameworks // 10))
    what = f"{found['filters']:,.0f} filters"
    most = MOST_FILTERS_MB if agents * frameworks == 50_000_000 else None
    yield Amount("filters", str(shape), f"{what}, whole process", found["total_mb"], "MB", None, most)
    each = found["growth_mb"] * MB / found["filters"]
    yield Amount("filters", str(shape), f"{what}, growth for each", each, "bytes")


def main() -> int:
    """Measure one shape."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, required=True)
    parser.add_argument("--frameworks", type=int, required=True)
    parser.add_argument("--roles", default="one")
    parser.add_argument("--is-random", action="store_true")
    parser.add_argument("--filters", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    as_in_the_daemon()
    shape = Shape(options.agents, options.frameworks, options.roles, options.is_random)
    print(json.dumps(measure(shape, options.seed, options.filters)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
