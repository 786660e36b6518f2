"""The tables of mesos-master, mesos-agent and mesos-local."""

from __future__ import annotations

import dataclasses

import pytest

from cluster.config import (
    AGENT,
    LOCAL,
    MASTER,
    Address,
    AgentConfig,
    Exit,
    LocalConfig,
    MasterConfig,
    agent_faults,
    agent_flags,
    flags_of,
    local_faults,
    master_faults,
    master_flags,
    options_of,
    parse,
)
from cluster.config.options import C, Options, Program

GOOD_MASTER = MasterConfig(work_dir="/w")
GOOD_AGENT = AgentConfig(master=Address("m", 5050), work_dir="/w")


def run(program: Program[C], *argv: str, **environ: str) -> C | Exit:
    files = {"/master": "m:5050\n", "/resources": "cpus:4;mem:1024\n"}
    return parse(program, argv, environ=environ, read_file=files.__getitem__, version="1")


def first_fault(outcome: Options | Exit) -> str:
    assert isinstance(outcome, Exit)
    assert outcome.code == 1
    return outcome.stderr_text.splitlines()[0]


def test_master_starts_with_work_dir_or_memory() -> None:
    assert run(MASTER, "--work_dir=/w") == GOOD_MASTER
    assert run(MASTER, "--registry=in_memory") == MasterConfig(registry="in_memory")
    assert first_fault(run(MASTER)) == "--work_dir is required with --registry=replicated_log"


def test_master_defaults_are_those_of_the_reference() -> None:
    flags = flags_of(GOOD_MASTER)
    expected = {
        "port": "5050",
        "registry": "replicated_log",
        "agent_ping_timeout": "15secs",
        "max_agent_ping_timeouts": "5",
        "agent_reregister_timeout": "10mins",
        "allocation_interval": "1secs",
        "registry_max_agent_age": "2weeks",
        "recovery_agent_removal_limit": "100%",
        "min_allocatable_resources": "cpus:0.01|mem:32",
        "allocator_agent_recovery_factor": "0.8",
        "offer_constraints_re2_max_mem": "4KB",
        "root_submissions": "true",
        "max_frame_size": "64MB",
        "handshake_timeout": "10secs",
    }
    assert {name: flags.get(name) for name in expected} == expected
    assert "offer_timeout" not in flags
    assert "seed" not in flags


def test_master_aliases() -> None:
    outcome = run(
        MASTER,
        "--work_dir=/w",
        "--slave_ping_timeout=1secs",
        "--max_slave_ping_timeouts=2",
        "--slave_reregister_timeout=11mins",
        "--user_sorter=drf",
        "--log_storage=in_memory",
        "--no-authenticate",
        "--no-authenticate_slaves",
        "--allocator=HierarchicalDRF",
    )
    assert outcome == dataclasses.replace(
        GOOD_MASTER,
        agent_ping_timeout_s=1.0,
        max_agent_ping_timeouts=2,
        agent_reregister_timeout_s=660.0,
        registry="in_memory",
        allocator="HierarchicalDRF",
    )


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"port": 65536}, ["--port is 65536: allowed are 0 to 65535"]),
        ({"port": -1}, ["--port is -1: allowed are 0 to 65535"]),
        ({"port": 0}, []),
        ({"advertise_port": 70000}, ["--advertise_port is 70000: allowed are 0 to 65535"]),
        (
            {"ip": "10.0.0.1", "ip_discovery_command": "x"},
            ["--ip and --ip_discovery_command exclude each other"],
        ),
        (
            {"agent_ping_timeout_s": 0.5},
            ["--agent_ping_timeout is 500ms: allowed are 1secs to 15mins"],
        ),
        (
            {"agent_ping_timeout_s": 901.0},
            ["--agent_ping_timeout is 901secs: allowed are 1secs to 15mins"],
        ),
        ({"agent_ping_timeout_s": 900.0}, []),
        ({"max_agent_ping_timeouts": 0}, ["--max_agent_ping_timeouts is 0: at least 1 is needed"]),
        (
            {"agent_reregister_timeout_s": 60.0},
            ["--agent_reregister_timeout is 1mins: at least 10mins is needed"],
        ),
        ({"allocation_interval_s": 0.0}, ["--allocation_interval is 0ns: it must be above zero"]),
        ({"offer_timeout_s": 0.0}, ["--offer_timeout is 0ns: it must be above zero"]),
        ({"role_sorter": "random"}, ["--role_sorter and --framework_sorter must be the same"]),
        ({"max_completed_frameworks": -1}, ["--max_completed_frameworks is -1: at least 0 is needed"]),
        ({"max_connections": 0}, ["--max_connections is 0: at least 1 is needed"]),
        (
            {"port": -1, "offer_timeout_s": 0.0},
            [
                "--port is -1: allowed are 0 to 65535",
                "--offer_timeout is 0ns: it must be above zero",
            ],
        ),
    ],
)
def test_master_faults(change: dict[str, object], faults: list[str]) -> None:
    replaced = {**vars(GOOD_MASTER), **change}
    assert master_faults(MasterConfig(**replaced)) == faults


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("--zk=zk://a:2181/mesos", "--zk is not supported yet"),
        ("--quorum=1", "--quorum is not supported yet"),
        ("--authenticate_slaves", "--authenticate_slaves is not supported yet"),
        ("--slave_removal_rate_limit=1/10mins", "--slave_removal_rate_limit is not supported yet"),
        ("--acls={}", "--acls is not supported yet"),
        ("--ip=host", "--ip: 'host' is not an IP address"),
        ("--prot=1", "unknown flag --prot: did you mean --port?"),
    ],
)
def test_master_refuses_with_the_reason(argument: str, line: str) -> None:
    assert first_fault(run(MASTER, "--work_dir=/w", argument)) == line


def test_agent_needs_a_master_only() -> None:
    outcome = run(AGENT)
    assert isinstance(outcome, Exit)
    assert outcome.stderr_text.splitlines()[:2] == ["--master is required", ""]
    assert run(AGENT, "--master=m:5050") == AgentConfig(master=Address("m", 5050))
    assert run(AGENT, "--master=m:5050", "--work_dir=/w") == GOOD_AGENT
    assert run(AGENT, MESOS_MASTER="m:5050", MESOS_WORK_DIR="/w") == GOOD_AGENT
    assert run(AGENT, "--master=file:///master", "--work_dir=/w") == GOOD_AGENT


def test_agent_takes_resources_from_a_file() -> None:
    outcome = run(AGENT, "--master=m:5050", "--work_dir=/w", "--resources=/resources")
    assert outcome == dataclasses.replace(GOOD_AGENT, resources="cpus:4;mem:1024")


def test_agent_defaults_are_those_of_the_reference() -> None:
    flags = flags_of(GOOD_AGENT)
    expected = {
        "master": "m:5050",
        "port": "5051",
        "default_role": "*",
        "isolation": "posix/cpu,posix/mem",
        "launcher": "posix",
        "containerizers": "mesos",
        "registration_backoff_factor": "1secs",
        "recovery_timeout": "15mins",
        "gc_delay": "1weeks",
        "gc_disk_headroom": "0.1",
        "docker_remove_delay": "6hrs",
        "docker_stop_timeout": "0ns",
        "fetcher_cache_size": "2GB",
        "executor_reregistration_timeout": "2secs",
        "max_completed_executors_per_framework": "150",
    }
    assert {name: flags.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"port": 65536}, ["--port is 65536: allowed are 0 to 65535"]),
        (
            {"registration_backoff_factor_s": 61.0},
            ["--registration_backoff_factor is 61secs: at most 1mins is allowed"],
        ),
        (
            {"registration_backoff_factor_s": 0.0},
            ["--registration_backoff_factor is 0ns: it must be above zero"],
        ),
        (
            {"executor_reregistration_timeout_s": 16.0},
            ["--executor_reregistration_timeout is 16secs: at most 15secs is allowed"],
        ),
        ({"default_role": ""}, ["--default_role is empty"]),
        ({"hostname": ""}, ["--hostname is empty"]),
    ],
)
def test_agent_faults(change: dict[str, object], faults: list[str]) -> None:
    replaced = {**vars(GOOD_AGENT), **change}
    assert agent_faults(AgentConfig(**replaced)) == faults


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("--master=zk://a:2181/mesos", "--master: zk:// is not supported yet: write host:port"),
        ("--launcher=linux", "--launcher=linux is not supported yet (only posix)"),
        ("--containerizers=docker,mesos", "--containerizers=docker,mesos is not supported yet (only mesos)"),
        (
            "--isolation=cgroups/cpu",
            "--isolation=cgroups/cpu is not supported yet (only posix/cpu,posix/mem or posix/mem,posix/cpu)",
        ),
        ("--gc_disk_headroom=0.2", "--gc_disk_headroom=0.2 is not supported yet (only 0.1)"),
        ("--no-systemd_enable_support", "--no-systemd_enable_support is not supported yet"),
        ("--slave_subsystems=cpu", "--slave_subsystems is not supported yet"),
        (
            "--executor_environment_variables={}x",
            "--executor_environment_variables: '{}x' is not JSON: Extra data at line 1 column 3",
        ),
    ],
)
def test_agent_refuses_with_the_reason(argument: str, line: str) -> None:
    argv = ["--work_dir=/w", argument]
    argv += [] if argument.startswith("--master") else ["--master=m:5050"]
    assert first_fault(run(AGENT, *argv)) == line


def test_every_default_is_accepted_when_written_out() -> None:
    assert run(MASTER, *(f"--{name}={value}" for name, value in flags_of(GOOD_MASTER).items())) == GOOD_MASTER
    assert run(AGENT, *(f"--{name}={value}" for name, value in flags_of(GOOD_AGENT).items())) == GOOD_AGENT


def test_local_flags_become_flags_of_master_and_agents() -> None:
    local = run(LOCAL, "--num_slaves=2", "--work_dir=/w", "--resources=cpus:1", MESOS_PORT="5055")
    assert local == LocalConfig(agents=2, work_dir="/w", resources="cpus:1", port=5055)
    master = run(MASTER, *master_flags(local), MESOS_ROLES="a,b", MESOS_PORT="1")
    assert master == MasterConfig(ip="127.0.0.1", port=5055, work_dir="/w/master", roles=("a", "b"))
    assert run(AGENT, *agent_flags(local, 1, "127.0.0.1:5055")) == AgentConfig(
        master=Address("127.0.0.1", 5055),
        ip="127.0.0.1",
        port=0,
        work_dir="/w/agents/1/work",
        runtime_dir="/w/agents/1/run",
        resources="cpus:1",
    )


def test_local_faults() -> None:
    assert local_faults(LocalConfig()) == []
    assert local_faults(LocalConfig(agents=0)) == ["--agents is 0: at least 1 is needed"]
    assert local_faults(LocalConfig(port=-1)) == ["--port is -1: allowed are 0 to 65535"]


@pytest.mark.parametrize("table", [MasterConfig, AgentConfig, LocalConfig])
def test_limits_of_the_actor_library_are_flags(table: type[Options]) -> None:
    names = {row.name for row in options_of(table)}
    limits = {"max_frame_size", "send_buffer_size", "max_mailbox_length", "max_connections"}
    assert {*limits, "handshake_timeout", "seed"} <= names
