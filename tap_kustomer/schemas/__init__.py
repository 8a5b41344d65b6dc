"""What a record looks like: one line per field, by the API's own name.

The helpers are named for the type of the column they make; the column's name is the API's in
snake_case (`firstResponse` → `first_response`, relationship `customer` → `customer_id`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from tap_kustomer.fitting import DATE_TIME
from tap_kustomer.records import Field, Resource

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|\W+")


def snake_case(name: str) -> str:
    """`firstResponse` → `first_response`; `ecomm-order` → `ecomm_order`."""
    return _WORD.sub("_", name).lower()


@dataclass(frozen=True)
class _Kind:
    """Makes fields of one JSON type; a relationship's column has a suffix."""

    json_type: str
    suffix: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    def __call__(
        self, source: str, description: str, *, refers_to: str | tuple[str, ...] = ()
    ) -> Field:
        """A field; `refers_to` is as in `Field`, and a text stands for one stream."""
        schema = {"type": ["null", self.json_type], **self.more}
        streams = (refers_to,) if isinstance(refers_to, str) else refers_to
        return Field(source, f"{snake_case(source)}{self.suffix}", schema, description, streams)


_TEXTS = {"items": {"type": "string"}}
text = _Kind("string")
integer = _Kind("integer")
number = _Kind("number")
boolean = _Kind("boolean")
date_time = _Kind("string", more={"format": DATE_TIME})
texts = _Kind("array", more=_TEXTS)
free_object = _Kind("object", more={"additionalProperties": True})
free_list = _Kind("array", more={"items": {}})
to_one = _Kind("string", "_id")
to_many = _Kind("array", "_ids", more=_TEXTS)

# What many resources have, in the same words.
DATES = (
    date_time("createdAt", "When it was created."),
    date_time("updatedAt", "When anything about it last changed."),
    date_time("modifiedAt", "When someone last edited it."),
)
EDITORS = (
    to_one("org", "The org."),
    to_one("createdBy", "User who created it.", refers_to="users"),
    to_one("modifiedBy", "User who last edited it.", refers_to="users"),
)


def rows_of(column: str, resource: Resource, description: str) -> Field:
    """Rows of another resource, as a list of objects."""
    items = {"type": "object", "properties": resource.schema["properties"]}
    schema = {"type": ["null", "array"], "items": items}
    return Field(column, column, schema, description, inner=resource.fields)


def kept_members(
    source: str,
    description: str,
    members: tuple[str, ...],
    *,
    is_list: bool = False,
    is_map: bool = False,
) -> Field:
    """An object, list of objects, or map of names to objects, of which only `members` are kept."""
    kind = free_list if is_list else free_object
    return replace(kind(source, description), members=members, is_map=is_map)
