"""Pictures of the run before are thrown away."""

from __future__ import annotations

import os

import pytest

from tests.browser.browser import OUT


@pytest.fixture(scope="session", autouse=True)
def fresh_output() -> None:
    """One process of a run in several does it."""
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0" and OUT.is_dir():
        for picture in OUT.glob("*.png"):
            picture.unlink()
