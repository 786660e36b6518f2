"""The declarations against the field lists of the reference: a missing field fails by its name."""

from __future__ import annotations

import msgspec
import pytest

from cluster.model import V1Enum
from cluster.v1.schema import Kind, Struct, fields_of, structs_below
from tests.unit.v1.production import ROOTS, declaration, key_of
from tests.unit.v1.table import SCALARS, table


def declared_fields(key: str) -> dict[str, tuple[int, str, str, str | None]]:
    """Number, label, type and default of each field as it is declared."""
    struct: Struct = declaration(key)
    infos = {info.name: info for info in msgspec.structs.fields(struct)}
    return {
        field.name: (
            field.number,
            field.label.value,
            key_of(field.type) if field.type is not None else field.kind.value,
            declared_default(infos[field.name]),
        )
        for field in fields_of(struct).values()
    }


def declared_default(info: msgspec.structs.FieldInfo) -> str | None:
    """What a field that was never set is written as, without quotes."""
    if info.default_factory in (msgspec.NODEFAULT, dict):
        return None
    default = info.default_factory()
    return None if default == () else msgspec.json.encode(default).decode().strip('"')


@pytest.mark.parametrize("key", table().messages)
def test_a_message_is_declared_as_the_reference_says(key: str) -> None:
    expected = {
        row.name: (row.number, row.label, row.type, row.default and row.default.strip('"'))
        for row in table().messages[key]
    }
    declared = declared_fields(key)
    assert declared == expected
    assert list(declared) == list(expected), "the order of JSON"


@pytest.mark.parametrize("key", table().enums)
def test_an_enum_has_its_values_and_no_others(key: str) -> None:
    kind = declaration(key)
    assert issubclass(kind, V1Enum)
    assert {member.value: member.number for member in kind} == table().enums[key]


def test_the_reference_lists_all_that_the_apis_use() -> None:
    for struct in structs_below(*ROOTS.values()):
        key_of(struct)
        for field in fields_of(struct).values():
            if field.kind is Kind.ENUM:
                key_of(field.type)


def test_the_table_was_read() -> None:
    rows = [row for rows in table().messages.values() for row in rows]
    assert len(rows) > 1000
    assert {row.type for row in rows} >= set(SCALARS)
    assert sum(row.default is not None for row in rows) > 20
    assert declared_fields("FrameworkInfo")["id"] == (3, "optional", "FrameworkID", None)
    assert declared_fields("HealthCheck")["consecutive_failures"] == (5, "optional", "uint32", "3")


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("master/Response.GetAgents", b'{"agents":[],"recovered_agents":[]}'),
        ("master/Response.GetFrameworks", b'{"frameworks":[],"completed_frameworks":[]}'),
        ("master/Response.GetExecutors", b'{"executors":[]}'),
        ("master/Response.GetTasks", b'{"tasks":[],"unreachable_tasks":[],"completed_tasks":[]}'),
        ("master/Response.GetOperations", b"{}"),
        ("agent/Response.GetFrameworks", b'{"frameworks":[],"completed_frameworks":[]}'),
        ("agent/Response.GetExecutors", b'{"executors":[],"completed_executors":[]}'),
        (
            "agent/Response.GetTasks",
            b'{"pending_tasks":[],"queued_tasks":[],"launched_tasks":[],'
            b'"terminated_tasks":[],"completed_tasks":[]}',
        ),
    ],
)
def test_outer_lists_are_written_when_empty(key: str, written: bytes) -> None:
    assert msgspec.json.encode(declaration(key)()) == written
