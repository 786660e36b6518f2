"""Files below attached directories: what may be looked at, and looking at it. Blocks; run it in a thread.

Source: reference http-endpoints.md §5.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from typing import NamedTuple

#: Most bytes one read gives: 16 pages.
MOST_BYTES = 16 * 4096


class FileFault(Exception):
    """Raised when a file cannot be shown. `status` is that of the answer."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Attached(NamedTuple):
    """A directory or file that may be looked at under a virtual path."""

    virtual: str
    real: str


class Found(NamedTuple):
    """Something below an attached directory: real path, and the virtual one under which it was asked for."""

    real: str
    virtual: str


class Entry(NamedTuple):
    """A file in a directory. `mtime` seconds since the epoch, `mode` of the operating system."""

    path: str
    nlink: int
    size: int
    mtime: float
    mode: int
    uid: str
    gid: str


class Piece(NamedTuple):
    """Part of a file."""

    offset: int
    data: bytes
    size: int


def locate(attached: Attached, path: str) -> Found:
    """Where a virtual path leads, which begins with that of `attached`.

    Raises:
        FileFault: nowhere, or out of what is attached.
    """
    rest = path[len(attached.virtual) :].strip("/")
    root = os.path.realpath(attached.real)
    if "\0" in rest:
        raise FileFault(400, f"path: {path!r} is not a path")
    try:
        real = os.path.realpath(os.path.join(root, rest)) if rest else root
        if real != root and not real.startswith(root.rstrip("/") + "/"):
            raise FileFault(400, f"path: {path!r} leads out of {attached.virtual!r}")
        if not os.path.exists(real):
            raise FileFault(404, f"path: there is no file {path!r}")
    except (OSError, ValueError) as fault:
        raise FileFault(400, f"path: {fault}") from None
    return Found(real, path.rstrip("/"))


def browse(found: Found) -> list[Entry]:
    """The entries of a directory by path; a plain file has none. Links that lead nowhere are left out.

    Raises:
        FileFault: it cannot be read.
    """
    if not os.path.isdir(found.real):
        return []
    try:
        names = sorted(os.listdir(found.real))
    except OSError as fault:
        raise _unreadable(found, fault) from None
    entries = (_entry(found, name) for name in names)
    return [entry for entry in entries if entry is not None]


def read(found: Found, offset: int, length: int | None) -> Piece:
    """A piece of a file; with offset -1 only its size.

    Raises:
        FileFault: it is a directory, or cannot be read.
    """
    _refuse_directory(found)
    try:
        descriptor = os.open(found.real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            if offset == -1:
                return Piece(size, b"", size)
            if offset >= size:
                return Piece(offset, b"", size)
            most = MOST_BYTES if length is None else min(length, MOST_BYTES)
            return Piece(offset, os.pread(descriptor, most, offset), size)
        finally:
            os.close(descriptor)
    except OSError as fault:
        raise _unreadable(found, fault) from None


def open_file(found: Found) -> tuple[int, int]:
    """A plain file to send: its descriptor and size.

    Raises:
        FileFault: it is a directory or a device, or cannot be read.
    """
    _refuse_directory(found)
    try:
        descriptor = os.open(found.real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as fault:
        raise _unreadable(found, fault) from None
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        raise FileFault(400, f"path: {found.virtual!r} is not a plain file")
    return descriptor, about.st_size


def whole_characters(data: bytes, is_end: bool) -> bytes:
    """Text without the character at its end that the next piece completes."""
    if is_end:
        return data
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:  # begins a character
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return data[:-back] if length > back and len(data) > back else data
        if byte < 0x80:
            break
    return data


def _refuse_directory(found: Found) -> None:
    if os.path.isdir(found.real):
        raise FileFault(400, f"path: {found.virtual!r} is a directory")


def _unreadable(found: Found, fault: OSError) -> FileFault:
    words = fault.strerror or str(fault)
    return FileFault(500, f"path: {found.virtual!r} cannot be read: {words}")


def _entry(found: Found, name: str) -> Entry | None:
    try:
        about = os.stat(os.path.join(found.real, name))
    except OSError:
        return None
    return Entry(
        f"{found.virtual}/{name}",
        about.st_nlink,
        about.st_size,
        float(int(about.st_mtime)),
        about.st_mode,
        _user(about.st_uid),
        _group(about.st_gid),
    )


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
