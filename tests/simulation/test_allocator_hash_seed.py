"""One seed gives the same decisions however Python hashes strings."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", [0, 1], ids=["by share", "at random"])
def test_decisions_do_not_depend_on_the_hash_seed(seed: int) -> None:
    """With volumes, reservations, quota and everything else there is; by share, and by the random sorter."""
    command = [sys.executable, "-m", "tests.simulation.allocator_desk", f"--seed={seed}"]
    digests = {
        subprocess.check_output(command, env={**os.environ, "PYTHONHASHSEED": hash_seed}, cwd=ROOT, text=True)
        for hash_seed in ("1", "2")
    }
    (digest,) = digests
    found = re.match(r"(\d+) offers, (\d+) with volumes", digest)
    assert found is not None
    assert int(found[1]) > 100
    assert int(found[2]) > 5
