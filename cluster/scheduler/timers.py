"""How long a connection waits for what, and the private messages by which it remembers to look."""

from __future__ import annotations

from dataclasses import dataclass

from actors import PID


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the connection waits for what, in seconds.

    A subscription is tried after a random time in [0, b], b doubling from `backoff_min_s` to
    `backoff_max_s`; it counts as unanswered after `answer_s`, which is more than a dial may take, so
    that a failed dial is noticed first. After `missed_heartbeats` intervals without any event the
    master counts as lost. Questions about tasks are repeated after `reconcile_min_s`, doubling to
    `reconcile_max_s`, until answered; all of them are asked anew `reconcile_every_s` later.
    `refuse_s`: filter on offers that the user's side was too busy for.
    """

    backoff_min_s: float = 0.5
    backoff_max_s: float = 30.0
    answer_s: float = 15.0
    missed_heartbeats: int = 5
    reconcile_min_s: float = 5.0
    reconcile_max_s: float = 300.0
    reconcile_every_s: float = 600.0
    refuse_s: float = 5.0


@dataclass(frozen=True, slots=True)
class MasterDetected:
    """The leader is known, or there is none. Private."""

    master: PID | None


@dataclass(frozen=True, slots=True)
class AttemptDue:
    """Time to subscribe. Private; void when `plan` is not the present one."""

    plan: int


@dataclass(frozen=True, slots=True)
class SilenceDue:
    """Time to see whether the master was heard. Private; void as above."""

    plan: int


@dataclass(frozen=True, slots=True)
class ReconcileDue:
    """Time to ask about tasks. Private; void when `round` is not the present one."""

    round: int
    about_all: bool
