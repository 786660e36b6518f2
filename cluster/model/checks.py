"""Checks and health checks of a task, and what a check reports.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.base import V1, Int32, Uint32, V1Enum, declared
from cluster.model.command import CommandInfo
from cluster.model.container import NetworkInfo


class CheckInfo(V1, frozen=True, kw_only=True):
    """A check that only reports.  Times in seconds; timeout 0 = none."""

    class Type(V1Enum):
        """How to check."""

        UNKNOWN = "UNKNOWN", 0
        COMMAND = "COMMAND", 1
        HTTP = "HTTP", 2
        TCP = "TCP", 3

    class Command(V1, frozen=True, kw_only=True):
        """Run a command; report its exit code."""

        NUMBERS: ClassVar[dict[str, int]] = {"command": 1}

        command: CommandInfo

    class Http(V1, frozen=True, kw_only=True):
        """GET a path; report the status code."""

        NUMBERS: ClassVar[dict[str, int]] = {"port": 1, "path": 2}

        port: Uint32
        path: str | None = None

    class Tcp(V1, frozen=True, kw_only=True):
        """Connect; report whether it worked."""

        NUMBERS: ClassVar[dict[str, int]] = {"port": 1}

        port: Uint32

    NUMBERS: ClassVar[dict[str, int]] = {
        "type": 1,
        "command": 2,
        "http": 3,
        "tcp": 7,
        "delay_seconds": 4,
        "interval_seconds": 5,
        "timeout_seconds": 6,
    }

    type: Type | None = None
    command: Command | None = None
    http: Http | None = None
    tcp: Tcp | None = None
    delay_seconds: float = declared(15.0)
    interval_seconds: float = declared(10.0)
    timeout_seconds: float = declared(20.0)


class HealthCheck(V1, frozen=True, kw_only=True):
    """A check whose failures kill the task.  Times in seconds; timeout 0 = none."""

    class Type(V1Enum):
        """How to check."""

        UNKNOWN = "UNKNOWN", 0
        COMMAND = "COMMAND", 1
        HTTP = "HTTP", 2
        TCP = "TCP", 3

    class HTTPCheckInfo(V1, frozen=True, kw_only=True):
        """GET a path; 200 to 399 is healthy."""

        NUMBERS: ClassVar[dict[str, int]] = {"protocol": 5, "scheme": 3, "port": 1, "path": 2, "statuses": 4}

        protocol: NetworkInfo.Protocol = declared(NetworkInfo.Protocol.IPv4)
        scheme: str | None = None
        port: Uint32
        path: str | None = None
        statuses: tuple[Uint32, ...] = ()

    class TCPCheckInfo(V1, frozen=True, kw_only=True):
        """Connect; a connection is healthy."""

        NUMBERS: ClassVar[dict[str, int]] = {"protocol": 2, "port": 1}

        protocol: NetworkInfo.Protocol = declared(NetworkInfo.Protocol.IPv4)
        port: Uint32

    NUMBERS: ClassVar[dict[str, int]] = {
        "delay_seconds": 2,
        "interval_seconds": 3,
        "timeout_seconds": 4,
        "consecutive_failures": 5,
        "grace_period_seconds": 6,
        "type": 8,
        "command": 7,
        "http": 1,
        "tcp": 9,
    }

    delay_seconds: float = declared(15.0)
    interval_seconds: float = declared(10.0)
    timeout_seconds: float = declared(20.0)
    consecutive_failures: Uint32 = declared(3)
    grace_period_seconds: float = declared(10.0)
    type: Type | None = None
    command: CommandInfo | None = None
    http: HTTPCheckInfo | None = None
    tcp: TCPCheckInfo | None = None


class CheckStatusInfo(V1, frozen=True, kw_only=True):
    """Last result of a check; an empty member when there is none yet."""

    class Command(V1, frozen=True, kw_only=True):
        """Exit code of the command."""

        NUMBERS: ClassVar[dict[str, int]] = {"exit_code": 1}

        exit_code: Int32 | None = None

    class Http(V1, frozen=True, kw_only=True):
        """Status code of the answer."""

        NUMBERS: ClassVar[dict[str, int]] = {"status_code": 1}

        status_code: Uint32 | None = None

    class Tcp(V1, frozen=True, kw_only=True):
        """Whether the connection worked."""

        NUMBERS: ClassVar[dict[str, int]] = {"succeeded": 1}

        succeeded: bool | None = None

    NUMBERS: ClassVar[dict[str, int]] = {"type": 1, "command": 2, "http": 3, "tcp": 4}

    type: CheckInfo.Type | None = None
    command: Command | None = None
    http: Http | None = None
    tcp: Tcp | None = None
