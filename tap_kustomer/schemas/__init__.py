"""What a record looks like: one line per field, by the API's own name.

The helpers are named for the type of the column they make; the column's name is the API's in
snake_case (`firstResponse` → `first_response`, relationship `customer` → `customer_id`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_kustomer.fitting import DATE_TIME
from tap_kustomer.records import Field, Resource

if TYPE_CHECKING:
    from collections.abc import Callable

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|\W+")


def snake_case(name: str) -> str:
    """`firstResponse` → `first_response`; `ecomm-order` → `ecomm_order`."""
    return _WORD.sub("_", name).lower()


def _maker(kind: str, **more: Any) -> Callable[[str, str], Field]:
    schema = {"type": ["null", kind], **more}

    def make(source: str, description: str) -> Field:
        return Field(source, snake_case(source), schema, description)

    return make


text = _maker("string")
integer = _maker("integer")
number = _maker("number")
boolean = _maker("boolean")
date_time = _maker("string", format=DATE_TIME)
texts = _maker("array", items={"type": "string"})
free_object = _maker("object", additionalProperties=True)
free_list = _maker("array", items={})


def to_one(source: str, description: str) -> Field:
    """A relationship to one resource: its id."""
    return Field(source, f"{snake_case(source)}_id", {"type": ["null", "string"]}, description)


def to_many(source: str, description: str) -> Field:
    """A relationship to several resources: their ids."""
    return Field(
        source,
        f"{snake_case(source)}_ids",
        {"type": ["null", "array"], "items": {"type": "string"}},
        description,
    )


def rows_of(column: str, resource: Resource, description: str) -> Field:
    """Rows of another resource, as a list of objects."""
    items = {"type": "object", "properties": resource.schema["properties"]}
    return Field(column, column, {"type": ["null", "array"], "items": items}, description)
