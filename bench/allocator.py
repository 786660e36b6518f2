"""How fast is the allocator, and how does it compare with the C++ original?

Run as ``python -m bench.allocator``; what each section measures is in the modules beside this one
(`bench/allocator_*.py`), how to read the tables in `bench/README.md`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from time import process_time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.allocator_changes import steady, variants
from bench.allocator_chart import chart
from bench.allocator_cluster import Digest, as_in_the_daemon
from bench.allocator_corners import SCENES, corner
from bench.allocator_crowded import crowded
from bench.allocator_end_to_end import end_to_end
from bench.allocator_figures import REFERENCE_YARDSTICK_S, Amount, Figure, Line
from bench.allocator_memory import filter_memory, memory
from bench.allocator_originals import originals
from bench.allocator_shapes import SMALLEST, TABLE, Original, Shape, declined, figures, revive
from bench.allocator_sorters import sorters
from bench.allocator_stretch import stretches

TITLES = {
    "table": "Shapes of the original's table",
    "declined": "Everything declined",
    "changes": "Cost follows what changed",
    "variants": "No agents x frameworks",
    "originals": "The original's list of benchmarks",
    "sorters": "The tree of roles alone",
    "memory": "Memory after everything was handed out",
    "filters": "Memory of offer filters",
    "stretch": "Longest stretch on the event loop",
    "corners": "Longest stretch in clusters unlike those of the table",
    "end": "Master, allocator, agents and frameworks in one process",
}


@dataclass(frozen=True, slots=True)
class Job:
    """Something to measure: its section, what the progress bar says, and the work."""

    section: str
    name: str
    work: Callable[[], Iterator[Line]]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large everything is; the defaults are those the targets are about."""

    table: tuple[Original, ...] = TABLE
    revive: tuple[int, int, float | None] = (10_000, 1_000, 5.0)
    declined: tuple[tuple[int, int, float | None], ...] = ((1_000, 50, 0.17), (10_000, 200, None))
    steady: tuple[Shape, Shape] = (Shape(50_000, 1_000), Shape(200, 1_000))
    variants: tuple[int, int, int] = (10_000, 100, 1_000)
    originals: tuple[int, int] = (1_000, 100)
    sorters: tuple[int, int, tuple[tuple[int, int], ...]] = (10_000, 1_000, ((3, 10), (7, 3), (10, 2)))
    filters: tuple[int, int] = (50_000, 1_000)
    stretch: tuple[Shape, ...] = (Shape(50_000, 1_000), Shape(50_000, 200, "each"))
    crowded: tuple[int, int, int] = (100, 1_000, 1_000)
    corners: float = 1.0
    end: tuple[int, int, int] = (1_000, 50, 10)


SMALLEST_SIZES = Sizes(
    table=SMALLEST,
    revive=(40, 20, None),
    declined=((40, 5, None),),
    steady=(Shape(200, 20), Shape(100, 20)),
    variants=(40, 10, 20),
    originals=(20, 5),
    sorters=(40, 10, ((2, 3),)),
    filters=(100, 20),
    stretch=(Shape(50, 10),),
    crowded=(4, 10, 20),
    corners=0.002,
    end=(10, 4, 3),
)


def jobs(sizes: Sizes, seed: int, rounds: int, digest: Digest, are_targets: bool) -> Iterator[Job]:
    """Everything there is to measure, in order."""
    for each in sizes.table:
        yield Job("table", str(each.shape), partial(figures, each, seed, rounds, digest))
    agents, frameworks, cpp_s = sizes.revive
    yield Job("table", "revive", lambda: iter([revive(agents, frameworks, seed, rounds, digest, cpp_s)]))
    for several in sizes.declined:
        a, f, c = several
        yield Job("declined", f"{a:,} / {f:,}", partial(declined, a, f, seed, digest, c))
    yield Job("changes", "100 agents changed", partial(steady, *sizes.steady, seed, rounds, digest))
    yield Job("variants", "variants", partial(variants, *sizes.variants, seed, rounds, digest))
    yield Job("originals", "list", partial(originals, *sizes.originals, seed, digest))
    yield Job("sorters", "sorters", partial(sorters, *sizes.sorters))
    for each in sizes.table:
        yield Job("memory", str(each.shape), partial(memory, each, seed))
    yield Job("filters", "filters", partial(filter_memory, *sizes.filters, seed))
    for shape in sizes.stretch:
        yield Job("stretch", str(shape), partial(stretches, shape, rounds, are_targets))
    a, f, parts = sizes.crowded
    yield Job("stretch", f"{parts:,} parts", partial(crowded, a, f, parts, rounds, are_targets))
    for scene in SCENES:
        yield Job("corners", scene, partial(corner, scene, sizes.corners, rounds, are_targets))
    agents_, frameworks_, intervals = sizes.end
    for roles in ("one", "each"):
        shape = Shape(agents_, frameworks_, roles)
        yield Job("end", str(shape), partial(end_to_end, shape, seed, intervals))


# -- tables ----------------------------------------------------------------------------------------------


def seconds(value: float) -> str:
    """A time with a fitting unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if value * factor >= 1 or unit == "us":
            return f"{value * factor:.3g} {unit}"
    raise AssertionError


def verdict(line: Line) -> str:
    """What became of the target."""
    return {None: "", True: "met", False: "[bold red]missed[/]"}[line.is_met]


def wanted(line: Line) -> str:
    """The target."""
    if isinstance(line, Figure):
        if line.limit_s is not None:
            return f"< {seconds(line.limit_s)}"
        return f"{line.floor:g}x" if line.floor is not None else ""
    if line.most is not None:
        return f"< {line.most:,.4g} {line.unit}"
    return f"> {line.least:,.4g} {line.unit}" if line.least is not None else ""


def times(title: str, lines: list[Figure]) -> Table:
    """A table of times."""
    table = Table(title=title, title_justify="left")
    for column in ("agents / frameworks", "what"):
        table.add_column(column)
    for column in ("CPU", "wall", "calibrated", "C++", "ratio", "target", ""):
        table.add_column(column, justify="right")
    last = ""
    for line in lines:
        ratio = "" if line.ratio is None else f"{line.ratio:,.1f}x"
        cpp = "" if line.cpp_s is None else seconds(line.cpp_s)
        shape, last = "" if line.shape == last else line.shape, line.shape
        own = (seconds(line.cpu_s), seconds(line.wall_s), seconds(line.calibrated_s))
        table.add_row(shape, line.what, *own, cpp, ratio, wanted(line), verdict(line))
    return table


def amounts(title: str, lines: list[Amount]) -> Table:
    """A table of everything that is not a time."""
    table = Table(title=title, title_justify="left")
    for column in ("agents / frameworks", "what"):
        table.add_column(column)
    for column in ("figure", "C++", "target", ""):
        table.add_column(column, justify="right")
    table.add_column("note", overflow="fold")
    last = ""
    for line in lines:
        shape, last = "" if line.shape == last else line.shape, line.shape
        cpp = "" if line.cpp is None else f"{line.cpp:,.4g} ({line.cpp / line.value:,.1f}x)"
        figure = f"{line.value:,.4g} {line.unit}"
        table.add_row(shape, line.what, figure, cpp, wanted(line), verdict(line), line.note)
    return table


def show(console: Console, section: str, lines: list[Line]) -> None:
    """The tables of a section."""
    if found := [line for line in lines if isinstance(line, Figure)]:
        console.print(times(TITLES[section], found))
    if other := [line for line in lines if isinstance(line, Amount)]:
        console.print(amounts(TITLES[section], other))


# -- running ---------------------------------------------------------------------------------------------


def measure(todo: list[Job], console: Console, errors: Console) -> list[Line]:
    """Do everything, and show the tables of each section as soon as it is done."""
    lines: list[Line] = []
    columns = (TextColumn("{task.description:40.40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        bar = progress.add_task("", total=len(todo))
        for section, group in groupby(todo, lambda job: job.section):
            mine: list[Line] = []
            for job in group:
                progress.update(bar, description=f"{job.section}: {job.name}")
                mine += job.work()
                progress.advance(bar)
            show(console, section, mine)
            lines += mine
    return lines


def whole_yardstick_s() -> float:
    """Processor seconds for summing `range(50_000_000)`."""
    began = process_time()
    sum(range(50_000_000))
    return process_time() - began


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--agents", type=int, help="measure one shape with so many agents")
    parser.add_argument("--frameworks", type=int, default=200, help="and so many frameworks")
    parser.add_argument("--roles", choices=("one", "nested", "each"), default="one")
    parser.add_argument("--only", nargs="+", choices=list(TITLES), help="only these sections")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--chart", type=Path, help="draw the table as SVG into this file")
    parser.add_argument("--strict", action="store_true", help="a missed target is exit status 1")
    parser.add_argument("--smallest", action="store_true", help="half a minute, only to see that it works")
    return parser.parse_args()


def sizes_of(options: argparse.Namespace) -> Sizes:
    """How large everything shall be."""
    if options.smallest:
        return SMALLEST_SIZES
    if options.agents is None:
        return Sizes()
    agents, frameworks = options.agents, options.frameworks
    shape = Shape(agents, frameworks, options.roles)
    return Sizes(
        table=tuple(each for each in TABLE if each.shape == shape) or (Original(shape),),
        revive=(agents, frameworks, None),
        declined=((agents, frameworks, None),),
        steady=(shape, Shape(200, frameworks, options.roles)),
        variants=(agents, max(1, frameworks // 10), frameworks),
        originals=(agents, frameworks),
        sorters=(agents, frameworks, ()),
        filters=(agents, frameworks),
        stretch=(shape,),
        end=(agents, frameworks, 10),
    )


def main() -> int:
    """Measure and print."""
    options = parsed()
    logging.getLogger("actors").setLevel(logging.CRITICAL)
    console, errors = Console(width=150), Console(stderr=True)
    rounds = 1 if options.smallest else options.rounds
    digest, sizes = Digest(), sizes_of(options)
    todo = [
        job
        for job in jobs(sizes, options.seed, rounds, digest, not options.smallest)
        if options.only is None or job.section in options.only
    ]
    as_in_the_daemon()
    yardstick = whole_yardstick_s()
    lines = measure(todo, console, errors)
    missed = [line for line in lines if line.is_met is False]
    console.print(
        f"sum(range(50_000_000)): {yardstick:.2f} s of processor time, "
        f"{REFERENCE_YARDSTICK_S} s where the original was measured"
    )
    console.print(f"digest of {digest.grants:,} grants: {digest.text()}")
    console.print(f"{len(missed)} targets missed" if missed else "all targets met")
    if options.json is not None:
        found = [line.as_json() for line in lines]
        about = {"yardstick_s": yardstick, "digest": digest.text(), "seed": options.seed}
        options.json.write_text(
            json.dumps({**about, "cpus": os.cpu_count(), "lines": found}, indent=1) + "\n"
        )
    if options.chart is not None:
        options.chart.write_text(chart(line for line in lines if isinstance(line, Figure)))
    return 1 if missed and options.strict and not options.smallest else 0


if __name__ == "__main__":
    sys.exit(main())
