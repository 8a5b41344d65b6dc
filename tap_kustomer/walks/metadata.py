"""Metadata: the org's klasses, and the custom attributes that it defines.

Metadata is documented for four resources and every klass, as one object keyed by attribute name;
other connectors keep deleted definitions. See docs/BEHAVIOR.md, "Custom attributes".
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from tap_kustomer import jsonapi
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import NotFoundError, RecordError
from tap_kustomer.walks.listing import read_list

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_kustomer.api.client import Client

LOGGER = logging.getLogger("tap-kustomer")
RESOURCES = ("company", "conversation", "customer", "message")
KLASSES = "/v1/klasses"
# One list each: without a status only the enabled ones are listed (documented).
KLASS_STATUSES = ("enabled", "existing_only", "disabled")


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
        RecordError: a klass can't be read, or has no name.
    """
    names: dict[str, None] = {}
    for status in KLASS_STATUSES:
        for klass in read_list(client, KLASSES, {"status": status}):
            name = jsonapi.attribute(klass.resource, "name")
            if not isinstance(name, str) or not name:
                msg = "A klass has no name, so its custom objects can't be asked for."
                raise RecordError(msg)
            names[name] = None
    return list(names)


def definition_id(resource: str, key: str) -> str:
    """`conversation.orderNumberStr`; a dot within either name has a backslash before it."""
    return ".".join(re.sub(r"[.\\]", r"\\\g<0>", name) for name in (resource, key))


def definitions(client: Client, resource: str) -> list[Definition] | None:
    """The custom attributes of a resource or klass, deleted ones too; `None`: the klass is gone.

    Raises:
        KustomerError: as the client does; also when the metadata of what exists is not found.
        RecordError: the metadata is in no form that is known, or not all of it is in the answer.
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
    items = jsonapi.data_in(answer, path)
    # What exists has metadata, even without any custom attribute; of pages nobody knows.
    if not items or jsonapi.object_in(answer, "links").get("next"):
        raise _unknown_form(path)
    found: list[Definition] = []
    keys: set[str] = set()
    for item in items:
        for name, definition in _properties(item, path):
            key, times = name, 1
            while key in keys:
                times += 1
                key = f"{name}#{times}"
            keys.add(key)
            attributes = definition if isinstance(definition, dict) else {"definition": definition}
            made = {"attributes": attributes, "relationships": item.get("relationships")}
            found.append(Definition(key, name, made))
    return found


def _properties(item: dict[str, Any], path: str) -> Iterable[tuple[str, object]]:
    properties = jsonapi.attribute(item, "properties")
    if properties is None:
        return ()
    if isinstance(properties, dict):
        return properties.items()
    if isinstance(properties, list):
        named = [(p["name"], p) for p in properties if isinstance(p, dict) and p.get("name")]
        if len(named) == len(properties) and all(isinstance(name, str) for name, _ in named):
            return named
    raise _unknown_form(path)


def _unknown_form(path: str) -> RecordError:
    return RecordError(
        f"The answer to {path} is in a form that this version does not know: please report it."
    )
