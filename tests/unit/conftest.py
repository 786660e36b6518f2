"""What several files of these tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.actors_kit import Two


@pytest.fixture(params=["local", "remote"])
def two(request: pytest.FixtureRequest) -> Iterator[Two]:
    """Two places of actors: on the same host, and on two."""
    two = Two(remote=request.param == "remote")
    yield two
    for host in (two.near, two.far):
        if host.is_up:
            host.stop()
