"""mesos-agent (also started as mesos-slave): the daemon that offers a host and runs executors on it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace

from actors import PID, Process, Runtime
from actors.disk import RealDisk
from cluster.agent.actor import NAME, AgentActor
from cluster.agent.context import AgentSettings
from cluster.agent.environment import RealEnvirons
from cluster.agent.paths import Paths
from cluster.agent.resources import hardware, resources_of
from cluster.agent.timers import Leave
from cluster.cli.complain import StartFault, complain, usable_directory
from cluster.cli.daemon import run_daemon
from cluster.cli.logs import log_path
from cluster.cli.place import Place, address_towards, resolve_address
from cluster.config import AGENT, AgentConfig, config_or_exit, flags_of
from cluster.containerizer.os_processes import OsProcesses
from cluster.executor.launch_host import LaunchedHost
from cluster.http import Endpoint
from cluster.http.endpoints.agent import agent_endpoints
from cluster.model import (
    AgentInfo,
    Attribute,
    InvalidAttributes,
    InvalidResources,
    Resources,
    parse_attributes,
)
from cluster.scheduler.detector import MASTER_NAME

#: Where existing guides put the work directory.
USUAL_WORK_DIR = "/var/lib/mesos"


def work_dir_of(config: AgentConfig) -> str:
    """The work directory: the option, else the usual one, else one among temporary files.

    Raises:
        StartFault: it cannot be used.
    """
    if config.work_dir is not None:
        usable_directory(config.work_dir, "work directory")
        return os.path.abspath(config.work_dir)
    try:
        usable_directory(USUAL_WORK_DIR, "work directory")
        return USUAL_WORK_DIR
    except StartFault:
        fallback = os.path.join(tempfile.gettempdir(), "mesos")
        usable_directory(fallback, "work directory")
        return fallback


def settings_of(config: AgentConfig, work_dir: str) -> AgentSettings:
    """What the agent's actor reads of the options."""
    return AgentSettings(
        work_dir=work_dir,
        registration_backoff_s=config.registration_backoff_factor_s,
        executor_registration_timeout_s=config.executor_registration_timeout_s,
        executor_reregistration_timeout_s=config.executor_reregistration_timeout_s,
        executor_shutdown_grace_s=config.executor_shutdown_grace_period_s,
        executor_environment=config.executor_environment_variables or (),
        recovery_timeout_s=config.recovery_timeout_s,
        recover=config.recover,
        strict=config.strict,
        switch_user=config.switch_user,
        max_completed_executors=config.max_completed_executors_per_framework,
    )


def offer_of(config: AgentConfig, work_dir: str) -> tuple[Resources, tuple[Attribute, ...]]:
    """What the agent has to offer: given or detected resources, and its attributes.

    Raises:
        StartFault: the text of an option cannot be understood.
    """
    try:
        resources = resources_of(hardware(work_dir), config.resources, config.default_role)
    except InvalidResources as fault:
        raise StartFault(f"--resources: {fault}") from None
    try:
        attributes = parse_attributes(config.attributes or "")
    except InvalidAttributes as fault:
        raise StartFault(f"--attributes: {fault}") from None
    return resources, attributes


def endpoints_of(runtime: Runtime, config: AgentConfig, work_dir: str) -> Mapping[str, Endpoint]:
    """What an agent serves over HTTP beside what every daemon does."""
    agent = PID(NAME, runtime.address)
    path = log_path(AGENT.name, config)
    return agent_endpoints(runtime, agent, flags_of(config), work_dir=work_dir, log_path=path)


def main() -> int:
    """Run an agent until it is told to end; returns its exit code."""
    config = config_or_exit(AGENT)
    try:
        work_dir = work_dir_of(config)
        resources, attributes = offer_of(config, work_dir)
        master = PID(MASTER_NAME, resolve_address(str(config.master)))
    except StartFault as fault:
        complain(AGENT.name, fault)
        return 1
    if config.ip is None:  # where the master would see us is where others reach us
        config = replace(config, ip=address_towards(master.address))
    settings = settings_of(config, work_dir)

    async def start(process: Process, place: Place) -> None:
        info = AgentInfo(
            hostname=place.hostname, port=place.port, resources=resources.protos(), attributes=attributes
        )
        host = LaunchedHost(
            settings.work_dir,
            agent_file=Paths(settings.work_dir).endpoint,
            recovery_timeout_s=settings.recovery_timeout_s,
            seed=config.seed,
        )
        processes = OsProcesses()
        environs = RealEnvirons(switch_user=settings.switch_user, kill_leftovers=processes.kill_leftovers)
        local_address = place.local if place.local != place.advertised else ""
        actor = AgentActor(
            replace(settings, local_address=local_address),
            info,
            master,
            RealDisk(),
            host,
            environs,
            process.stop,
        )
        pid = process.runtime.spawn(actor, NAME)
        asyncio.get_running_loop().add_signal_handler(
            signal.SIGUSR1, lambda: process.runtime.send(pid, Leave())
        )

    return run_daemon(
        AGENT.name,
        config,
        start,
        delegate=NAME,
        endpoints=lambda runtime: endpoints_of(runtime, config, work_dir),
    )


if __name__ == "__main__":
    sys.exit(main())
