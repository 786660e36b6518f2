"""What to run: command, environment, files to fetch, secrets.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.base import V1, V1Enum, declared


class Secret(V1, frozen=True, kw_only=True):
    """A secret by value or by reference."""

    class Type(V1Enum):
        """How the secret is given."""

        UNKNOWN = "UNKNOWN", 0
        REFERENCE = "REFERENCE", 1
        VALUE = "VALUE", 2

    class Reference(V1, frozen=True, kw_only=True):
        """Name of a secret in some store."""

        NUMBERS: ClassVar[dict[str, int]] = {"name": 1, "key": 2}

        name: str
        key: str | None = None

    class Value(V1, frozen=True, kw_only=True):
        """The secret itself."""

        NUMBERS: ClassVar[dict[str, int]] = {"data": 1}

        data: bytes

    NUMBERS: ClassVar[dict[str, int]] = {"type": 1, "reference": 2, "value": 3}

    type: Type | None = None
    reference: Reference | None = None
    value: Value | None = None


class Environment(V1, frozen=True, kw_only=True):
    """Environment variables."""

    class Variable(V1, frozen=True, kw_only=True):
        """One variable: VALUE takes `value`, SECRET takes `secret`."""

        class Type(V1Enum):
            """Whether the value is plain or secret."""

            UNKNOWN = "UNKNOWN", 0
            VALUE = "VALUE", 1
            SECRET = "SECRET", 2

        NUMBERS: ClassVar[dict[str, int]] = {"name": 1, "type": 3, "value": 2, "secret": 4}

        name: str
        type: Type = declared(Type.VALUE)
        value: str | None = None
        secret: Secret | None = None

    NUMBERS: ClassVar[dict[str, int]] = {"variables": 1}

    variables: tuple[Variable, ...] = ()


class CommandInfo(V1, frozen=True, kw_only=True):
    """A command.  shell: `sh -c value`; else exec `value` with argv `arguments`."""

    class URI(V1, frozen=True, kw_only=True):
        """A file to fetch into the sandbox."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "value": 1,
            "executable": 2,
            "extract": 3,
            "cache": 4,
            "output_file": 5,
        }

        value: str
        executable: bool | None = None
        extract: bool = declared(True)
        cache: bool | None = None
        output_file: str | None = None

    NUMBERS: ClassVar[dict[str, int]] = {
        "uris": 1,
        "environment": 2,
        "shell": 6,
        "value": 3,
        "arguments": 7,
        "user": 5,
    }

    uris: tuple[URI, ...] = ()
    environment: Environment | None = None
    shell: bool = declared(True)
    value: str | None = None
    arguments: tuple[str, ...] = ()
    user: str | None = None
