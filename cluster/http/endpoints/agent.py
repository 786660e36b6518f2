"""Everything an agent serves over HTTP beside what every process does.

Source: reference http-endpoints.md §4.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from actors import PID, Runtime
from cluster.containerizer.usage import read_usage
from cluster.http.answers import text_answer
from cluster.http.endpoints.agent_containers import AgentContainers
from cluster.http.endpoints.agent_files import AgentFiles
from cluster.http.endpoints.agent_state import AgentState
from cluster.http.files import FileEndpoints
from cluster.http.flags import flags_table
from cluster.http.loop_lag import NAME as LAG_NAME
from cluster.http.loop_lag import LoopLag
from cluster.http.page.agent import PageAgent
from cluster.http.router import Endpoint
from cluster.http.v1.agent_api import AgentApi
from cluster.http.v1.daemon_calls import DaemonCalls
from cluster.http.v1.executor_api import ExecutorApi
from cluster.http.verbosity import Verbosity
from cluster.protocol.page_agent import NAME as PAGE_NAME


def agent_endpoints(
    runtime: Runtime,
    agent: PID,
    flags: Mapping[str, str],
    *,
    work_dir: str,
    log_path: str | None = None,
    verbosity: Verbosity | None = None,
) -> dict[str, Endpoint]:
    """The endpoints by path."""
    attached = AgentFiles(runtime, agent, PID("files", agent.address), work_dir, log_path)
    files = FileEndpoints(attached.find, attached.everything)
    containers = AgentContainers(runtime, agent, read_usage)
    verbosity = verbosity or Verbosity(runtime.clock)
    daemon = DaemonCalls(runtime, agent.name, flags, verbosity, files)
    runtime.spawn(LoopLag(), LAG_NAME)
    runtime.spawn(PageAgent(runtime, agent, files, containers), PAGE_NAME)
    return {
        **AgentState(runtime, agent, flags).table(),
        **containers.table(),
        **flags_table(flags),
        **files.table(),
        **verbosity.table(),
        **AgentApi(runtime, agent, daemon, containers).table(),
        **ExecutorApi(runtime, agent).table(),
        "api/v1/resource_provider": Endpoint(_no_providers, frozenset({"POST"})),
    }


async def _no_providers(request: web.BaseRequest) -> web.Response:
    return text_answer(501, "501 Not Implemented: resource providers do not exist yet.")
