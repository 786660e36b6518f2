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
#: Scripts about what an implementation does not have yet; the test fails when one of them could run.
NOT_YET: dict[str, frozenset[str]] = {"oracle": frozenset(), "production": frozenset()}
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
