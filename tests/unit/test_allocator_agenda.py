"""When agents are due: each once, at its latest time, and nothing is left of what was overtaken."""

from __future__ import annotations

from actors.rng import Rng
from cluster.allocator.agenda import PAGES, Agenda
from cluster.allocator.agents import Agent
from cluster.model import AgentInfo, Resources

MANY = 500


def agents(count: int) -> list[Agent]:
    return [Agent(f"A{n}", AgentInfo(hostname="h"), Resources.EMPTY, (), None) for n in range(count)]


def test_each_is_taken_when_it_is_due_and_not_before() -> None:
    rng = Rng(1)
    agenda, due = Agenda(), dict[Agent, float]()
    for agent in agents(MANY) * 3:  # the last time is the one that holds
        due[agent] = rng.choice([1.0, 2.0, 3.0, 4.0])
        agenda.put(agent, due[agent])
    for now_s in (0.5, 1.0, 2.5, 4.0):
        expected = {agent for agent, due_s in due.items() if due_s <= now_s}
        taken = [agent for agent in agenda.take_due(now_s) if agent is not None]
        assert len(taken) == len(set(taken))
        assert set(taken) == expected
        for agent in taken:
            del due[agent]
    assert not due


def test_what_was_overtaken_does_not_pile_up() -> None:
    agenda, (agent, *others) = Agenda(), agents(10)
    for other in others:
        agenda.put(other, 1e9)
    for number in range(MANY * PAGES):
        agenda.put(agent, 1e9 - number)
    assert len(agenda) < 20 * PAGES


class Watched(Agenda):
    """Remembers when it was tidied up."""

    __slots__ = ("tidied",)

    def __init__(self) -> None:
        super().__init__()
        self.tidied: list[int] = []

    def _tidy(self, number: int) -> None:
        self.tidied.append(self._pushed)
        super()._tidy(number)


def test_pages_are_not_tidied_up_all_at_once() -> None:
    """That would take as long as tidying up one large page."""
    agenda = Watched()
    for agent in agents(8 * MANY):
        agenda.put(agent, 1e9)
    late = [at for at in agenda.tidied if at > 4 * MANY]
    assert late
    assert max(sum(at <= other < at + 2 * PAGES for other in late) for at in late) <= PAGES // 4
