"""One agent, and its files, for the web page: asked of the agent over its own connection to the master.

/page/agent?id=                       the agent's row, and what it says of itself
/page/processes                       the actors of the master; with ?agent_id= those of an agent
/page/files/browse?agent_id=&path=    a directory
/page/files/read?agent_id=&path=&offset=&length=
                                      bytes of a file as they are; `X-File-Size` has its size and
                                      `X-Offset` where they begin; a negative offset counts from the end
/page/files/download?agent_id=&path=  a whole file
/page/gone?agent_id=&path=            why there is no such file: kind, title, words, since_s
"""

from __future__ import annotations

import os
from dataclasses import replace

import msgspec
from aiohttp import web

from actors import PID, ActorGone, AskTimeout, Runtime
from cluster.http.answers import BadRequest, text_answer
from cluster.http.endpoints.walk_master import MasterWalk
from cluster.http.files import quoted
from cluster.http.page.away import view as away_view
from cluster.http.page.gone import Facts, SandboxName, sandbox_name, why_gone
from cluster.http.page.lists import agent_view
from cluster.http.page.processes import processes
from cluster.http.queries import text_of
from cluster.http.reads import shown
from cluster.http.router import Endpoint, Handler
from cluster.master.away import AwayAgent
from cluster.master.reading import AgentRow, Away, FrameworkRow, GetAway, Wanted
from cluster.protocol import page_agent as protocol
from cluster.protocol.page import GetTask, TaskFound, TaskUnknown

#: How long an agent may take to answer.
ANSWER_S = 5.0


class Unavailable(Exception):
    """Raised when an agent cannot be asked, or says no. `status` is that of the answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class PageAgents:
    """The endpoints of one master."""

    def __init__(self, runtime: Runtime, master: PID) -> None:
        self._runtime = runtime
        self._master = master
        self._walk = MasterWalk(runtime, master)

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {
            "page/agent": Endpoint(_told(self._agent)),
            "page/processes": Endpoint(_told(self._processes)),
            "page/files/browse": Endpoint(_told(self._browse)),
            "page/files/read": Endpoint(_told(self._read)),
            "page/files/download": Endpoint(_told(self._download)),
            "page/gone": Endpoint(self._gone),
        }

    async def _find(self, agent_id: str) -> AgentRow | None:
        _, pages = await self._walk.begin(Wanted(agents=True, agent_id=agent_id))
        found = [row async for rows in pages for row in rows if isinstance(row, AgentRow)]
        return found[0] if found else None

    async def _row(self, agent_id: str) -> AgentRow:
        row = await self._find(agent_id)
        if row is None:
            raise Unavailable(404, f"the agent {agent_id} is not registered with this master")
        return row

    async def _away(self, agent_id: str) -> AwayAgent | None:
        known: Away = await self._runtime.ask(self._master, GetAway(agent_id), ANSWER_S)
        return known.agents[0] if known.agents else None

    async def _ask(self, row: AgentRow, question: object) -> protocol.Shown | protocol.Piece | protocol.Trace:
        where = f"the agent {row.id} on {row.info.hostname}"
        if not row.is_connected:
            raise Unavailable(503, f"{where} is not connected")
        try:
            answer = await self._runtime.ask(PID(protocol.NAME, row.pid.address), question, ANSWER_S)
        except AskTimeout:
            raise Unavailable(504, f"{where} did not answer within {ANSWER_S:g} s") from None
        except ActorGone as fault:
            raise Unavailable(503, f"{where} cannot be reached: {fault}") from None
        if isinstance(answer, protocol.Fault):
            raise Unavailable(answer.status, answer.why)
        assert isinstance(answer, protocol.Shown | protocol.Piece | protocol.Trace)
        return answer

    async def _agent(self, request: web.BaseRequest) -> web.StreamResponse:
        agent_id = required_of(request, "id")
        row = await self._find(agent_id)
        if row is None:
            away = await self._away(agent_id)
            if away is None:
                raise Unavailable(404, f"the agent {agent_id} is not registered with this master")
            return shown(request, {"agent": None, "away": away_view(away), "about": None, "fault": None})
        about, fault = None, None
        try:
            answer = await self._ask(row, protocol.GetAbout())
            about = msgspec.Raw(answer.body) if isinstance(answer, protocol.Shown) else None
        except Unavailable as refusal:
            fault = str(refusal)
        return shown(request, {"agent": agent_view(row), "away": None, "about": about, "fault": fault})

    async def _processes(self, request: web.BaseRequest) -> web.StreamResponse:
        agent_id = text_of(request, "agent_id")
        if agent_id is None:
            return shown(request, processes(self._runtime))
        return _json(request, await self._ask(await self._row(agent_id), protocol.GetProcesses()))

    async def _browse(self, request: web.BaseRequest) -> web.StreamResponse:
        row = await self._row(required_of(request, "agent_id"))
        return _json(request, await self._ask(row, protocol.Browse(required_of(request, "path"))))

    async def _piece(self, row: AgentRow, path: str, offset: int, length: int) -> protocol.Piece:
        piece = await self._ask(row, protocol.ReadPiece(path, offset, length))
        assert isinstance(piece, protocol.Piece)
        return piece

    async def _read(self, request: web.BaseRequest) -> web.StreamResponse:
        offset = _number(request, "offset", 0)
        length = _number(request, "length", protocol.PIECE_BYTES)
        row = await self._row(required_of(request, "agent_id"))
        piece = await self._piece(row, required_of(request, "path"), offset, length)
        headers = {
            "Content-Type": "application/octet-stream",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
            "X-File-Size": str(piece.size),
            "X-Offset": str(piece.offset),
        }
        return web.Response(body=piece.data, headers=headers)

    async def _download(self, request: web.BaseRequest) -> web.StreamResponse:
        """A file as long as it was when the download began."""
        path = required_of(request, "path")
        row = await self._row(required_of(request, "agent_id"))
        piece = await self._piece(row, path, 0, protocol.PIECE_BYTES)
        size, at = piece.size, len(piece.data)
        response = web.StreamResponse(
            headers={
                "Content-Type": "application/octet-stream",
                "Content-Disposition": f"attachment; filename={quoted(os.path.basename(path))}",
                "Content-Length": str(size),
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "sandbox",
            }
        )
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        try:
            await response.write(piece.data)
            while at < size:
                piece = await self._piece(row, path, at, min(protocol.PIECE_BYTES, size - at))
                if not piece.data:  # it became shorter
                    raise Unavailable(410, "the file became shorter")
                await response.write(piece.data)
                at += len(piece.data)
        except Unavailable:  # the client must not take this for the whole
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write_eof()
        return response

    # -- why not ------------------------------------------------------------------------------

    async def _gone(self, request: web.BaseRequest) -> web.StreamResponse:
        reason = why_gone(await self._facts(required_of(request, "agent_id"), required_of(request, "path")))
        kind = reason.kind
        told = {"kind": kind.name, "title": kind.value, "words": reason.words, "since_s": reason.since_s}
        return shown(request, told)

    async def _facts(self, agent_id: str, path: str) -> Facts:
        name = sandbox_name(path)
        row = await self._find(agent_id)
        if row is None:
            away = await self._away(agent_id)
            where = f"agent {agent_id}" + (f" on {away.hostname}" if away is not None else "")
            return Facts(name, where, is_registered=False, away=away)
        facts = Facts(name, f"agent {row.id} on {row.info.hostname}", is_registered=True)
        if not row.is_connected:
            return replace(facts, disconnected_s=row.disconnected_s or row.registered_s)
        question = protocol.GetTrace(path, "", "", "")
        if name is not None:
            question = protocol.GetTrace(path, name.root, name.framework_id, name.executor_id)
        try:
            trace = await self._ask(row, question)
        except Unavailable as refusal:
            return replace(facts, silence=str(refusal))
        assert isinstance(trace, protocol.Trace)
        facts = replace(facts, trace=trace)
        return facts if name is None else await self._with_framework(facts, name)

    async def _with_framework(self, facts: Facts, name: SandboxName) -> Facts:
        """What the master knows of the framework and of the task that the executor was made for."""
        _, pages = await self._walk.begin(Wanted(frameworks=True, framework_id=name.framework_id))
        known = [row async for rows in pages for row in rows if isinstance(row, FrameworkRow)]
        if not known:
            return facts
        about: TaskFound | TaskUnknown = await self._runtime.ask(
            self._master, GetTask(name.framework_id, name.executor_id), ANSWER_S
        )
        return replace(
            facts,
            task=about.task if isinstance(about, TaskFound) else None,
            is_framework_known=True,
            framework_name=known[0].info.name,
            framework_ended_s=known[0].unregistered_s if known[0].is_completed else None,
        )


def _json(request: web.BaseRequest, answer: protocol.Shown | protocol.Piece | protocol.Trace) -> web.Response:
    assert isinstance(answer, protocol.Shown)
    return shown(request, msgspec.Raw(answer.body))


def _told(handler: Handler) -> Handler:
    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handler(request)
        except Unavailable as refusal:
            return text_answer(refusal.status, str(refusal))

    return serve


def required_of(request: web.BaseRequest, name: str) -> str:
    """A parameter that must be there.

    Raises:
        BadRequest: it is not.
    """
    text = text_of(request, name)
    if text is None:
        raise BadRequest(f"query parameter {name!r}: this parameter is missing")
    return text


def _number(request: web.BaseRequest, name: str, default: int) -> int:
    text = text_of(request, name)
    if text is None:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 18):
        raise BadRequest(f"query parameter {name!r}: {text[:30]!r} is not a whole number")
    return int(text)
