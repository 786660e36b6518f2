"""Every script under allocator/ on every implementation: `pytest tests/golden/test_allocator.py -k A53`.

To have another implementation tested, write an adapter beside `subject_oracle.py` and add it to `SUBJECTS`.
"""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from tests.golden.subject_oracle import OracleSubject
from tests.golden.subject_production import ProductionSubject
from tests.golden.transcript import NewSubject, transcript
from tests.oracle.notation import BadNotation, parse, show
from tests.oracle.subject import Unsupported

SCRIPTS = sorted((Path(__file__).parent / "allocator").glob("*.txt"))
PRODUCTION_LACKS = [
    "A05_offer_filter",
    "A07_unknown_framework",
    "A08_inverse_offers",
    "A11_reservations_use_up_quota",
    "A13_reservations_beside_quota",
    "A14_shared_volume_and_quota",
    "A15_reserving_what_is_allocated",
    "A16_unreserving_what_is_allocated",
    "A23_volumes_are_offered_again",
    "A24_shared_volume",
    "A25_shared_volumes_need_the_capability",
    "A26_operator_reserves",
    "A34_no_double_accounting",
    "A35_quota_guarantees",
    "A37_quota_removed",
    "A38_frameworks_share_a_quota",
    "A39_agents_are_cut_to_quota",
    "A40_disks_that_cannot_be_cut",
    "A41_several_disks",
    "A43_fair_share_beside_quota",
    "A44_quota_against_starvation",
    "A45_headroom_for_nobody",
    "A46_own_guarantee_before_headroom",
    "A48_reservation_within_quota",
    "A49_reserved_to_others_is_no_headroom",
    "A54_limit_of_one_resource",
    "A57_reserved_below_counts",
    "A59_headroom_beside_nested_roles",
    "A62_resource_provider",
    "A63_metrics",
    "A64_quota_metrics",
    "X03_offer_constraints",
    "X05_recovery",
    "X07_random_sorter",
    "X08_deactivated_agent",
    "X10_headroom_in_pieces",
    "X11_limits_without_guarantees",
    "X12_burst_up_to_the_limit",
    "X13_limit_of_a_parent",
    "X14_quotas_with_frameworks",
    "X15_why_not",
]
#: Scripts about what an implementation does not have yet; the test fails when one of them could run.
NOT_YET: dict[str, frozenset[str]] = {"oracle": frozenset(), "production": frozenset(PRODUCTION_LACKS)}
SUBJECTS: dict[str, NewSubject] = {"oracle": OracleSubject, "production": ProductionSubject}


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script(path: Path, subject: str) -> None:
    try:
        expected, got = transcript(path.read_text(), SUBJECTS[subject])
    except Unsupported:
        assert path.stem in NOT_YET[subject]
        return
    assert path.stem not in NOT_YET[subject], "it is there now: take it off the list"
    if expected != got:
        diff = difflib.unified_diff(expected, got, "expected", "got", lineterm="", n=100)
        pytest.fail(f"{path.name} on {subject}\n" + "\n".join(diff), pytrace=False)


@pytest.mark.parametrize(
    "text",
    [
        "2/1024",
        "0.5/200/10@R + cpus:3~ + ports:[1-3,5-5]",
        "disk:50@a@!a/b + block:9=b + mount:100=/m + shared:5=v@!R + tags:{x,y} + volume:7=w@!R",
        "nothing",
    ],
)
def test_notation_reads_what_it_shows(text: str) -> None:
    assert show(parse(text)) == text
    assert show(parse(show(parse(text)))) == text


def test_a_bad_line_is_named() -> None:
    with pytest.raises(BadNotation, match=r"line 2, 'framwork F'"):
        transcript("agent A 1/512\nframwork F", OracleSubject)
