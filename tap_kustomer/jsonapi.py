"""Safe access to the members of JSON:API documents, any of which may be missing or malformed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from tap_kustomer import timestamps
from tap_kustomer.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator

Json: TypeAlias = Any
"""Decoded JSON of any type."""

# The longest string that is accepted as a count.
MAX_DIGITS = 15


def object_in(value: object, *path: str) -> dict[str, Any]:
    """The object at `path` inside a JSON value; empty if there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def data_in(document: dict[str, Any], path: str, member: str = "data") -> list[dict[str, Any]]:
    """The resources in `data` or `included`; a single object counts as a list of one.

    Raises:
        TransientError: an item is not an object; `path` is the requested path.
    """
    items = document.get(member) or []
    items = items if isinstance(items, list) else [items]
    if not all(isinstance(item, dict) for item in items):
        raise TransientError(path, "the response is not a list of records")
    return items


def id_of(resource: dict[str, Any]) -> str:
    """The id as text; empty if there is none."""
    return str(resource.get("id") or "")


def attribute(resource: object, name: str) -> Json:
    """The value of an attribute, or `None`."""
    return object_in(resource, "attributes").get(name)


def related_id(resource: object, name: str) -> Json:
    """The id of a to-one relationship, or `None`."""
    return object_in(resource, "relationships", name, "data").get("id")


def related(resource: object) -> Iterator[tuple[str, Any]]:
    """Each relationship's name with its id or ids; relationships with links only are skipped."""
    for name, relationship in object_in(resource, "relationships").items():
        if not isinstance(relationship, dict):
            # null, or a bare id (seen by other connectors)
            yield name, relationship
        elif isinstance(data := relationship.get("data", _MISSING), list):
            yield name, [item.get("id") if isinstance(item, dict) else item for item in data]
        elif data is not _MISSING:
            yield name, data.get("id") if isinstance(data, dict) else data


def timestamp_of(resource: object, name: str = "updatedAt", *, otherwise: int) -> int:
    """An attribute's date-time in milliseconds since 1970; `otherwise` if it is not one."""
    return timestamp_in(attribute(resource, name), otherwise=otherwise)


def timestamp_in(value: object, *, otherwise: int) -> int:
    """A date-time in milliseconds since 1970; `otherwise` if `value` is not one."""
    if not isinstance(value, str):
        return otherwise
    try:
        return timestamps.parse(value)
    except (OverflowError, ValueError):
        return otherwise


def count_in(value: object) -> int | None:
    """A count, which may be sent as a string or as `50.0`; `None` if `value` is not one."""
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) <= MAX_DIGITS else None
    elif isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    return value if type(value) is int and value >= 0 else None


_MISSING = object()
