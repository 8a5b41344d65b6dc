"""What a record looks like: one line per field, by the API's own name.

The helpers are named for the type of the column they make; the column's name is the API's in
snake_case (`firstResponse` → `first_response`, relationship `customer` → `customer_id`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_kustomer import records
from tap_kustomer.records import Field, Resource

if TYPE_CHECKING:
    from collections.abc import Callable

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|\W+")


def snake_case(name: str) -> str:
    """`firstResponse` → `first_response`; `ecomm-order` → `ecomm_order`."""
    return _WORD.sub("_", name).lower()


def _maker(fits: Callable[[Any], bool], **json_type: Any) -> Callable[[str, str], Field]:  # noqa: ANN401  (a JSON schema)
    kind = json_type.pop("type")
    schema = {"type": [kind, "null"], **json_type}

    def make(source: str, description: str) -> Field:
        return Field(source, snake_case(source), schema, description, fits)

    return make


text = _maker(records.is_text, type="string")
integer = _maker(records.is_integer, type="integer")
number = _maker(records.is_number, type="number")
boolean = _maker(records.is_boolean, type="boolean")
date_time = _maker(records.is_instant, type="string", format="date-time")
texts = _maker(records.is_text_list, type="array", items={"type": "string"})
free_object = _maker(records.is_object, type="object", additionalProperties=True)
free_list = _maker(records.is_list, type="array")


def to_one(source: str, description: str) -> Field:
    """A relationship to one resource: its id."""
    return Field(
        source,
        f"{snake_case(source)}_id",
        {"type": ["string", "null"]},
        description,
        records.is_text,
    )


def to_many(source: str, description: str) -> Field:
    """A relationship to several resources: their ids."""
    return Field(
        source,
        f"{snake_case(source)}_ids",
        {"type": ["array", "null"], "items": {"type": "string"}},
        description,
        records.is_text_list,
    )


def rows_of(column: str, resource: Resource, description: str) -> Field:
    """Rows of another resource, as a list of objects."""
    items = {"type": "object", "properties": resource.schema["properties"]}
    return Field(
        column, column, {"type": ["array", "null"], "items": items}, description, records.is_list
    )
