"""The numbers of a process in the text format of Prometheus. Pure.

Names that hold an id, a role or a quantile become one metric with labels. Counters end in `_total`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from actors.metrics import Reading

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
PREFIX = "mesos"
#: Numbers that are written in one go, some milliseconds.
SAMPLES = 200
#: Lines before the numbers of a metric: what it is, and its type.
HEAD_LINES = 2

#: Names with parts that vary: what they are called, and the labels that the groups become. A group without
#: a label is part of the name.
_VARYING: tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...] = tuple(
    (re.compile(pattern), name, labels)
    for pattern, name, labels in (
        (r"master/task_(\w+)/source_(\w+)/reason_(\w+)", "master/task_ends", ("state", "source", "reason")),
        (r"master/slave_removals/reason_(\w+)", "master/slave_removals_by_reason", ("reason",)),
        (r"master/operations/(\w+)/(\w+)", "master/operations_by_type", ("type", "state")),
        (r"master/messages_(\w+)", "master/messages", ("type",)),
        (r"(master|slave)/tasks_(staging|starting|running|killing|unreachable)", "{0}/tasks", ("state",)),
        (r"(master|slave)/tasks_(\w+)", "{0}/tasks_ended", ("state",)),
        (r"(master|slave)/(cpus|gpus|mem|disk)(_revocable)?_(total|used|percent)", "", ()),
        (r"allocator/mesos/roles/(.+)/shares/dominant", "allocator/role_dominant_share", ("role",)),
        (r"allocator/mesos/offer_filters/roles/(.+)/active", "allocator/offer_filters_active", ("role",)),
        (r"allocator/mesos/resources/(\w+)/(\w+)", "allocator/resources", ("resource", "kind")),
        (
            r"master/frameworks/([^/]*)/([^/]+)/(calls|events|operations)/(\w+)",
            "master/framework_{2}_by_type",
            ("name", "framework_id", "", "type"),
        ),
        (
            r"master/frameworks/([^/]*)/([^/]+)/tasks/(active|terminal)/(\w+)",
            "master/framework_tasks_{2}",
            ("name", "framework_id", "", "state"),
        ),
        (
            r"master/frameworks/([^/]*)/([^/]+)/offers/(\w+)",
            "master/framework_offers",
            ("name", "framework_id", "kind"),
        ),
        (
            r"master/frameworks/([^/]*)/([^/]+)/roles/(.+)/suppressed",
            "master/framework_suppressed",
            ("name", "framework_id", "role"),
        ),
        (
            r"master/frameworks/([^/]*)/([^/]+)/(\w+)",
            "master/framework_{2}",
            ("name", "framework_id", ""),
        ),
        (
            r"frameworks/(.*)/messages_(received|processed)",
            "master/principal_messages_{1}",
            ("principal", ""),
        ),
        (
            r"allocator/mesos/quota/roles/(.+)/resources/([^/]+)/(\w+)",
            "allocator/quota",
            ("role", "resource", "kind"),
        ),
        (r"actors/dead_letters/(\w+)", "actors/dead_letters_by_reason", ("reason",)),
        (r"actors/protocol_errors/(\w+)", "actors/protocol_errors_by_kind", ("kind",)),
        (r"(\S+_ms)/(count|max|min|p\d+)", "{0}_window", ("statistic",)),
    )
)


class Families:
    """Gathers numbers, and writes those of a metric together, as the format wants them."""

    def __init__(self) -> None:
        self._families: dict[str, _Family] = {}

    def add(self, readings: Iterable[Reading]) -> None:
        """Take some numbers."""
        for reading in readings:
            name, labels = named(reading.name)
            family = self._families.get(name)
            if family is None:
                family = self._families[name] = _Family(name, reading, tuple(labels), [])
            family.samples.append((tuple(labels.values()), reading.value))

    def text(self) -> Iterator[bytes]:
        """All of it, with a chance to do something else after every `SAMPLES` numbers. Nothing is kept."""
        while self._families:
            family = self._families.pop(next(iter(self._families)))
            family.samples.reverse()
            head = 0
            while family.samples:
                yield generate_latest(family.part()).split(b"\n", head)[head]
                head = HEAD_LINES


class _Family(NamedTuple):
    """A metric. `first`: the number that it is explained by."""

    name: str
    first: Reading
    labels: tuple[str, ...]
    samples: list[tuple[tuple[str, ...], float]]

    def part(self) -> CollectorRegistry:
        """Some of its numbers, as the writer of the library takes them. `samples` are taken from the end."""
        kind = CounterMetricFamily if self.first.is_counter else GaugeMetricFamily
        written = kind(self.name, f"Shown as {self.first.name}", labels=list(self.labels))
        for _ in range(min(SAMPLES, len(self.samples))):
            written.add_metric(*self.samples.pop())
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collected(written))
        return registry


class _Collected(Collector):
    """Hands over what was collected before."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterable[Metric]:
        return (self._family,)


def named(key: str) -> tuple[str, dict[str, str]]:
    """The name of a metric and its labels."""
    for pattern, name, labels in _VARYING:
        found = pattern.fullmatch(key)
        if found is None:
            continue
        if not name:
            return _resource(*found.groups(""))
        groups = found.groups()
        kept = groups[len(groups) - len(labels) :]
        found_labels = {label: value for label, value in zip(labels, kept, strict=True) if label}
        return _plain(name.format(*groups)), found_labels
    return _plain(key), {}


def _resource(process: str, resource: str, revocable: str, kind: str) -> tuple[str, dict[str, str]]:
    """How much there is of a resource; what is called percent is a part of one."""
    word = {"total": "capacity", "used": "used", "percent": "used_ratio"}[kind]
    labels = {"resource": resource, "revocable": "true" if revocable else "false"}
    return _plain(f"{process}/resources_{word}"), labels


def _plain(key: str) -> str:
    """A key as the name of a metric; agents are not called slaves here."""
    words = re.sub(r"\W+", "_", f"{PREFIX}_{key.replace('slave', 'agent')}", flags=re.ASCII)
    return words.strip("_")
