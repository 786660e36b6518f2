"""The actors of a process as the web page shows them."""

from __future__ import annotations

from actors import Runtime
from cluster.version import VERSION

#: Actors in one answer: those with the longest queues, then the busiest.
MOST_ACTORS = 500


def processes(runtime: Runtime) -> dict[str, object]:
    """Every actor, and the lag of the event loop; counts are since the process began.

    The page makes rates of the counts; `at_s` says when they were read (monotonic seconds).
    """
    value = runtime.metrics.value
    views = sorted(runtime.view(), key=lambda view: (-view.queue_length, -sum(view.handled.values())))
    return {
        "at_s": runtime.clock.now() / 1e9,
        "version": VERSION,
        "address": runtime.address,
        "lag_s": value("process/event_loop_lag_secs"),
        "lag_max_s": value("process/event_loop_lag_secs/max"),
        "actors": [
            {
                "name": view.name,
                "kind": view.kind,
                "queue": view.queue_length,
                "oldest_s": view.oldest_s,
                "handled": view.handled,
            }
            for view in views[:MOST_ACTORS]
        ],
        "total": len(views),
    }
