"""Who gets what and why not, for the web page: asked of the allocator itself.

/page/roles                         every role with what it has, its share, weight, quota and order
/page/why?framework_id=&role=       how the agents looked to a framework
/page/filters?framework_id=         what a framework refused, and for how long still
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiohttp import web

from actors import PID, Runtime
from cluster.allocator import Explanation, FrameworkShare, RoleShare
from cluster.allocator import messages as alloc
from cluster.http.answers import text_answer
from cluster.http.endpoints.render_roles import roles_view
from cluster.http.endpoints.walk_master import ANSWER_S, MasterWalk
from cluster.http.page.agents import required_of
from cluster.http.reads import shown
from cluster.http.router import Endpoint
from cluster.master.reading import FrameworkRow, GetRoles, RoleRow, Roles, Wanted
from cluster.model import Quantities, from_milli

#: The name of the actor that decides.
ALLOCATOR = "allocator"
#: Filters in one answer.
MOST_FILTERS = 200


class PageSharing:
    """The endpoints of one master. `listed_roles`: the only roles there are, if it has a list."""

    def __init__(self, runtime: Runtime, master: PID, listed_roles: frozenset[str] | None) -> None:
        self._runtime = runtime
        self._master = master
        self._allocator = PID(ALLOCATOR, master.address)
        self._listed_roles = listed_roles
        self._walk = MasterWalk(runtime, master)

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {
            "page/roles": Endpoint(self._roles),
            "page/why": Endpoint(self._why),
            "page/filters": Endpoint(self._filters),
        }

    async def _roles(self, request: web.BaseRequest) -> web.StreamResponse:
        known: Roles = await self._runtime.ask(self._master, GetRoles(), ANSWER_S)
        held: alloc.Shares = await self._runtime.ask(self._allocator, alloc.GetShares(), ANSWER_S)
        names = await self._names(each.framework for role in held.roles for each in role.frameworks)
        shares = {role.role: _role(role, names) for role in held.roles}
        views = {str(view["name"]): view for view in roles_view(known.roles, self._listed_roles)}
        for role in held.quotas:  # which may be set before anybody is in the role
            views.setdefault(role, roles_view((RoleRow(role, 1.0, {}, {}, {}, {}, ()),), None)[0])
        found = [
            {**views[role], "sharing": shares.get(role), "quota": _quota(role, held)}
            for role in sorted(views)
        ]
        return shown(request, {"roles": found})

    async def _names(self, framework_ids: Iterable[str]) -> Mapping[str, str]:
        wanted = set(framework_ids)
        return {name: info for name, info in (await self._framework_names()).items() if name in wanted}

    async def _framework_names(self) -> dict[str, str]:
        _, pages = await self._walk.begin(Wanted(frameworks=True))
        return {
            row.id: row.info.name async for rows in pages for row in rows if isinstance(row, FrameworkRow)
        }

    async def _why(self, request: web.BaseRequest) -> web.StreamResponse:
        framework_id, role = required_of(request, "framework_id"), required_of(request, "role")
        question = alloc.Explain(framework_id, role)
        found: alloc.Explained = await self._runtime.ask(self._allocator, question, ANSWER_S)
        if found.explanation is None:
            return text_answer(
                404, f"the allocator knows no framework {framework_id!r}, or is asked too much"
            )
        names = await self._framework_names()
        return shown(request, _explained(found.explanation, names, self._runtime.clock.now() / 1e9))

    async def _filters(self, request: web.BaseRequest) -> web.StreamResponse:
        question = alloc.GetRefusals(required_of(request, "framework_id"), MOST_FILTERS)
        found: alloc.Refusals = await self._runtime.ask(self._allocator, question, ANSWER_S)
        if found.total is None:
            return text_answer(404, "the allocator knows no such framework")
        filters = [
            {"role": role, "agent_id": agent_id, "resources": str(refused), "left_s": left_s}
            for role, agent_id, refused, left_s in found.filters
        ]
        return shown(request, {"filters": filters, "total": found.total})


def _quota(role: str, held: alloc.Shares) -> dict[str, object] | None:
    """The quota of a role as the allocator has it: amounts by name; None for a role without one."""
    quota = held.quotas.get(role)
    if quota is None:
        return None
    return {
        "guarantee": _amounts(quota.guarantees.items()),
        "limit": _amounts(quota.limits.items()),
        "consumed": _amounts(held.consumed.get(role, Quantities.EMPTY).items()),
    }


def _amounts(milli: Iterable[tuple[str, int]]) -> dict[str, float]:
    return {name: from_milli(amount) for name, amount in milli}


def _role(role: RoleShare, names: Mapping[str, str]) -> dict[str, object]:
    return {
        "share": float(role.share.share),
        "dominant": role.share.dominant,
        "allocations": role.share.count,
        "order": role.order,
        "frameworks": [_framework(one, names) for one in role.frameworks],
    }


def _framework(one: FrameworkShare, names: Mapping[str, str]) -> dict[str, object]:
    return {
        "id": one.framework,
        "name": names.get(one.framework, one.framework),
        "share": float(one.share.share),
        "dominant": one.share.dominant,
        "order": one.order,
    }


def _explained(why: Explanation, names: Mapping[str, str], now_s: float) -> dict[str, object]:
    return {
        "framework_id": why.framework,
        "framework_name": names.get(why.framework, why.framework),
        "role": why.role,
        "agents": why.agents,
        "offered": why.offered,
        "possible": why.possible,
        "looked_at": why.looked_at,
        "withheld": [
            {
                "why": reason.name,
                "words": reason.value,
                "agents": count,
                "never": why.never.get(reason, 0),
            }
            for reason, count in why.withheld.items()
        ],
        "takers": _parties(why.takers, names),
        "holders": _parties(why.holders, names),
        "held_for": list(why.held_for),
        "until_s": _left_s(why.until_s, now_s),
        "until_last_s": _left_s(why.until_last_s, now_s),
        "missing": why.missing,
        "minimum": list(why.minimum),
    }


def _parties(agents: Mapping[tuple[str, str], int], names: Mapping[str, str]) -> list[dict[str, object]]:
    """Frameworks and roles with how many agents they have."""
    return [
        {
            "framework_id": framework,
            "framework_name": names.get(framework, framework),
            "role": role,
            "agents": n,
        }
        for (framework, role), n in agents.items()
    ]


def _left_s(until_s: float | None, now_s: float) -> float | None:
    return max(0.0, until_s - now_s) if until_s is not None else None
