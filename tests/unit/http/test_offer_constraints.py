"""Offer constraints are shown wherever frameworks are shown, and what they exclude on demand."""

from __future__ import annotations

import json
from typing import Any

from cluster.model import AttributeConstraint, FrameworkID, OfferConstraints
from cluster.protocol import scheduler
from tests.unit.http.endpoints_kit import Scene, busy_master
from tests.unit.http.operator_kit import SchedulerPart, framework_info

Selector, Predicate = AttributeConstraint.Selector, AttributeConstraint.Predicate
Pseudo = Selector.PseudoattributeType


def one(role: str, selector: Selector, predicate: Predicate) -> OfferConstraints:
    """A single constraint."""
    group = OfferConstraints.RoleConstraints.Group(
        attribute_constraints=(AttributeConstraint(selector=selector, predicate=predicate),)
    )
    return OfferConstraints(role_constraints={role: OfferConstraints.RoleConstraints(groups=(group,))})


ELSEWHERE = one("w", Selector(attribute_name="rack"), Predicate(text_equals=Predicate.TextEquals(value="r2")))
HERE = one(
    "w",
    Selector(pseudoattribute_type=Pseudo.HOSTNAME),
    Predicate(text_matches=Predicate.TextMatches(regex="a[0-9]+")),
)
SHOWN = {
    "role_constraints": {
        "w": {
            "groups": [
                {
                    "attribute_constraints": [
                        {
                            "selector": {"attribute_name": "rack"},
                            "predicate": {"text_equals": {"value": "r2"}},
                        }
                    ]
                }
            ]
        }
    }
}


async def subscribed(scene: Scene, name: str, constraints: OfferConstraints, *suppressed: str) -> str:
    """One more framework, which is choosy."""
    part = SchedulerPart()
    scene.runtime.spawn(part, name)
    scene.tell(part, scheduler.Subscribe(framework_info(name=name), suppressed, constraints))
    return (await part.next(scheduler.Subscribed)).framework_id.value


async def operator(scene: Scene, call: str) -> Any:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    body = json.dumps({"type": call}).encode()
    return (await scene.ask("/api/v1", "POST", body, headers)).json


async def test_frameworks_are_shown_with_them() -> None:
    async with busy_master() as scene:
        choosy = await subscribed(scene, "choosy", ELSEWHERE)
        wanted = {choosy: SHOWN, scene.framework_id: {}}
        for path in ("/state", "/frameworks"):
            frameworks = (await scene.json(path))["frameworks"]
            assert {one["id"]: one["offer_constraints"] for one in frameworks} == wanted, path
        for call, frameworks in (
            ("GET_FRAMEWORKS", (await operator(scene, "GET_FRAMEWORKS"))["get_frameworks"]),
            ("GET_STATE", (await operator(scene, "GET_STATE"))["get_state"]["get_frameworks"]),
        ):
            found = {
                one["framework_info"]["id"]["value"]: one["offer_constraints"]
                for one in frameworks["frameworks"]
            }
            assert found == wanted, call


async def test_what_they_exclude() -> None:
    async with busy_master() as scene:
        elsewhere = await subscribed(scene, "elsewhere", ELSEWHERE, "w")
        here = await subscribed(scene, "here", HERE)
        assert await scene.json("/allocator/offer_constraints_debug") == {
            "frameworks": {
                scene.framework_id: {"suppressed_roles": [], "excluded_by_attribute_constraints": {}},
                elsewhere: {
                    "suppressed_roles": ["w"],
                    "excluded_by_attribute_constraints": {"w": [scene.agent_id]},
                },
                here: {"suppressed_roles": [], "excluded_by_attribute_constraints": {"w": []}},
            }
        }


async def test_what_they_exclude_is_not_offered_for_that_very_reason() -> None:
    async with busy_master() as scene:
        scene.tell(scene.framework, scheduler.Teardown(FrameworkID(scene.framework_id)))
        elsewhere = await subscribed(scene, "elsewhere", ELSEWHERE)
        excluded = (await scene.json("/allocator/offer_constraints_debug"))["frameworks"][elsewhere]
        assert excluded["excluded_by_attribute_constraints"] == {"w": [scene.agent_id]}
        found = await scene.json(f"/explain?framework_id={elsewhere}&role=w")
        assert found["withheld"] == {"CONSTRAINT": 1}
