"""Keeps secrets out of rows: keys, tokens, headers, addresses that open a door.

Some configuration objects hold them among ordinary attributes, and Kustomer may add others. Of such
a resource (`listed_only`) only what is listed is kept: attributes and relationships with a column,
and of objects within them the listed members. Everything else is left out, whatever its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_kustomer import jsonapi

if TYPE_CHECKING:
    from tap_kustomer.records import Field, Resource


def without_secrets(item: dict[str, Any], resource: Resource) -> dict[str, Any]:
    """The JSON:API resource without what may be a secret."""
    attributes = jsonapi.object_in(item, "attributes")
    if not resource.listed_only:
        kept = {name: attributes[name] for name in attributes if name not in resource.left_out}
        return {**item, "attributes": kept}
    relationships = jsonapi.object_in(item, "relationships")
    related = {field.source for field in resource.relationships}
    return {
        "id": item.get("id"),
        "attributes": {
            field.source: _listed(attributes[field.source], field)
            for field in resource.attributes
            if field.source in attributes
        },
        "relationships": {name: relationships[name] for name in relationships if name in related},
    }


def host_of(address: object) -> str | None:
    """The host of a web address, without whatever else may open a door; `None` if there is none."""
    if not isinstance(address, str):
        return None
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _listed(value: object, field: Field) -> object:
    if field.is_map and isinstance(value, dict):
        return {
            name: _only(one, field.members) for name, one in value.items() if isinstance(one, dict)
        }
    if isinstance(value, list):
        return [_only(one, field.members) for one in value]
    return _only(value, field.members)


def _only(value: object, members: tuple[str, ...]) -> object:
    """A plain value, or of an object its listed members with plain values; `None` for a list."""
    if isinstance(value, dict):
        return {
            name: one
            for name, one in value.items()
            if name in members and not isinstance(one, (dict, list))
        }
    return None if isinstance(value, list) else value
