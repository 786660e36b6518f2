"""Every file: read, written back byte for byte but for white space, and the same through protobuf."""

from __future__ import annotations

import json as plain_json
from pathlib import Path
from typing import Any

import pytest

from cluster.v1 import json, json_lenient, protobuf
from tests.unit.v1 import wire
from tests.unit.v1.production import ROOTS
from tests.unit.v1.values import plain_of, without_empty

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*/*/*.json"))


def root_of(path: Path) -> str:
    """The message a file holds: `master/call/TEARDOWN.json` holds a `master/Call`."""
    api, message = path.relative_to(FOLDER).parts[:2]
    return next(key for key in ROOTS if key.lower() == f"{api}/{message}")


def squeezed(text: str) -> str:
    """The same JSON without white space between its parts, everything in its order."""
    return plain_json.dumps(plain_json.loads(text), separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_file_is_read_and_written_back(path: Path) -> None:
    key, text = root_of(path), path.read_text()
    value: Any = json.decode(ROOTS[key], text.encode())
    assert value.type.name == path.stem
    assert json.encode(value).decode() == squeezed(text)
    assert json_lenient.decode(ROOTS[key], text.encode()) == value

    data = protobuf.encode(value)
    assert protobuf.decode(ROOTS[key], data) == value
    assert wire.decode(key, data) == without_empty(plain_of(value))


@pytest.mark.parametrize("key", ROOTS)
def test_every_type_has_a_file(key: str) -> None:
    kinds = {kind.name for kind in ROOTS[key].Type} - {"UNKNOWN"}
    folder = FOLDER / key.lower()
    assert kinds == {path.stem for path in folder.glob("*.json")}


@pytest.mark.parametrize("key", ROOTS)
def test_the_files_of_a_message_use_all_its_members(key: str) -> None:
    texts = [plain_json.loads(path.read_text()) for path in (FOLDER / key.lower()).glob("*.json")]
    assert set(ROOTS[key].__struct_fields__) == {name for text in texts for name in text}
