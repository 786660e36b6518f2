"""What is wrong with bytes that should be a v1 message."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import ClassVar


class Malformed(Exception):
    """Raised when bytes, or the call they hold, are not what the v1 API takes.

    path: the field, from the outermost message, as in `accept.operations[0].launch`; empty for the whole.
    """

    http_status: ClassVar[int] = HTTPStatus.BAD_REQUEST

    def __init__(self, path: str, sentence: str) -> None:
        super().__init__(f"{path}: {sentence}" if path else sentence)
        self.path = path
        self.sentence = sentence


#: So many missing fields are named; there may be a million.
MOST_NAMED = 20


def missing_fields(paths: Sequence[str]) -> Malformed:
    """Make the error for required fields that are missing; there is at least one."""
    rest = f"; so are {', '.join(paths[1:MOST_NAMED])}" if len(paths) > 1 else ""
    if len(paths) >= MOST_NAMED:
        rest += ", and perhaps more"
    return Malformed(paths[0], f"this required field is missing{rest}")
