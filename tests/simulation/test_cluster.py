"""A cluster of one master, five agents and three frameworks under faults, seed by seed."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest

from tests.simulation.cluster import SimulatedCluster, Violation, swarm

SEEDS = range(int(os.environ.get("TEPUI_SEEDS", "200")))


@pytest.fixture(autouse=True)
def _quiet() -> object:
    """The log of a simulated day is for replays, not for every run."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_under_faults(seed: int) -> None:
    cluster = SimulatedCluster(seed)
    try:
        cluster.run(swarm())
    except Exception as error:
        replay = f"python -m tests.simulation.cluster --seed={seed}"
        raise Violation(f"seed {seed}: {error}\nreplay it with: {replay}") from error


def test_work_is_done_without_faults() -> None:
    cluster = SimulatedCluster(12345)
    cluster.run(lambda cluster: None, limit_s=300.0)


def test_one_seed_is_one_history_whatever_the_hash_seed() -> None:
    digests = set()
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.simulation.cluster", "--seed=3"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1
