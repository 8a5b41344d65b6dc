"""The data model: streams, their columns, and which column refers to which stream.

All of it comes from the streams themselves, except what a column refers to: a schema does not say
that, so `REFERENCES` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tap_kustomer.schemas.custom_attributes import columns as typed_columns
from tap_kustomer.settings import EXAMPLE_URL
from tap_kustomer.streams import GROUPS
from tap_kustomer.streams.search import SearchStream
from tap_kustomer.tap import TapKustomer
from tap_kustomer.walks.metadata import RESOURCES, Definition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_kustomer.streams.base import KustomerStream

# Column → streams whose `id` it holds; `stream.column` where it holds for that stream alone.
REFERENCES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            *("created_by_id", "modified_by_id", "deleted_by_id", "ended_by_id", "locked_by_id"),
            *("pinned_by_id", "sent_by_id", "user_id", "access_users_ids", "assigned_users"),
            *("active_users", "watchers", "members"),
            *("kobjects.assigned_user", "custom_attributes.modified_by"),
            "custom_attributes.deleted_by",
        ),
        ("users",),
    ),
    **dict.fromkeys(
        ("assigned_teams", "created_by_teams", "access_teams_ids", "sent_by_teams_ids"), ("teams",)
    ),
    "kobjects.assigned_team": ("teams",),
    "user_mentions_ids": ("users", "teams"),
    "role_groups": ("permission_sets",),
    "roles": ("permissions",),
    "customer_id": ("customers",),
    "company_id": ("companies",),
    "conversation_id": ("conversations",),
    "work_items.resource_id": ("conversations",),
    "message_id": ("messages",),
    "attachments_ids": ("attachments",),
    "klass_id": ("klasses",),
    "tags": ("tags",),
    "brand_id": ("brands",),
    "queue_id": ("queues",),
    "shortcuts_ids": ("shortcuts",),
    "sla_id": ("slas",),
    "sla_version_id": ("sla_versions",),
    "versions_ids": ("sla_versions",),
    "schedule_id": ("schedules",),
    "form_id": ("satisfaction_forms",),
}
# Columns that look like a reference, and why they refer to no stream.
NO_REFERENCES = {
    "org_id": "the org that the key belongs to, the same in every row",
    "external_id": "an identifier in another system",
    "external_ids": "identifiers in another system",
    "shared_external_ids": "identifiers in another system",
    "facebook_ids": "accounts with Facebook",
    "instagram_ids": "accounts with Instagram",
    "smooch_ids": "accounts with Smooch",
    "sub_status_id": "no stream holds sub-statuses",
    "status_id": "no stream holds the statuses an agent can take",
    "active_version_id": "no stream holds versions of permission sets",
    "last_revision_id": "no stream holds stays in a queue",
    "template_id": "no stream holds templates of messages",
    "object_id": "a record of any kind; object_type says which",
    "shortcuts.parent_id": "Kustomer does not say what kind of record it is",
    "shortcuts.attachments_ids": "files of the shortcut itself, which belong to no conversation",
}
# In nearly every stream, and all of users: lines for these would hide the others.
UNDRAWN = {"created_by_id", "modified_by_id", "deleted_by_id", "modified_by", "deleted_by"}
# The suffixes of custom attributes' names that Kustomer documents.
SUFFIXES = ("Str", "Txt", "Tree", "Url", "Id", "Num", "Bool", "At")


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
    return list(_columns(stream.name, stream.schema["properties"], ""))


def _columns(stream: str, properties: dict[str, Any], prefix: str) -> Iterator[Column]:
    for name, schema in properties.items():
        path = f"{prefix}{name}"
        yield Column(path, kind(schema), schema["description"], refers_to(stream, name))
        inner = schema.get("items", {}).get("properties", {})
        yield from _columns(stream, inner, f"{path}[].")


def refers_to(stream: str, column: str) -> tuple[str, ...]:
    """The streams whose ids a column holds."""
    own = f"{stream}.{column}"
    if own in NO_REFERENCES or column in NO_REFERENCES:
        return ()
    return REFERENCES.get(own) or REFERENCES.get(column, ())


def kind(schema: dict[str, Any]) -> str:
    """The type a JSON schema describes, in a word or three; that it may be null goes unsaid."""
    types = schema["type"]
    (name,) = {types} if isinstance(types, str) else {*types} - {"null"}
    if name == "array" and schema.get("items"):
        return f"array of {kind(schema['items'])}"
    return str(schema.get("format", name))


def meaning(stream: KustomerStream) -> str:
    """What a row is: the first line of the class's docstring."""
    first = (type(stream).__doc__ or "").splitlines()[0].rstrip(".")
    return first[:1].lower() + first[1:]


def replication(stream: KustomerStream) -> str:
    """How a stream is read."""
    return f"incremental on `{stream.replication_key}`" if stream.replication_key else "full table"


def has_typed_columns(stream: KustomerStream) -> bool:
    """Whether `typed_custom_attributes` adds columns to a stream."""
    return isinstance(stream, SearchStream) and stream.query_context in RESOURCES


def typed_examples() -> Iterator[tuple[str, str, str]]:
    """A custom attribute for each suffix, the column it gets, and the column's type."""
    for suffix in SUFFIXES:
        name = f"order{suffix}"
        (field,) = typed_columns([Definition(name, name, {"attributes": {}})])
        yield name, field.column, kind(field.json_type)


def diagram(every: list[KustomerStream]) -> str:
    """Streams with their keys, and lines between them, in mermaid's language."""
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
                lines.extend(
                    f"    {entity} {'}o--o{' if many else '}o--o|'} {one.upper()} : {column.name}"
                    for one in column.refers_to
                )
        entities.append("    }")
    return "\n".join(["erDiagram", *entities, *lines])
