"""Rounds in words, a line for each thing granted."""

from __future__ import annotations

from cluster.model import Resources, print_milli
from tests.oracle.notation import show
from tests.oracle.round import Round


def told(done: Round) -> list[str]:
    """What a round did, a line for each grant in order, then for each inverse offer."""
    lines = [told_grant(g.framework, g.role, g.agent, g.resources) for g in done.grants]
    for inverse in done.inverse_offers:
        start_s = print_milli(inverse.unavailability.start.nanoseconds // 1_000_000)
        lines.append(f"{inverse.framework} is asked to leave {inverse.agent} by {start_s}")
    return lines


def told_grant(framework: str, role: str, agent: str, resources: Resources) -> str:
    """`F gets A 1/512 for R`"""
    return f"{framework} gets {agent} {show(resources)} for {role}"
