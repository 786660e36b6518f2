"""What mesos-demo looks like, with and without a terminal."""

from __future__ import annotations

import io

from cluster.cli.demo_view import DemoConsole, Lane, Load, View

LANES = [
    Lane("compress", "", 21, 42, 7, 0.625, "mem"),
    Lane("digest", "", 5, 42, 6, 0.5, "cpus"),
]
LOADS = [Load("agent 1", 2.5, 4.0, 3.0, 4.0)]


def view_of(*, terminal: bool, width: int = 80, encoding: str = "utf-8") -> tuple[View, io.BytesIO]:
    shown = io.BytesIO()
    file = io.TextIOWrapper(shown, encoding=encoding, write_through=True)
    console = DemoConsole(
        file=file, force_terminal=terminal, width=width, highlight=False, color_system=None, _environ={}
    )
    return View(console, lambda: 1.25), shown


def test_lines_without_a_terminal() -> None:
    view, shown = view_of(terminal=False)
    view.exchange("agent 1", "master", "has it")
    view.exchange("allocator", "", "decides")
    view.step("x " * 60)
    assert shown.getvalue().decode() == (
        "   1.2 s agent 1 → master      has it\n"
        "   1.2 s allocator             decides\n"
        f"   1.2 s {'x ' * 60}\n"
    )


def test_without_a_terminal_progress_is_a_few_lines() -> None:
    view, shown = view_of(terminal=False, width=100)
    with view.live():
        for _ in range(3):
            assert not view.is_picture_due
            view.lanes(LANES, [])
    assert shown.getvalue().decode() == (
        "   1.2 s compress   21 of 42 tasks done,  7 running; share  62% (mem)\n"
    )


def test_on_a_terminal_progress_is_a_picture() -> None:
    view, shown = view_of(terminal=True)
    with view.live():
        assert view.is_picture_due
        view.lanes(LANES, LOADS)
        assert not view.is_picture_due  # at the same time
        view.lanes([], [])
    text = shown.getvalue().decode()
    assert " 21/42" in text
    assert " 7 running" in text
    assert " 62% mem" in text
    assert "2.5 of 4 cpus" in text
    assert "3.0 of 4 GB" in text


def test_where_there_is_only_ascii() -> None:
    view, shown = view_of(terminal=False, encoding="ascii")
    view.heading("A part")
    view.exchange("agent 1", "master", "x")
    view.verdict(True, "good")
    view.verdict(False, "bad")
    view.table(["a", "b"], [("row", "1", "2", "3")])
    lines = shown.getvalue().decode("ascii").splitlines()
    assert "agent 1 -> master" in lines[2]
    assert lines[3:5] == ["ok good", "NO bad"]
