"""The catalog that the installed command publishes: as it was, and free of mistakes.

`make snapshots` writes the snapshots anew; their difference belongs into the change that caused it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.tap import COMMAND, outcome
from tap_kustomer.streams import STREAMS

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"
# What the SDK reads of a stream class, and what ours add: anything else would be a misspelling.
SPELT = {
    *("name", "resource", "permissions", "cost", "primary_keys", "replication_key", "is_sorted"),
    *(
        "selected_by_default",
        "lists",
        "deleted",
        "query_context",
        "archived",
        "list_path",
        "path",
        "params",
        "ways",
        "is_promised",
        "steps",
        "requests",
        "plan_gated",
        "relationship",
    ),
    *("parent", "check_unread", "order"),
    *("in_seconds", "rows", "resources", "children", "is_gone", "estimate_pending"),
}
of_each = pytest.mark.parametrize("name", [stream.name for stream in STREAMS])


@pytest.fixture(scope="module")
def catalog() -> dict[str, Any]:
    """Stream by stream, as `--discover` prints it without any settings."""
    streams = json.loads(outcome([COMMAND, "--discover"]).out)["streams"]
    return {stream["tap_stream_id"]: stream for stream in streams}


def own(entry: dict[str, Any]) -> dict[str, Any]:
    """The stream's own metadata."""
    (found,) = [m["metadata"] for m in entry["metadata"] if not m["breadcrumb"]]
    return dict(found)


@of_each
def test_nothing_changes_unnoticed(catalog: dict[str, Any], name: str) -> None:
    assert catalog[name] == json.loads((SNAPSHOTS / f"{name}.json").read_text())


def test_there_is_a_snapshot_for_every_stream_and_no_other(catalog: dict[str, Any]) -> None:
    assert {file.stem for file in SNAPSHOTS.iterdir()} == set(catalog)


@of_each
def test_keys_are_declared_and_never_null(catalog: dict[str, Any], name: str) -> None:
    entry = catalog[name]
    properties = entry["schema"]["properties"]
    assert entry["key_properties"] == ["id"]
    keys = [*entry["key_properties"], *filter(None, [entry.get("replication_key")])]
    for key in keys:
        assert properties[key]["type"] == "string"
    assert sorted(entry["schema"]["required"]) == sorted(keys)
    if entry["replication_method"] == "INCREMENTAL":
        assert properties[entry["replication_key"]]["format"] == "date-time"
    else:
        assert "replication_key" not in entry


@of_each
def test_a_child_names_its_conversation_and_nothing_else_does(
    catalog: dict[str, Any], name: str
) -> None:
    entry = catalog[name]
    if entry.get("replication_key") == "conversation_updated_at":
        (stream,) = [stream for stream in STREAMS if stream.name == name]
        fields = [*stream.resource.attributes, *stream.resource.relationships]
        assert not {"conversation_id", "conversation_updated_at"} & {f.column for f in fields}
        assert {"conversation_id", "conversation_updated_at"} <= set(entry["schema"]["properties"])
        assert own(entry)["selected-by-default"] is False
        assert "parent" not in json.dumps(own(entry))


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: str(stream.name))
def test_no_class_attribute_is_misspelt(stream: type[Any]) -> None:
    names = {name for name in vars(stream) if not name.startswith("_")}
    assert names <= SPELT


def test_every_column_has_a_type_that_targets_understand(catalog: dict[str, Any]) -> None:
    kinds = {"string", "integer", "number", "boolean", "object", "array", "null"}
    for entry in catalog.values():
        for column, schema in entry["schema"]["properties"].items():
            types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            assert set(types) <= kinds, column
            assert len(set(types) - {"null"}) == 1, column
