"""The data model: streams, their columns, and which column refers to which stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tap_kustomer.settings import EXAMPLE_URL
from tap_kustomer.streams import GROUPS
from tap_kustomer.tap import TapKustomer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_kustomer.records import Field
    from tap_kustomer.streams.base import KustomerStream

# Nearly every stream has these, all for users: drawn as lines, they would hide the other lines.
UNDRAWN = {"created_by_id", "modified_by_id", "deleted_by_id", "modified_by", "deleted_by"}


@dataclass(frozen=True)
class Column:
    """A column of a stream, or a member of the objects in one: `holidays[].name`."""

    name: str
    kind: str
    meaning: str
    refers_to: tuple[str, ...]


def streams() -> dict[str, list[KustomerStream]]:
    """The streams of every org, by group."""
    tap = TapKustomer(config={"api_key": "none", "base_url": EXAMPLE_URL})
    by_name = cast("dict[str, KustomerStream]", tap.streams)
    return {group: [by_name[one.name] for one in members] for group, members in GROUPS.items()}


def columns(stream: KustomerStream) -> list[Column]:
    """The columns of a stream, in order."""
    return list(_columns(stream.schema["properties"], stream.resource.fields, ""))


def _columns(properties: dict[str, Any], fields: Iterable[Field], prefix: str) -> Iterator[Column]:
    by_column = {field.column: field for field in fields}
    for name, schema in properties.items():
        field = by_column.get(name)
        refers_to = field.refers_to if field else ()
        yield Column(f"{prefix}{name}", kind(schema), schema["description"], refers_to)
        inner = schema.get("items", {}).get("properties", {})
        yield from _columns(inner, field.inner if field else (), f"{prefix}{name}[].")


def kind(schema: dict[str, Any]) -> str:
    """The type in a JSON schema, without null: `array of string`, `date-time`."""
    types = schema["type"]
    (name,) = {types} if isinstance(types, str) else {*types} - {"null"}
    if name == "array" and schema.get("items"):
        return f"array of {kind(schema['items'])}"
    return str(schema.get("format", name))


def meaning(stream: KustomerStream) -> str:
    """What a row is: the first line of the class's docstring."""
    first = (type(stream).__doc__ or "").splitlines()[0].rstrip(".")
    return first[:1].lower() + first[1:]


def diagram(every: Iterable[KustomerStream]) -> str:
    """A mermaid diagram of the streams, their keys, and their references."""
    entities: list[str] = []
    lines: list[str] = []
    for stream in every:
        entity = stream.name.upper()
        entities.append(f"    {entity} {{")
        entities.extend(f"        string {key} PK" for key in stream.primary_keys)
        for column in columns(stream):
            if not column.refers_to or "." in column.name:
                continue
            many = column.kind.startswith("array")
            entities.append(f"        {'string[]' if many else 'string'} {column.name} FK")
            if column.name not in UNDRAWN:
                others = [one.partition(".")[0].upper() for one in column.refers_to]
                arrow = "}o--o{" if many else "}o--o|"
                lines.extend(f"    {entity} {arrow} {one} : {column.name}" for one in others)
        entities.append("    }")
    return "\n".join(["erDiagram", *entities, *lines])
