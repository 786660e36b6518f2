"""Programs that tidy up: signals, failures beside the work, steps that are not cut in two."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from cluster.cli.told import Interrupted, Told, to_its_end, unless
from tests.limits import LIMIT_S


class Broken(Exception):
    """Something else failed."""


async def never() -> Exception:
    await asyncio.Event().wait()
    raise AssertionError("cancelled")


async def result(of: object) -> object:
    return of


async def failure() -> Exception:
    return Broken()


async def failing() -> None:
    raise ValueError("a consequence")


async def test_work_ends_by_itself() -> None:
    assert await unless(never(), result(3)) == 3
    with pytest.raises(ValueError, match="a consequence"):
        async with asyncio.timeout(LIMIT_S):
            await unless(never(), failing())


async def test_a_failure_ends_the_work() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(Broken):
        await unless(failure(), work())
    assert ended.is_set()


async def test_a_failure_that_is_noticed_late_is_the_reason() -> None:
    failed = asyncio.Event()

    async def late() -> Exception:
        await failed.wait()
        return Broken()

    async def work() -> None:
        asyncio.get_running_loop().call_soon(failed.set)
        raise ValueError("a consequence")

    with pytest.raises(Broken):
        await unless(late(), work())


async def test_a_step_is_not_cut_in_two() -> None:
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def step() -> None:
        begun.set()
        await go_on.wait()
        ended.set()

    task = asyncio.ensure_future(to_its_end(step()))
    await begun.wait()
    task.cancel()
    asyncio.get_running_loop().call_soon(go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_the_first_signal_cancels_and_the_next_one_hurries() -> None:
    told = Told()
    hurried = asyncio.Event()

    async def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            await hurried.wait()

    try:
        async with asyncio.timeout(LIMIT_S):
            with pytest.raises(Interrupted) as raised:
                await told.obeying(work(), hurried.set)
    finally:
        told.close()
    assert raised.value.exit_code == 143


async def test_told_before_the_work() -> None:
    told = Told()
    told.tell(signal.SIGINT)
    try:
        with pytest.raises(Interrupted):
            await told.obeying(never(), lambda: None)
    finally:
        told.close()
