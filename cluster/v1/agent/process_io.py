"""What streams to and from a container are made of.

Source: reference http-endpoints.md §9; numbers from Mesos include/mesos/v1/agent/agent.proto.
"""

from typing import ClassVar

from cluster.model import (
    V1,
    DurationInfo,
    TTYInfo,
    V1Enum,
)


class ProcessIO(V1, frozen=True, kw_only=True):
    """A record of the streams to and from a container."""

    class Type(V1Enum):
        """Which member counts."""

        UNKNOWN = "UNKNOWN", 0
        DATA = "DATA", 1
        CONTROL = "CONTROL", 2

    class Data(V1, frozen=True, kw_only=True):
        """Bytes of one of the standard streams."""

        class Type(V1Enum):
            """Which of the streams."""

            UNKNOWN = "UNKNOWN", 0
            STDIN = "STDIN", 1
            STDOUT = "STDOUT", 2
            STDERR = "STDERR", 3

        NUMBERS: ClassVar[dict[str, int]] = {"type": 1, "data": 2}

        type: Type | None = None
        data: bytes | None = None

    class Control(V1, frozen=True, kw_only=True):
        """What is no data."""

        class Type(V1Enum):
            """Which member counts."""

            UNKNOWN = "UNKNOWN", 0
            TTY_INFO = "TTY_INFO", 1
            HEARTBEAT = "HEARTBEAT", 2

        class Heartbeat(V1, frozen=True, kw_only=True):
            """The sender is there, and says so at this interval."""

            NUMBERS: ClassVar[dict[str, int]] = {"interval": 1}

            interval: DurationInfo | None = None

        NUMBERS: ClassVar[dict[str, int]] = {"type": 1, "tty_info": 2, "heartbeat": 3}

        type: Type | None = None
        tty_info: TTYInfo | None = None
        heartbeat: Heartbeat | None = None

    NUMBERS: ClassVar[dict[str, int]] = {"type": 1, "data": 2, "control": 3}

    type: Type | None = None
    data: Data | None = None
    control: Control | None = None
