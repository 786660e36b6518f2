"""Validation and formats of single resources."""

import msgspec
import pytest

from cluster.model import Resource, Resources, ValueType, resource_formats, violations

CPUS = {"name": "cpus", "type": "SCALAR", "scalar": {"value": 2.0}}


def resource(**members: object) -> Resource:
    return msgspec.convert(CPUS | members, Resource)


NEW = resource(
    allocation_info={"role": "web/a"}, reservations=[{"type": "DYNAMIC", "role": "web", "principal": "ops"}]
)
OLD = resource(role="web", allocation_info={"role": "web/a"}, reservation={"principal": "ops"})
ENDPOINT = resource(
    role="web",
    allocation_info={"role": "web/a"},
    reservation={"principal": "ops"},
    reservations=[{"type": "DYNAMIC", "role": "web", "principal": "ops"}],
)
REFINED = resource(
    reservations=[
        {"type": "STATIC", "role": "web"},
        {
            "type": "DYNAMIC",
            "role": "web/a",
            "principal": "ops",
            "labels": {"labels": [{"key": "k", "value": "v"}]},
        },
    ]
)


def test_the_three_formats_turn_into_each_other() -> None:
    assert resource_formats.old_form(NEW) == OLD
    assert resource_formats.endpoint_form(NEW) == ENDPOINT
    assert resource_formats.internal_form(OLD) == NEW
    assert resource_formats.internal_form(ENDPOINT) == NEW
    assert Resources.of([OLD]) == Resources.of([NEW]) == Resources.of([ENDPOINT])


def test_a_refined_reservation_has_no_old_form() -> None:
    assert resource_formats.old_form(REFINED) is None
    assert resource_formats.endpoint_form(REFINED) == REFINED
    assert Resources.of([REFINED]).protos() == (REFINED,)


def test_unreserved_and_static_forms() -> None:
    plain, static = resource(), resource(reservations=[{"type": "STATIC", "role": "web"}])
    assert resource_formats.old_form(plain) == resource_formats.endpoint_form(plain) == resource(role="*")
    assert resource_formats.internal_form(resource(role="*")) == plain
    assert resource_formats.old_form(static) == resource(role="web")
    assert resource_formats.internal_form(resource(role="web")) == static


def test_a_dynamic_reservation_without_principal_is_an_empty_object() -> None:
    new = resource(reservations=[{"type": "DYNAMIC", "role": "web"}])
    old = resource_formats.old_form(new)
    assert msgspec.json.encode(old).endswith(b'"role":"web","reservation":{}}')


def test_json_fields_stand_in_proto_order() -> None:
    assert msgspec.json.encode(NEW) == (
        b'{"name":"cpus","type":"SCALAR","scalar":{"value":2.0},"allocation_info":{"role":"web/a"},'
        b'"reservations":[{"type":"DYNAMIC","role":"web","principal":"ops"}]}'
    )


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"name": ""}, "Empty resource name"),
        ({"type": "TEXT"}, "Unsupported resource type TEXT"),
        ({"type": "RANGES"}, "Type RANGES needs `ranges`"),
        ({"set": {"item": ["a"]}}, "Type SCALAR must not have `set`"),
        ({"scalar": {"value": -1.0}}, "Invalid scalar resource: value < 0"),
        ({"scalar": {"value": -0.0001}}, "Invalid scalar resource: value < 0"),
        ({"scalar": {"value": 0.0004}}, "Invalid scalar resource: value is smaller than 0.0005"),
        ({"scalar": {"value": float("inf")}}, "Invalid scalar resource: inf is not a finite number"),
        ({"disk": {}}, "DiskInfo should not be set for cpus resource"),
        (
            {"name": "disk", "disk": {"source": {"type": "UNKNOWN"}}},
            "Unsupported DiskInfo source type UNKNOWN",
        ),
        (
            {"name": "disk", "disk": {"source": {"type": "RAW", "path": {"root": "/p"}}}},
            "`path` must not be set for RAW source",
        ),
        (
            {"name": "disk", "disk": {"source": {"type": "BLOCK", "mount": {}}}},
            "`mount` must not be set for BLOCK source",
        ),
        ({"shared": {}}, "Only persistent volumes can be shared"),
        ({"role": "a/"}, "Role name 'a/' must not start or end with '/'"),
        ({"allocation_info": {"role": "a b"}}, "Role name 'a b' contains a forbidden character"),
        ({"reservations": [{"role": "a"}]}, "Invalid reservation: `type` must be STATIC or DYNAMIC"),
        ({"reservations": [{"type": "STATIC"}]}, "Invalid reservation: `role` is not set"),
        ({"reservations": [{"type": "STATIC", "role": "*"}]}, "role '*' cannot be reserved"),
        ({"reservations": [{"type": "STATIC", "role": ".."}]}, "must not contain the component '..'"),
        (
            {"reservations": [{"type": "STATIC", "role": "a"}, {"type": "STATIC", "role": "a/b"}]},
            "a refinement must be DYNAMIC",
        ),
        (
            {"reservations": [{"type": "STATIC", "role": "a"}, {"type": "DYNAMIC", "role": "ab"}]},
            "role 'ab' is not below 'a'",
        ),
        ({"reservation": {}}, "role '*' cannot be dynamically reserved"),
        ({"role": "*", "reservation": {}}, "role '*' cannot be dynamically reserved"),
        ({"role": "a", "reservation": {"role": "a"}}, "`reservation` must not have `type` or `role`"),
        ({"role": "b", "reservations": [{"type": "STATIC", "role": "a"}]}, "`role` 'b' differs from 'a'"),
        (
            {"role": "a", "reservation": {}, "reservations": [{"type": "STATIC", "role": "a"}]},
            "must not be set beside a STATIC reservation",
        ),
        ({"role": "a", "reservations": [{"type": "DYNAMIC", "role": "a"}]}, "both set or both unset"),
        (
            {
                "role": "a",
                "reservation": {"principal": "p"},
                "reservations": [{"type": "DYNAMIC", "role": "a"}],
            },
            "differ in principal or labels",
        ),
        (
            {
                "role": "a",
                "reservations": [{"type": "STATIC", "role": "a"}, {"type": "DYNAMIC", "role": "a/b"}],
            },
            "beside a refined reservation",
        ),
    ],
)
def test_each_rule_has_its_sentence(members: dict[str, object], fault: str) -> None:
    assert any(fault in found for found in violations(resource(**members)))


def test_ranges_must_not_overlap_whatever_their_order() -> None:
    def faults(*pairs: tuple[int, int]) -> list[str]:
        wire = {"range": [{"begin": begin, "end": end} for begin, end in pairs]}
        return violations(resource(name="ports", type="RANGES", scalar=None, ranges=wire))

    assert faults((1, 2), (3, 4), (9, 9)) == []
    assert faults((5, 3)) == ["Invalid ranges resource: begin 5 > end 3"]
    for pairs in (((1, 5), (3, 9)), ((3, 9), (1, 5)), ((2, 3), (1, 9))):
        assert faults(*pairs) == ["Invalid ranges resource: overlapping ranges"]


def test_sets_must_not_repeat() -> None:
    twice = resource(name="bugs", type="SET", scalar=None, set={"item": ["a", "a"]})
    assert violations(twice) == ["Invalid set resource: duplicated elements"]


def test_all_faults_are_listed() -> None:
    bad = resource(name="", scalar={"value": -1.0}, shared={}, role="-a")
    assert len(violations(bad)) == 4
    assert bad.type is ValueType.SCALAR


@pytest.mark.parametrize("good", [NEW, OLD, ENDPOINT, REFINED, resource(), resource(role="*")])
def test_good_resources_have_no_faults(good: Resource) -> None:
    assert violations(good) == []
