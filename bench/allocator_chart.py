"""A chart of the table: time against agents, a line per number of frameworks, the original beside ours."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bench.allocator_figures import Figure

WIDTH, HEIGHT = 460, 380
LEFT, RIGHT, TOP, BOTTOM = 62, 120, 46, 44
COLOURS = ("#1b6ca8", "#d1495b", "#3a7d44", "#8a5a9e", "#c77d0a", "#2a9d8f", "#6b705c", "#111111")
PANELS = ("full round, all free", "add frameworks, all free at first", "round with nothing free")


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds by agents for one number of frameworks."""

    label: str
    points: tuple[tuple[int, float], ...]
    colour: str
    is_original: bool


def chart(figures: Iterable[Figure]) -> str:
    """An SVG image with a panel for each kind of time; both axes are logarithmic."""
    figures = [figure for figure in figures if figure.section == "table"]
    panels = [_panel(n, what, _lines(figures, what)) for n, what in enumerate(PANELS)]
    width = len(PANELS) * WIDTH
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" '
            f'height="{HEIGHT}" font-family="sans-serif" font-size="11">',
            f'<rect width="{width}" height="{HEIGHT}" fill="white"/>',
            *panels,
            "</svg>\n",
        ]
    )


def _lines(figures: list[Figure], what: str) -> list[Line]:
    ours: dict[str, list[tuple[int, float]]] = {}
    originals: dict[str, list[tuple[int, float]]] = {}
    for figure in figures:
        if figure.what != what:
            continue
        agents, _, label = figure.shape.partition(" / ")
        count = int(agents.replace(",", ""))
        ours.setdefault(label, []).append((count, figure.calibrated_s))
        if figure.cpp_s is not None:
            originals.setdefault(label, []).append((count, figure.cpp_s))
    found = []
    for number, label in enumerate(ours):
        colour = COLOURS[number % len(COLOURS)]
        found.append(Line(label, tuple(sorted(ours[label])), colour, False))
        if label in originals:
            found.append(Line(label, tuple(sorted(originals[label])), colour, True))
    return found


def _panel(number: int, title: str, lines: list[Line]) -> str:
    left, right = number * WIDTH + LEFT, (number + 1) * WIDTH - RIGHT
    top, bottom = TOP, HEIGHT - BOTTOM
    xs = [agents for line in lines for agents, _ in line.points] or [1]
    ys = [seconds for line in lines for _, seconds in line.points] or [1.0]
    low_x, high_x = math.floor(math.log10(min(xs))), math.ceil(math.log10(max(xs)) + 1e-9)
    low_y, high_y = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)) + 1e-9)
    high_x, high_y = max(high_x, low_x + 1), max(high_y, low_y + 1)

    def x(agents: float) -> float:
        return left + (math.log10(agents) - low_x) / (high_x - low_x) * (right - left)

    def y(seconds: float) -> float:
        return bottom - (math.log10(seconds) - low_y) / (high_y - low_y) * (bottom - top)

    parts = [f'<text x="{left}" y="{top - 24}" font-size="14">{escape(title)}</text>']
    parts.append(
        f'<text x="{left}" y="{top - 9}" fill="#555">seconds, calibrated; dashed: C++ original</text>'
    )
    for power in range(low_y, high_y + 1):
        at = y(10.0**power)
        parts.append(f'<line x1="{left}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for power in range(low_x, high_x + 1):
        at = x(10.0**power)
        parts.append(f'<line x1="{at:.1f}" y1="{top}" x2="{at:.1f}" y2="{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{10**power:,}</text>')
    parts.append(f'<text x="{(left + right) / 2}" y="{bottom + 34}" text-anchor="middle">agents</text>')
    for line in lines:
        dots = [(x(agents), y(seconds)) for agents, seconds in line.points]
        dash = ' stroke-dasharray="5 4"' if line.is_original else ""
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in dots)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{line.colour}" stroke-width="1.6"{dash}/>'
        )
        for a, b in dots:
            fill = "white" if line.is_original else line.colour
            parts.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{fill}" stroke="{line.colour}"/>')
    labels = [line for line in lines if not line.is_original]
    for place, line in enumerate(labels):
        at = top + 10 + 16 * place
        parts.append(f'<circle cx="{right + 12}" cy="{at - 4}" r="4" fill="{line.colour}"/>')
        parts.append(f'<text x="{right + 20}" y="{at}">{escape(line.label)}</text>')
    return "\n".join(parts)
