"""What do JSON and protobuf of the v1 API cost, next to what the libraries below them take by themselves?

    python -m bench.codecs                    # the table
    python -m bench.codecs --smallest         # only to see that it works

An ACCEPT that launches tasks and an OFFERS event. The limits: msgspec into the same structs without the
checks of depth and of large numbers, and upb parsing or writing its own messages without making structs.
CPU time, best of the rounds, because nothing here waits.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from time import process_time_ns
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from cluster.model import AgentID, Offer
from cluster.v1 import json, protobuf
from cluster.v1.descriptors import message_class
from cluster.v1.scheduler import Call, Event

AGENT = {"value": "0f3c9a52-7a44-4a38-8c0b-2d1b6c3d9e11-S2"}


def resource(name: str, amount: float) -> dict[str, Any]:
    return {
        "name": name,
        "type": "SCALAR",
        "scalar": {"value": amount},
        "allocation_info": {"role": "batch/etl"},
    }


TASK = {
    "name": "etl-17",
    "task_id": {"value": "etl-17.1"},
    "agent_id": AGENT,
    "resources": [resource("cpus", 1.5), resource("mem", 512.0)],
    "command": {
        "value": "./run.sh $DAY",
        "uris": [{"value": "http://repo.example/run.tgz", "cache": True}],
        "environment": {"variables": [{"name": "DAY", "value": "2030-01-01"}]},
    },
    "kill_policy": {"grace_period": {"nanoseconds": 10_000_000_000}},
    "labels": {"labels": [{"key": "team", "value": "data"}]},
}
OFFER = {
    "id": {"value": "0f3c9a52-7a44-4a38-8c0b-2d1b6c3d9e11-O4"},
    "framework_id": {"value": "0f3c9a52-7a44-4a38-8c0b-2d1b6c3d9e11-0000"},
    "agent_id": AGENT,
    "hostname": "a2.example",
    "url": {"scheme": "http", "address": {"hostname": "a2.example", "port": 5051}, "path": "/slave(1)"},
    "resources": [
        *(resource(name, 4.0) for name in ("cpus", "mem", "disk")),
        {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 31000, "end": 32000}]}},
    ],
    "attributes": [{"name": "rack", "type": "TEXT", "text": {"value": "r7"}}],
    "allocation_info": {"role": "batch/etl"},
}


def accept(count: int) -> Call:
    tasks = [{**TASK, "task_id": {"value": f"etl-{number}"}} for number in range(count)]
    launch = {"type": "LAUNCH", "launch": {"task_infos": tasks}}
    return msgspec.convert({"type": "ACCEPT", "accept": {"operations": [launch]}}, Call)


def offers(count: int) -> Event:
    offer = msgspec.convert(OFFER, Offer)
    some = [msgspec.structs.replace(offer, agent_id=AgentID(f"S{number}")) for number in range(count)]
    return Event(type=Event.Type.OFFERS, offers=Event.Offers(offers=tuple(some)))


@dataclass
class Row:
    """CPU time of one way to do one thing, and of the library alone, in microseconds."""

    name: str
    size_bytes: int
    ours_us: float
    limit_us: float


def best_us(work: Callable[[], object], rounds: int, times: int) -> float:
    """The least CPU time of one call over the rounds, in microseconds."""
    best = float("inf")
    for _ in range(rounds):
        began = process_time_ns()
        for _ in range(times):
            work()
        best = min(best, (process_time_ns() - began) / times / 1e3)
    return best


def rows_of(name: str, value: Call | Event, rounds: int, times: int) -> list[Row]:
    kind = type(value)
    text, data = json.encode(value), protobuf.encode(value)
    bare_json = msgspec.json.Decoder(kind)
    bare_class = message_class(kind)
    bare = bare_class.FromString(data)
    assert json.decode(kind, text) == value == protobuf.decode(kind, data)
    work: list[tuple[str, int, Callable[[], object], Callable[[], object]]] = [
        ("JSON read", len(text), lambda: json.decode(kind, text), lambda: bare_json.decode(text)),
        ("JSON written", len(text), lambda: json.encode(value), lambda: msgspec.json.encode(value)),
        (
            "protobuf read",
            len(data),
            lambda: protobuf.decode(kind, data),
            lambda: bare_class.FromString(data),
        ),
        ("protobuf written", len(data), lambda: protobuf.encode(value), bare.SerializeToString),
    ]
    return [
        Row(f"{name}, {what}", size, best_us(ours, rounds, times), best_us(limit, rounds, times))
        for what, size, ours, limit in work
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--smallest", action="store_true", help="see that it works")
    parser.add_argument("--count", type=int, default=100, help="tasks, and offers, in one message")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    count, rounds, times = (2, 1, 1) if options.smallest else (options.count, options.rounds, 20)
    call, event = accept(count), offers(count)
    table = Table("message", "bytes", "ours", "library alone", "ratio")
    for row in [
        *rows_of(f"{count} tasks", call, rounds, times),
        *rows_of(f"{count} offers", event, rounds, times),
    ]:
        times_more = f"{row.ours_us / row.limit_us:.1f}" if row.limit_us else "-"
        table.add_row(
            row.name, f"{row.size_bytes:,}", f"{row.ours_us:,.0f} us", f"{row.limit_us:,.0f} us", times_more
        )
    console = Console()
    console.print(table)
    digest = hashlib.sha256(json.encode(call) + protobuf.encode(call) + json.encode(event)).hexdigest()[:16]
    console.print(f"digest {digest}")


if __name__ == "__main__":
    main()
