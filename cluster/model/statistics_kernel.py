"""Counters the kernel keeps of a container: perf events and the SNMP table; names are the kernel's.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.base import V1, Int64, Uint64


class PerfStatistics(V1, frozen=True, kw_only=True):
    """Perf events counted from timestamp (seconds since the epoch) for duration seconds."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "timestamp": 1,
        "duration": 2,
        "cycles": 3,
        "stalled_cycles_frontend": 4,
        "stalled_cycles_backend": 5,
        "instructions": 6,
        "cache_references": 7,
        "cache_misses": 8,
        "branches": 9,
        "branch_misses": 10,
        "bus_cycles": 11,
        "ref_cycles": 12,
        "cpu_clock": 13,
        "task_clock": 14,
        "page_faults": 15,
        "minor_faults": 16,
        "major_faults": 17,
        "context_switches": 18,
        "cpu_migrations": 19,
        "alignment_faults": 20,
        "emulation_faults": 21,
        "l1_dcache_loads": 22,
        "l1_dcache_load_misses": 23,
        "l1_dcache_stores": 24,
        "l1_dcache_store_misses": 25,
        "l1_dcache_prefetches": 26,
        "l1_dcache_prefetch_misses": 27,
        "l1_icache_loads": 28,
        "l1_icache_load_misses": 29,
        "l1_icache_prefetches": 30,
        "l1_icache_prefetch_misses": 31,
        "llc_loads": 32,
        "llc_load_misses": 33,
        "llc_stores": 34,
        "llc_store_misses": 35,
        "llc_prefetches": 36,
        "llc_prefetch_misses": 37,
        "dtlb_loads": 38,
        "dtlb_load_misses": 39,
        "dtlb_stores": 40,
        "dtlb_store_misses": 41,
        "dtlb_prefetches": 42,
        "dtlb_prefetch_misses": 43,
        "itlb_loads": 44,
        "itlb_load_misses": 45,
        "branch_loads": 46,
        "branch_load_misses": 47,
        "node_loads": 48,
        "node_load_misses": 49,
        "node_stores": 50,
        "node_store_misses": 51,
        "node_prefetches": 52,
        "node_prefetch_misses": 53,
    }

    timestamp: float
    duration: float
    cycles: Uint64 | None = None
    stalled_cycles_frontend: Uint64 | None = None
    stalled_cycles_backend: Uint64 | None = None
    instructions: Uint64 | None = None
    cache_references: Uint64 | None = None
    cache_misses: Uint64 | None = None
    branches: Uint64 | None = None
    branch_misses: Uint64 | None = None
    bus_cycles: Uint64 | None = None
    ref_cycles: Uint64 | None = None
    cpu_clock: float | None = None
    task_clock: float | None = None
    page_faults: Uint64 | None = None
    minor_faults: Uint64 | None = None
    major_faults: Uint64 | None = None
    context_switches: Uint64 | None = None
    cpu_migrations: Uint64 | None = None
    alignment_faults: Uint64 | None = None
    emulation_faults: Uint64 | None = None
    l1_dcache_loads: Uint64 | None = None
    l1_dcache_load_misses: Uint64 | None = None
    l1_dcache_stores: Uint64 | None = None
    l1_dcache_store_misses: Uint64 | None = None
    l1_dcache_prefetches: Uint64 | None = None
    l1_dcache_prefetch_misses: Uint64 | None = None
    l1_icache_loads: Uint64 | None = None
    l1_icache_load_misses: Uint64 | None = None
    l1_icache_prefetches: Uint64 | None = None
    l1_icache_prefetch_misses: Uint64 | None = None
    llc_loads: Uint64 | None = None
    llc_load_misses: Uint64 | None = None
    llc_stores: Uint64 | None = None
    llc_store_misses: Uint64 | None = None
    llc_prefetches: Uint64 | None = None
    llc_prefetch_misses: Uint64 | None = None
    dtlb_loads: Uint64 | None = None
    dtlb_load_misses: Uint64 | None = None
    dtlb_stores: Uint64 | None = None
    dtlb_store_misses: Uint64 | None = None
    dtlb_prefetches: Uint64 | None = None
    dtlb_prefetch_misses: Uint64 | None = None
    itlb_loads: Uint64 | None = None
    itlb_load_misses: Uint64 | None = None
    branch_loads: Uint64 | None = None
    branch_load_misses: Uint64 | None = None
    node_loads: Uint64 | None = None
    node_load_misses: Uint64 | None = None
    node_stores: Uint64 | None = None
    node_store_misses: Uint64 | None = None
    node_prefetches: Uint64 | None = None
    node_prefetch_misses: Uint64 | None = None


class IpStatistics(V1, frozen=True, kw_only=True):
    """Counters of IP."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "Forwarding": 1,
        "DefaultTTL": 2,
        "InReceives": 3,
        "InHdrErrors": 4,
        "InAddrErrors": 5,
        "ForwDatagrams": 6,
        "InUnknownProtos": 7,
        "InDiscards": 8,
        "InDelivers": 9,
        "OutRequests": 10,
        "OutDiscards": 11,
        "OutNoRoutes": 12,
        "ReasmTimeout": 13,
        "ReasmReqds": 14,
        "ReasmOKs": 15,
        "ReasmFails": 16,
        "FragOKs": 17,
        "FragFails": 18,
        "FragCreates": 19,
    }

    Forwarding: Int64 | None = None
    DefaultTTL: Int64 | None = None
    InReceives: Int64 | None = None
    InHdrErrors: Int64 | None = None
    InAddrErrors: Int64 | None = None
    ForwDatagrams: Int64 | None = None
    InUnknownProtos: Int64 | None = None
    InDiscards: Int64 | None = None
    InDelivers: Int64 | None = None
    OutRequests: Int64 | None = None
    OutDiscards: Int64 | None = None
    OutNoRoutes: Int64 | None = None
    ReasmTimeout: Int64 | None = None
    ReasmReqds: Int64 | None = None
    ReasmOKs: Int64 | None = None
    ReasmFails: Int64 | None = None
    FragOKs: Int64 | None = None
    FragFails: Int64 | None = None
    FragCreates: Int64 | None = None


class IcmpStatistics(V1, frozen=True, kw_only=True):
    """Counters of ICMP."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "InMsgs": 1,
        "InErrors": 2,
        "InCsumErrors": 3,
        "InDestUnreachs": 4,
        "InTimeExcds": 5,
        "InParmProbs": 6,
        "InSrcQuenchs": 7,
        "InRedirects": 8,
        "InEchos": 9,
        "InEchoReps": 10,
        "InTimestamps": 11,
        "InTimestampReps": 12,
        "InAddrMasks": 13,
        "InAddrMaskReps": 14,
        "OutMsgs": 15,
        "OutErrors": 16,
        "OutDestUnreachs": 17,
        "OutTimeExcds": 18,
        "OutParmProbs": 19,
        "OutSrcQuenchs": 20,
        "OutRedirects": 21,
        "OutEchos": 22,
        "OutEchoReps": 23,
        "OutTimestamps": 24,
        "OutTimestampReps": 25,
        "OutAddrMasks": 26,
        "OutAddrMaskReps": 27,
    }

    InMsgs: Int64 | None = None
    InErrors: Int64 | None = None
    InCsumErrors: Int64 | None = None
    InDestUnreachs: Int64 | None = None
    InTimeExcds: Int64 | None = None
    InParmProbs: Int64 | None = None
    InSrcQuenchs: Int64 | None = None
    InRedirects: Int64 | None = None
    InEchos: Int64 | None = None
    InEchoReps: Int64 | None = None
    InTimestamps: Int64 | None = None
    InTimestampReps: Int64 | None = None
    InAddrMasks: Int64 | None = None
    InAddrMaskReps: Int64 | None = None
    OutMsgs: Int64 | None = None
    OutErrors: Int64 | None = None
    OutDestUnreachs: Int64 | None = None
    OutTimeExcds: Int64 | None = None
    OutParmProbs: Int64 | None = None
    OutSrcQuenchs: Int64 | None = None
    OutRedirects: Int64 | None = None
    OutEchos: Int64 | None = None
    OutEchoReps: Int64 | None = None
    OutTimestamps: Int64 | None = None
    OutTimestampReps: Int64 | None = None
    OutAddrMasks: Int64 | None = None
    OutAddrMaskReps: Int64 | None = None


class TcpStatistics(V1, frozen=True, kw_only=True):
    """Counters of TCP."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "RtoAlgorithm": 1,
        "RtoMin": 2,
        "RtoMax": 3,
        "MaxConn": 4,
        "ActiveOpens": 5,
        "PassiveOpens": 6,
        "AttemptFails": 7,
        "EstabResets": 8,
        "CurrEstab": 9,
        "InSegs": 10,
        "OutSegs": 11,
        "RetransSegs": 12,
        "InErrs": 13,
        "OutRsts": 14,
        "InCsumErrors": 15,
    }

    RtoAlgorithm: Int64 | None = None
    RtoMin: Int64 | None = None
    RtoMax: Int64 | None = None
    MaxConn: Int64 | None = None
    ActiveOpens: Int64 | None = None
    PassiveOpens: Int64 | None = None
    AttemptFails: Int64 | None = None
    EstabResets: Int64 | None = None
    CurrEstab: Int64 | None = None
    InSegs: Int64 | None = None
    OutSegs: Int64 | None = None
    RetransSegs: Int64 | None = None
    InErrs: Int64 | None = None
    OutRsts: Int64 | None = None
    InCsumErrors: Int64 | None = None


class UdpStatistics(V1, frozen=True, kw_only=True):
    """Counters of UDP."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "InDatagrams": 1,
        "NoPorts": 2,
        "InErrors": 3,
        "OutDatagrams": 4,
        "RcvbufErrors": 5,
        "SndbufErrors": 6,
        "InCsumErrors": 7,
        "IgnoredMulti": 8,
    }

    InDatagrams: Int64 | None = None
    NoPorts: Int64 | None = None
    InErrors: Int64 | None = None
    OutDatagrams: Int64 | None = None
    RcvbufErrors: Int64 | None = None
    SndbufErrors: Int64 | None = None
    InCsumErrors: Int64 | None = None
    IgnoredMulti: Int64 | None = None


class SNMPStatistics(V1, frozen=True, kw_only=True):
    """Counters of the protocols of a network namespace."""

    NUMBERS: ClassVar[dict[str, int]] = {"ip_stats": 1, "icmp_stats": 2, "tcp_stats": 3, "udp_stats": 4}

    ip_stats: "IpStatistics | None" = None
    icmp_stats: "IcmpStatistics | None" = None
    tcp_stats: "TcpStatistics | None" = None
    udp_stats: "UdpStatistics | None" = None
