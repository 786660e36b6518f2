"""What an agent has to offer: given on the command line, the rest detected. Pure but for `hardware`.

Source: reference agent.md §2.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from cluster.model import InvalidResources, Resources
from cluster.model.resources_text import parse_resources

MB = 1 << 20
GB_MB = 1024

#: Ports offered unless others are given.
DEFAULT_PORTS = "[31000-32000]"


@dataclass(frozen=True, slots=True)
class Hardware:
    """What the host has: processors, memory and the file system of the work directory, in MB."""

    cpus: int
    mem_mb: int
    disk_mb: int


def hardware(work_dir: str) -> Hardware:
    """Read the host."""
    return Hardware(
        cpus=psutil.cpu_count() or 1,
        mem_mb=int(psutil.virtual_memory().total // MB),
        disk_mb=int(psutil.disk_usage(work_dir).total // MB),
    )


def resources_of(found: Hardware, given: str | None, default_role: str) -> Resources:
    """The resources of an agent: those given, and detected ones of the kinds not named at all.

    Memory leaves 1 GB to the host, disk leaves 5 GB; half when there is little.

    Raises:
        InvalidResources: what is given is not valid; says why in one sentence.
    """
    entries = parse_resources(_content(given or ""), default_role)
    total = Resources.of(entries)
    named = {entry.name for entry in entries}  # also those of which there is nothing
    mem_mb = found.mem_mb - GB_MB if found.mem_mb >= 2 * GB_MB else found.mem_mb // 2
    disk_mb = found.disk_mb - 5 * GB_MB if found.disk_mb >= 10 * GB_MB else found.disk_mb // 2
    for name, text in (
        ("cpus", str(found.cpus)),
        ("mem", str(mem_mb)),
        ("disk", str(disk_mb)),
        ("ports", DEFAULT_PORTS),
    ):
        if name not in named:
            total = total + Resources.parse(f"{name}:{text}", default_role)
    return total


def _content(given: str) -> str:
    """The text, or that of the file it names."""
    if given.startswith("/"):
        try:
            return Path(given).read_text()
        except OSError as error:
            raise InvalidResources(f"cannot read {given}: {error.strerror}") from error
    return given
