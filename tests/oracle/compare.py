"""Plays a history on two subjects and says where they first differ."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from operator import attrgetter

from tests.oracle.histories import Advance, History, RunRound, Step
from tests.oracle.notation import show
from tests.oracle.records import Options
from tests.oracle.round import Round
from tests.oracle.subject import Chances, OracleSubject, Subject
from tests.oracle.wording import told

NewSubject = Callable[[Options, Chances], Subject]


def difference(
    history: History, new_subject: NewSubject, compare: Collection[str] = ("agents", "shares")
) -> str | None:
    """The first difference between a subject and the oracle, in words; None if there is none.

    After every step are compared what rounds decided, and as `compare` says what is free and held of all
    agents (`agents`), shares and orders (`shares`; not with the random sorter), metrics (`gauges`), and why
    frameworks were not offered agents (`withheld`).
    """
    oracle = OracleSubject(history.options, history.chances())
    other = new_subject(history.options, history.chances())
    views = {"agents": _agents, "shares": _shares, "gauges": _gauges, "withheld": _withheld}
    for number, step in enumerate(history.steps):
        outcomes = [[_outcome(subject, step)] for subject in (oracle, other)]
        for name in compare:
            if name != "shares" or not history.options.is_random:
                for lines, subject in zip(outcomes, (oracle, other), strict=True):
                    lines.append(views[name](subject))
        for expected, got in zip(*outcomes, strict=True):
            if expected != got:
                only = [f"  oracle: {line}" for line in expected if line not in got]
                only += [f"  other:  {line}" for line in got if line not in expected]
                where = f"seed {history.seed}, step {number} at {oracle.now_s:g} s: {step}"
                return "\n".join([where, *(only or ["  another order", *map(str, (expected, got))])])
    return None


def _outcome(subject: Subject, step: Step) -> list[str]:
    rounds: list[Round] = []
    match step:
        case RunRound():
            rounds = [done for done in [subject.run_round()] if done is not None]
        case Advance():
            rounds = subject.advance(step.seconds)
        case _:
            return [] if subject.play(step) else ["refused"]
    return [line for done in rounds for line in (f"round at {done.at_s:g} s", *told(_by_agent(done)))]


def _by_agent(done: Round) -> Round:
    """The round with its grants agent by agent: in which order agents were looked at says nothing."""
    return replace(done, grants=tuple(sorted(done.grants, key=attrgetter("agent"))))


def _agents(subject: Subject) -> list[str]:
    lines = []
    for agent_id in subject.agents():
        lines.append(f"{agent_id} has free {show(subject.available(agent_id))}")
        for (framework, role), held in sorted(subject.held(agent_id).items(), key=lambda each: each[0]):
            lines.append(f"{framework} holds {agent_id} {show(held)} for {role}")
    return lines


def _shares(subject: Subject) -> list[str]:
    shares = [f"{name}: {float(share):.9f}" for name, share in sorted(subject.shares().items())]
    roles = subject.roles()
    orders = [f"frameworks of {role}: {' '.join(subject.frameworks(role))}" for role in roles]
    return [*shares, f"roles: {' '.join(roles)}", *orders]


def _gauges(subject: Subject) -> list[str]:
    return [f"{name} {value:.6g}" for name, value in sorted(subject.gauges().items())]


def _withheld(subject: Subject) -> list[str]:
    lines = []
    for role in sorted(subject.roles()):
        for name in sorted(subject.frameworks(role)):
            counts = sorted(subject.withheld(name, role).items())
            lines.append(f"{name} for {role} is withheld {', '.join(f'{n} {why}' for why, n in counts)}")
    return lines
