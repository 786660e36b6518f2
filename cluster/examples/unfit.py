"""Words for a framework that waits: what it asked for, and what it was offered instead."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.model import Resources
from cluster.scheduler import Offer

#: Agents named in an explanation.
SHOWN = 3
#: Agents remembered.
REMEMBERED = 1000


class Unfit:
    """The last unsuitable offer of every agent since something fitted."""

    def __init__(self) -> None:
        self._offered: dict[str, tuple[str, Resources]] = {}  # agent id -> hostname, resources

    def note(self, offers: Iterable[Offer]) -> None:
        """These offers hold too little."""
        for offer in offers:
            self._offered.pop(offer.agent_id, None)
            self._offered[offer.agent_id] = (offer.hostname, offer.left)
            if len(self._offered) > REMEMBERED:
                del self._offered[next(iter(self._offered))]

    def clear(self) -> None:
        """Something fitted: what was seen before explains nothing any more."""
        self._offered.clear()

    def explain(self, wanted: Resources) -> str:
        """Why nothing runs."""
        if not self._offered:
            return f"nothing was offered; asked for {wanted}: all agents are full, or there is none"
        names = [kind.name for kind, _ in wanted]
        largest = sorted(self._offered.values(), key=lambda seen: (-_fitting(seen[1], wanted), seen[0]))
        shown = ", ".join(
            f"{hostname} {offered.filter(lambda kind: kind.name in names)}"
            for hostname, offered in largest[:SHOWN]
        )
        more = f", and {len(largest) - SHOWN} more agents less" if len(largest) > SHOWN else ""
        return f"no offer fits {wanted}: offered were {shown}{more}"


def _fitting(offered: Resources, wanted: Resources) -> float:
    """The smallest part of a wanted amount that is there."""
    has, needs = offered.quantities(), wanted.quantities()
    return min((has[name] / milli for name, milli in needs.items()), default=1.0)
