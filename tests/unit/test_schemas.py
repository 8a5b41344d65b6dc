from __future__ import annotations

import importlib
import pkgutil
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from tap_kustomer import fitting, schemas
from tap_kustomer.fitting import check, is_instant
from tap_kustomer.records import Resource, RowBuilder
from tap_kustomer.schemas.conversation import CONVERSATION
from tap_kustomer.tap import TapKustomer

if TYPE_CHECKING:
    from collections.abc import Iterator

RESOURCES = {
    f"{module.name}.{name}": value
    for module in pkgutil.iter_modules(schemas.__path__)
    for name, value in vars(importlib.import_module(f"{schemas.__name__}.{module.name}")).items()
    if isinstance(value, Resource)
}
CATALOG = TapKustomer(validate_config=False).catalog_dict["streams"]
ADDITIONAL = ["additional_attributes", "additional_relationships"]
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
of_each = pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES)


def words(text: str) -> list[str]:
    return [word for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in {"a", "the"}]


def test_every_module_defines_resources() -> None:
    assert RESOURCES["conversation.CONVERSATION"] is CONVERSATION
    modules = {module.name for module in pkgutil.iter_modules(schemas.__path__)}
    assert {name.split(".")[0] for name in RESOURCES} == modules - {"custom_attributes"}


@of_each
def test_no_column_or_source_is_claimed_twice(resource: Resource) -> None:
    columns = [field.column for field in resource.fields]
    columns += ["id", *([] if resource.listed_only else ADDITIONAL)]
    assert len(columns) == len(set(columns))
    assert set(columns) == set(resource.schema["properties"])
    for group in (resource.attributes, resource.relationships):
        assert len(group) == len({field.source for field in group})


@of_each
def test_columns_are_in_snake_case(resource: Resource) -> None:
    for column in resource.schema["properties"]:
        assert SNAKE_CASE.fullmatch(column), column


@of_each
def test_descriptions_are_sentences_that_say_more_than_the_name(resource: Resource) -> None:
    for column, schema in resource.schema["properties"].items():
        description = schema["description"]
        assert re.fullmatch(r"\S(.*[^\s.])?\.", description), column  # one line, one full stop
        assert words(description), column
        if "_" in column:  # one plain word, such as a team's name, may speak for itself
            assert words(description) != column.split("_"), column


@of_each
def test_only_keys_are_required_and_never_null(resource: Resource) -> None:
    schema = resource.schema
    keys = {"id", resource.replication_key} - {None}
    assert set(schema["required"]) == keys
    for column, declared in schema["properties"].items():
        kinds = declared["type"]
        if column in keys:
            assert kinds == "string", column
        else:
            assert kinds[0] == "null", column
            assert len(kinds) == 2, column


@of_each
def test_the_replication_key_is_a_date_time_attribute(resource: Resource) -> None:
    if resource.replication_key is None:
        return
    (field,) = (f for f in resource.fields if f.column == resource.replication_key)
    assert field.json_type["format"] == "date-time"
    assert check(field.property) == (True, is_instant)


@of_each
def test_date_times_and_their_names_agree(resource: Resource) -> None:
    for field in resource.attributes:
        if field.source.endswith("At"):
            assert field.json_type.get("format") == "date-time", field.source


@of_each
def test_the_json_schema_is_valid_and_takes_a_row_of_nulls(resource: Resource) -> None:
    Draft202012Validator.check_schema(resource.schema)
    nulls = {
        "id": "1",
        "attributes": {field.source: None for field in resource.attributes},
        "relationships": {field.source: None for field in resource.relationships},
    }
    row = RowBuilder(resource).row(nulls, {field.column: None for field in resource.extra_columns})
    assert set(row) == set(resource.schema["properties"]) - {
        "additional_attributes",
        "additional_relationships",
    }
    if resource.replication_key:
        row[resource.replication_key] = "2026-05-01T10:30:00.123Z"
    Draft202012Validator(resource.schema).validate(row)


@of_each
def test_no_column_has_the_name_of_a_singer_version(resource: Resource) -> None:
    """target-postgres fails on ACTIVATE_VERSION for a table with such a column."""
    assert "version" not in resource.schema["properties"]


def parts(schema: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  (JSON)
    """A schema and all schemas in it."""
    yield schema
    inner = [*schema.get("properties", {}).values(), *filter(None, [schema.get("items")])]
    for one in inner:
        yield from parts(one)


@pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: str(entry["tap_stream_id"]))
def test_older_clients_find_what_they_look_for(entry: dict[str, Any]) -> None:
    for schema in parts(entry["schema"]):
        kinds = schema["type"]
        assert isinstance(kinds, str) or kinds.index("null") == 0
        assert "array" not in kinds or isinstance(schema["items"], dict)
    (metadata,) = [one["metadata"] for one in entry["metadata"] if not one["breadcrumb"]]
    forced = None if entry.get("replication_key") else "FULL_TABLE"
    assert metadata.get("forced-replication-method") == forced


@of_each
def test_no_column_needs_a_validator(resource: Resource, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is slow, and every value would pass through it. Rows within a row are few."""
    monkeypatch.setattr(fitting, "_by_validator", None)
    for schema in resource.schema["properties"].values():
        if not schema.get("items", {}).get("properties"):
            fitting.check(schema)
