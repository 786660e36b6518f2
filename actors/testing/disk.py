"""A disk in memory that forgets what was not synced when the power goes."""

from __future__ import annotations


class SimulatedDisk:
    """A :class:`~actors.disk.Disk`; :meth:`lose_power` drops unsynced appends."""

    def __init__(self) -> None:
        self._now: dict[str, bytes] = {}
        self._durable: dict[str, bytes] = {}

    def read(self, path: str) -> bytes | None:
        return self._now.get(path)

    def write(self, path: str, data: bytes, *, durable: bool = True) -> None:
        self._now[path] = data
        if durable:
            self._durable[path] = data

    def append(self, path: str, data: bytes) -> None:
        self._now[path] = self._now.get(path, b"") + data

    def sync(self, path: str) -> None:
        if path in self._now:
            self._durable[path] = self._now[path]

    def remove(self, path: str) -> None:
        for files in (self._now, self._durable):
            for name in [n for n in files if n == path or n.startswith(path + "/")]:
                del files[name]

    def list(self, path: str) -> list[str]:
        start = path.rstrip("/") + "/"
        return sorted({name[len(start) :].split("/", 1)[0] for name in self._now if name.startswith(start)})

    def make_directory(self, path: str) -> None:
        """Directories exist as soon as something is in them."""

    def lose_power(self) -> None:
        """Forget what was appended and not synced."""
        self._now = dict(self._durable)
