"""Where the agent is: fixed, or read anew each time from a file its every start writes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from actors import PID

log = logging.getLogger(__name__)

FindAgent = Callable[[], PID | None]


def fixed(agent: PID) -> FindAgent:
    """The agent is always there."""
    return lambda: agent


def from_file(path: str, otherwise: PID | None = None) -> FindAgent:
    """The agent is where the file says (``name@ip:port``); ``otherwise`` when it says nothing."""

    def find() -> PID | None:
        try:
            return PID.parse(Path(path).read_text().strip())
        except (OSError, ValueError) as error:
            log.debug("cannot read the agent's address: %s", error)
            return otherwise

    return find
