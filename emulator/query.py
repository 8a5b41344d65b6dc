"""Parses a search as the tap sends it; anything else answers 400.

Criteria are ``gte`` and ``lte`` on the dates of the query context, with UTC instants in
milliseconds. Records are sorted by the first of these dates, ascending, or not at all.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from flask import abort, request

from emulator.parameters import number
from emulator.times import to_ms

Span = tuple[int, int]
FOREVER: Span = (-(1 << 62), 1 << 62)
# Documented caps of one search; what the API answers beyond them is not.
MAX_PAGES = 100
MAX_RECORDS = 10_000
_BOTH = ("updated_at", "created_at")
# Query context -> its dates. Chosen: which of them the last three have.
CONTEXTS = {
    "conversation": _BOTH, "customer": _BOTH, "message": _BOTH, "note": _BOTH, "company": _BOTH,
    "kobject": _BOTH, "work_session": ("updated_at",), "work_item": ("updated_at",),
    "conversation_time": ("created_at",),
}  # fmt: skip
# What the archive has is documented. Chosen: it has companies too.
_NOT_ARCHIVED = ("note", "work_session", "work_item", "conversation_time")

_Single = msgspec.Meta(min_length=1, max_length=1)
_Instant = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
_Bound = Annotated[dict[Literal["gte", "lte"], _Instant], _Single]


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    context: str = msgspec.field(name="queryContext")
    include_deleted: bool = msgspec.field(name="includeDeleted")
    criteria: list[Annotated[dict[str, _Bound], _Single]] = msgspec.field(name="and", default=[])
    sort: list[dict[str, Literal["asc"]]] = []


_decode = msgspec.json.Decoder(_Body).decode


@dataclass(frozen=True)
class Query:
    """A parsed search.

    Attributes:
        archive: it goes to the archive search.
        context: the query context.
        updated: range of the first date, in epoch ms, both ends included.
        created: range of ``createdAt``, where it is the second one.
        include_deleted: also find deleted records.
        page: from 1.
        page_size: up to 500.
        is_sorted: by the first date.
    """

    archive: bool
    context: str
    updated: Span
    created: Span
    include_deleted: bool
    page: int
    page_size: int
    is_sorted: bool

    @property
    def has_range(self) -> bool:
        """Whether anything but the whole context is searched."""
        return self.updated != FOREVER or self.created != FOREVER

    @property
    def is_past_caps(self) -> bool:
        """Whether the page reaches beyond page 100 or record 10,000."""
        return self.page > MAX_PAGES or self.page * self.page_size > MAX_RECORDS


def parse_query(*, archive: bool) -> Query:
    """Parse the current request."""
    try:
        body = _decode(request.get_data())
        dates = _dates(body.context, archive=archive)
        spans = dict.fromkeys(dates, FOREVER)
        for criterion in body.criteria:
            [(name, bound)] = criterion.items()
            [(operator, instant)] = bound.items()
            if name not in spans:
                abort(400, f"unknown attribute {name}")
            (first, last), at = spans[name], to_ms(instant)
            spans[name] = (max(first, at), last) if operator == "gte" else (first, min(last, at))
    except (msgspec.MsgspecError, ValueError) as error:
        abort(400, str(error))
    if body.sort not in ([{dates[0]: "asc"}], []):
        abort(400, f"the only sort is {dates[0]}, ascending")
    page, size = number("page", 1), number("pageSize", 100, 500)
    updated, created = (*spans.values(), FOREVER)[:2]
    deleted, is_sorted = body.include_deleted, bool(body.sort)
    return Query(archive, body.context, updated, created, deleted, page, size, is_sorted)


def _dates(context: str, *, archive: bool) -> list[str]:
    """Return the names of the dates of a query context.

    One klass, ``kobject_<klass>``, is searched by the attributes of all kobjects and archived under
    its own (documented). The archive has no notes (documented).
    """
    base = context if context in CONTEXTS else context.partition("_")[0]
    if base not in CONTEXTS or (context != base != "kobject"):
        abort(400, f"unknown queryContext {context}")
    if archive and base in _NOT_ARCHIVED:
        abort(400, f"the archive has no queryContext {context}")
    return [f"{context if archive else base}_{date}" for date in CONTEXTS[base]]
