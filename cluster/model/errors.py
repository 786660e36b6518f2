"""Errors of the model.  Each subclass is one a caller reacts to differently."""

from http import HTTPStatus
from typing import ClassVar


class ModelError(Exception):
    """Root of the errors raised by `cluster.model`."""

    http_status: ClassVar[int] = HTTPStatus.BAD_REQUEST


class InvalidResource(ModelError, ValueError):
    """Raised when a resource breaks the rules of reference types.md §4.2.

    faults holds every broken rule, one sentence each.
    """

    def __init__(self, name: str, faults: tuple[str, ...]) -> None:
        super().__init__(f"Invalid resource '{name}': {'; '.join(faults)}")
        self.name = name
        self.faults = faults


class InvalidResources(ModelError, ValueError):
    """Raised when text does not describe resources; the message names the fault."""


class InvalidAttributes(ModelError, ValueError):
    """Raised when text does not describe attributes; the message names the fault."""


class NotContained(ModelError):
    """Raised when resources are taken from others that do not contain them."""

    def __init__(self, whole: str, part: str) -> None:
        super().__init__(f"{whole} does not contain {part}")
        self.whole = whole
        self.part = part


class IllegalTransition(ModelError):
    """Raised when a task is moved to a state that cannot follow its own."""

    http_status = HTTPStatus.CONFLICT

    def __init__(self, task_id: str, old: str, new: str) -> None:
        super().__init__(f"Task '{task_id}' cannot go from {old} to {new}")
        self.task_id = task_id
        self.old = old
        self.new = new
