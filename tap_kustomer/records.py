"""One JSON:API resource becomes one flat row.

Nothing the API sends is dropped: an attribute that has no column, or whose value does not fit the
type of its column, arrives in `additional_attributes` under its own name; a relationship without a
column arrives in `additional_relationships`. A custom attribute with a column of its own is moved
there from `custom` if its value fits. `type`, `links` and relationships that hold only links are
left out. Values are never changed; no value can make a target refuse the row for its type.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    Fits = Callable[[Any], bool]


class RecordError(Exception):
    """A resource can't be told apart from others."""


@dataclass(frozen=True)
class Field:
    """One column: the API's `source` name, the `column`, its JSON type, and what it means."""

    source: str
    column: str
    json_type: dict[str, Any]
    description: str
    fits: Fits

    @property
    def property(self) -> dict[str, Any]:
        """The column's JSON schema; every column may be null unless it is a key."""
        return {**self.json_type, "description": self.description}


@dataclass(frozen=True)
class Resource:
    """The shape of a resource: which attributes and relationships have a column.

    `own` are columns that its stream fills in; `custom` those of single custom attributes.
    """

    attributes: tuple[Field, ...]
    relationships: tuple[Field, ...] = ()
    replication_key: str | None = None
    own: tuple[Field, ...] = ()
    custom: tuple[Field, ...] = ()
    key: str = "Kustomer's own identifier."
    """What the primary key means."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields, in the order of their columns."""
        return (*self.own, *self.attributes, *self.custom, *self.relationships)

    def only(self, columns: Collection[str]) -> Resource:
        """The same, without fields whose column is none of `columns`."""

        def kept(fields: tuple[Field, ...]) -> tuple[Field, ...]:
            return tuple(field for field in fields if field.column in columns)

        return replace(
            self,
            attributes=kept(self.attributes),
            relationships=kept(self.relationships),
            own=kept(self.own),
            custom=kept(self.custom),
        )

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the rows."""
        columns = {
            "id": {"type": "string", "description": self.key},
            **{field.column: field.property for field in self.fields},
            "additional_attributes": {
                "type": ["object", "null"],
                "description": "Attributes without a fitting column, verbatim.",
            },
            "additional_relationships": {
                "type": ["object", "null"],
                "description": "Relationships without a column: name to id, or ids.",
            },
        }
        if self.replication_key:
            columns[self.replication_key] = {
                **columns[self.replication_key],
                "type": "string",
            }
        return {
            "type": "object",
            "properties": columns,
            "required": ["id", *filter(None, [self.replication_key])],
        }


_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class RowBuilder:
    """Builds the rows of one resource; columns that a record lacks are absent from its row."""

    def __init__(self, resource: Resource, columns: Collection[str] | None = None) -> None:
        """Prepare for records of this shape, leaving out all but `columns` where they are given."""

        def by_source(fields: tuple[Field, ...]) -> dict[str, tuple[str | None, Fits]]:
            return {
                field.source: (field.column if wanted(field.column) else None, field.fits)
                for field in fields
            }

        def wanted(column: str) -> bool:
            return columns is None or column in columns

        self.unfitting: Counter[str] = Counter()
        """Custom attributes that have a column which a value did not fit, and how many values."""
        self._own = {field.column for field in resource.own if wanted(field.column)}
        self._fields = by_source(resource.attributes)
        self._custom = by_source(resource.custom)
        self._relations = by_source(resource.relationships)
        self._keeps_attributes = wanted("additional_attributes")
        self._keeps_relationships = wanted("additional_relationships")

    def row(self, item: dict[str, Any], own: Mapping[str, Any] = _NOTHING) -> dict[str, Any]:
        """The row of a JSON:API resource, with the stream's `own` columns.

        Raises:
            RecordError: the resource has no id.
        """
        key = item.get("id")
        if not isinstance(key, str) or not key:
            msg = "A record has no id, so no target could tell it from others."
            raise RecordError(msg)
        row: dict[str, Any] = {"id": key}
        row.update((column, value) for column, value in own.items() if column in self._own)
        others: dict[str, Any] = {}
        for source, value in _members(item, "attributes"):
            if source == "custom" and self._custom and is_object(value):
                value = self._divide(row, value)  # noqa: PLW2901  (the rest of it)
            column, fits = self._fields.get(source, _NO_COLUMN)
            if column is None:
                continue
            if column and (value is None or fits(value)):
                row[column] = value
            else:
                others[source] = value
        if others and self._keeps_attributes:
            row["additional_attributes"] = others
        if (others := self._relate(row, item)) and self._keeps_relationships:
            row["additional_relationships"] = others
        return row

    def _divide(self, row: dict[str, Any], custom: dict[str, Any]) -> dict[str, Any]:
        """Fill in the columns of single custom attributes; what remains of `custom` is returned."""
        rest: dict[str, Any] = {}
        for source, value in custom.items():
            column, fits = self._custom.get(source, _NO_COLUMN)
            if column is None:
                continue
            if column and (value is None or fits(value)):
                row[column] = value
                continue
            rest[source] = value
            if column:
                self.unfitting[source] += 1
        return rest

    def _relate(self, row: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
        """Fill in the related ids; the ones without a column are returned."""
        others: dict[str, Any] = {}
        for source, relationship in _members(item, "relationships"):
            ids, known = _related(relationship)
            column, fits = self._relations.get(source, _NO_COLUMN)
            if not known or column is None:
                continue
            if column and (ids is None or fits(ids)):
                row[column] = ids
            else:
                others[source] = ids
        return others


def _members(item: dict[str, Any], name: str) -> Iterable[tuple[str, Any]]:
    members = item.get(name)
    return members.items() if isinstance(members, dict) else ()


def _related(relationship: object) -> tuple[object, bool]:
    """The id or ids a relationship names, and whether it names any (links alone name none)."""
    if not isinstance(relationship, dict):
        # null, or what stands where the relationship should: bare ids are seen by peers
        return relationship, True
    if "data" not in relationship:
        return None, False
    data = relationship["data"]
    if isinstance(data, list):
        return [item.get("id") if isinstance(item, dict) else item for item in data], True
    return (data.get("id") if isinstance(data, dict) else data), True


def is_text(value: object) -> bool:
    """A string."""
    return type(value) is str


def is_integer(value: object) -> bool:
    """A whole number that a 64-bit column can hold; a boolean is none."""
    return type(value) is int and -(2**63) <= value < 2**63


def is_number(value: object) -> bool:
    """An integer or decimal number."""
    return type(value) in {int, Decimal, float}


def is_boolean(value: object) -> bool:
    """True or false."""
    return type(value) is bool


def is_object(value: object) -> bool:
    """A JSON object."""
    return type(value) is dict


def is_list(value: object) -> bool:
    """A list of anything."""
    return type(value) is list


def is_text_list(value: object) -> bool:
    """A list of strings."""
    return type(value) is list and all(type(item) is str for item in value)


def is_instant(value: object) -> bool:
    """A date-time in ISO 8601 with its offset, as every timestamp of Kustomer's is.

    Python reads more forms, such as week dates, than a database does.
    """
    if type(value) is not str or not _DATE_TIME.match(value):
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _nothing(_: object) -> bool:
    return False


# "" stands for no column, and `None` for a column that is left out.
_NO_COLUMN: tuple[str | None, Fits] = ("", _nothing)
