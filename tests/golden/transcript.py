"""Plays a script on a subject and writes down what happens, in the form of the script itself.

So a script with its expectations and the transcript are compared as texts, and the difference says it all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from tests.golden.script import EVENTS, Line, for_role, refuse_s
from tests.oracle import events as e
from tests.oracle.chance import ByName, Chance
from tests.oracle.notation import BadNotation, parse, parse_alternatives, show
from tests.oracle.records import Options
from tests.oracle.subject import Chances, Subject
from tests.oracle.wording import told, told_grant

NewSubject = Callable[[Options, Chances], Subject]
INDENT = "    "


class Player:
    """One subject and the script so far; every line answers with the lines that stand below it."""

    def __init__(self, new_subject: NewSubject) -> None:
        self._new_subject = new_subject
        self._options = Options()
        self._order: tuple[str, ...] = ()
        self._made: Subject | None = None
        self._is_together = False

    @property
    def subject(self) -> Subject:
        """Made at the first line that needs it, so that options can come before."""
        if self._made is None:
            self._made = self._new_subject(self._options, self._chance)
        return self._made

    def play(self, text: str) -> list[str]:
        """What comes of a line.

        Raises: BadNotation.
        """
        line = Line.of(text)
        if line.verb == "option":
            self._set_option(line.words[0], " ".join(line.words[1:]))
        elif line.verb == "again":
            self._made, self._options, self._order = None, Options(), ()
        elif line.verb == "order":
            self._order = line.words
        elif line.verb == "together":
            self._is_together = True
        elif line.verb == "end":
            self._is_together = False
            return self._run()
        elif line.verb == "wait":
            return [each for done in self.subject.advance(float(line.words[0])) for each in told(done)]
        elif line.verb == "?":
            return self._answer(*line.words)
        elif line.verb == "return":
            return self._play(self._returned(line))
        elif line.verb in EVENTS:
            return self._play([EVENTS[line.verb](line)])
        else:
            raise BadNotation(f"'{line.verb}' is no event and no question")
        return []

    def _play(self, happening: Iterable[e.Event]) -> list[str]:
        for event in happening:
            if not self.subject.play(event):
                return ["refused"]
        return [] if self._is_together else self._run()

    def _run(self) -> list[str]:
        done = self.subject.run_round()
        return [] if done is None else told(done)

    def _chance(self, number: int) -> Chance:
        return ByName(self._order, self._order)

    def _set_option(self, name: str, value: str) -> None:
        if self._made is not None:
            raise BadNotation("options come before everything else")
        match name:
            case "allocation_interval":
                changed = replace(self._options, allocation_interval_s=float(value))
            case "min_allocatable":
                changed = replace(self._options, min_allocatable=parse_alternatives(value))
            case "exclude":
                changed = replace(self._options, fair_share_excluded=frozenset(value.split()))
            case "filter_gpus":
                changed = replace(self._options, filter_gpu_resources=value == "yes")
            case "region":
                changed = replace(self._options, region=value)
            case "sorter":
                changed = replace(self._options, is_random=value == "random")
            case _:
                raise BadNotation(f"there is no option '{name}'")
        self._options = changed

    def _returned(self, line: Line) -> list[e.Event]:
        """return F A 1/512 for R; return F A (all it holds there); return F; return everything"""
        line.refuse_others("refuse")
        if len(line.words) > 2:
            framework, agent, *rest = line.words
            return [e.Recover(framework, agent, for_role(" ".join(rest)), refuse_s(line))]
        wanted = () if line.words == ("everything",) else line.words
        found: list[e.Event] = []
        for agent_id in self.subject.agents():
            for (framework, role), held in self.subject.held(agent_id).items():
                if wanted in ((), (framework,), (framework, agent_id)):
                    found.append(e.Recover(framework, agent_id, held.allocated(role), refuse_s(line)))
        return found

    def _answer(self, question: str, *words: str) -> list[str]:
        """? available A; ? held A; ? shares; ? roles; ? frameworks R; ? withheld F R; ? gauges prefix"""
        subject = self.subject
        match question:
            case "available":
                return [show(subject.available(words[0]))]
            case "held":
                held = subject.held(words[0]).items()
                return [f"{f} holds {show(amount)} for {role}" for (f, role), amount in sorted(held, key=str)]
            case "shares":
                return [f"{name}: {float(share):.3g}" for name, share in sorted(subject.shares().items())]
            case "roles":
                return [" ".join(subject.roles())]
            case "frameworks":
                return [" ".join(subject.frameworks(words[0]))]
            case "withheld":
                reasons = sorted(subject.withheld(words[0], words[1]).items())
                return [f"{agents} {why.lower()}" for why, agents in reasons]
            case "gauges":
                found = sorted(subject.gauges().items())
                return [f"{name} {value:g}" for name, value in found if name.startswith(words[0])]
            case _:
                raise BadNotation(f"'{question}' is no question")


def normal(expected: str) -> str:
    """An expected line with its resources written the way `show` does."""
    words = expected.split()
    if len(words) > 5 and words[1] == "gets" and words[-2] == "for":
        return told_grant(words[0], words[-1], words[2], parse(" ".join(words[3:-2])))
    return " ".join(words)


def transcript(script: str, new_subject: NewSubject) -> tuple[list[str], list[str]]:
    """The script as it should be read, and as it comes out: the same if all is well.

    Raises: BadNotation, naming the line.
    """
    player = Player(new_subject)
    expected, got = [], []
    for number, text in enumerate(script.splitlines(), 1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        try:
            if text.startswith((" ", "\t")):
                expected.append(INDENT + normal(text))
                continue
            answer = player.play(text)
        except (BadNotation, ValueError, KeyError) as fault:
            raise BadNotation(f"line {number}, '{text.strip()}': {fault}") from fault
        expected.append(text)
        got += [text, *(INDENT + line for line in answer)]
    return expected, got
