"""Properties of allocation over random histories: nothing is lost, offered twice, or offered when refused."""

from collections.abc import Callable
from fractions import Fraction
from operator import itemgetter

from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.allocator import ALL, AllocatorState, Round, allocate, explain, only, shares
from cluster.model import AgentCapability, AgentInfo, Resources
from tests.golden.subject_production import PlacedDraws
from tests.oracle import ByName

FRAMEWORKS = ("F1", "F2", "F3", "F4")
ROLES = ("a", "a/b", "c")
AGENTS = ("A1", "A2", "A3")
CAPABILITIES = frozenset(AgentCapability.Type)


def an_amount(cpus: int, mem: int, ports: int, reserved: int, role: str) -> Resources:
    """Scalars, ports, and a reservation."""
    return Resources.parse(f"cpus:{cpus};mem:{mem};ports:[1-{ports}];cpus({role}):{reserved}")


role = st.sampled_from(ROLES)
amounts = st.builds(
    an_amount, st.integers(1, 8), st.integers(1, 256), st.integers(1, 9), st.integers(0, 2), role
)
framework = st.sampled_from(FRAMEWORKS)
agent = st.sampled_from(AGENTS)
refusal = st.sampled_from([None, 0.0, 1.0, 3.0, -1.0])

event = st.one_of(
    st.tuples(st.just("join"), framework, st.lists(role, min_size=1, max_size=2, unique=True)),
    st.tuples(st.just("leave"), framework, st.booleans()),
    st.tuples(st.just("subscribe"), framework, st.lists(role, min_size=1, max_size=2, unique=True)),
    st.tuples(st.just("connect"), framework),
    st.tuples(st.just("disconnect"), framework),
    st.tuples(st.just("suppress"), framework, role),
    st.tuples(st.just("revive"), framework),
    st.tuples(st.just("register"), agent, amounts),
    st.tuples(st.just("unregister"), agent),
    st.tuples(st.just("return"), framework, agent, refusal),
    st.tuples(st.just("return"), framework, agent, refusal),
    st.tuples(st.just("weight"), role, st.sampled_from([0.5, 1.0, 3.0])),
    st.tuples(st.just("round"), st.sampled_from([0.0, 0.5, 1.0])),
    st.tuples(st.just("round"), st.just(1.0)),
    st.tuples(st.just("small round"), agent),
)


by_id = PlacedDraws(ByName())


def held_by(state: AllocatorState, agent: str, framework: str) -> dict[str, Resources]:
    """What a framework holds of an agent, by role."""
    return {role: held for (name, role), held in state.agents[agent].held.items() if name == framework}


class History:
    """Plays events on a state, skipping impossible ones, and remembers refusals on its own."""

    def __init__(self) -> None:
        self.state = AllocatorState()
        self.now_s = 0.0
        self.refused: dict[tuple[str, str, str], list[tuple[Resources, float]]] = {}
        self.rounds: list[Round] = []

    def play(self, name: str, *arguments: object) -> None:
        play: Callable[..., None] = getattr(self, "on_" + name.replace(" ", "_"))
        play(*arguments)
        self.check_conservation()

    def on_join(self, framework: str, roles: list[str]) -> None:
        if framework not in self.state.frameworks:
            self.state.add_framework(framework, roles)

    def on_leave(self, framework: str, returns_first: bool) -> None:
        if framework in self.state.frameworks:
            for agent in self.state.agents if returns_first else ():
                self.on_return(framework, agent, None)
            self.state.remove_framework(framework)
            self.forget(framework)

    def on_subscribe(self, framework: str, roles: list[str]) -> None:
        if framework in self.state.frameworks:
            self.state.update_framework(framework, roles)
            self.forget(framework)

    def on_connect(self, framework: str) -> None:
        if framework in self.state.frameworks:
            self.state.activate_framework(framework)

    def on_disconnect(self, framework: str) -> None:
        if framework in self.state.frameworks:
            self.state.deactivate_framework(framework)
            self.forget(framework)

    def on_suppress(self, framework: str, role: str) -> None:
        if framework in self.state.frameworks:
            self.state.suppress(framework, [role])

    def on_revive(self, framework: str) -> None:
        if framework in self.state.frameworks:
            self.state.revive(framework)
            self.forget(framework)

    def on_register(self, agent: str, total: Resources) -> None:
        if agent not in self.state.agents:
            self.state.add_agent(agent, AgentInfo(hostname=agent), total, capabilities=CAPABILITIES)

    def on_unregister(self, agent: str) -> None:
        if agent in self.state.agents:
            self.state.remove_agent(agent)
            self.refused = {key: kept for key, kept in self.refused.items() if key[2] != agent}

    def on_return(self, framework: str, agent: str, refuse_s: float | None) -> None:
        if agent not in self.state.agents:
            return
        known = self.state.frameworks.get(framework)
        for role, held in held_by(self.state, agent, framework).items():
            self.state.recover(framework, agent, held.allocated(role), now_s=self.now_s, refuse_s=refuse_s)
            if refuse_s and known is not None and role in known.roles:
                until_s = self.now_s + (refuse_s if refuse_s > 0 else 5.0)
                self.refused.setdefault((framework, role, agent), []).append((held, until_s))

    def on_weight(self, role: str, weight: float) -> None:
        self.state.update_weights({role: weight})

    def on_round(self, after_s: float) -> None:
        self.now_s += after_s
        self.check_round(allocate(self.state, ALL, self.now_s, by_id))

    def on_small_round(self, agent: str) -> None:
        self.check_round(allocate(self.state, only(agent), self.now_s, by_id))

    def forget(self, framework: str) -> None:
        """Refusals of the framework are void."""
        self.refused = {key: kept for key, kept in self.refused.items() if key[0] != framework}

    def check_round(self, result: Round) -> None:
        """Nothing offered that is not free, offered already, reserved to others, unwanted or refused."""
        assert allocate(self.state, result.candidates, self.now_s, by_id) == result
        given: dict[str, Resources] = {}
        for grant in result.grants:
            assert self.state.frameworks[grant.framework].wants(grant.role)
            assert grant.resources.allocatable_to(grant.role) == grant.resources
            given[grant.agent] = given.get(grant.agent, Resources.EMPTY) + grant.resources
            for refused, until_s in self.refused.get((grant.framework, grant.role, grant.agent), ()):
                assert until_s <= self.now_s or not refused.contains(grant.resources)
        for name, resources in given.items():
            assert self.state.agents[name].available.contains(resources)
        self.state.apply(result)
        for name in self.state.frameworks:
            answer = explain(self.state, result, name, ROLES[0], self.now_s)
            assert answer.offered + sum(answer.withheld.values()) == answer.agents
        self.rounds.append(result)

    def check_conservation(self) -> None:
        """Free and held make the total, on every agent and, of known frameworks, in every sorter."""
        charged = dict.fromkeys(self.state.tree.roles, 0)
        total = 0
        for each in self.state.agents.values():
            held = Resources.EMPTY
            for (framework, role), resources in each.held.items():
                held = held + resources
                if framework in self.state.frameworks:
                    assert each.id in self.state.frameworks[framework].seats[role].holds_on
                    charged[role] += resources.milli("mem")
            assert each.available + held == each.total
            total += each.total.milli("mem")
        assert self.state.pool.totals.get("mem", 0) == total
        for framework in self.state.frameworks.values():
            for seat in framework.seats.values():
                for agent in seat.holds_on:
                    assert seat.holder in self.state.agents[agent].held
        for path, mem_milli in charged.items():
            role = self.state.tree.roles[path]
            assert sum(seat.totals.get("mem", 0) for seat in role.seats.values()) == mem_milli
            assert role.leaf.totals.get("mem", 0) == mem_milli


@given(st.lists(event, max_size=60))
@settings(max_examples=150, deadline=None)
def test_histories(events: list[tuple[object, ...]]) -> None:
    history = History()
    for name, *arguments in events:
        history.play(str(name), *arguments)


@given(st.lists(event, max_size=40), st.data())
@settings(max_examples=60, deadline=None)
def test_deciding_changes_nothing(events: list[tuple[object, ...]], data: st.DataObject) -> None:
    history = History()
    for name, *arguments in events:
        history.play(str(name), *arguments)
    before = shares(history.state)
    result = allocate(history.state, ALL, history.now_s, by_id)
    assert shares(history.state) == before
    assert allocate(history.state, ALL, history.now_s, by_id) == result


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_order_of_arrival_does_not_matter(data: st.DataObject) -> None:
    joins = {name: data.draw(st.lists(role, min_size=1, max_size=3, unique=True)) for name in FRAMEWORKS}
    used = {name: Resources.scalar(cpus=data.draw(st.integers(1, 3))) for name in FRAMEWORKS}
    totals = {name: data.draw(amounts) + Resources.scalar(cpus=12) for name in AGENTS}
    weights = data.draw(st.dictionaries(role, st.sampled_from([0.5, 2.0])))

    def arrive(state: AllocatorState, name: str) -> None:
        if name in joins:
            users = {a: used[name].allocated(joins[name][0]) for a in AGENTS}
            state.add_framework(name, joins[name], used=users)
        elif name in totals:
            users = {f: used[f].allocated(joins[f][0]) for f in FRAMEWORKS}
            info = AgentInfo(hostname=name)
            state.add_agent(name, info, totals[name], capabilities=CAPABILITIES, used=users)
        else:
            state.update_weights(weights)

    arrivals = [*FRAMEWORKS, *AGENTS, "weights"]
    outcomes = []
    for order in (arrivals, data.draw(st.permutations(arrivals))):
        state = AllocatorState()
        for name in order:
            arrive(state, name)
        grants = allocate(state, ALL, 0, by_id).grants
        outcomes.append((shares(state), [(g.framework, g.role, g.agent, g.resources) for g in grants]))
    assert outcomes[0] == outcomes[1]


def obvious_round(
    totals: list[Resources], roles: dict[str, str], weights: dict[str, float]
) -> list[tuple[str, int]]:
    """Weighted DRF from the definition: all shares anew, as fractions, for every agent."""
    pool = {name: sum(total.milli(name) for total in totals) for name in ("cpus", "mem")}
    held: dict[str, list[Resources]] = {name: [] for name in roles}

    def rank(names: list[str], weight: float, path: str) -> tuple[Fraction, int, str]:
        mine = [resources for name in names for resources in held[name]]
        share = max(Fraction(sum(r.milli(n) for r in mine), pool[n]) for n in pool)
        return share / Fraction(str(weight)), len(mine), path

    outcome = []
    for number, total in enumerate(totals):
        members = {r: [f for f in roles if roles[f] == r] for r in sorted(set(roles.values()))}
        first = min(members, key=lambda r: rank(members[r], weights.get(r, 1.0), r))
        taker = min(members[first], key=lambda f: rank([f], 1.0, f))
        held[taker].append(total)
        outcome.append((taker, number))
    return outcome


@given(
    st.lists(st.builds(lambda c, m: Resources.scalar(cpus=c, mem=m), st.integers(1, 9), st.integers(32, 99))),
    st.dictionaries(st.sampled_from([f"F{n}" for n in range(8)]), st.sampled_from("xyz"), min_size=1),
    st.dictionaries(st.sampled_from("xyz"), st.sampled_from([0.1, 0.3, 2.0, 3.0])),
)
@settings(max_examples=150, deadline=None)
def test_round_equals_the_definition(
    totals: list[Resources], roles: dict[str, str], weights: dict[str, float]
) -> None:
    state = AllocatorState()
    state.update_weights(weights)
    for name, its_role in roles.items():
        state.add_framework(name, [its_role])
    for number, total in enumerate(totals):
        state.add_agent(f"{number:03}", AgentInfo(hostname="h"), total, capabilities=CAPABILITIES)
    grants = allocate(state, ALL, 0, by_id).grants
    given = sorted(((grant.framework, int(grant.agent)) for grant in grants), key=itemgetter(1))
    assert given == obvious_round(totals, roles, weights)
