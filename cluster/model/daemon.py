"""What a daemon tells about itself: master, version, flags, metrics, files.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.base import V1, Int32, Uint32, Uint64, V1Enum
from cluster.model.domain import DomainInfo
from cluster.model.times import TimeInfo
from cluster.model.urls import Address


class MasterCapability(V1, frozen=True, kw_only=True):
    """Something a master understands."""

    class Type(V1Enum):
        """Names of master capabilities."""

        UNKNOWN = "UNKNOWN", 0
        AGENT_UPDATE = "AGENT_UPDATE", 1
        AGENT_DRAINING = "AGENT_DRAINING", 2
        QUOTA_V2 = "QUOTA_V2", 3

    NUMBERS: ClassVar[dict[str, int]] = {"type": 1}

    type: Type | None = None


class MasterInfo(V1, frozen=True, kw_only=True):
    """A master as the election publishes it.  ip: IPv4 s_addr read as host integer."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "id": 1,
        "ip": 2,
        "port": 3,
        "pid": 4,
        "hostname": 5,
        "version": 6,
        "address": 7,
        "domain": 8,
        "capabilities": 9,
    }

    id: str
    ip: Uint32
    port: Uint32
    pid: str | None = None
    hostname: str | None = None
    version: str | None = None
    address: Address | None = None
    domain: DomainInfo | None = None
    capabilities: tuple[MasterCapability, ...] = ()


class VersionInfo(V1, frozen=True, kw_only=True):
    """Version and build."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "version": 1,
        "build_date": 2,
        "build_time": 3,
        "build_user": 4,
        "git_sha": 5,
        "git_branch": 6,
        "git_tag": 7,
    }

    version: str
    build_date: str | None = None
    build_time: float | None = None
    build_user: str | None = None
    git_sha: str | None = None
    git_branch: str | None = None
    git_tag: str | None = None


class Flag(V1, frozen=True, kw_only=True):
    """A flag with its value as text."""

    NUMBERS: ClassVar[dict[str, int]] = {"name": 1, "value": 2}

    name: str
    value: str | None = None


class Metric(V1, frozen=True, kw_only=True):
    """A metric with its value."""

    NUMBERS: ClassVar[dict[str, int]] = {"name": 1, "value": 2}

    name: str
    value: float | None = None


class FileInfo(V1, frozen=True, kw_only=True):
    """A file of a sandbox; mode is st_mode."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "path": 1,
        "nlink": 2,
        "size": 3,
        "mtime": 4,
        "mode": 5,
        "uid": 6,
        "gid": 7,
    }

    path: str
    nlink: Int32 | None = None
    size: Uint64 | None = None
    mtime: TimeInfo | None = None
    mode: Uint32 | None = None
    uid: str | None = None
    gid: str | None = None
