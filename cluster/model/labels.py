"""Labels and parameters: free key-value pairs users attach to things.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.base import V1


class Label(V1, frozen=True, kw_only=True):
    """A key with an optional value."""

    NUMBERS: ClassVar[dict[str, int]] = {"key": 1, "value": 2}

    key: str
    value: str | None = None


class Labels(V1, frozen=True, kw_only=True):
    """Labels in the order given; duplicates allowed."""

    NUMBERS: ClassVar[dict[str, int]] = {"labels": 1}

    labels: tuple[Label, ...] = ()


class Parameter(V1, frozen=True, kw_only=True):
    """A key with its value."""

    NUMBERS: ClassVar[dict[str, int]] = {"key": 1, "value": 2}

    key: str
    value: str


class Parameters(V1, frozen=True, kw_only=True):
    """Parameters in the order given."""

    NUMBERS: ClassVar[dict[str, int]] = {"parameter": 1}

    parameter: tuple[Parameter, ...] = ()
