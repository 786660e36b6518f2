"""Messages between runtimes; they are addressed to the empty actor name."""

from __future__ import annotations

from actors.message import Message, message


@message("actors.Link")
class Link(Message, frozen=True):
    """Tell the sender's process when the actor ``name`` ends."""

    name: str


@message("actors.Exited")
class ActorExited(Message, frozen=True):
    """The linked actor ``name`` ended, or never was."""

    name: str
    reason: str


@message("actors.NoSuchActor")
class NoSuchActor(Message, frozen=True):
    """The question of ``asker`` went to ``name``, which does not exist here."""

    asker: str
    name: str
