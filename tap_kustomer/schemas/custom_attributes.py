"""Columns of custom attributes: an attribute's name ends in the suffix of its type (documented).

See docs/BEHAVIOR.md, "Custom attributes".
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from tap_kustomer.fitting import DATE_TIME
from tap_kustomer.names import custom_column
from tap_kustomer.records import Field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_kustomer.walks.metadata import Definition

LOGGER = logging.getLogger("tap-kustomer")

_SUFFIX = re.compile(r".*(Str|Txt|Tree|Url|Id|Num|Bool|At)", re.DOTALL)


def columns(defined: Iterable[Definition]) -> tuple[Field, ...]:
    """One typed column per custom attribute whose name has a known suffix, sorted by name."""
    fields: dict[str, Field] = {}
    for definition in sorted(defined, key=lambda definition: definition.key):
        field = _column(definition)
        if field and fields.setdefault(field.column, field).source != field.source:
            LOGGER.warning(
                "Custom attribute %s stays in custom: %s has the same column name",
                field.source,
                fields[field.column].source,
            )
    return tuple(fields.values())


def _column(definition: Definition) -> Field | None:
    found = _SUFFIX.fullmatch(definition.name)
    if not found:
        return None
    json_type = _TYPES.get(found[1], _TEXT)
    schema: dict[str, Any] = {**json_type, "type": ["null", json_type["type"]]}
    attributes = definition.item["attributes"]
    if attributes.get("array") is True:
        schema = {"type": ["null", "array"], "items": schema}
    meaning = attributes.get("displayName")
    meaning = " ".join(meaning.split()) if isinstance(meaning, str) else ""
    description = f"Custom attribute {definition.name}{f': {meaning}' if meaning else ''}."
    return Field(definition.name, custom_column(definition.name), schema, description)


_TEXT = {"type": "string"}
_TYPES = {
    "Num": {"type": "number"},
    "Bool": {"type": "boolean"},
    "At": {"type": "string", "format": DATE_TIME},
}
