"""The cluster over time, and now, in numbers: what the charts of the web page show.

    /page/now       what there is, by state; the ended tasks by how they ended; the master itself
    /page/history   samples of the last hour, the oldest first

A sample: `at_s` (epoch seconds), `total`, `used`, `offered` (amounts of cpus, mem, disk, gpus), `tasks`
(active ones by state), `ended` (counts by state since this master began), `agents`, `shares` (dominant
share by role, the largest few).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from aiohttp import web

from actors import PID, Actor, Runtime, handles
from actors.metrics import Metrics
from cluster.allocator import messages as alloc
from cluster.http.endpoints.walk_master import ANSWER_S, MasterWalk
from cluster.http.page.sharing import ALLOCATOR
from cluster.http.process import version_fields
from cluster.http.reads import shown
from cluster.http.router import Endpoint
from cluster.master.reading import Wanted
from cluster.protocol import page as protocol

NAME = "page-history"
#: Seconds between two samples, and how many are kept: an hour.
STEP_S = 5.0
KEPT = 720
#: Roles in a sample.
MOST_ROLES = 24
RESOURCES = ("cpus", "mem", "disk", "gpus")
ENDED = ("finished", "failed", "killed", "lost", "error", "dropped", "gone", "gone_by_operator")

Sample = dict[str, object]


@dataclass(frozen=True, slots=True)
class SampleDue:
    """Time for a sample."""


@dataclass(frozen=True, slots=True)
class GetSamples:
    """Asked for all samples."""


@dataclass(frozen=True, slots=True)
class Samples:
    """The answer."""

    samples: tuple[Sample, ...]


class PageHistory(Actor):
    """Keeps the samples. A master that does not answer leaves a gap."""

    def __init__(self, master: PID) -> None:
        self._master = master
        self._samples: deque[Sample] = deque(maxlen=KEPT)
        self._shares: dict[str, float] = {}

    def initialize(self) -> None:
        self._ask()

    def _ask(self) -> None:
        self.send(PID(ALLOCATOR, self._master.address), alloc.GetShares())
        self.send(self._master, protocol.GetOverview())
        self.delay(STEP_S, SampleDue())

    @handles
    def on_sample_due(self, sender: PID, message: SampleDue) -> None:
        self._ask()

    @handles
    def on_shares(self, sender: PID, message: alloc.Shares) -> None:
        largest = sorted(message.roles, key=lambda role: -role.share.share)[:MOST_ROLES]
        self._shares = {role.role: round(float(role.share.share), 6) for role in largest}

    @handles
    def on_overview(self, sender: PID, message: protocol.Overview) -> None:
        self._samples.append(
            {
                "at_s": round(self.clock.wall(), 3),
                "total": _few(message.total),
                "used": _few(message.used),
                "offered": _few(message.offered),
                "tasks": message.tasks,
                "ended": ended(self.metrics),
                "agents": message.agents,
                "shares": self._shares,
            }
        )

    @handles
    def on_get_samples(self, sender: PID, message: GetSamples) -> None:
        self.send(sender, Samples(tuple(self._samples)))


def ended(metrics: Metrics) -> dict[str, int]:
    """How many tasks ended how since this master began."""
    counts = {f"TASK_{name.upper()}": int(metrics.value(f"master/tasks_{name}")) for name in ENDED}
    return {state: count for state, count in counts.items() if count}


def _few(amounts: dict[str, float]) -> dict[str, float]:
    return {name: round(amounts[name], 3) for name in RESOURCES if name in amounts}


class PageNow:
    """The endpoints of one master; starts the actor that keeps the samples."""

    def __init__(self, runtime: Runtime, master: PID) -> None:
        self._runtime = runtime
        self._master = master
        self._walk = MasterWalk(runtime, master)
        self._history = runtime.spawn(PageHistory(master), NAME)

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {"page/now": Endpoint(self._now), "page/history": Endpoint(self._show_history)}

    async def _now(self, request: web.BaseRequest) -> web.StreamResponse:
        overview: protocol.Overview = await self._runtime.ask(self._master, protocol.GetOverview(), ANSWER_S)
        head, _ = await self._walk.begin(Wanted())
        value = self._runtime.metrics.value
        master = {
            "id": head.info.id,
            "address": self._runtime.address,
            "hostname": head.info.hostname,
            "started_s": head.started_s,
            "version": version_fields()["tepui_version"],
            "lag_max_s": value("process/event_loop_lag_secs/max"),
        }
        now = {
            "at_s": self._runtime.clock.wall(),
            "overview": overview,
            "ended": ended(self._runtime.metrics),
        }
        return shown(request, {**now, "master": master})

    async def _show_history(self, request: web.BaseRequest) -> web.StreamResponse:
        found: Samples = await self._runtime.ask(self._history, GetSamples(), ANSWER_S)
        return shown(request, {"step_s": STEP_S, "samples": found.samples})
