"""/metrics/snapshot: numbers that are true, whatever happened before."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cluster.http import prometheus
from cluster.master.framework_counts import CALLS, EVENTS
from cluster.model import FrameworkID, OfferID
from cluster.protocol import agent, scheduler
from tests.limits import LIMIT_S
from tests.unit.http.endpoints_kit import Scene, busy_master, master


async def numbers(scene: Scene) -> dict[str, float]:
    """All of them, when everything that was sent has arrived."""
    await scene.settled()
    found: dict[str, float] = await scene.json("/metrics/snapshot")
    return found


def of_framework(found: dict[str, float], name: str, framework_id: str) -> dict[str, float]:
    """Those of one framework that are not 0, without what comes again by itself."""
    begin = f"master/frameworks/{name}/{framework_id}/"
    values = {key.removeprefix(begin): value for key, value in found.items() if key.startswith(begin)}
    assert values, f"no {begin}"
    again = {"events", "events/heartbeat", "events/offers", "offers/sent"}
    return {key: value for key, value in values.items() if value and key not in again}


async def test_what_a_framework_did_and_was_told() -> None:
    async with busy_master() as scene:
        found = await numbers(scene)
        assert of_framework(found, "work", scene.framework_id) == {
            "subscribed": 1.0,
            "calls": 3.0, "calls/subscribe": 1.0, "calls/accept": 1.0, "calls/acknowledge": 1.0,
            "events/subscribed": 1.0, "events/update": 4.0,
            "operations": 1.0, "operations/launch": 1.0,
            "offers/accepted": 1.0,
            "tasks/active/task_running": 2.0, "tasks/active/task_staging": 1.0,
            "tasks/terminal/task_finished": 1.0,
        }  # fmt: skip
        begin = f"master/frameworks/work/{scene.framework_id}"
        assert found[f"{begin}/offers/sent"] == found[f"{begin}/events/offers"] == 2.0
        assert found[f"{begin}/events"] == 1 + 4 + 2 + found[f"{begin}/events/heartbeat"]
        assert found[f"{begin}/roles/w/suppressed"] == 0.0
        assert of_framework(found, "past", f"{scene.master.context.info.id}-0000") == {
            "calls": 2.0, "calls/subscribe": 1.0, "calls/teardown": 1.0, "events/subscribed": 1.0,
        }  # fmt: skip


async def test_every_call_and_event_has_a_key() -> None:
    async with busy_master() as scene:
        found = await numbers(scene)
        begin = f"master/frameworks/work/{scene.framework_id}"
        wanted = [
            *(f"calls/{name}" for name in CALLS.values()),
            *(f"events/{name}" for name in EVENTS.values()),
        ]
        assert [name for name in wanted if f"{begin}/{name}" not in found] == []


async def test_offers_are_declined_and_rescinded_and_roles_suppressed() -> None:
    async with busy_master() as scene:
        fid = FrameworkID(scene.framework_id)
        begin = f"master/frameworks/work/{scene.framework_id}"
        scene.tell(scene.framework, scheduler.Suppress(fid))
        assert (await numbers(scene))[f"{begin}/roles/w/suppressed"] == 1.0
        (offer,) = scene.master.state.offers.values()
        scene.tell(scene.framework, scheduler.Decline(fid, (OfferID(offer.id), OfferID("unknown"))))
        scene.tell(scene.framework, scheduler.Revive(fid))
        found = await numbers(scene)
        assert found[f"{begin}/offers/declined"] == 1.0
        assert found[f"{begin}/roles/w/suppressed"] == 0.0
        assert found["master/messages_suppress_offers"] == found["master/messages_revive_offers"] == 1.0
        async with asyncio.timeout(LIMIT_S):
            while not scene.master.state.offers:
                await scene.settled()
        scene.tell(scene.home, agent.UnregisterAgent(scene.agent_id))
        found = await numbers(scene)
        assert found[f"{begin}/offers/rescinded"] == 1.0
        assert found[f"{begin}/events/failure"] == 1.0
        assert found[f"{begin}/tasks/terminal/task_lost"] == 3.0
        assert found[f"{begin}/tasks/active/task_running"] == 0.0
        assert found["master/slave_removals/reason_unregistered"] == 1.0
        assert found["master/tasks_lost"] == 3.0


async def test_a_framework_out_of_sight() -> None:
    async with busy_master() as scene:
        scene.runtime.terminate(scene.framework.pid, "its scheduler ended")
        found = await numbers(scene)
        assert found[f"master/frameworks/work/{scene.framework_id}/subscribed"] == 0.0
        assert found["master/frameworks_disconnected"] == 1.0


async def test_messages_by_principal_while_it_has_a_framework() -> None:
    async with busy_master() as scene:
        found = await numbers(scene)
        assert found["frameworks/ops/messages_received"] == found["frameworks/ops/messages_processed"] == 3.0
        other, other_id = await scene.subscribe("other", principal="ops")
        assert (await numbers(scene))["frameworks/ops/messages_received"] == 4.0
        scene.tell(other, scheduler.Teardown(FrameworkID(other_id)))
        assert (await numbers(scene))["frameworks/ops/messages_received"] == 5.0
        scene.tell(scene.framework, scheduler.Teardown(FrameworkID(scene.framework_id)))
        assert [key for key in await numbers(scene) if key.startswith("frameworks/")] == []


async def test_names_are_made_safe() -> None:
    async with master() as scene:
        _, framework_id = await scene.subscribe("a b/c")
        assert (await numbers(scene))[f"master/frameworks/a%20b%2Fc/{framework_id}/subscribed"] == 1.0


async def test_no_numbers_by_framework_unless_they_are_wanted() -> None:
    async with busy_master(publish_per_framework_metrics=False) as scene:
        assert [key for key in await numbers(scene) if key.startswith("master/frameworks/")] == []


async def test_what_waits_is_counted_by_who_sent_it() -> None:
    async with busy_master() as scene:
        queues = ("messages", "http_requests", "dispatches")
        assert [(await numbers(scene))[f"master/event_queue_{queue}"] for queue in queues] == [0.0, 0.0, 0.0]
        for _ in range(3):
            scene.tell(scene.home, agent.Pong())
        scene.acknowledge("t1", 2)
        values = scene.runtime.metrics.snapshot()  # before the master's next turn
        assert [values[f"master/event_queue_{queue}"] for queue in queues] == [4.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("key", "name", "labels"),
    [
        ("calls", "framework_calls", {}),
        ("calls/accept", "framework_calls_by_type", {"type": "accept"}),
        ("offers/sent", "framework_offers", {"kind": "sent"}),
        ("tasks/active/task_running", "framework_tasks_active", {"state": "task_running"}),
        ("roles/a/b/suppressed", "framework_suppressed", {"role": "a/b"}),
    ],
)
def test_names_for_prometheus(key: str, name: str, labels: dict[str, str]) -> None:
    named: Any = prometheus.named(f"master/frameworks/n%20m/F-1/{key}")
    assert named == (f"mesos_master_{name}", {"name": "n%20m", "framework_id": "F-1", **labels})


def test_principals_for_prometheus() -> None:
    assert prometheus.named("frameworks/a/messages_received") == (
        "mesos_master_principal_messages_received", {"principal": "a"},
    )  # fmt: skip
