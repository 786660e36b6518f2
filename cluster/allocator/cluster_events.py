"""What concerns the whole cluster: quota, weights, the whitelist, when rounds may run.

Source: reference allocator.md §3, §6.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping

from cluster.allocator.books import Books
from cluster.allocator.quota import Quota
from cluster.allocator.slices import ALL_AT_ONCE, at_once
from cluster.model import Limits, Quantities


class ClusterEvents(Books):
    """Settings of the operator and of the master. None of them wants a round."""

    def update_quota(
        self, role: str, guarantees: Quantities = Quantities.EMPTY, limits: Limits = Limits.EMPTY
    ) -> None:
        """Set the quota of a top-level role, which need not exist yet; the default removes it."""
        assert "/" not in role, f"quota of {role}, which is not a top-level role"
        self.ledger.update(role, Quota(guarantees, limits))

    def update_weights(self, weights: Mapping[str, float]) -> None:
        """Set weights of roles, which need not exist yet; 1 is the default."""
        at_once(self.updating_weights(weights, ALL_AT_ONCE))

    def updating_weights(self, weights: Mapping[str, float], step: int) -> Generator[None, None, None]:
        """Do the same, `step` roles at a time; no event and no question may come in between."""
        for number, (role, weight) in enumerate(weights.items(), 1):
            self.tree.update_weight(role, weight)
            if not number % step:
                yield

    def update_whitelist(self, hostnames: Iterable[str] | None) -> None:
        """Offer only agents with these hostnames; None for all."""
        self.whitelist = None if hostnames is None else frozenset(hostnames)
        self.openings.reopen_settled(with_poor=True)

    def pause(self) -> None:
        """No rounds until resumed, so that none sees a change half done."""
        self._is_paused = True

    def resume(self) -> None:
        """Rounds may run again; this by itself wants none."""
        self._is_paused = False

    def begin_recovery(self, expected_agents: int, quotas: Mapping[str, Quota]) -> None:
        """A new master, before anything else: quotas, and how many agents there were.

        With quota there is something to get wrong with half the agents, so most of them are waited for.
        """
        for role, quota in quotas.items():
            self.ledger.update(role, Quota(quota.guarantees, quota.limits))
        awaited = expected_agents * self.options.agent_recovery_percent // 100
        if quotas and awaited:
            self._awaited_agents = awaited

    def end_recovery(self) -> None:
        """Wait no longer; this by itself wants no round."""
        self._awaited_agents = None
