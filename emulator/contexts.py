"""Query contexts of search and their closed lists of attributes.

The standard list is closed and knows no record's own id; the archive has a list of its own
(documented). Attributes of other objects than the one searched are refused: the emulator chooses.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from emulator.errors import bad_request
from emulator.resource import Resource
from emulator.times import to_ms


class Kind(Enum):
    """Which operators and values an attribute takes."""

    TEXT = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    DATE = auto()


@dataclass(frozen=True)
class Attribute:
    """A searchable attribute: its kind and where its value is; no path: anywhere in the text."""

    kind: Kind
    path: tuple[str, ...]

    def value(self, record: Resource) -> object:
        """Return the record's value: dates as epoch milliseconds, None when absent."""
        if self.path == ("attributes", "updatedAt"):
            return record.updated
        if self.path == ("attributes", "createdAt"):
            return record.created
        if not self.path:
            return record.raw.decode()
        value = record.part(self.path)
        return to_ms(value) if self.kind is Kind.DATE and isinstance(value, str) else value


# Where a search name is not simply the snake_case of an attribute.
_ELSEWHERE = {
    "id": "id",
    "any_text": "",
    "any_text_new": "",
    "companyId": "relationships.company.data.id",
    "activity_at": "attributes.lastActivityAt",
    "queue": "relationships.queue.data.id",
    "last_done_created_at": "attributes.lastDone.createdAt",
    "first_done_created_at": "attributes.firstDone.createdAt",
    "first_response_created_at": "attributes.firstResponse.createdAt",
    "satisfaction_created_at": "attributes.satisfactionLevel.createdAt",
}
_PARENTS = ("customer_id", "conversation_id", "company_id")
_CUSTOM_KINDS = {"Num": Kind.NUMBER, "Bool": Kind.BOOLEAN, "At": Kind.DATE}


def _path(name: str) -> tuple[str, ...]:
    if name in _PARENTS:
        return ("relationships", name.removesuffix("_id"), "data", "id")
    if name in _ELSEWHERE:
        return tuple(_ELSEWHERE[name].split(".")) if _ELSEWHERE[name] else ()
    return ("attributes", re.sub(r"_(\w)", lambda letter: letter[1].upper(), name))


def _table(
    prefix: str, dates: str, text: str = "", numbers: str = "", booleans: str = ""
) -> dict[str, Attribute]:
    names = {Kind.DATE: dates, Kind.TEXT: text, Kind.NUMBER: numbers, Kind.BOOLEAN: booleans}
    return {
        f"{prefix}_{name}": Attribute(kind, _path(name))
        for kind, words in names.items()
        for name in words.split()
    }


@dataclass(frozen=True)
class Context:
    """One query context: the type searched, and the attributes of both searches.

    Attributes:
        type: the kind of object whose attributes these are.
        standard: attributes of the standard search.
        archive: attributes of the archive search; empty: the archive refuses the context.
        unsortable: archive attributes that can be filtered but not sorted by (documented).
        name: as asked for; for one klass not the type.
    """

    type: str
    standard: Mapping[str, Attribute]
    archive: Mapping[str, Attribute] = field(default_factory=dict)
    unsortable: frozenset[str] = frozenset()
    name: str = ""

    def attribute(self, name: str, *, archive: bool) -> Attribute:
        """Return the attribute of that name; 400 when the search's list lacks it."""
        found = (self.archive if archive else self.standard).get(name)
        custom = f"{self.type}_custom_"
        if found is None and self.standard and not archive and re.fullmatch(rf"{custom}.+", name):
            # Custom objects have their klass in the name: kobject_custom_<klass>_<name>.
            own = name.removeprefix(custom)
            own = own.rpartition("_")[2] if self.type == "kobject" else own
            suffix = re.search(r"[A-Z][a-z]+$", own)
            kind = _CUSTOM_KINDS.get(suffix[0] if suffix else "", Kind.TEXT)
            return Attribute(kind, ("attributes", "custom", own))
        if found is None:
            title = f"unknown attribute {name}"
            raise bad_request(title)
        return found


# Documented: the dates, customer_id, status. Seen in use: assigned_users, queue, message_count,
# direction, the first_* dates. The rest follows the attributes' names and is not documented.
CONTEXTS = {
    "conversation": Context(
        "conversation",
        _table(
            "conversation",
            "updated_at created_at modified_at imported_at last_message_at ended_at"
            " last_done_created_at satisfaction_created_at first_done_created_at"
            " first_response_created_at",
            "status direction channels tags assigned_users assigned_teams queue customer_id"
            " external_id name",
            "priority message_count note_count",
            "ended spam",
        ),
        _table("conversation", "created_at updated_at", "id customer_id any_text", "", "deleted"),
        frozenset({"conversation_id", "conversation_any_text"}),
    ),
    "customer": Context(
        "customer",
        _table(
            "customer",
            "updated_at created_at modified_at imported_at activity_at last_seen_at signed_up_at"
            " last_message_at",
            "externalId name gender progressive_status",
        ),
        _table("customer", "created_at updated_at", "id companyId any_text_new", "", "deleted"),
        frozenset({"customer_id", "customer_any_text_new"}),
    ),
    "message": Context(
        "message",
        _table(
            "message",
            "updated_at created_at sent_at imported_at redacted_at",
            "external_id customer_id",
            "",
            "redacted",
        ),
        _table("message", "created_at updated_at", "id conversation_id any_text"),
        frozenset({"message_conversation_id", "message_any_text"}),
    ),
    "note": Context(
        "note",
        _table(
            "note",
            "updated_at created_at modified_at imported_at",
            "external_id customer_id conversation_id",
            "",
            "deleted",
        ),
    ),
    # updated_at is absent from the documented list but works for peers.
    "company": Context(
        "company",
        _table("company", "updated_at modified_at"),
        _table("company", "created_at updated_at"),
    ),
    "kobject": Context(
        "kobject",
        _table("kobject", "updated_at created_at imported_at"),
        _table("kobject", "created_at updated_at", "id customer_id company_id any_text"),
        frozenset({f"kobject_{name}" for name in ("id", "customer_id", "company_id", "any_text")}),
    ),
}


def context_named(name: object, *, archive: bool, company: bool = True) -> Context:
    """Return the query context of that name; ``kobject_<klass>`` is one too (documented).

    Args:
        name: as sent by the client.
        archive: for which of both searches.
        company: whether the standard search knows attributes of companies.
    """
    base = "kobject" if isinstance(name, str) and name.startswith("kobject_") else name
    context = CONTEXTS.get(base) if isinstance(base, str) else None
    if context is None or (archive and not context.archive):
        title = f"unknown queryContext {name!r}"
        raise bad_request(title)
    if base == "company" and not company:
        context = replace(context, standard={})
    if base != name:
        own = {_of_klass(one, str(name)): found for one, found in context.archive.items()}
        unsortable = context.unsortable.union(
            _of_klass(one, str(name)) for one in context.unsortable
        )
        context = replace(context, archive={**context.archive, **own}, unsortable=unsortable)
    return replace(context, name=str(name))


def _of_klass(attribute: str, context: str) -> str:
    """Return the name an archive attribute has in the context of one klass (documented)."""
    return attribute.replace("kobject", context, 1)
