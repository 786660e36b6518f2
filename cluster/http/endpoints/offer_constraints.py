"""/allocator/offer_constraints_debug: which agents the offer constraints of each framework exclude.

Source: reference allocator.md §8.
"""

from __future__ import annotations

from aiohttp import web

from actors import PID, Runtime
from cluster.allocator import RegexLimits, constraints_of
from cluster.allocator.constraints import Constraints
from cluster.http.endpoints.walk_master import MasterWalk
from cluster.http.reads import shown
from cluster.http.router import Endpoint
from cluster.http.shared import let_others
from cluster.master.reading import AgentRow, FrameworkRow, Wanted

#: What is shown was accepted under the limits of the master, so these only have to be wide enough.
WIDE = RegexLimits(memory_bytes=1 << 26, program_size=1 << 20)


class OfferConstraintsDebug:
    """The endpoint of one master."""

    def __init__(self, runtime: Runtime, master: PID) -> None:
        self._walk = MasterWalk(runtime, master)

    def table(self) -> dict[str, Endpoint]:
        """The endpoint by path."""
        return {"allocator/offer_constraints_debug": Endpoint(self._show)}

    async def _show(self, request: web.BaseRequest) -> web.Response:
        """Agents are judged here as the allocator judges them: by the same descriptions and constraints."""
        frameworks: dict[str, dict[str, object]] = {}
        judged: list[tuple[Constraints, list[str]]] = []
        _, pages = await self._walk.begin(Wanted(agents=True, frameworks=True, agents_last=True))
        async for rows in pages:
            for row in rows:
                if isinstance(row, FrameworkRow) and not row.is_completed:
                    constraints = constraints_of(row.constraints, WIDE)
                    excluded: dict[str, list[str]] = {role: [] for role in constraints}
                    judged += [(each, excluded[role]) for role, each in constraints.items()]
                    frameworks[row.id] = {
                        "suppressed_roles": row.suppressed,
                        "excluded_by_attribute_constraints": excluded,
                    }
                elif isinstance(row, AgentRow):
                    for constraint, excludes in judged:
                        if constraint.exclude(row.info):
                            excludes.append(row.id)
                    if judged:
                        await let_others()
        return shown(request, {"frameworks": frameworks})
