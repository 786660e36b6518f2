"""Two kinds of work on files: what `mesos-demo` has its tasks do, and does again itself to compare.

As a program it works on entries FIRST to LAST (from 0, without LAST) of a list of paths, and prints
the result of each on a line, then CPU seconds and bytes read::

    python -I -S file_work.py digest LIST FIRST LAST

Nothing but the standard library is imported, so that it starts quickly.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterable

DIGEST, COMPRESS = "digest", "compress"


def digest(content: bytes) -> str:
    """The digests of a content by every algorithm that Python guarantees, in hexadecimal."""
    import hashlib

    found = []
    for name in sorted(hashlib.algorithms_guaranteed):
        algorithm = hashlib.new(name, content)
        # Those without a length of their own are asked for 32 bytes.
        found.append(algorithm.hexdigest() if algorithm.digest_size else algorithm.hexdigest(32))  # type: ignore[call-arg]
    return " ".join(found)


def compress(content: bytes) -> str:
    """The size of a content compressed with zlib at its best, and the CRC-32 of what came out."""
    import zlib

    small = zlib.compress(content, 9)
    return f"{len(small)} {zlib.crc32(small):08x}"


WORK: dict[str, Callable[[bytes], str]] = {DIGEST: digest, COMPRESS: compress}


def results(kind: str, paths: Iterable[str]) -> Iterable[tuple[str, int]]:
    """For each file the result of one kind of work, and the bytes read."""
    work = WORK[kind]
    for path in paths:
        with open(path, "rb") as file:
            content = file.read()
        yield work(content), len(content)


def main(kind: str, list_path: str, first: int, last: int) -> None:
    """Work, and print."""
    with open(list_path, encoding="utf-8", errors="surrogateescape") as file:
        paths = file.read().split("\0")[first:last]
    read_bytes = 0
    for result, size in results(kind, paths):
        read_bytes += size
        print(result)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{used.ru_utime + used.ru_stime:.6f} {read_bytes}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
