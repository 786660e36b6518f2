"""A scheduler as a process of its own: ``python -m tests.process.lone_scheduler MASTER OPTIONS COMMAND``.

OPTIONS of the framework are JSON. Launches one task ``t1`` and tells standard error what happens.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from cluster.scheduler import Framework, Offer, Update, run


class Lone(Framework):
    """See above."""

    name = "lone"

    def __init__(self, command: str, **options: Any) -> None:
        super().__init__(**options)
        self._command = command
        self._is_launched = False

    def on_subscribed(self, again: bool) -> None:
        _say(f"subscribed {self.framework_id}")

    def on_offers(self, offers: list[Offer]) -> None:
        for offer in offers:
            _say(f"offer of {offer.hostname} at {offer.agent_address}: {offer.left}")
            if not self._is_launched:
                offer.launch(command=self._command, task_id="t1", cpus=0.1, mem=32)
                self._is_launched = True

    def on_update(self, update: Update) -> None:
        reason = update.reason.value if update.reason else "reported"
        _say(f"{update.task_id} {update.state.value} ({reason}) {update.message}")
        if update.is_finished:
            self.stop()

    def on_failure(self, agent_id: str, executor_id: str | None, status: int | None) -> None:
        _say(f"failure of {agent_id}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    _, master, options, command = sys.argv
    sys.exit(run(Lone(command, **json.loads(options)), master))
