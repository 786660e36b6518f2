"""What the web page asks of agents: the master passes it on over the connection that the agent opened.

So a browser, and the master, need not be able to dial the agent. Asked of the actor `page` of an agent.
"""

from __future__ import annotations

from actors import Message, message

#: The name of the actor.
NAME = "page"
#: Most bytes of a file in one answer.
PIECE_BYTES = 1 << 18


@message("page_agent.GetAbout")
class GetAbout(Message, frozen=True):
    """Its frameworks, executors, tasks and what the containers use."""


@message("page_agent.GetProcesses")
class GetProcesses(Message, frozen=True):
    """Its actors, and how long its event loop keeps them waiting."""


@message("page_agent.Browse")
class Browse(Message, frozen=True):
    """The entries of the directory with this virtual path."""

    path: str


@message("page_agent.ReadPiece")
class ReadPiece(Message, frozen=True):
    """Bytes of a file, at most `PIECE_BYTES`; a negative offset counts from the end."""

    path: str
    offset: int
    length: int


@message("page_agent.GetTrace")
class GetTrace(Message, frozen=True):
    """What is known of a sandbox that cannot be shown; answered with `Trace`.

    `path` was asked for; `root` is the run it is in, empty if it is in none.
    """

    path: str
    root: str
    framework_id: str
    executor_id: str


@message("page_agent.Trace")
class Trace(Message, frozen=True):
    """What an agent knows of it.

    `framework`, `executor`: `running`, `ended` or `unknown` here. `has_path`, `has_run`, `has_latest`:
    whether the path, the run it is in, and any run of that executor are on the disk. `remembered`: how many
    ended executors of the framework the agent remembers; `is_full`: it remembers as many as it may.
    """

    framework: str
    executor: str
    has_path: bool
    has_run: bool
    has_latest: bool
    remembered: int
    is_full: bool


@message("page_agent.Shown")
class Shown(Message, frozen=True):
    """The answer to the first three, as JSON."""

    body: bytes


@message("page_agent.Piece")
class Piece(Message, frozen=True):
    """A piece of a file that has `size` bytes now."""

    offset: int
    data: bytes
    size: int


@message("page_agent.Fault")
class Fault(Message, frozen=True):
    """Nothing can be shown: an HTTP status and why."""

    status: int
    why: str
