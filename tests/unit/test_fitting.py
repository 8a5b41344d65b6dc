"""Rows of any catalog: whatever types it gives, no target can refuse a row for them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_kustomer.fitting import check, is_instant
from tap_kustomer.records import Field, Resource, RowBuilder
from tap_kustomer.schemas import boolean, date_time, free_list, free_object, text, to_many, to_one
from tap_kustomer.streams import STREAMS
from tests.anything import JSON, fewer, validate
from tests.emulated import emulated
from tests.support import Messages, sync, tap_for

TEXT = {"type": ["string", "null"]}
KINDS = st.sampled_from(["null", "string", "integer", "number", "boolean", "object", "array"])
FORMAT = st.sampled_from(["date-time", "date", "uuid", "email", "unheard-of"])


def schemas(depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """What catalogs hold, whoever has edited them."""
    if not depth:
        return st.just({})
    inner = schemas(depth - 1)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": KINDS | st.lists(KINDS, min_size=1, max_size=3, unique=True),
            "format": FORMAT,
            "items": inner,
            "additionalProperties": st.booleans() | inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "properties": st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=1),
            "maxLength": st.integers(0, 3),
            "minimum": st.floats(-2, 2),
            "multipleOf": st.sampled_from([2, 0.01]),
            "enum": st.lists(JSON, min_size=1, max_size=2),
        },
    )


@given(schemas(), JSON)
def test_what_fits_a_column_is_valid_by_its_schema(schema: dict[str, Any], value: object) -> None:
    if check(schema).fits(value):
        validate({"column": value}, {"properties": {"column": schema}})


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: str(stream.name))
def test_every_row_is_valid_by_an_edited_catalog(stream: Any) -> None:  # noqa: ANN401  (a class of stream)
    resource: Resource = stream.resource
    own = st.dictionaries(st.sampled_from([f.column for f in resource.fields]), schemas())
    names = [field.source for field in (*resource.attributes, *resource.relationships)]
    values = st.dictionaries(st.sampled_from(names), JSON)

    @fewer(10)
    @given(own, values, values)
    def hold(edited: dict[str, Any], attributes: dict[str, Any], related: dict[str, Any]) -> None:
        key = {
            resource.replication_key: resource.schema["properties"].get(resource.replication_key)
        }
        properties = {**resource.schema["properties"], **edited}
        properties.update({name: schema for name, schema in key.items() if name})
        builder = RowBuilder(resource.only(properties))
        row = builder.row({"id": "a", "attributes": attributes, "relationships": related})
        if resource.replication_key and row.get(resource.replication_key, "") is None:
            del row[resource.replication_key]  # the stream fills it in
        validate(row, {"type": "object", "properties": properties})
        others = row.get("additional_attributes", {})
        columns = {field.source: field.column for field in resource.attributes}
        for name, value in attributes.items() if not resource.listed_only else ():
            if name not in others and columns.get(name) in row:
                assert row[columns[name]] == value

    hold()


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": ["null", "string"]}, [None, "a"], [1, {}]),
        ({"type": "string"}, ["a"], [None, 1]),
        ({}, [None, 1, "a", [1], {}, Decimal(1)], []),
        ({"format": "date-time"}, [1, None, "2026-05-01T10:30:00Z"], ["a"]),
        ({"type": ["string", "integer", "null"]}, ["a", 1, None], [True, 1.5, 2**63]),
        ({"type": ["array", "null"], "items": {}}, [[1, None, "a"], None], ["a"]),
        ({"type": "array", "items": {"type": "string"}}, [["a"], []], [[None], None, [1]]),
        ({"type": "array", "items": {"items": {"type": "string"}}}, [[1, ["a"]]], [[[1]]]),
        (
            {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            [None, "2026-05-01T10:30:00Z"],
            ["2026-05-01", 1, "0001-01-01T00:00:00+14:00"],
        ),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}]}, [1, Decimal("1.5")], [True, "a"]),
        ({"type": ["string", "null"], "maxLength": 2}, ["ab", None], ["abc", 1]),
        ({"type": "number", "multipleOf": 0.01}, [], [Decimal("0.01"), "a"]),
        ({"type": "string", "format": "date"}, ["2026-05-01"], ["2026-W01-1", "a"]),
        ({"type": "object", "properties": {"a": TEXT}}, [{"a": "b"}, {}], [{"a": 1}, []]),
        ({"type": "unheard-of"}, [], ["a", None]),
    ],
)
def test_a_schema_decides(schema: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    fits = check(schema).fits
    assert [value for value in good if not fits(value)] == []
    assert [value for value in bad if fits(value)] == []


@pytest.mark.parametrize(
    "value", ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59.999-00:01", "2026-05-01T10:30"]
)
def test_an_instant_lies_in_the_calendar_everywhere(value: str) -> None:
    assert not is_instant(value)
    assert is_instant("0001-01-01T00:00:00Z")
    assert is_instant("9999-12-31T23:59:59.999+14:00")


def test_types_are_those_of_the_catalog() -> None:
    resource = Resource(
        attributes=(
            free_object("sla", "."),
            free_list("odd", "."),
            boolean("open", "."),
            text("name", "."),
            free_object("custom", "."),
        ),
        relationships=(to_one("user", "."), to_many("teams", ".")),
        extra_columns=(date_time("seenAt", "."),),
        custom=(Field("sizesNum", "custom__sizes_num", {"type": "array"}, "."),),
    )
    catalog = {column: TEXT for column in resource.schema["properties"] if column != "custom"}
    catalog["custom"] = {"type": ["object", "null"]}
    item = {
        "id": "a",
        "attributes": {
            "sla": {},
            "odd": [],
            "open": True,
            "name": "n",
            "custom": {"sizesNum": [1]},
        },
        "relationships": {"user": {"data": {"id": "u"}}, "teams": {"data": [{"id": "t"}]}},
    }
    builder = RowBuilder(resource.only(catalog))
    assert builder.row(item, {"seen_at": 5}) == {
        "id": "a",
        "name": "n",
        "user_id": "u",
        "custom": {"sizesNum": [1]},
        "additional_attributes": {"seen_at": 5, "sla": {}, "odd": [], "open": True},
        "additional_relationships": {"teams": ["t"]},
    }
    assert builder.unfitting == {"sizesNum": 1}


def test_an_attribute_that_became_a_list_stays_in_custom_until_the_catalog_knows() -> None:
    emulator = emulated(40)
    catalog = tap_for(emulator, Messages(), typed_custom_attributes=True).catalog_dict
    for kind in ("metadata", "conversation"):
        for record in list(emulator.org.resources[kind].values()):
            data = record.data
            if data["links"]["self"] == "/v1/metadata/conversation":
                data["attributes"]["properties"]["orderNumberStr"]["array"] = True
            data["attributes"]["custom"] = {"orderNumberStr": ["1", "2"]}
            emulator.org.put(kind, data)
    messages = sync(emulator, catalog=catalog, typed_custom_attributes=True)
    (schema,) = messages.of("SCHEMA", "conversations")
    rows = messages.records("conversations")
    assert schema["schema"]["properties"]["custom__order_number_str"]["type"] == ["null", "string"]
    assert rows
    for row in rows:
        validate(row, schema["schema"])
        assert row["custom"]["orderNumberStr"] == ["1", "2"]


def test_a_null_replication_key_is_left_to_the_stream() -> None:
    resource = replace(Resource((date_time("updatedAt", "."),)), replication_key="updated_at")
    row = RowBuilder(resource.only(resource.schema["properties"])).row(
        {"id": "a", "attributes": {"updatedAt": None}}
    )
    assert row == {"id": "a", "updated_at": None}
