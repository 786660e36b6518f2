"""The options of mesos-agent whose features do not exist yet.

They are declared so that existing command lines which set them to their defaults are accepted,
and all others are refused with the reason. A feature that gets built moves its flags to `agent`.
Source: agent.md §1.
"""

from __future__ import annotations

from dataclasses import dataclass

from cluster.config.checks import HOURS_S, MINUTES_S
from cluster.config.kinds import BOOLEAN, BYTES, DURATION, IP, NAMES, NUMBER, TEXT, WHOLE
from cluster.config.options import later
from cluster.config.shared import DaemonOptions


@dataclass(frozen=True, kw_only=True)
class AgentLaterOptions(DaemonOptions):
    """Options of an agent that are accepted only at their defaults so far."""

    # Network and master.
    ip6: str | None = later(None, IP, "IPv6 address that containers are told.")
    ip6_discovery_command: str | None = later(None, TEXT, "Command that prints that IPv6 address.")
    master_detector: str | None = later(None, TEXT, "Module that finds the leading master.")

    # Authentication.
    authentication_backoff_factor_s: float = later(
        1.0, DURATION, "First of the growing random waits between attempts to authenticate."
    )
    authentication_timeout_min_s: float = later(5.0, DURATION, "Shortest wait for an authentication.")
    authentication_timeout_max_s: float = later(MINUTES_S, DURATION, "Longest wait for an authentication.")
    authenticatee: str = later("crammd5", TEXT, "How the agent authenticates with the master.")
    credential: str | None = later(None, TEXT, "Principal and secret of the agent, as JSON or a path.")
    authenticate_http_readonly: bool = later(
        False, BOOLEAN, "Ask for credentials on endpoints that show things."
    )
    authenticate_http_readwrite: bool = later(
        False, BOOLEAN, "Ask for credentials on endpoints that change things."
    )
    authenticate_http_executors: bool = later(False, BOOLEAN, "Ask for tokens on the executor API.")
    jwt_secret_key: str | None = later(
        None, TEXT, "Path of the key that signs executor tokens.", aliases=("executor_secret_key",)
    )
    http_authenticators: str = later("basic", TEXT, "How HTTP requests are authenticated.")
    http_credentials: str | None = later(None, TEXT, "Principals and secrets for HTTP, as JSON or a path.")
    authorizer: str = later("local", TEXT, "What decides who may do what.")

    # HTTP.
    http_executor_domain_sockets: bool = later(False, BOOLEAN, "Serve the executor API on a unix socket.")
    domain_socket_location: str | None = later(None, TEXT, "Path of that socket, or systemd:NAME.")
    http_heartbeat_interval_s: float = later(30.0, DURATION, "Time between heartbeats on open streams.")
    http_command_executor: bool = later(False, BOOLEAN, "Let the command executor use the v1 HTTP API.")

    # Containers.
    launcher_dir: str | None = later(None, TEXT, "Directory with the helper programs.")
    image_providers: tuple[str, ...] | None = later(None, NAMES, "Kinds of image: DOCKER, APPC.")
    image_provisioner_backend: str | None = later(None, TEXT, "How root file systems are put together.")
    image_gc_config: str | None = later(None, TEXT, "When unused images are removed, as JSON.")
    appc_simple_discovery_uri_prefix: str = later("http://", TEXT, "Prefix of the addresses of Appc images.")
    appc_store_dir: str = later("/tmp/mesos/store/appc", TEXT, "Directory for Appc images.")
    docker: str = later("docker", TEXT, "Docker client program.")
    docker_config: str | None = later(None, TEXT, "Docker credentials, as JSON or a path.")
    docker_ignore_runtime: bool = later(False, BOOLEAN, "Pass over the runtime configuration of images.")
    docker_kill_orphans: bool = later(True, BOOLEAN, "End unknown containers of ours when recovering.")
    docker_mesos_image: str | None = later(None, TEXT, "Image in which the Docker executor runs.")
    docker_registry: str = later("https://registry-1.docker.io", TEXT, "Where Docker images come from.")
    docker_remove_delay_s: float = later(6 * HOURS_S, DURATION, "How long ended Docker containers are kept.")
    docker_socket: str = later("/var/run/docker.sock", TEXT, "Socket of the Docker daemon.")
    docker_stop_timeout_s: float = later(0.0, DURATION, "How long a Docker container may take to stop.")
    docker_store_dir: str = later("/tmp/mesos/store/docker", TEXT, "Directory for Docker images.")
    docker_volume_checkpoint_dir: str = later(
        "/var/run/mesos/isolators/docker/volume", TEXT, "Directory for checkpoints of Docker volumes."
    )
    docker_volume_chown: bool = later(False, BOOLEAN, "Give Docker volumes to the user of the task.")
    sandbox_directory: str = later("/mnt/mesos/sandbox", TEXT, "Where an image finds the sandbox.")
    default_container_info: str | None = later(None, TEXT, "Container of executors without one, as JSON.")
    default_container_dns: str | None = later(None, TEXT, "DNS of containers without one, as JSON.")
    default_container_shm_size_bytes: int | None = later(None, BYTES, "Shared memory of a container.")
    disallow_sharing_agent_ipc_namespace: bool = later(
        False, BOOLEAN, "Give each top-level container its own IPC namespace."
    )
    disallow_sharing_agent_pid_namespace: bool = later(
        False, BOOLEAN, "Give each top-level container its own PID namespace."
    )
    effective_capabilities: str | None = later(
        None, TEXT, "Capabilities that tasks get, as JSON.", aliases=("allowed_capabilities",)
    )
    bounding_capabilities: str | None = later(None, TEXT, "Capabilities that tasks may get, as JSON.")
    volume_gid_range: str | None = later(None, TEXT, "Group ids for shared volumes, as [10000-20000].")
    frameworks_home: str = later("", TEXT, "Prefix of relative addresses to fetch.")
    hadoop_home: str | None = later(None, TEXT, "Directory of Hadoop, for fetching from HDFS.")
    host_path_volume_force_creation: str | None = later(
        None, TEXT, "Prefixes under which missing host paths are created, separated by colons."
    )
    nvidia_gpu_devices: str | None = later(None, TEXT, "Numbers of the GPUs to offer.")
    allowed_devices: str | None = later(None, TEXT, "Devices that containers may use, as JSON.")
    resource_provider_config_dir: str | None = later(None, TEXT, "Directory with resource providers.")
    csi_plugin_config_dir: str | None = later(None, TEXT, "Directory with CSI plugins.")
    disk_profile_adaptor: str | None = later(None, TEXT, "Module for disk profiles.")
    container_logger: str | None = later(None, TEXT, "Module that keeps the output of containers.")
    secret_resolver: str | None = later(None, TEXT, "Module that resolves secrets.")
    agent_features: str | None = later(None, TEXT, "Capabilities of the agent, as JSON.")

    # Cgroups.
    cgroups_hierarchy: str = later("/sys/fs/cgroup", TEXT, "Where cgroups are mounted.")
    cgroups_root: str = later("mesos", TEXT, "Cgroup below which containers are put.")
    cgroups_enable_cfs: bool = later(False, BOOLEAN, "Hard limit on CPU time.")
    cgroups_limit_swap: bool = later(False, BOOLEAN, "Limit memory and swap together.")
    cgroups_cpu_enable_pids_and_tids_count: bool = later(False, BOOLEAN, "Count processes and threads.")
    cgroups_destroy_timeout_s: float = later(MINUTES_S, DURATION, "How long removing a cgroup may take.")
    cgroups_net_cls_primary_handle: str | None = later(None, TEXT, "Primary handle of net_cls.")
    cgroups_net_cls_secondary_handles: str | None = later(None, TEXT, "Secondary handles of net_cls.")
    agent_subsystems: str | None = later(
        None, TEXT, "Cgroup subsystems for the agent itself.", aliases=("slave_subsystems",)
    )
    perf_events: str | None = later(None, TEXT, "Events that are sampled for each container.")
    perf_interval_s: float = later(MINUTES_S, DURATION, "Time between two samples of events.")
    perf_duration_s: float = later(10.0, DURATION, "Length of a sample of events.")
    revocable_cpu_low_priority: bool = later(True, BOOLEAN, "Run revocable CPU at low priority.")
    systemd_enable_support: bool = later(True, BOOLEAN, "Keep executors alive under systemd.")
    systemd_runtime_directory: str = later("/run/systemd/system", TEXT, "Runtime directory of systemd.")

    # Disk and network isolators.
    container_disk_watch_interval_s: float = later(15.0, DURATION, "Time between two looks at disk usage.")
    enforce_container_disk_quota: bool = later(False, BOOLEAN, "End containers that use too much disk.")
    xfs_project_range: str = later("[5000-10000]", TEXT, "XFS project ids for containers.")
    xfs_kill_containers: bool = later(False, BOOLEAN, "End containers that exceed their XFS quota.")
    xfs_quota_headroom_bytes: int = later(
        10 * 2**20, BYTES, "Room above the XFS quota before a container is ended."
    )
    network_cni_plugins_dir: str | None = later(None, TEXT, "Directories with CNI plugins.")
    network_cni_config_dir: str | None = later(None, TEXT, "Directory with CNI networks.")
    network_cni_root_dir_persist: bool = later(False, BOOLEAN, "Keep CNI state across reboots.")
    network_cni_metrics: bool = later(True, BOOLEAN, "Give metrics of CNI networks.")
    container_ports_watch_interval_s: float = later(30.0, DURATION, "Time between two looks at open ports.")
    check_agent_port_range_only: bool = later(False, BOOLEAN, "Look only at ports that the agent offers.")
    enforce_container_ports: bool = later(False, BOOLEAN, "End containers that open other ports.")
    container_ports_isolated_range: str | None = later(None, TEXT, "Ports that are watched.")
    ephemeral_ports_per_container: int = later(1024, WHOLE, "Ephemeral ports of each container.")
    seccomp_config_dir: str | None = later(None, TEXT, "Directory with seccomp profiles.")
    seccomp_profile_name: str | None = later(None, TEXT, "Seccomp profile of containers.")

    # Recovery, disk space, fetcher, oversubscription.
    executor_reregistration_retry_interval_s: float | None = later(
        None, DURATION, "Time between two requests to an executor to come back."
    )
    reconfiguration_policy: str = later("equal", TEXT, "Which changes of the agent are allowed at recovery.")
    gc_disk_headroom: float = later(0.1, NUMBER, "Part of the disk that is kept free.")
    gc_non_executor_container_sandboxes: bool = later(
        False, BOOLEAN, "Remove sandboxes of nested containers too."
    )
    disk_watch_interval_s: float = later(MINUTES_S, DURATION, "Time between two looks at the disk.")
    fetcher_cache_size_bytes: int = later(2 * 2**30, BYTES, "Disk space for fetched files.")
    fetcher_cache_dir: str = later("/tmp/mesos/fetch", TEXT, "Directory for fetched files.")
    fetcher_stall_timeout_s: float = later(MINUTES_S, DURATION, "How long a transfer may stand still.")
    resource_estimator: str = later("noop", TEXT, "Module that estimates unused resources.")
    qos_controller: str = later("noop", TEXT, "Module that protects regular tasks.")
    qos_correction_interval_min_s: float = later(0.0, DURATION, "Shortest time between two corrections.")
    oversubscribed_resources_interval_s: float = later(
        15.0, DURATION, "Time between two estimates of unused resources."
    )
