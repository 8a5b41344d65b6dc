"""Custom attributes: what the org's metadata defines, and the columns made of it.

Metadata is documented for four resources and every klass, as one object keyed by attribute name;
peers keep deleted definitions. An attribute's name ends in the suffix of its type (documented).
See docs/BEHAVIOR.md, "Custom attributes".
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from tap_kustomer.api.document import fetch, resources
from tap_kustomer.api.errors import NotFoundError
from tap_kustomer.fitting import DATE_TIME
from tap_kustomer.names import custom_column
from tap_kustomer.records import Field, RecordError
from tap_kustomer.walks.listing import read_list

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_kustomer.api.client import Client

LOGGER = logging.getLogger("tap-kustomer")
RESOURCES = ("company", "conversation", "customer", "message")
KLASSES = "/v1/klasses"
# One list each: without a status only the enabled ones are listed (documented).
KLASS_STATUSES = ("enabled", "existing_only", "disabled")

_SUFFIX = re.compile(r".*(Str|Txt|Tree|Url|Id|Num|Bool|At)", re.DOTALL)


class Definition(NamedTuple):
    """One custom attribute of a resource; `key` tells it from others of the same name."""

    key: str
    name: str
    item: dict[str, Any]
    """A JSON:API resource without an id: what the definition says, and the org."""


def klass_names(client: Client) -> list[str]:
    """The names of all klasses, of every status.

    Raises:
        KustomerError: as the client does.
        RecordError: a klass has no name.
    """
    names: dict[str, None] = {}
    for status in KLASS_STATUSES:
        for klass in read_list(client, KLASSES, {"status": status}):
            attributes = klass.get("attributes")
            name = attributes.get("name") if isinstance(attributes, dict) else None
            if not isinstance(name, str) or not name:
                msg = "A klass has no name, so its custom objects can't be asked for."
                raise RecordError(msg)
            names[name] = None
    return list(names)


def definitions(client: Client, resource: str) -> list[Definition] | None:
    """The custom attributes of a resource or klass, deleted ones too; `None`: the klass is gone.

    Raises:
        KustomerError: as the client does; also when the metadata of what exists is not found.
        RecordError: the metadata is in no form that is known.
    """
    path = f"/v1/metadata/{quote(resource, safe='')}"
    if resource in {".", ".."}:  # in an address they stand for its folder, and the one above
        LOGGER.warning("The metadata of the klass '%s' can't be asked for", resource)
        return []
    try:
        answer = fetch(client, path)
    except NotFoundError as error:
        # Documented resources always exist. A klass may have been deleted since it was listed.
        if resource in RESOURCES or resource in klass_names(client):
            raise error from None
        LOGGER.warning("Klass %s was removed meanwhile", resource)
        return None
    found: list[Definition] = []
    times: Counter[str] = Counter()
    for item in resources(answer, path):
        for name, definition in _properties(item, path):
            times[name] += 1
            key = name if times[name] == 1 else f"{name}#{times[name]}"
            attributes = definition if isinstance(definition, dict) else {"definition": definition}
            made = {"attributes": attributes, "relationships": item.get("relationships")}
            found.append(Definition(key, name, made))
    return found


def _properties(item: dict[str, Any], path: str) -> Iterable[tuple[str, object]]:
    attributes = item.get("attributes")
    properties = attributes.get("properties") if isinstance(attributes, dict) else None
    if properties is None:
        return ()
    if isinstance(properties, dict):
        return properties.items()
    if isinstance(properties, list):
        named = [(p["name"], p) for p in properties if isinstance(p, dict) and p.get("name")]
        if len(named) == len(properties) and all(isinstance(name, str) for name, _ in named):
            return named
    msg = f"The answer to {path} is in a form that this version does not know: please report it."
    raise RecordError(msg)


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
    schema: dict[str, Any] = {**json_type, "type": [json_type["type"], "null"]}
    said = definition.item["attributes"]
    if said.get("array") is True:
        schema = {"type": ["array", "null"], "items": schema}
    meaning = said.get("displayName")
    meaning = " ".join(meaning.split()) if isinstance(meaning, str) else ""
    description = f"Custom attribute {definition.name}{f': {meaning}' if meaning else ''}."
    return Field(definition.name, custom_column(definition.name), schema, description)


_TEXT = {"type": "string"}
_TYPES = {
    "Num": {"type": "number"},
    "Bool": {"type": "boolean"},
    "At": {"type": "string", "format": DATE_TIME},
}
