"""Usage of executors as agents report it.

Source: Mesos include/mesos/v1/mesos.proto, message ResourceStatistics.
"""

from typing import ClassVar

from cluster.model.base import V1, Uint32, Uint64
from cluster.model.cgroup import CgroupInfo
from cluster.model.executor import ExecutorInfo
from cluster.model.ids import ContainerID, TaskID
from cluster.model.labels import Labels
from cluster.model.resource import DiskInfo, Resource
from cluster.model.statistics_kernel import PerfStatistics, SNMPStatistics
from cluster.model.values import Range


class DiskStatistics(V1, frozen=True, kw_only=True):
    """Use of one disk or volume."""

    NUMBERS: ClassVar[dict[str, int]] = {"source": 1, "persistence": 2, "limit_bytes": 3, "used_bytes": 4}

    source: DiskInfo.Source | None = None
    persistence: DiskInfo.Persistence | None = None
    limit_bytes: Uint64 | None = None
    used_bytes: Uint64 | None = None


class TrafficControlStatistics(V1, frozen=True, kw_only=True):
    """Counters of one traffic control queue."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "id": 1,
        "backlog": 2,
        "bytes": 3,
        "drops": 4,
        "overlimits": 5,
        "packets": 6,
        "qlen": 7,
        "ratebps": 8,
        "ratepps": 9,
        "requeues": 10,
    }

    id: str
    backlog: Uint64 | None = None
    bytes: Uint64 | None = None
    drops: Uint64 | None = None
    overlimits: Uint64 | None = None
    packets: Uint64 | None = None
    qlen: Uint64 | None = None
    ratebps: Uint64 | None = None
    ratepps: Uint64 | None = None
    requeues: Uint64 | None = None


class ResourceStatistics(V1, frozen=True, kw_only=True):
    """A snapshot of what a container uses.  timestamp in seconds."""

    class RatePercentiles(V1, frozen=True, kw_only=True):
        """Percentiles of a rate."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "min": 1,
            "max": 2,
            "p50": 3,
            "p90": 4,
            "p95": 5,
            "p99": 6,
            "p999": 7,
            "p9999": 8,
            "samples": 9,
        }

        min: Uint64 | None = None
        max: Uint64 | None = None
        p50: Uint64 | None = None
        p90: Uint64 | None = None
        p95: Uint64 | None = None
        p99: Uint64 | None = None
        p999: Uint64 | None = None
        p9999: Uint64 | None = None
        samples: Uint64 | None = None

    class RateStatistics(V1, frozen=True, kw_only=True):
        """Percentiles of network rates over a window in seconds."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "rx_rate": 1,
            "rx_packet_rate": 2,
            "rx_drop_rate": 3,
            "rx_error_rate": 4,
            "tx_rate": 5,
            "tx_packet_rate": 6,
            "tx_drop_rate": 7,
            "tx_error_rate": 8,
            "sampling_window_secs": 9,
            "sampling_interval_secs": 10,
        }

        rx_rate: "ResourceStatistics.RatePercentiles | None" = None
        rx_packet_rate: "ResourceStatistics.RatePercentiles | None" = None
        rx_drop_rate: "ResourceStatistics.RatePercentiles | None" = None
        rx_error_rate: "ResourceStatistics.RatePercentiles | None" = None
        tx_rate: "ResourceStatistics.RatePercentiles | None" = None
        tx_packet_rate: "ResourceStatistics.RatePercentiles | None" = None
        tx_drop_rate: "ResourceStatistics.RatePercentiles | None" = None
        tx_error_rate: "ResourceStatistics.RatePercentiles | None" = None
        sampling_window_secs: float | None = None
        sampling_interval_secs: float | None = None

    NUMBERS: ClassVar[dict[str, int]] = {
        "timestamp": 1,
        "processes": 30,
        "threads": 31,
        "cpus_user_time_secs": 2,
        "cpus_system_time_secs": 3,
        "cpus_limit": 4,
        "cpus_soft_limit": 45,
        "cpus_nr_periods": 7,
        "cpus_nr_throttled": 8,
        "cpus_throttled_time_secs": 9,
        "mem_total_bytes": 36,
        "mem_total_memsw_bytes": 37,
        "mem_kmem_usage_bytes": 52,
        "mem_kmem_tcp_usage_bytes": 53,
        "mem_limit_bytes": 6,
        "mem_soft_limit_bytes": 38,
        "mem_file_bytes": 10,
        "mem_anon_bytes": 11,
        "mem_cache_bytes": 39,
        "mem_rss_bytes": 5,
        "mem_mapped_file_bytes": 12,
        "mem_swap_bytes": 40,
        "mem_unevictable_bytes": 41,
        "mem_low_pressure_counter": 32,
        "mem_medium_pressure_counter": 33,
        "mem_critical_pressure_counter": 34,
        "disk_limit_bytes": 26,
        "disk_used_bytes": 27,
        "disk_statistics": 43,
        "blkio_statistics": 44,
        "perf": 13,
        "net_rx_packets": 14,
        "net_rx_bytes": 15,
        "net_rx_errors": 16,
        "net_rx_dropped": 17,
        "net_tx_packets": 18,
        "net_tx_bytes": 19,
        "net_tx_errors": 20,
        "net_tx_dropped": 21,
        "net_tx_rate_limit": 46,
        "net_tx_burst_rate_limit": 47,
        "net_tx_burst_size": 48,
        "net_rx_rate_limit": 49,
        "net_rx_burst_rate_limit": 50,
        "net_rx_burst_size": 51,
        "net_rate_statistics": 54,
        "net_ephemeral_ports": 55,
        "net_tcp_rtt_microsecs_p50": 22,
        "net_tcp_rtt_microsecs_p90": 23,
        "net_tcp_rtt_microsecs_p95": 24,
        "net_tcp_rtt_microsecs_p99": 25,
        "net_tcp_active_connections": 28,
        "net_tcp_time_wait_connections": 29,
        "net_traffic_control_statistics": 35,
        "net_snmp_statistics": 42,
    }

    timestamp: float
    processes: Uint32 | None = None
    threads: Uint32 | None = None
    cpus_user_time_secs: float | None = None
    cpus_system_time_secs: float | None = None
    cpus_limit: float | None = None
    cpus_soft_limit: float | None = None
    cpus_nr_periods: Uint32 | None = None
    cpus_nr_throttled: Uint32 | None = None
    cpus_throttled_time_secs: float | None = None
    mem_total_bytes: Uint64 | None = None
    mem_total_memsw_bytes: Uint64 | None = None
    mem_kmem_usage_bytes: Uint64 | None = None
    mem_kmem_tcp_usage_bytes: Uint64 | None = None
    mem_limit_bytes: Uint64 | None = None
    mem_soft_limit_bytes: Uint64 | None = None
    mem_file_bytes: Uint64 | None = None
    mem_anon_bytes: Uint64 | None = None
    mem_cache_bytes: Uint64 | None = None
    mem_rss_bytes: Uint64 | None = None
    mem_mapped_file_bytes: Uint64 | None = None
    mem_swap_bytes: Uint64 | None = None
    mem_unevictable_bytes: Uint64 | None = None
    mem_low_pressure_counter: Uint64 | None = None
    mem_medium_pressure_counter: Uint64 | None = None
    mem_critical_pressure_counter: Uint64 | None = None
    disk_limit_bytes: Uint64 | None = None
    disk_used_bytes: Uint64 | None = None
    disk_statistics: tuple[DiskStatistics, ...] = ()
    blkio_statistics: CgroupInfo.Blkio.Statistics | None = None
    perf: PerfStatistics | None = None
    net_rx_packets: Uint64 | None = None
    net_rx_bytes: Uint64 | None = None
    net_rx_errors: Uint64 | None = None
    net_rx_dropped: Uint64 | None = None
    net_tx_packets: Uint64 | None = None
    net_tx_bytes: Uint64 | None = None
    net_tx_errors: Uint64 | None = None
    net_tx_dropped: Uint64 | None = None
    net_tx_rate_limit: Uint64 | None = None
    net_tx_burst_rate_limit: Uint64 | None = None
    net_tx_burst_size: Uint64 | None = None
    net_rx_rate_limit: Uint64 | None = None
    net_rx_burst_rate_limit: Uint64 | None = None
    net_rx_burst_size: Uint64 | None = None
    net_rate_statistics: RateStatistics | None = None
    net_ephemeral_ports: Range | None = None
    net_tcp_rtt_microsecs_p50: float | None = None
    net_tcp_rtt_microsecs_p90: float | None = None
    net_tcp_rtt_microsecs_p95: float | None = None
    net_tcp_rtt_microsecs_p99: float | None = None
    net_tcp_active_connections: float | None = None
    net_tcp_time_wait_connections: float | None = None
    net_traffic_control_statistics: tuple[TrafficControlStatistics, ...] = ()
    net_snmp_statistics: SNMPStatistics | None = None


class ResourceUsage(V1, frozen=True, kw_only=True):
    """Use of all executors of an agent."""

    class Executor(V1, frozen=True, kw_only=True):
        """Allocation and use of one executor."""

        class Task(V1, frozen=True, kw_only=True):
            """A task of the executor."""

            NUMBERS: ClassVar[dict[str, int]] = {"name": 1, "id": 2, "resources": 3, "labels": 4}

            name: str
            id: TaskID
            resources: tuple[Resource, ...] = ()
            labels: Labels | None = None

        NUMBERS: ClassVar[dict[str, int]] = {
            "executor_info": 1,
            "allocated": 2,
            "statistics": 3,
            "container_id": 4,
            "tasks": 5,
        }

        executor_info: ExecutorInfo
        allocated: tuple[Resource, ...] = ()
        statistics: ResourceStatistics | None = None
        container_id: ContainerID
        tasks: tuple[Task, ...] = ()

    NUMBERS: ClassVar[dict[str, int]] = {"executors": 1, "total": 2}

    executors: tuple[Executor, ...] = ()
    total: tuple[Resource, ...] = ()
