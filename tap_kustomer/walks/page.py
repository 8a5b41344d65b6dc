"""One answer of a search: what it holds, and what it proves.

A page proves one of three things:

- it is *complete*: it holds all that is in its span, and says so (`next` is null, or the count
  agrees);
- it is *in order*: everything before its last instant is on it;
- nothing: it is short of what it counts, or out of order.

Records stay in the form they were sent in (3 kB of JSON a record, a fifth of the decoded size),
since pages wait for their turn; a record is decoded when it is handed on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from tap_kustomer import jsonapi
from tap_kustomer.api.decode import decode
from tap_kustomer.api.document import refuse_errors
from tap_kustomer.errors import OverloadedError, RecordError, TransientError

# The creation instant of a record that has none; no range of `created_at` finds such a record.
UNKNOWN = -(2**62)
# Deeper than any record is, and shallow enough for every library on the way to a database.
DEEPEST = 200


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
    def resource(self) -> dict[str, Any]:
        """The decoded JSON:API resource.

        Raises:
            RecordError: a value in it is beyond what can be read.
        """
        if not _is_too_deep(bytes(self.raw)):
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

    `size` is the page size that was served. `sent`, `beyond` and `total` count records: in the
    answer, those of them past the span's end, and all that the answer says there are to this
    question. `more` is whether its `next` link stands. `by_order` is whether nothing but its order
    shows that it is complete.
    """

    hits: list[Hit]
    complete: bool
    ordered: bool
    total: int | None
    size: int
    sent: int
    beyond: int
    more: bool
    by_order: bool = False


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


_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PIECE = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^"{}\[\]]+', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
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
        found, ordered = _hits(answer.data, span)
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
    beyond = sum(hit.instant > span.end for hit in found)
    counted = (number - 1) * size + len(found)
    agrees, claims_more = total == counted, more or (total or 0) > counted
    if len(found) >= size:
        complete = agrees and not more
    else:
        says_end = links.get("next", "") is None or agrees or not found
        complete = says_end and not claims_more
    # One instant that fills a page has no order that could prove that nothing lies before it.
    in_full = number == 1 and len(found) >= size and 0 < beyond < len(found)
    by_order = in_full and ordered and not complete
    hits, sent = _within(found, span.end), len(found)
    return Page(hits, complete or by_order, ordered, total, size, sent, beyond, more, by_order)


def _envelope(body: bytes) -> _Envelope:
    """The answer; what nests too deeply to be read in one of its records is left out there.

    Such a record is still too deep for `Hit.resource`, so it is never taken for whole.

    Raises:
        ValueError: the body is no search answer.
    """
    try:
        answer: _Envelope = decode(body, _ENVELOPE)
    except ValueError:
        if not _is_too_deep(body):
            raise
        answer = decode(_shallow(body), _ENVELOPE)
    return answer


def is_doubtful(page: Page) -> bool:
    """Whether a page 1 is short of what it counts, so that even what it holds has gaps."""
    short = page.sent < page.size
    return short and (page.more or (page.total or 0) > page.sent)


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


def _hits(raws: list[msgspec.Raw], span: Span) -> tuple[list[Hit], bool]:
    """The records, and whether those that say when they were updated are in order.

    One that does not say stands at the one before, but never past the span: the next span may show
    no reason to keep it. Such records alone have no order.

    Raises:
        ValueError: an item is no JSON object.
    """
    hits: list[Hit] = []
    dated = [span.start]
    for raw in raws:
        key, updated, created = _head(raw)
        instant = jsonapi.timestamp_in(updated, otherwise=UNKNOWN)
        if instant == UNKNOWN:
            instant = min(dated[-1], span.end)
        else:
            dated.append(instant)
        key = key if isinstance(key, str) else ""
        hits.append(Hit(instant, jsonapi.timestamp_in(created, otherwise=UNKNOWN), key, raw))
    is_dated = len(dated) > 1 or not hits
    return hits, is_dated and all(a <= b for a, b in pairwise(dated))


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


def _is_too_deep(raw: bytes) -> bool:
    """Whether objects and lists nest deeper than `DEEPEST`; most records have fewer in all."""
    if raw.count(b"{") + raw.count(b"[") <= DEEPEST:
        return False
    depth = 0
    for bracket in _TEXT.sub(b"", raw).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"{[" else -1
        if depth > DEEPEST:
            return True
    return False


def _shallow(body: bytes) -> bytes:
    """The same JSON, with empty objects and lists where it nests deeper than twice `DEEPEST`."""
    kept: list[bytes] = []
    depth = 0
    for piece in _PIECE.findall(body):
        depth -= piece in b"}]"
        if depth < 2 * DEEPEST:
            kept.append(piece)
        depth += piece in b"{["
    return b"".join(kept)
