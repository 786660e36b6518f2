"""The network of a test, or the reason why there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.netns.network import Network, reason_against, running_network


@pytest.fixture(scope="session")
def why_no_network(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Asked once."""
    return reason_against(tmp_path_factory.mktemp("probe"))


@pytest.fixture
def network(why_no_network: str, tmp_path: Path) -> Iterator[Network]:
    """An empty network. Where tests must not skip themselves, a machine that cannot is a failure."""
    if why_no_network:
        if os.environ.get("TEPUI_REQUIRE_ALL") == "1":
            pytest.fail(f"no network namespaces: {why_no_network}")
        pytest.skip(f"no network namespaces: {why_no_network}")
    with running_network(tmp_path / "hosts") as made:
        yield made
