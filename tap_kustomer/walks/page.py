"""One answer of a search: what it holds, and what it proves.

A page proves one of three things:

- it is *complete*: it holds all that is in its span, and says so (`next` is null, or the count
  agrees);
- it is *in order*: everything before its last instant is on it;
- nothing: it is short of what it counts, or out of order, or it holds a record that has neither
  an id nor an instant, so that nobody could ask for it again.

Records stay in the form they were sent in (3 kB of JSON a record, a fifth of the decoded size),
since pages wait for their turn; a record is decoded when it is handed on.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from tap_kustomer import jsonapi
from tap_kustomer.api.decode import decode
from tap_kustomer.api.document import refuse_errors
from tap_kustomer.errors import OverloadedError, RecordError, TransientError
from tap_kustomer.nesting import cut, is_too_deep

# The creation instant of a record that has none; no range of `created_at` finds such a record.
UNKNOWN = -(2**62)


class Span(NamedTuple):
    """A closed range of `updated_at`, or the part of it created from `first` to `last`."""

    start: int
    end: int
    first: int | None = None
    last: int | None = None


class Hit(NamedTuple):
    """A record and where it stands: `instant` is its `updated_at`, `created` its `created_at`."""

    instant: int
    created: int
    id: str
    raw: bytes | msgspec.Raw

    @property
    def key(self) -> str | bytes:
        """What tells it from other records: its id, or all it holds."""
        return self.id or bytes(self.raw)

    @property
    def resource(self) -> dict[str, Any]:
        """The decoded JSON:API resource.

        Raises:
            RecordError: a value in it is beyond what can be read.
        """
        if not is_too_deep(bytes(self.raw)):
            try:
                resource: dict[str, Any] = decode(self.raw)
            except ValueError:
                pass
            else:
                return resource
        msg = f"Record {self.id} can't be read: a number is too large, or it nests too deeply."
        raise RecordError(msg)


@dataclass(frozen=True)
class Page:
    """What an answer holds of its span, in order of instant, creation and id.

    `beyond` are those past the span's end. `size` is the page size that was served, `sent` how many
    records the answer holds, and `total` how many it says there are to this question. `more` is
    whether its `next` link stands. `ordered` is `None` where no record says when it was updated.
    `by_order` is whether nothing but its order shows that it is complete. `unplaced` is whether a
    record in it has neither an id nor an instant, in a span of several instants.
    """

    hits: list[Hit]
    complete: bool
    ordered: bool | None
    total: int | None
    size: int
    sent: int
    beyond: list[Hit]
    more: bool
    by_order: bool = False
    unplaced: bool = False

    @property
    def found(self) -> list[Hit]:
        """All records of the answer."""
        return self.hits + self.beyond


class Chunk(NamedTuple):
    """Records in order, and how far the walk is: everything before `resume_at` is handed over.

    `remaining` is what the search counts from there to the end of the range: a hint. `hidden` is
    how many records were counted and never sent. `unread` is an instant of which some records
    could not be read.
    """

    hits: list[Hit]
    resume_at: int
    remaining: int | None = None
    hidden: int = 0
    unread: int | None = None


class _Envelope(msgspec.Struct):
    data: list[msgspec.Raw]
    errors: Any = None
    meta: Any = None
    links: Any = None


class _Instants(msgspec.Struct):
    updated: Any = msgspec.field(default=None, name="updatedAt")
    created: Any = msgspec.field(default=None, name="createdAt")


class _Head(msgspec.Struct):
    id: Any = None
    attributes: _Instants | None = None


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_HEAD = msgspec.json.Decoder(_Head)


def read_page(body: bytes, path: str, span: Span, number: int, size: int) -> Page:
    """What `body` says as page `number` (from 1) of `span`, asked for with `size` records a page.

    The search was asked for one millisecond more than `span` (see `Query`): of an answer in order,
    a record there shows that all of the span came before it. It is left to the next span.

    Raises:
        TransientError: the body is no search answer, or can't be one to what was asked.
        OverloadedError: the search timed out.
    """
    try:
        answer = _envelope(body)
    except ValueError:
        raise TransientError(path, "the answer is no page of records") from None
    refuse_errors(answer.errors, path)
    try:
        found, ordered, unplaced = _hits(answer.data, span)
    except ValueError:
        raise TransientError(path, "the answer is no page of records") from None
    meta, links = jsonapi.object_in(answer.meta), jsonapi.object_in(answer.links)
    if meta.get("timed_out"):
        raise OverloadedError(path, "the search timed out")
    if not all(_is_near(hit, span) for hit in found):
        raise TransientError(path, "records outside the range asked for")
    # A server may serve smaller pages than it was asked for; it says so in meta.pageSize.
    size = min(size, jsonapi.count_in(meta.get("pageSize")) or size)
    total = jsonapi.count_in(meta.get("total"))
    more = bool(links.get("next"))
    beyond = [hit for hit in found if hit.instant > span.end]
    counted = (number - 1) * size + len(found)
    agrees, claims_more = total == counted, more or (total or 0) > counted
    is_last, is_full = links.get("next", "") is None, len(found) >= size
    if is_full:  # a count alone proves nothing: it may count pages, or be capped
        complete = is_last and agrees
    else:  # so does a link: it may not know how many records the server sends at once
        has_end = is_last and (total is not None or not found)
        complete = (agrees or has_end) and not claims_more
    # One instant that fills a page has no order that could prove that nothing lies before it.
    in_full = number == 1 and is_full and 0 < len(beyond) < len(found)
    by_order = in_full and bool(ordered) and not complete
    return Page(
        _within(found, span.end),
        (complete or by_order) and not unplaced,
        ordered,
        total,
        size,
        len(found),
        beyond,
        more,
        by_order,
        unplaced,
    )


def _envelope(body: bytes) -> _Envelope:
    """The answer; what nests too deeply to be read in one of its records is left out there.

    Such a record is still too deep for `Hit.resource`, so it is never taken for whole.

    Raises:
        ValueError: the body is no search answer.
    """
    try:
        answer: _Envelope = decode(body, _ENVELOPE)
    except ValueError:
        if not is_too_deep(body):
            raise
        answer = decode(cut(body), _ENVELOPE)
    return answer


def is_doubtful(page: Page) -> bool:
    """Whether a page 1 proves nothing about what it holds, or is short of what it counts."""
    short = page.sent < page.size
    return page.unplaced or (short and (page.more or (page.total or 0) > page.sent))


def sort_key(hit: Hit) -> tuple[int, int, str]:
    """The order in which records are handed over, whatever order they came in."""
    return hit[:3]


def _within(found: list[Hit], end: int) -> list[Hit]:
    """The hits up to `end`, sorted; what the index holds twice in one version, once."""
    hits = sorted((hit for hit in found if hit.instant <= end), key=sort_key)
    if len({hit[:3] for hit in hits}) < len(hits):
        # Only the same bytes are the same record for sure: some may lack an id.
        hits = list({bytes(hit.raw): hit for hit in hits}.values())
    return hits


def _is_near(hit: Hit, span: Span) -> bool:
    start, end, first, last = span
    return (
        start <= hit.instant <= end + 1
        and (first is None or first <= hit.created)
        and (last is None or hit.created <= last)
    )


def _hits(raws: list[msgspec.Raw], span: Span) -> tuple[list[Hit], bool | None, bool]:
    """The records, whether they are in order, and whether one of them is unplaced (see `Page`).

    One that does not say when it was updated stands at the one before, but never past the span: the
    next span may show no reason to keep it. Such records alone have no order.

    Raises:
        ValueError: an item is no JSON object.
    """
    hits: list[Hit] = []
    dated, unplaced = [span.start], False
    for raw in raws:
        key, updated, created = _head(raw)
        key = key if isinstance(key, str) else ""
        instant = jsonapi.timestamp_in(updated, otherwise=UNKNOWN)
        if instant == UNKNOWN:
            instant = min(dated[-1], span.end)
            unplaced = unplaced or (not key and span.start < span.end)
        else:
            dated.append(instant)
        hits.append(Hit(instant, jsonapi.timestamp_in(created, otherwise=UNKNOWN), key, raw))
    if hits and len(dated) == 1:
        return hits, None, unplaced
    return hits, all(a <= b for a, b in pairwise(dated)), unplaced


def _head(raw: msgspec.Raw) -> tuple[Any, Any, Any]:
    str(raw, "utf-8")  # the record is decoded later, when it is too late to ask again
    try:
        head = _HEAD.decode(raw)
    except msgspec.ValidationError:
        # Attributes are odd: whatever they are, the record has no instants of its own.
        resource = decode(raw)
        if not isinstance(resource, dict):
            raise
        return resource.get("id"), None, None
    own = head.attributes or _Instants()
    return head.id, own.updated, own.created
