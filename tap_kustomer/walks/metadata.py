"""Metadata: the org's klasses and custom attribute definitions.

Metadata is documented for four resources and every klass, as one object keyed by attribute name.
Deleted definitions are kept, as in other connectors. See docs/BEHAVIOR.md, "Custom attributes".
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
# One list per status: without a status, only enabled klasses are listed (documented).
KLASS_STATUSES = ("enabled", "existing_only", "disabled")


class Definition(NamedTuple):
    """One custom attribute of a resource; `key` is unique even if names repeat."""

    key: str
    name: str
    item: dict[str, Any]
    """A JSON:API resource without an id: the definition's attributes and its org."""


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
                msg = "A klass has no name, so its custom objects can't be requested."
                raise RecordError(msg)
            names[name] = None
    return list(names)


def definition_id(resource: str, key: str) -> str:
    """`conversation.orderNumberStr`; dots and backslashes within a name are escaped."""
    return ".".join(re.sub(r"[.\\]", r"\\\g<0>", name) for name in (resource, key))


def definitions(client: Client, resource: str) -> list[Definition] | None:
    """The custom attributes of a resource or klass, deleted ones too; `None` if the klass is gone.

    Raises:
        KustomerError: as the client does; also a 404 for a resource or klass that exists.
        RecordError: the metadata has an unknown format, or more than one page.
    """
    path = f"/v1/metadata/{quote(resource, safe='')}"
    if resource in {".", ".."}:  # path segments with a special meaning in a URL
        LOGGER.warning("Klass '%s' can't be used in a URL: skipping its metadata", resource)
        return []
    try:
        document = fetch(client, path)
    except NotFoundError as error:
        # The documented resources always exist; a klass may have been deleted since it was listed.
        if resource in RESOURCES or resource in klass_names(client):
            raise error from None
        LOGGER.warning("Klass %s was deleted after it was listed", resource)
        return None
    items = jsonapi.data_in(document, path)
    # Every resource has metadata, even without custom attributes. Pagination is undocumented.
    if not items or jsonapi.object_in(document, "links").get("next"):
        raise _unknown_form(path)
    found: list[Definition] = []
    keys: set[str] = set()
    for item in items:
        for name, definition in _properties(item, path):
            key, suffix = name, 1
            while key in keys:
                suffix += 1
                key = f"{name}#{suffix}"
            keys.add(key)
            attributes = definition if isinstance(definition, dict) else {"definition": definition}
            resource_item = {"attributes": attributes, "relationships": item.get("relationships")}
            found.append(Definition(key, name, resource_item))
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
        f"The response to {path} has a format that this version does not know: please report it."
    )
