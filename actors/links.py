"""Who is told when whom ends. Bookkeeping only; the runtime does the telling."""

from __future__ import annotations

from actors.pid import PID


class Links:
    """Links by watched actor, by its address, and by watcher."""

    __slots__ = ("_at", "_watched_by", "_watchers")

    def __init__(self) -> None:
        self._watchers: dict[PID, dict[PID, None]] = {}  # watched -> watchers
        self._at: dict[str, dict[PID, None]] = {}  # address -> watched
        self._watched_by: dict[PID, dict[PID, None]] = {}  # watcher -> watched

    def __bool__(self) -> bool:
        return bool(self._watchers or self._at or self._watched_by)

    def add(self, watcher: PID, watched: PID) -> int:
        """Add a link; how many watchers there are if it is new, else 0."""
        watchers = self._watchers.setdefault(watched, {})
        if watcher in watchers:
            return 0
        watchers[watcher] = None
        self._at.setdefault(watched.address, {})[watched] = None
        self._watched_by.setdefault(watcher, {})[watched] = None
        return len(watchers)

    def remove(self, watcher: PID, watched: PID) -> None:
        """Take a link out; harmless when there is none."""
        watchers = self._watchers.get(watched)
        if watchers is not None:
            watchers.pop(watcher, None)
            if not watchers:
                self._forget(watched)
        self._stop_watching(watcher, watched)

    def remove_watcher(self, watcher: PID) -> None:
        """Take out all links of an actor that ended."""
        for watched in list(self._watched_by.get(watcher, ())):
            self.remove(watcher, watched)

    def take(self, watched: PID) -> dict[PID, None]:
        """Take out all links to an actor that ended; who is to be told."""
        watchers = self._watchers.get(watched, {})
        self._forget(watched)
        for watcher in watchers:
            self._stop_watching(watcher, watched)
        return watchers

    def at(self, address: str) -> list[PID]:
        """The actors at an address that somebody here has a link to."""
        return list(self._at.get(address, ()))

    def _stop_watching(self, watcher: PID, watched: PID) -> None:
        all_watched = self._watched_by.get(watcher)
        if all_watched is not None:
            all_watched.pop(watched, None)
            if not all_watched:
                del self._watched_by[watcher]

    def _forget(self, watched: PID) -> None:
        self._watchers.pop(watched, None)
        there = self._at.get(watched.address)
        if there is not None:
            there.pop(watched, None)
            if not there:
                del self._at[watched.address]
