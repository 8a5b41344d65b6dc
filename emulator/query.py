"""Parses a search as the tap sends it; anything else answers 400.

The body has four members. Criteria are ``gte`` and ``lte`` on the two dates of the query context,
with UTC instants in milliseconds, and records are sorted by ``updated_at``, ascending.
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
_CONTEXTS = ("conversation", "customer", "message", "note", "company", "kobject")

_Single = msgspec.Meta(min_length=1, max_length=1)
_Instant = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
_Bound = Annotated[dict[Literal["gte", "lte"], _Instant], _Single]


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    context: str = msgspec.field(name="queryContext")
    criteria: list[Annotated[dict[str, _Bound], _Single]] = msgspec.field(name="and")
    sort: list[dict[str, Literal["asc"]]]
    include_deleted: bool = msgspec.field(name="includeDeleted")


_decode = msgspec.json.Decoder(_Body).decode


@dataclass(frozen=True)
class Query:
    """A parsed search.

    Attributes:
        archive: it goes to the archive search.
        context: the query context.
        updated: range of ``updatedAt`` in epoch ms, both ends included.
        created: range of ``createdAt``.
        include_deleted: also find deleted records.
        page: from 1.
        page_size: up to 500.
    """

    archive: bool
    context: str
    updated: Span
    created: Span
    include_deleted: bool
    page: int
    page_size: int

    @property
    def is_past_caps(self) -> bool:
        """Whether the page reaches beyond page 100 or record 10,000."""
        return self.page > MAX_PAGES or self.page * self.page_size > MAX_RECORDS


def parse_query(*, archive: bool) -> Query:
    """Parse the current request."""
    try:
        body = _decode(request.get_data())
        prefix = _prefix(body.context, archive=archive)
        updated, created = f"{prefix}_updated_at", f"{prefix}_created_at"
        spans = {updated: FOREVER, created: FOREVER}
        for criterion in body.criteria:
            [(name, bound)] = criterion.items()
            [(operator, instant)] = bound.items()
            if name not in spans:
                abort(400, f"unknown attribute {name}")
            (first, last), at = spans[name], to_ms(instant)
            spans[name] = (max(first, at), last) if operator == "gte" else (first, min(last, at))
    except (msgspec.MsgspecError, ValueError) as error:
        abort(400, str(error))
    if body.sort != [{updated: "asc"}]:
        abort(400, f"the only sort is {updated}, ascending")
    page, size = number("page", 1), number("pageSize", 100, 500)
    spans_of_both = spans[updated], spans[created]
    return Query(archive, body.context, *spans_of_both, body.include_deleted, page, size)


def _prefix(context: str, *, archive: bool) -> str:
    """Return how the attributes of a query context begin.

    One klass, ``kobject_<klass>``, is searched by the attributes of all kobjects and archived under
    its own (documented). The archive has no notes (documented).
    """
    base, _, klass = context.partition("_")
    if base not in _CONTEXTS or (klass and base != "kobject") or (archive and base == "note"):
        abort(400, f"unknown queryContext {context}")
    return context if archive else base
