"""Typed actors with mailboxes that pass msgpack messages over TCP. See ``actors/README.md``."""

from actors.actor import Actor, handles
from actors.clock import NANOS, Clock, LoopClock, Timer
from actors.codec import Limits
from actors.deadletters import DeadLetter
from actors.errors import (
    ActorError,
    ActorGone,
    AddressInUse,
    AskTimeout,
    NameTaken,
    NotAMessage,
    ProtocolError,
)
from actors.message import Message, message, name_of
from actors.metrics import Metrics
from actors.pid import NOWHERE, PID, join_address, split_address
from actors.process import Process, run
from actors.rng import Rng
from actors.runtime import ActorView, Runtime
from actors.tcp import bind, port_of

__all__ = [
    "NANOS",
    "NOWHERE",
    "PID",
    "Actor",
    "ActorError",
    "ActorGone",
    "ActorView",
    "AddressInUse",
    "AskTimeout",
    "Clock",
    "DeadLetter",
    "Limits",
    "LoopClock",
    "Message",
    "Metrics",
    "NameTaken",
    "NotAMessage",
    "Process",
    "ProtocolError",
    "Rng",
    "Runtime",
    "Timer",
    "bind",
    "handles",
    "join_address",
    "message",
    "name_of",
    "port_of",
    "run",
    "split_address",
]
