"""Containers: description (ContainerInfo) and state (ContainerStatus).

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

import msgspec

from cluster.model.base import V1, Uint32, Uint64, V1Enum, declared
from cluster.model.cgroup import CgroupInfo
from cluster.model.ids import ContainerID
from cluster.model.labels import Labels, Parameter
from cluster.model.volume import Image, Volume


class NetworkInfo(V1, frozen=True, kw_only=True):
    """A network a container joins."""

    class Protocol(V1Enum):
        """Version of IP."""

        IPv4 = "IPv4", 1
        IPv6 = "IPv6", 2

    class IPAddress(V1, frozen=True, kw_only=True):
        """An address asked for or given."""

        NUMBERS: ClassVar[dict[str, int]] = {"protocol": 1, "ip_address": 2}

        protocol: "NetworkInfo.Protocol" = msgspec.field(default_factory=lambda: NetworkInfo.Protocol.IPv4)
        ip_address: str | None = None

    class PortMapping(V1, frozen=True, kw_only=True):
        """A host port led to a container port."""

        NUMBERS: ClassVar[dict[str, int]] = {"host_port": 1, "container_port": 2, "protocol": 3}

        host_port: Uint32
        container_port: Uint32
        protocol: str | None = None

    NUMBERS: ClassVar[dict[str, int]] = {
        "ip_addresses": 5,
        "name": 6,
        "groups": 3,
        "labels": 4,
        "port_mappings": 7,
    }

    ip_addresses: tuple[IPAddress, ...] = ()
    name: str | None = None
    groups: tuple[str, ...] = ()
    labels: Labels | None = None
    port_mappings: tuple[PortMapping, ...] = ()


class CapabilityInfo(V1, frozen=True, kw_only=True):
    """Linux capabilities."""

    class Capability(V1Enum):
        """A Linux capability; number = 1000 + the kernel's."""

        UNKNOWN = "UNKNOWN", 0
        CHOWN = "CHOWN", 1000
        DAC_OVERRIDE = "DAC_OVERRIDE", 1001
        DAC_READ_SEARCH = "DAC_READ_SEARCH", 1002
        FOWNER = "FOWNER", 1003
        FSETID = "FSETID", 1004
        KILL = "KILL", 1005
        SETGID = "SETGID", 1006
        SETUID = "SETUID", 1007
        SETPCAP = "SETPCAP", 1008
        LINUX_IMMUTABLE = "LINUX_IMMUTABLE", 1009
        NET_BIND_SERVICE = "NET_BIND_SERVICE", 1010
        NET_BROADCAST = "NET_BROADCAST", 1011
        NET_ADMIN = "NET_ADMIN", 1012
        NET_RAW = "NET_RAW", 1013
        IPC_LOCK = "IPC_LOCK", 1014
        IPC_OWNER = "IPC_OWNER", 1015
        SYS_MODULE = "SYS_MODULE", 1016
        SYS_RAWIO = "SYS_RAWIO", 1017
        SYS_CHROOT = "SYS_CHROOT", 1018
        SYS_PTRACE = "SYS_PTRACE", 1019
        SYS_PACCT = "SYS_PACCT", 1020
        SYS_ADMIN = "SYS_ADMIN", 1021
        SYS_BOOT = "SYS_BOOT", 1022
        SYS_NICE = "SYS_NICE", 1023
        SYS_RESOURCE = "SYS_RESOURCE", 1024
        SYS_TIME = "SYS_TIME", 1025
        SYS_TTY_CONFIG = "SYS_TTY_CONFIG", 1026
        MKNOD = "MKNOD", 1027
        LEASE = "LEASE", 1028
        AUDIT_WRITE = "AUDIT_WRITE", 1029
        AUDIT_CONTROL = "AUDIT_CONTROL", 1030
        SETFCAP = "SETFCAP", 1031
        MAC_OVERRIDE = "MAC_OVERRIDE", 1032
        MAC_ADMIN = "MAC_ADMIN", 1033
        SYSLOG = "SYSLOG", 1034
        WAKE_ALARM = "WAKE_ALARM", 1035
        BLOCK_SUSPEND = "BLOCK_SUSPEND", 1036
        AUDIT_READ = "AUDIT_READ", 1037
        PERFMON = "PERFMON", 1038
        BPF = "BPF", 1039
        CHECKPOINT_RESTORE = "CHECKPOINT_RESTORE", 1040

    NUMBERS: ClassVar[dict[str, int]] = {"capabilities": 1}

    capabilities: tuple[Capability, ...] = ()


class SeccompInfo(V1, frozen=True, kw_only=True):
    """Seccomp profile of a container."""

    NUMBERS: ClassVar[dict[str, int]] = {"profile_name": 1, "unconfined": 2}

    profile_name: str | None = None
    unconfined: bool | None = None


class LinuxInfo(V1, frozen=True, kw_only=True):
    """Linux specific settings of a container."""

    class IpcMode(V1Enum):
        """Whose IPC namespace."""

        UNKNOWN = "UNKNOWN", 0
        PRIVATE = "PRIVATE", 1
        SHARE_PARENT = "SHARE_PARENT", 2

    NUMBERS: ClassVar[dict[str, int]] = {
        "capability_info": 1,
        "bounding_capabilities": 2,
        "effective_capabilities": 3,
        "share_pid_namespace": 4,
        "seccomp": 5,
        "ipc_mode": 6,
        "shm_size": 7,
        "share_cgroups": 8,
    }

    capability_info: CapabilityInfo | None = None
    bounding_capabilities: CapabilityInfo | None = None
    effective_capabilities: CapabilityInfo | None = None
    share_pid_namespace: bool | None = None
    seccomp: SeccompInfo | None = None
    ipc_mode: IpcMode | None = None
    shm_size: Uint32 | None = None
    share_cgroups: bool = declared(True)


class RLimitInfo(V1, frozen=True, kw_only=True):
    """Resource limits of a process."""

    class RLimit(V1, frozen=True, kw_only=True):
        """One limit; without hard and soft, unlimited."""

        class Type(V1Enum):
            """Which limit."""

            UNKNOWN = "UNKNOWN", 0
            RLMT_AS = "RLMT_AS", 1
            RLMT_CORE = "RLMT_CORE", 2
            RLMT_CPU = "RLMT_CPU", 3
            RLMT_DATA = "RLMT_DATA", 4
            RLMT_FSIZE = "RLMT_FSIZE", 5
            RLMT_LOCKS = "RLMT_LOCKS", 6
            RLMT_MEMLOCK = "RLMT_MEMLOCK", 7
            RLMT_MSGQUEUE = "RLMT_MSGQUEUE", 8
            RLMT_NICE = "RLMT_NICE", 9
            RLMT_NOFILE = "RLMT_NOFILE", 10
            RLMT_NPROC = "RLMT_NPROC", 11
            RLMT_RSS = "RLMT_RSS", 12
            RLMT_RTPRIO = "RLMT_RTPRIO", 13
            RLMT_RTTIME = "RLMT_RTTIME", 14
            RLMT_SIGPENDING = "RLMT_SIGPENDING", 15
            RLMT_STACK = "RLMT_STACK", 16

        NUMBERS: ClassVar[dict[str, int]] = {"type": 1, "hard": 2, "soft": 3}

        type: Type | None = None
        hard: Uint64 | None = None
        soft: Uint64 | None = None

    NUMBERS: ClassVar[dict[str, int]] = {"rlimits": 1}

    rlimits: tuple[RLimit, ...] = ()


class TTYInfo(V1, frozen=True, kw_only=True):
    """A terminal for the container."""

    class WindowSize(V1, frozen=True, kw_only=True):
        """Size of the terminal in characters."""

        NUMBERS: ClassVar[dict[str, int]] = {"rows": 1, "columns": 2}

        rows: Uint32
        columns: Uint32

    NUMBERS: ClassVar[dict[str, int]] = {"window_size": 1}

    window_size: WindowSize | None = None


class ContainerInfo(V1, frozen=True, kw_only=True):
    """Container of a task or an executor."""

    class Type(V1Enum):
        """Who runs the container."""

        DOCKER = "DOCKER", 1
        MESOS = "MESOS", 2

    class DockerInfo(V1, frozen=True, kw_only=True):
        """Settings of a Docker container."""

        class Network(V1Enum):
            """Network mode."""

            HOST = "HOST", 1
            BRIDGE = "BRIDGE", 2
            NONE = "NONE", 3
            USER = "USER", 4

        class PortMapping(V1, frozen=True, kw_only=True):
            """A host port led to a container port."""

            NUMBERS: ClassVar[dict[str, int]] = {"host_port": 1, "container_port": 2, "protocol": 3}

            host_port: Uint32
            container_port: Uint32
            protocol: str | None = None

        NUMBERS: ClassVar[dict[str, int]] = {
            "image": 1,
            "network": 2,
            "port_mappings": 3,
            "privileged": 4,
            "parameters": 5,
            "force_pull_image": 6,
            "volume_driver": 7,
        }

        image: str
        network: Network = declared(Network.HOST)
        port_mappings: tuple[PortMapping, ...] = ()
        privileged: bool = declared(False)
        parameters: tuple[Parameter, ...] = ()
        force_pull_image: bool | None = None
        volume_driver: str | None = None

    class MesosInfo(V1, frozen=True, kw_only=True):
        """Settings of a Mesos container."""

        NUMBERS: ClassVar[dict[str, int]] = {"image": 1}

        image: Image | None = None

    NUMBERS: ClassVar[dict[str, int]] = {
        "type": 1,
        "volumes": 2,
        "hostname": 4,
        "docker": 3,
        "mesos": 5,
        "network_infos": 7,
        "linux_info": 8,
        "rlimit_info": 9,
        "tty_info": 10,
    }

    type: Type
    volumes: tuple[Volume, ...] = ()
    hostname: str | None = None
    docker: DockerInfo | None = None
    mesos: MesosInfo | None = None
    network_infos: tuple[NetworkInfo, ...] = ()
    linux_info: LinuxInfo | None = None
    rlimit_info: RLimitInfo | None = None
    tty_info: TTYInfo | None = None


class ContainerStatus(V1, frozen=True, kw_only=True):
    """State of a container, added by the agent to task statuses."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "container_id": 4,
        "network_infos": 1,
        "cgroup_info": 2,
        "executor_pid": 3,
    }

    container_id: ContainerID | None = None
    network_infos: tuple[NetworkInfo, ...] = ()
    cgroup_info: CgroupInfo | None = None
    executor_pid: Uint32 | None = None
