"""What the benchmark of the allocator says must be true, whatever the machine."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.allocator_chart import chart
from bench.allocator_cluster import Digest
from bench.allocator_figures import REFERENCE_YARDSTICK_S, Amount, Figure
from bench.allocator_shapes import SMALLEST, Shape, figures
from cluster.allocator import messages as m

ROOT = Path(__file__).parents[2]


def figure(
    cpu_s: float,
    yardstick_s: float = REFERENCE_YARDSTICK_S,
    cpp_s: float | None = None,
    floor: float | None = None,
    limit_s: float | None = None,
) -> Figure:
    what = ("table", "10,000 / 200 one", "full round, all free")
    return Figure(*what, cpu_s, cpu_s, yardstick_s, cpp_s, floor, limit_s)


def test_a_ratio_is_calibrated_and_compared_with_its_floor() -> None:
    slow_machine = figure(0.2, 2 * REFERENCE_YARDSTICK_S, cpp_s=0.6, floor=5.0)
    assert slow_machine.ratio == pytest.approx(6.0)
    assert slow_machine.is_met is True
    assert figure(0.2, cpp_s=0.6, floor=5.0).is_met is False
    assert figure(0.2, cpp_s=0.6).is_met is None
    assert figure(0.2, limit_s=0.1).is_met is False


def test_an_amount_is_compared_with_its_target() -> None:
    assert Amount("stretch", "", "", 21.0, "ms", most=20.0).is_met is False
    assert Amount("stretch", "", "", 19.0, "ms", most=20.0).is_met is True
    assert Amount("end", "", "", 19.0, "offers/s", least=20.0).is_met is False
    assert Amount("end", "", "", 19.0, "offers/s").is_met is None


def test_what_is_returned_is_all_that_was_handed_out() -> None:
    cluster = Shape(20, 3).cluster(1)
    made = cluster.offers()
    assert not any(agent.free for agent in cluster.state.agents.values())
    cluster.tell(cluster.returns(made))
    assert all(agent.free is agent.whole for agent in cluster.state.agents.values())
    cluster.interval()
    grants = [granted for offers in cluster.offers() for granted in offers.grants]
    assert {granted.agent_id for granted in grants} == set(cluster.state.agents)


def test_a_failure_of_the_allocator_is_not_measured_but_raised() -> None:
    cluster = Shape(2, 1).cluster(1)
    with pytest.raises(KeyError):
        cluster.tell([m.Revive("nobody")])


def test_a_row_has_all_its_figures_and_the_digest_of_its_first_run() -> None:
    digest = Digest()
    row = list(figures(SMALLEST[0], 7, 1, digest))
    assert len({one.what for one in row}) == len(row) == 6
    assert all(one.cpu_s > 0 and one.yardstick_s > 0 for one in row)
    assert digest.grants == 3 * SMALLEST[0].shape.agents


PROGRAM = """
from bench.allocator_cluster import Digest
from bench.allocator_shapes import SMALLEST, run
digest = Digest()
for original in SMALLEST:
    run(original.shape, 7, digest)
print(digest.text(), digest.grants)
"""


def test_the_digest_is_of_all_grants_and_does_not_depend_on_the_order_of_sets() -> None:
    first, second = (
        subprocess.check_output(
            [sys.executable, "-c", PROGRAM], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, text=True
        )
        for seed in ("1", "2")
    )
    assert first == second
    handed_out_three_times = 3 * sum(original.shape.agents for original in SMALLEST)
    assert int(first.split()[1]) == handed_out_three_times


def test_the_chart_has_a_line_for_ours_and_one_for_the_original() -> None:
    large = Figure("table", "50,000 / 200 one", "full round, all free", 1.0, 1.0, 0.65, cpp_s=2.0)
    image = ElementTree.fromstring(chart([figure(0.1, cpp_s=0.3), large]))
    lines = image.findall("{http://www.w3.org/2000/svg}polyline")
    assert [line.get("stroke-dasharray") is not None for line in lines] == [False, True]
    assert all(len((line.get("points") or "").split()) == 2 for line in lines)
