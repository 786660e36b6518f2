"""Explanations say for each reason what is known about it: who, what is missing, how much, until when."""

from __future__ import annotations

from cluster.allocator import Why, explain
from cluster.model import Quantities
from tests.unit.test_allocator_scenarios import Cluster


def test_what_would_never_do_is_told_apart_within_a_reason() -> None:
    c = Cluster()
    c.state.add_framework("F", ["R"], min_allocatable={"R": (Quantities({"cpus": 3000}),)})
    c.state.add_framework("G", ["S"])
    c.agent("small", "2/1024")
    c.agent("large", "4/1024")
    c.agent("reserved", "4/1024@S")
    answer = explain(c.state, c.last, "F", "R", c.now_s)
    never = answer.never
    assert answer.minimum == ("cpus:3",)
    assert answer.possible == answer.agents - sum(never.values()) == 1
    assert all(0 < never[why] <= answer.withheld[why] for why in never)
    assert never[Why.RESERVED_TO_OTHERS] == 1


def test_those_who_have_what_would_do_are_named_but_not_of_what_would_not() -> None:
    c = Cluster()
    c.state.add_framework("G", ["S"])
    c.agent("small", "1/512")
    c.agent("large", "4/1024")
    c.state.add_framework("F", ["R"], min_allocatable={"R": (Quantities({"cpus": 3000}),)})
    c.batch(after_s=1)
    answer = explain(c.state, c.last, "F", "R", c.now_s)
    assert answer.withheld == {Why.NOTHING_FREE: 2}
    assert answer.never == {Why.NOTHING_FREE: 1}
    assert answer.holders == {("G", "S"): 1}
    assert answer.takers == {}


def test_the_names_of_what_is_missing() -> None:
    c = Cluster()
    c.framework("F", "R")
    c.agent("one", "1/512 + gpus:1")
    c.agent("two", "1/512 + gpus:1")
    answer = explain(c.state, c.last, "F", "R", c.now_s)
    assert answer.missing == {"GPU_RESOURCES": 2}
    assert answer.never == {Why.CAPABILITY: 2}


def test_the_first_and_the_last_end_of_refusals() -> None:
    c = Cluster()
    c.framework("F", "R")
    for name, refuse_s in (("a", 300), ("b", 100), ("c", 200)):
        c.agent(name, "1/512")
        c.give_back("F", name, refuse_s=refuse_s)
    c.batch(after_s=1)
    answer = explain(c.state, c.last, "F", "R", c.now_s)
    assert answer.withheld == {Why.FILTERED: 3}
    assert (answer.until_s, answer.until_last_s) == (100.0, 300.0)
    assert answer.never == {}
