"""Lets a program go on in the background after the shell has its prompt back."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType

from cluster.cli.told import SIGNALS

Release = Callable[[int], None]
"""Called once by what runs in the background: the program in the foreground ends with this code."""


def in_background(run: Callable[[Release], int]) -> int:
    """Run `run` in a process and session of its own; returns when it released us, or has ended.

    Until then signals are passed on to it, and it has our terminal. To be called before there is a
    thread or an event loop.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _be_in_background(run, writer)
    os.close(writer)
    before = {number: signal.signal(number, _passed_to(child)) for number in SIGNALS}
    try:
        code = os.read(reader, 1)
    finally:
        os.close(reader)
        for number, handler in before.items():
            signal.signal(number, handler)
    if code:
        return code[0]
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _passed_to(child: int) -> Callable[[int, FrameType | None], None]:
    def pass_on(number: int, frame: FrameType | None) -> None:
        os.kill(child, number)  # it is there: nobody else reaps it

    return pass_on


def _be_in_background(run: Callable[[Release], int], writer: int) -> None:
    """The child; does not return."""
    code = 1
    try:
        os.setsid()
        code = run(lambda code: _release(writer, code))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _release(writer: int, code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    os.chdir("/")
    try:
        os.write(writer, bytes([code]))
    except BrokenPipeError:  # it did not wait
        pass
    os.close(writer)
