"""What mesos-demo looks like: steps with the time they happened at, live bars, the closing table.

Nothing is known here of the cluster; whoever shows something hands over what was read from it.
Without a terminal the same words come as plain lines.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table

#: Columns where there is no terminal to ask.
PLAIN_WIDTH = 100
#: Pictures a second, at most.
PICTURES = 20
#: Without a terminal, progress is told this many times in all.
STEPS = 4
#: Width of a bar.
BAR = 20
#: Width of the words that tell who says something to whom.
EXCHANGE = 21
#: Colours of the frameworks, in their order.
COLOURS = ("cyan", "magenta")


@dataclass(frozen=True, slots=True)
class Lane:
    """One framework while it works: `share` is 0 to 1, of `dominant`."""

    name: str
    wants: str
    done: int
    total: int
    running: int
    share: float
    dominant: str


@dataclass(frozen=True, slots=True)
class Load:
    """One agent: what tasks use of it, and what it has; mem in GB."""

    name: str
    used_cpus: float
    cpus: float
    used_mem_gb: float
    mem_gb: float


class DemoConsole(Console):
    """A console whose reader may go away: then `on_gone` is called, and nothing printed any more."""

    on_gone: Callable[[], None] = staticmethod(lambda: None)

    def on_broken_pipe(self) -> None:
        self.quiet = True
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)
        self.on_gone()


def console_of(*, quiet: bool) -> DemoConsole:
    """The console of this process."""
    console = DemoConsole(quiet=quiet, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PLAIN_WIDTH
    return console


class View:
    """Shows a demonstration; `now` gives the seconds since its start."""

    def __init__(self, console: DemoConsole, now: Callable[[], float]) -> None:
        self.console = console
        self._now = now
        self._live: Live | None = None
        self._drawn_s = 0.0
        self._steps: dict[str, int] = {}
        plain = console.options.ascii_only
        self.tick = "ok" if plain else "✓"
        self.cross = "NO" if plain else "✗"
        self.arrow = "->" if plain else "→"
        self._rule = "-" if plain else "─"

    @property
    def seconds(self) -> str:
        """The time since the start, in words."""
        return f"{self._now():.1f} s"

    # -- lines --------------------------------------------------------------------------------

    def heading(self, text: str) -> None:
        """Begin a part."""
        self.console.print()
        self.console.print(Rule(f"[bold]{escape(text)}", align="left", characters=self._rule, style="dim"))

    def say(self, markup: str) -> None:
        """Words between the steps; they begin below the first column."""
        self._print("", markup)

    def step(self, markup: str) -> None:
        """Something happened just now."""
        self._print(self.seconds, markup)

    def _print(self, left: str, markup: str) -> None:
        if not self.console.is_terminal:
            self.console.print(f"{left:>8} {markup}", soft_wrap=True)
            return
        table = Table.grid(padding=(0, 1))
        table.add_column(width=8, justify="right", no_wrap=True, style="dim")
        table.add_column(overflow="fold")  # long words go on below themselves
        table.add_row(left, markup)
        self.console.print(table)

    def exchange(self, sender: str, receiver: str, markup: str) -> None:
        """Somebody told somebody something."""
        if receiver:
            width = EXCHANGE - len(sender) - len(self.arrow) - 2
            who = f"{_coloured(sender)} {self.arrow} {_coloured(receiver, width)}"
        else:
            who = _coloured(sender, EXCHANGE)
        self.step(f"{who} {markup}")

    @contextmanager
    def busy(self, words: str) -> Iterator[None]:
        """Show on a terminal that something takes its time."""
        if not self.console.is_terminal or self.console.quiet:
            yield
            return
        with self.console.status(f"[dim]{words}[/]"):
            yield

    # -- live ---------------------------------------------------------------------------------

    @contextmanager
    def live(self) -> Iterator[None]:
        """A picture that `lanes` or `check` change; it is gone at the end."""
        self._steps.clear()
        if not self.console.is_terminal or self.console.quiet:
            yield
            return
        with Live(console=self.console, auto_refresh=False, transient=True) as self._live:
            try:
                yield
            finally:
                self._live = None

    @property
    def is_picture_due(self) -> bool:
        """Whether what `lanes` is given now will be drawn, so that it is worth asking for."""
        return self._live is not None and self._now() - self._drawn_s >= 1 / PICTURES

    def lanes(self, lanes: Sequence[Lane], loads: Sequence[Load], *, is_last: bool = False) -> None:
        """How far the frameworks are, and what the agents bear."""
        if self._live is None:
            for lane in lanes:
                if self._is_due(lane.name, lane.done, lane.total):
                    self.step(self._lane_line(lane))
        elif self._may_draw(is_last):
            self._live.update(Group(_lane_table(lanes), _load_table(loads)), refresh=True)

    def done(self, words: str) -> None:
        """Something that took its time is over."""
        self.step(f"[green]{self.tick}[/] {words}")

    def check(self, words: str, done: int, total: int) -> None:
        """How far a comparison is."""
        if self._live is not None and self._may_draw(done == total):
            table = Table.grid(padding=(0, 1))
            table.add_row(" " * 8, f"{words:<25}", _bar(done, total, "green"), f"{done}/{total} files")
            self._live.update(table, refresh=True)

    def _may_draw(self, is_last: bool) -> bool:
        may = is_last or self.is_picture_due
        if may:
            self._drawn_s = self._now()
        return may

    def _is_due(self, name: str, done: int, total: int) -> bool:
        step = done * STEPS // total if total else STEPS
        is_new = step > self._steps.get(name, 0)
        self._steps[name] = step
        return is_new

    def _lane_line(self, lane: Lane) -> str:
        return (
            f"{lane.name:<9} {lane.done:>3} of {lane.total} tasks done, {lane.running:>2} running; "
            f"share {lane.share:>4.0%} ({lane.dominant or 'nothing'})"
        )

    # -- the end ------------------------------------------------------------------------------

    def table(self, names: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
        """The closing table: a column for each framework and one for both."""
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        table.add_column("")
        for name, colour in zip(names, COLOURS, strict=True):
            table.add_column(f"[{colour}]{name}[/]", justify="right")
        table.add_column("together", justify="right")
        for row in rows:
            table.add_row(*row)
        self.console.print(table)

    def verdict(self, is_good: bool, markup: str) -> None:
        """How it ended."""
        mark = f"[bold green]{self.tick}[/]" if is_good else f"[bold red]{self.cross}[/]"
        self.console.print(f"{mark} {markup}")


def _coloured(who: str, width: int = 0) -> str:
    colour = {"framework 1": COLOURS[0], "framework 2": COLOURS[1], "agent 1": "green"}.get(who, "bold")
    return f"[{colour}]{who:<{width}}[/]"


def _bar(done: float, total: float, colour: str) -> ProgressBar:
    return ProgressBar(
        total=total or 1, completed=done, width=BAR, complete_style=colour, finished_style=colour
    )


def _lane_table(lanes: Sequence[Lane]) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_row("", "", "[dim]tasks done[/]", "", "", "[dim]dominant share[/]", "")
    for lane, colour in zip(lanes, COLOURS, strict=True):
        table.add_row(
            " " * 8,
            f"[{colour}]{lane.name:<9}[/]",
            _bar(lane.done, lane.total, colour),
            f"{lane.done:>3}/{lane.total}",
            f"{lane.running:>2} running",
            _bar(lane.share, 1.0, colour),
            f"{lane.share:>4.0%} {lane.dominant}",
        )
    return table


def _load_table(loads: Sequence[Load]) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    for load in loads:
        table.add_row(
            " " * 8,
            f"[green]{load.name:<9}[/]",
            _bar(load.used_cpus, load.cpus, "green"),
            f"{load.used_cpus:>4.1f} of {load.cpus:g} cpus",
            _bar(load.used_mem_gb, load.mem_gb, "green"),
            f"{load.used_mem_gb:>4.1f} of {load.mem_gb:g} GB",
        )
    return table
