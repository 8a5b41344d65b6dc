"""Turns one JSON:API resource into one flat row.

Nothing the API sends is dropped (except from resources that hold secrets, see `allow_list.py`): an
attribute without a column, or whose value does not fit the column's type, goes to
`additional_attributes` under its own name; a relationship without a column goes to
`additional_relationships`. The types are those of the catalog in use. A custom attribute with its
own column is moved there from `custom` if its value fits. `type`, `links` and relationships with
links only are left out. Values are never changed, and no target has to reject a row because of a
value's type.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tap_kustomer import jsonapi
from tap_kustomer.allow_list import without_secrets
from tap_kustomer.errors import RecordError
from tap_kustomer.fitting import Check, Fits, check

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


@dataclass(frozen=True)
class Field:
    """One column: the API's `source` name, the `column`, its JSON type and its description.

    `refers_to` names the streams whose key the column contains, or `stream.column` for another
    column. `inner` are the fields of the objects in the column.
    """

    source: str
    column: str
    json_type: dict[str, Any]
    description: str
    refers_to: tuple[str, ...] = ()
    inner: tuple[Field, ...] = ()
    members: tuple[str, ...] = ()
    """All that is kept of an object in the column, if its resource is `listed_only`."""
    is_map: bool = False
    """Whether the objects are the members of another, by names that nobody knows beforehand."""

    @property
    def property(self) -> dict[str, Any]:
        """The column's JSON schema; only keys are not nullable."""
        return {**self.json_type, "description": self.description}


@dataclass(frozen=True)
class Resource:
    """The shape of a resource: which attributes and relationships have a column.

    `extra_columns` are filled in by the stream; `custom` are columns of single custom attributes.
    """

    attributes: tuple[Field, ...]
    relationships: tuple[Field, ...] = ()
    replication_key: str | None = None
    extra_columns: tuple[Field, ...] = ()
    custom: tuple[Field, ...] = ()
    key: str = "Kustomer's own identifier."
    """What the primary key means."""
    listed_only: bool = False
    """Whether all that has no column is left out, since it may be a secret."""
    left_out: tuple[str, ...] = ()
    """Attributes that are never kept."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields, in the order of their columns."""
        return (*self.extra_columns, *self.attributes, *self.custom, *self.relationships)

    def only(self, columns: Mapping[str, dict[str, Any]]) -> Resource:
        """The same, limited to the `columns` of a catalog, and with their JSON schemas."""

        def kept(fields: tuple[Field, ...]) -> tuple[Field, ...]:
            return tuple(
                replace(field, json_type=columns[field.column])
                for field in fields
                if field.column in columns
            )

        return replace(
            self,
            attributes=kept(self.attributes),
            relationships=kept(self.relationships),
            extra_columns=kept(self.extra_columns),
            custom=kept(self.custom),
        )

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the rows."""
        columns = {
            "id": {"type": "string", "description": self.key},
            **{field.column: field.property for field in self.fields},
            **({} if self.listed_only else _ADDITIONAL),
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


_ADDITIONAL = {
    "additional_attributes": {
        "type": ["null", "object"],
        "description": "Attributes without a fitting column, verbatim.",
    },
    "additional_relationships": {
        "type": ["null", "object"],
        "description": "Relationships without a column: name to id, or ids.",
    },
}
_NOTHING: Mapping[str, Any] = MappingProxyType({})


# By source: the column ("" if there is none, `None` if it is deselected) and its check.
Columns = dict[str, tuple[str | None, bool, Fits]]


class RowBuilder:
    """Builds the rows of one resource. A row omits the columns that its record lacks."""

    def __init__(self, resource: Resource, columns: Collection[str] | None = None) -> None:
        """Prepare for records of this shape; `columns` are the selected ones, all by default."""
        schemas = resource.schema["properties"]

        def wanted(column: str) -> bool:
            return columns is None or column in columns

        def fitting(column: str) -> Check:
            null, other = check(schemas[column])
            # The stream replaces a replication key that is null.
            return Check(null or column == resource.replication_key, other)

        def by_source(fields: tuple[Field, ...]) -> Columns:
            return {
                f.source: (f.column if wanted(f.column) else None, *fitting(f.column))
                for f in fields
            }

        self.unfitting: Counter[str] = Counter()
        """How many values did not fit the column of their custom attribute, by attribute."""
        extra = (replace(field, source=field.column) for field in resource.extra_columns)
        self._extra = by_source(tuple(extra))
        self._fields = by_source(resource.attributes)
        self._custom = by_source(resource.custom)
        self._relationships = by_source(resource.relationships)
        keeps_all = not resource.listed_only
        self._keeps_attributes = keeps_all and wanted("additional_attributes")
        self._keeps_relationships = keeps_all and wanted("additional_relationships")
        self._may_hold_secrets = bool(resource.listed_only or resource.left_out)
        self._resource = resource

    def row(self, item: dict[str, Any], extra: Mapping[str, Any] = _NOTHING) -> dict[str, Any]:
        """The row of a JSON:API resource, with the stream's `extra_columns`.

        Raises:
            RecordError: the resource has no id.
        """
        key = item.get("id")
        if not isinstance(key, str) or not key:
            msg = "A record has no id, so no target could identify it."
            raise RecordError(msg)
        row: dict[str, Any] = {"id": key}
        if self._may_hold_secrets:
            item = without_secrets(item, self._resource)
        attributes = jsonapi.object_in(item, "attributes")
        custom = attributes.get("custom")
        if self._custom and isinstance(custom, dict):
            rest = _fill(row, self._custom, custom.items())
            self.unfitting.update(rest.keys() & self._custom.keys())
            attributes = {**attributes, "custom": rest}
        others = _fill(row, self._extra, extra.items())
        others |= _fill(row, self._fields, attributes.items())
        if others and self._keeps_attributes:
            row["additional_attributes"] = others
        others = _fill(row, self._relationships, jsonapi.related(item))
        if others and self._keeps_relationships:
            row["additional_relationships"] = others
        return row


def _fill(
    row: dict[str, Any], columns: Columns, values: Iterable[tuple[str, Any]]
) -> dict[str, Any]:
    """Put values into their columns. Returns those without a column, or that don't fit it."""
    others: dict[str, Any] = {}
    for source, value in values:
        column, null, fits = columns.get(source, _NO_COLUMN)
        if column is None:
            continue
        if column and (null if value is None else fits(value)):
            row[column] = value
        else:
            others[source] = value
    return others


_NO_COLUMN: tuple[str, bool, Fits] = ("", False, lambda _: False)
