"""Scripts: one line is one event or question, what must come of it stands indented below.

This file turns lines into events; `transcript.py` plays them and writes down what happens. The format is
described for people in allocator/README.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cluster.model import (
    AgentCapability,
    AgentInfo,
    Capability,
    DomainInfo,
    InverseOfferStatus,
    OfferConstraints,
    Quantities,
    Resources,
    TimeInfo,
    Unavailability,
    parse_attributes,
)
from tests.oracle import events as e
from tests.oracle.events import Event
from tests.oracle.notation import (
    BadNotation,
    parse,
    parse_alternatives,
    parse_amounts,
    parse_constraints,
    parse_limits,
)


@dataclass(frozen=True)
class Line:
    """A line: its first words, the words after them, and clauses, `, key words`, by key."""

    verb: str
    words: tuple[str, ...]
    clauses: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def of(text: str) -> Line:
        """Split a line; clauses are separated by a comma and a space."""
        head, *clauses = text.split(", ")
        verb, *words = head.split()
        pairs = (clause.partition(" ") for clause in clauses)
        return Line(verb, tuple(words), tuple((key, value.strip()) for key, _, value in pairs))

    def get(self, key: str, default: str = "") -> str:
        """The words of a clause that stands at most once."""
        return next((value for name, value in self.clauses if name == key), default)

    def all(self, key: str) -> list[str]:
        """The words of each clause of this key."""
        return [value for name, value in self.clauses if name == key]

    def has(self, key: str) -> bool:
        """Whether there is such a clause."""
        return any(name == key for name, _ in self.clauses)

    def refuse_others(self, *keys: str) -> None:
        """Raise BadNotation if there is a clause of another key."""
        for key, _ in self.clauses:
            if key not in keys:
                raise BadNotation(f"'{self.verb}' has no clause '{key}', only {', '.join(keys)}")


def uses(line: Line, about: str) -> dict[str, Resources]:
    """Clauses `uses A 1/512 for R` by agent or (`about` says which) framework."""
    used: dict[str, Resources] = {}
    for clause in line.all("uses"):
        name, _, rest = clause.partition(" ")
        used[name] = used.get(name, Resources.EMPTY) + for_role(rest, about)
    return used


def for_role(text: str, about: str = "resources") -> Resources:
    """Read `1/512 for R`.

    Raises: BadNotation.
    """
    amount, found, role = text.partition(" for ")
    if not found:
        raise BadNotation(f"{about}: '{text}' should end with 'for' and a role")
    return parse(amount).allocated(role.strip())


# -- frameworks ----------------------------------------------------------------------------------------------


def add_framework(line: Line) -> Event:
    """framework F, roles R..., suppressed R..., can C..., inactive, min R m, wants R c, uses A 1/512 for R"""
    line.refuse_others("roles", "suppressed", "can", "cannot", "inactive", "min", "wants", "uses")
    used = uses(line, "framework")
    (name,) = line.words
    return e.AddFramework(
        name,
        tuple(line.get("roles").split()),
        tuple(line.get("suppressed").split()),
        capabilities(line),
        not line.has("inactive"),
        minima(line),
        constraints(line),
        used,
    )


def update_framework(line: Line) -> Event:
    """change framework F, roles ...: the same clauses, all that holds from now on"""
    line.refuse_others("roles", "suppressed", "can", "cannot", "min", "wants")
    return e.UpdateFramework(
        line.words[1],
        tuple(line.get("roles").split()),
        tuple(line.get("suppressed").split()),
        capabilities(line),
        minima(line),
        constraints(line),
    )


def capabilities(line: Line) -> tuple[Capability.Type, ...]:
    """MULTI_ROLE unless the line says `cannot MULTI_ROLE`, and what it `can` besides."""
    cannot = line.get("cannot").split()
    names = [name for name in ("MULTI_ROLE", *line.get("can").split()) if name not in cannot]
    return tuple(Capability.Type[name] for name in names)


def minima(line: Line) -> dict[str, tuple[Quantities, ...]]:
    """Clauses `min R cpus:1|mem:32` or `min R anything`."""
    split = (clause.partition(" ") for clause in line.all("min"))
    return {role: parse_alternatives(text) for role, _, text in split}


def constraints(line: Line) -> OfferConstraints | None:
    """Clauses `wants R rack = r1 & zone ~ a.*`; several for one role are alternatives."""
    groups: dict[str, list[OfferConstraints.RoleConstraints.Group]] = {}
    for clause in line.all("wants"):
        role, _, text = clause.partition(" ")
        groups.setdefault(role, []).append(parse_constraints(text))
    by_role = {role: OfferConstraints.RoleConstraints(groups=tuple(g)) for role, g in groups.items()}
    return OfferConstraints(role_constraints=by_role) if by_role else None


# -- agents --------------------------------------------------------------------------------------------------


def add_agent(line: Line) -> Event:
    """agent A 2/1024, host h, region r, attributes x:y, cannot C..., uses F r for R, away 60"""
    line.refuse_others("host", "region", "attributes", "cannot", "uses", "away")
    name, *amount = line.words
    away = float(line.get("away")) if line.has("away") else None
    return e.AddAgent(
        name,
        info(name, line),
        parse(" ".join(amount)),
        agent_capabilities(line),
        uses(line, "agent"),
        None if away is None else unavailability(away),
    )


def update_agent(line: Line) -> Event:
    """change agent A [2/1024], host h, region r, attributes x:y, cannot C...: what is not named stays"""
    line.refuse_others("host", "region", "attributes", "cannot")
    _, name, *amount = line.words
    described = any(line.has(key) for key in ("host", "region", "attributes"))
    return e.UpdateAgent(
        name,
        info(name, line) if described else None,
        parse(" ".join(amount)) if amount else None,
        agent_capabilities(line) if line.has("cannot") else None,
    )


def info(name: str, line: Line) -> AgentInfo:
    """Description of an agent; its host is called like itself unless the line says otherwise."""
    domain = None
    if line.has("region"):
        f = DomainInfo.FaultDomain
        fault = f(region=f.RegionInfo(name=line.get("region")), zone=f.ZoneInfo(name="zone"))
        domain = DomainInfo(fault_domain=fault)
    attributes = parse_attributes(line.get("attributes"))
    return AgentInfo(hostname=line.get("host", name), attributes=attributes, domain=domain)


def agent_capabilities(line: Line) -> tuple[AgentCapability.Type, ...]:
    """All but those the agent `cannot`; `cannot anything` leaves none."""
    cannot = line.get("cannot").split()
    return () if "anything" in cannot else tuple(c for c in AgentCapability.Type if c.name not in cannot)


def unavailability(start_s: float) -> Unavailability:
    """Away from a point in time, for good."""
    return Unavailability(start=TimeInfo(nanoseconds=round(start_s * 1e9)))


def add_provider(line: Line) -> Event:
    """provider A 2/200, uses F r for R"""
    line.refuse_others("uses")
    name, *amount = line.words
    return e.AddResourceProvider(name, parse(" ".join(amount)), uses(line, "provider"))


def add_use(line: Line) -> Event:
    """use F A 1/512 for R"""
    framework, agent, *rest = line.words
    return e.AddUse(agent, framework, for_role(" ".join(rest)))


def remove(line: Line) -> Event:
    """remove framework F, remove agent A"""
    what, name = line.words
    return e.RemoveFramework(name) if what == "framework" else e.RemoveAgent(name)


def activate(line: Line) -> Event:
    """activate framework F, activate agent A"""
    what, name = line.words
    return e.ActivateFramework(name) if what == "framework" else e.ActivateAgent(name)


def deactivate(line: Line) -> Event:
    """deactivate framework F, deactivate agent A"""
    what, name = line.words
    return e.DeactivateFramework(name) if what == "framework" else e.DeactivateAgent(name)


def change(line: Line) -> Event:
    """change framework F..., change agent A..."""
    return update_framework(line) if line.words[0] == "framework" else update_agent(line)


def away(line: Line) -> Event:
    """away A 60, away A never"""
    name, start = line.words
    return e.UpdateUnavailability(name, None if start == "never" else unavailability(float(start)))


def answer(line: Line) -> Event:
    """answer F A ACCEPT|DECLINE, refuse 5; answer F A nothing (rescinded or timed out)"""
    line.refuse_others("refuse")
    framework, agent, word = line.words
    status = None if word == "nothing" else InverseOfferStatus.Status[word]
    return e.UpdateInverseOffer(agent, framework, status, refuse_s(line))


# -- resources -----------------------------------------------------------------------------------------------


def refuse_s(line: Line) -> float | None:
    """Clause `refuse 5`."""
    return float(line.get("refuse")) if line.has("refuse") else None


def finish(line: Line) -> Event:
    """finish F A 1/512 for R"""
    framework, agent, *rest = line.words
    return e.Recover(framework, agent, for_role(" ".join(rest)), None, is_allocated=True)


def launch(line: Line) -> Event:
    """launch F A 1/512 for R"""
    framework, agent, *rest = line.words
    return e.TransitionOfferedToAllocated(framework, agent, for_role(" ".join(rest)))


def conversions(line: Line, role: str | None) -> tuple[e.Conversion, ...]:
    """Clauses `disk:5@R -> volume:5=v@R`, allocated to a role if one is given."""
    made = []
    for key, value in line.clauses:
        before, _, after = f"{key} {value}".partition(" -> ")
        sides = [parse(before), parse(after)]
        made.append(e.Conversion(*(side.allocated(role) if role else side for side in sides)))
    return tuple(made)


def operate(line: Line) -> Event:
    """operate F A 1/512 for R, before -> after: what was offered, and what is done with it"""
    framework, agent, *rest = line.words
    offered = for_role(" ".join(rest))
    return e.UpdateAllocation(framework, agent, offered, conversions(line, offered.roles[0]))


def operator(line: Line) -> Event:
    """operator A, before -> after"""
    (agent,) = line.words
    return e.UpdateAvailable(agent, conversions(line, None))


# -- whole cluster -------------------------------------------------------------------------------------------


def quota(line: Line) -> Event:
    """quota R 1/512 (guarantee and limit), quota R, guarantee 1/512, limit mem:1024; quota R none"""
    line.refuse_others("guarantee", "limit")
    role, *amount = line.words
    if amount == ["none"]:
        return e.UpdateQuota(role)
    both = " ".join(amount) or "nothing"
    guarantees = parse_amounts(line.get("guarantee", both))
    return e.UpdateQuota(role, guarantees, parse_limits(line.get("limit", both)))


def recovery(line: Line) -> Event:
    """recovery 10, quota R 1/512: a new master; the registry knows of 10 agents"""
    line.refuse_others("quota")
    quotas = {}
    for clause in line.all("quota"):
        role, _, amount = clause.partition(" ")
        quotas[role] = e.Quota(parse_amounts(amount), parse_limits(amount))
    return e.BeginRecovery(int(line.words[0]), quotas)


EVENTS: dict[str, Callable[[Line], Event]] = {
    "framework": add_framework,
    "agent": add_agent,
    "provider": add_provider,
    "use": add_use,
    "change": change,
    "remove": remove,
    "activate": activate,
    "deactivate": deactivate,
    "suppress": lambda line: e.Suppress(line.words[0], line.words[1:]),
    "revive": lambda line: e.Revive(line.words[0], line.words[1:]),
    "away": away,
    "answer": answer,
    "finish": finish,
    "launch": launch,
    "operate": operate,
    "operator": operator,
    "quota": quota,
    "weight": lambda line: e.UpdateWeights({line.words[0]: float(line.words[1])}),
    "whitelist": lambda line: e.UpdateWhitelist(None if line.words == ("all",) else line.words),
    "pause": lambda line: e.Pause(),
    "resume": lambda line: e.Resume(),
    "recovery": recovery,
}
"""Lines that are one event. `return`, which may be several, is in `transcript.py`."""
