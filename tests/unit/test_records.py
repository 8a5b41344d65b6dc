from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from tap_kustomer.errors import RecordError
from tap_kustomer.records import Resource, RowBuilder
from tap_kustomer.schemas import (
    boolean,
    date_time,
    free_list,
    free_object,
    integer,
    number,
    snake_case,
    text,
    texts,
    to_many,
    to_one,
)
from tap_kustomer.schemas.conversation import CONVERSATION
from tap_kustomer.schemas.custom_attributes import columns
from tap_kustomer.streams import STREAMS
from tap_kustomer.walks.metadata import Definition

if TYPE_CHECKING:
    from tap_kustomer.streams.base import KustomerStream

THING = Resource(
    attributes=(
        text("name", "."),
        integer("rev", "."),
        number("score", "."),
        boolean("open", "."),
        date_time("createdAt", "."),
        texts("tags", "."),
        free_object("sla", "."),
        free_list("odd", "."),
        free_object("custom", "."),
    ),
    relationships=(to_one("customer", "."), to_one("sla", "."), to_many("shortcuts", ".")),
)
ROW = RowBuilder(THING).row
VALID = Draft202012Validator(THING.schema, format_checker=FormatChecker())

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.just("2026-05-01T10:30:00.123Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
ATTRIBUTE_NAMES = st.sampled_from([f.source for f in THING.attributes]) | st.text(max_size=8)
REFERENCE = st.fixed_dictionaries({"type": st.just("user"), "id": st.text(min_size=1, max_size=4)})
RELATIONSHIP = (
    st.none()
    | st.text(max_size=3)
    | st.lists(st.text(max_size=3), max_size=2)
    | st.fixed_dictionaries(
        {},
        optional={"data": st.none() | REFERENCE | st.lists(REFERENCE, max_size=2), "links": JSON},
    )
)
RELATIONSHIP_NAMES = st.sampled_from(["customer", "sla", "shortcuts"]) | st.text(max_size=8)
ITEM = st.fixed_dictionaries(
    {"id": st.text(min_size=1, max_size=4)},
    optional={
        "type": st.just("thing"),
        "links": JSON,
        "attributes": st.none() | st.dictionaries(ATTRIBUTE_NAMES, JSON, max_size=6),
        "relationships": st.none() | st.dictionaries(RELATIONSHIP_NAMES, RELATIONSHIP, max_size=4),
    },
)


@given(ITEM)
def test_every_attribute_and_relation_arrives_once_verbatim(item: dict[str, Any]) -> None:
    row = ROW(item)
    columns = {f.source: f.column for f in THING.attributes}
    left = dict(row)
    assert left.pop("id") == item["id"]
    extra = left.pop("additional_attributes", {})
    for source, value in (item.get("attributes") or {}).items():
        if columns.get(source) in left:
            assert source not in extra
            assert left.pop(columns[source]) == value
        else:
            assert extra.pop(source) == value
    assert not extra
    others = left.pop("additional_relationships", {})
    columns = {f.source: f.column for f in THING.relationships}
    for source, relation in (item.get("relationships") or {}).items():
        ids = relation
        if isinstance(relation, dict):
            if "data" not in relation:
                continue
            data = relation["data"]
            ids = [one["id"] for one in data] if isinstance(data, list) else data and data["id"]
        if columns.get(source) in left:
            assert source not in others
            assert left.pop(columns[source]) == ids
        else:
            assert others.pop(source) == ids
    assert not others
    assert not left


@given(ITEM)
def test_every_row_is_valid_whatever_the_values(item: dict[str, Any]) -> None:
    VALID.validate(ROW(item))


CUSTOM = columns(
    Definition(name, name, {"attributes": {"array": name.startswith("many")}})
    for name in ("orderStr", "totalNum", "vipBool", "paidAt", "manyStr", "manyNum")
)
# Of the others, what may be a secret is left out: see test_secrets.py.
WHOLE = [s for s in STREAMS if not (s.resource.listed_only or s.resource.left_out)]


@st.composite
def real_items(draw: st.DrawFn) -> tuple[Resource, dict[str, Any]]:
    """A published resource with typed custom attributes, and an item of any content."""
    published = draw(st.sampled_from(WHOLE)).resource
    resource = replace(published, custom=CUSTOM)
    attributes = st.sampled_from([f.source for f in resource.attributes]) | st.text(max_size=6)
    relations = [f.source for f in resource.relationships] or ["none"]
    names = st.sampled_from([f.source for f in CUSTOM]) | st.text(max_size=4)
    item: dict[str, Any] = {
        "id": "1",
        "attributes": draw(st.dictionaries(attributes, JSON, max_size=5)),
        "relationships": draw(
            st.dictionaries(
                st.sampled_from(relations) | st.text(max_size=6), RELATIONSHIP, max_size=3
            )
        ),
    }
    if draw(st.booleans()):
        item["attributes"]["custom"] = draw(st.dictionaries(names, JSON, max_size=5) | JSON)
    return resource, item


def leaves(value: object) -> Counter[str]:
    """The plain values in a JSON value, however deep."""
    if isinstance(value, dict):
        return sum((leaves(one) for one in value.values()), Counter())
    if isinstance(value, list):
        return sum((leaves(one) for one in value), Counter())
    return Counter([repr(value)])


def related(relation: Any) -> Any:  # noqa: ANN401  (JSON)
    if not isinstance(relation, dict):
        return relation
    data = relation.get("data", [])
    ids = [one["id"] for one in data] if isinstance(data, list) else data
    return ids["id"] if isinstance(ids, dict) else ids


@given(real_items())
def test_of_any_resource_the_row_holds_every_leaf_once(
    drawn: tuple[Resource, dict[str, Any]],
) -> None:
    resource, item = drawn
    row = RowBuilder(resource).row(item)
    # A replication key that is missing or null is the stream's to fill in.
    filled = {name: value for name, value in row.items() if value is not None}
    schema = {**resource.schema, "required": ["id"]}
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(filled)
    ids = [related(relation) for relation in item["relationships"].values()]
    assert leaves(row) == leaves("1") + leaves(item["attributes"]) + leaves(ids)


@given(ITEM)
def test_the_item_itself_is_left_alone(item: dict[str, Any]) -> None:
    before = repr(item)
    ROW(item)
    assert repr(item) == before


@pytest.mark.parametrize("key", [None, "", 7])
def test_without_an_id_there_is_no_row(key: object) -> None:
    with pytest.raises(RecordError, match="no id"):
        ROW({"id": key})
    with pytest.raises(RecordError, match="no id"):
        ROW({})


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("rev", True),
        ("rev", 1.5),
        ("rev", 2**63),
        ("rev", "9"),
        ("createdAt", ""),
        ("createdAt", "yesterday"),
        ("createdAt", "2026-05-01T10:30:00"),
        ("tags", [1]),
        ("tags", "a,b"),
        ("name", {}),
        ("open", 1),
    ],
)
def test_a_value_that_does_not_fit_keeps_its_name_and_leaves_the_column(
    source: str, value: object
) -> None:
    assert ROW({"id": "1", "attributes": {source: value}}) == {
        "id": "1",
        "additional_attributes": {source: value},
    }


def test_attribute_and_relationship_of_one_name_stay_apart() -> None:
    item = {
        "id": "1",
        "attributes": {"sla": {"name": "Gold"}},
        "relationships": {"sla": {"data": {"type": "sla", "id": "s"}}},
    }
    assert ROW(item) == {"id": "1", "sla": {"name": "Gold"}, "sla_id": "s"}


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("id", "id"),
        ("firstResponse", "first_response"),
        ("isEmailValid", "is_email_valid"),
        ("ecomm-order", "ecomm_order"),
        ("größe in cm", "größe_in_cm"),
    ],
)
def test_snake_case(name: str, column: str) -> None:
    assert snake_case(name) == column


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_columns_are_unique_described_and_nullable(stream: type[KustomerStream]) -> None:
    resource = stream.resource
    fields = resource.fields
    names = [field.column for field in fields]
    assert len({*names, "id", "additional_attributes"}) == len(names) + 2
    properties = resource.schema["properties"]
    Draft202012Validator.check_schema(resource.schema)
    for name, schema in properties.items():
        assert schema["description"].endswith(".")
        nullable = "null" in schema["type"]
        assert nullable == (name not in resource.schema["required"])


def test_the_replication_key_is_a_required_date_time() -> None:
    assert CONVERSATION.schema["properties"]["updated_at"]["format"] == "date-time"
    assert CONVERSATION.schema["required"] == ["id", "updated_at"]
