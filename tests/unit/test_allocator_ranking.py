"""Orders: repairing one equals sorting afresh, and a contest goes on as the level would after the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.allocator.bundle import Bundle
from cluster.allocator.pool import Pool
from cluster.allocator.ranking import Client, Contest, Level
from cluster.model import Resources

NAMES = [f"c{n}" for n in range(8)]
TOTAL = Resources.scalar(cpus=100, mem=300, disk=7)

name = st.integers(0, len(NAMES) - 1)
bundle = st.builds(
    lambda c, m: Bundle.of(Resources.scalar(cpus=c, mem=m)), st.integers(0, 3), st.integers(1, 9)
)
step = st.one_of(
    st.tuples(st.just("give"), name, bundle),
    st.tuples(st.just("give"), name, bundle),
    st.tuples(st.just("take"), name),
    st.tuples(st.just("list"), name),
    st.tuples(st.just("unlist"), name),
    st.tuples(st.just("weigh"), name, st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.just("pool"), st.integers(1, 9)),
    st.tuples(st.just("look")),
)


class Bench:
    """A level whose members change, next to what they hold."""

    def __init__(self) -> None:
        self.pool = Pool(frozenset({"disk"}))
        self.pool.add(TOTAL.quantities().items())
        self.level: Level[Client] = Level(self.pool)
        self.clients = [Client(each) for each in NAMES]
        self.held: list[list[Bundle]] = [[] for _ in NAMES]

    def play(self, what: str, *arguments: object) -> None:
        getattr(self, f"on_{what}")(*arguments)

    def on_give(self, n: int, given: Bundle) -> None:
        self.clients[n].gain(given.counted)
        self.clients[n].count += 1
        self.held[n].append(given)
        self.level.touch(self.clients[n])

    def on_take(self, n: int) -> None:
        if self.held[n]:
            self.clients[n].lose(self.held[n].pop().counted)
            self.level.touch(self.clients[n])

    def on_list(self, n: int) -> None:
        self.level.add(self.clients[n])

    def on_unlist(self, n: int) -> None:
        self.level.discard(self.clients[n])

    def on_weigh(self, n: int, over: int, under: int) -> None:
        self.clients[n].over, self.clients[n].under = over, under
        self.level.touch(self.clients[n])

    def on_pool(self, cpus: int) -> None:
        self.pool.add(Resources.scalar(cpus=cpus).quantities().items())

    def on_look(self) -> None:
        assert [key[3] for key in self.level.ordered()] == self.afresh()

    def afresh(self) -> list[Client]:
        def key(client: Client) -> tuple[float, int, str]:
            share = self.pool.share(client.totals, client.over, client.under)
            return (share, client.count, client.path)

        return sorted(self.level.members, key=key)


@given(st.lists(step, max_size=60))
@settings(max_examples=150, deadline=None)
def test_repairing_equals_sorting_afresh(steps: list[tuple[str, ...]]) -> None:
    bench = Bench()
    for what in steps:
        bench.play(*what)
    bench.on_look()


@given(st.lists(step, max_size=30), st.lists(st.tuples(name, bundle), max_size=30))
@settings(max_examples=100, deadline=None)
def test_a_contest_is_charged_as_the_level_would_be(
    steps: list[tuple[str, ...]], given: list[tuple[int, Bundle]]
) -> None:
    bench = Bench()
    for n in range(len(NAMES)):
        bench.on_list(n)
    for what in steps:
        bench.play(*what)
    contest = Contest(bench.level, bench.pool)
    before = list(bench.level.ordered())
    members = [(n, each) for n, each in given if bench.clients[n] in bench.level.members]
    for n, each in members:
        contest.charge(bench.clients[n], "agent", each)
    assert bench.level.ordered() == before
    for n, each in members:
        bench.on_give(n, each)
    assert len(before) < 2 or [key[3] for key in contest.order] == bench.afresh()
