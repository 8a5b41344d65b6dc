"""One page of search results: its records, and what it proves.

A page proves one of three things:

- *complete*: it has every record of its span (`next` is null, or the total matches);
- *in order*: it has every record before its last instant;
- nothing: it has fewer records than it reports, or is out of order, or has a record with neither an
  id nor an instant, which no later request could identify.

Records stay raw JSON (3 kB each, a fifth of the decoded size) while pages are buffered. Each is
decoded when it is emitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from tap_kustomer import jsonapi
from tap_kustomer.api.decode import decode, decode_envelope, decode_record
from tap_kustomer.api.document import refuse_errors
from tap_kustomer.errors import OverloadedError, TransientError
from tap_kustomer.nesting import is_too_deep
from tap_kustomer.walks.query import CREATED, UPDATED, Key

# The creation instant of a record without one. No range of `created_at` matches such a record.
UNKNOWN = -(2**62)


class Span(NamedTuple):
    """A closed range of the key, optionally limited to `created_at` from `first` to `last`.

    The key is what records are read in order of, `updated_at` or `created_at`.
    """

    start: int
    end: int
    first: int | None = None
    last: int | None = None


class Hit(NamedTuple):
    """A record and its sort keys: `instant` is its `updated_at`, `created` its `created_at`.

    Where `created_at` is the key, it is the `instant`. `created` is `UNKNOWN` wherever no range of
    creation splits an instant.
    """

    instant: int
    created: int
    id: str
    raw: bytes | msgspec.Raw

    @property
    def key(self) -> str | bytes:
        """The key to deduplicate by: the id, or the raw JSON if there is none."""
        return self.id or bytes(self.raw)

    @property
    def resource(self) -> dict[str, Any]:
        """The decoded JSON:API resource.

        Raises:
            RecordError: a number in it is too large, or it nests too deeply.
        """
        return decode_record(self.raw, self.id)


@dataclass(frozen=True)
class Page:
    """The records of a page that lie in its span, sorted by instant, creation and id.

    `beyond` are the records past the span's end. `size` is the page size served, `sent` the number
    of records in the response, `total` the number it reports for the query. `more` is whether it
    has a `next` link. `ordered` is `None` if no record has an `updated_at`. `by_order` is whether
    only its order proves it complete. `unplaced` is whether a record has neither an id nor an
    instant, in a span of several instants.
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
        """All records of the response."""
        return self.hits + self.beyond


class Chunk(NamedTuple):
    """Records in order. Everything before `resume_at` is in this chunk or an earlier one.

    `remaining` is how many records the search reports from there to the end of the range, an
    estimate. `hidden` is how many records were reported but never returned. `unread` is an instant
    of which some records could not be read.
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


def read_page(
    body: bytes, path: str, span: Span, number: int, size: int, key: Key = UPDATED
) -> Page:
    """Parse `body` as page `number` (from 1) of `span`, requested with `size` records a page.

    The request covered one millisecond more than `span` (see `Query.body`). In a page in order, a
    record in that millisecond proves that the span is complete. It is left to the next span.

    Raises:
        TransientError: the body is not a search result, or has records outside the span.
        OverloadedError: the search timed out.
    """
    try:
        response = decode_envelope(body, _ENVELOPE)
    except ValueError:
        raise TransientError(path, "the response is not a page of records") from None
    refuse_errors(response.errors, path)
    try:
        found, ordered, unplaced = _hits(response.data, span, key)
    except ValueError:
        raise TransientError(path, "the response is not a page of records") from None
    meta, links = jsonapi.object_in(response.meta), jsonapi.object_in(response.links)
    if meta.get("timed_out"):
        raise OverloadedError(path, "the search timed out")
    if not all(_is_in_range(hit, span) for hit in found):
        raise TransientError(path, "records outside the requested range")
    # A server may serve smaller pages than requested, and report it in meta.pageSize.
    size = min(size, jsonapi.count_in(meta.get("pageSize")) or size)
    total = jsonapi.count_in(meta.get("total"))
    more = bool(links.get("next"))
    beyond = [hit for hit in found if hit.instant > span.end]
    records_so_far = (number - 1) * size + len(found)
    agrees, claims_more = total == records_so_far, more or (total or 0) > records_so_far
    is_last, is_full = links.get("next", "") is None, len(found) >= size
    if is_full:  # a total alone proves nothing: it may be per page, or capped
        complete = is_last and agrees
    else:  # nor does a null link: the server may cap the page size without its links knowing
        has_end = is_last and (total is not None or not found)
        complete = (agrees or has_end) and not claims_more
    # A page of a single instant is always in order, which proves nothing.
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


def is_doubtful(page: Page) -> bool:
    """Whether a page 1 is shorter than it reports, or has an unplaced record: it proves nothing."""
    short = page.sent < page.size
    return page.unplaced or (short and (page.more or (page.total or 0) > page.sent))


def sort_key(hit: Hit) -> tuple[int, int, str]:
    """The order in which records are emitted, whatever order the server used."""
    return hit[:3]


def _within(found: list[Hit], end: int) -> list[Hit]:
    """The hits up to `end`, sorted, without exact duplicates."""
    hits = sorted((hit for hit in found if hit.instant <= end), key=sort_key)
    if len({hit[:3] for hit in hits}) < len(hits):
        # Compare raw bytes, since records may lack an id.
        hits = list({bytes(hit.raw): hit for hit in hits}.values())
    return hits


def _is_in_range(hit: Hit, span: Span) -> bool:
    start, end, first, last = span
    return (
        start <= hit.instant <= end + 1
        and (first is None or first <= hit.created)
        and (last is None or hit.created <= last)
    )


def _hits(raws: list[msgspec.Raw], span: Span, by: Key) -> tuple[list[Hit], bool | None, bool]:
    """The records, whether they are in order, and whether one of them is unplaced (see `Page`).

    A record without `updated_at` gets the instant of the one before it, capped at the span's end,
    since the next span may not return it. If all lack one, the order is unknown (`None`).

    Raises:
        ValueError: an item is not a JSON object.
    """
    hits: list[Hit] = []
    dated, unplaced = [span.start], False
    for raw in raws:
        key, updated, created = _head(raw)
        instant = jsonapi.timestamp_in(created if by == CREATED else updated, otherwise=UNKNOWN)
        key = key if isinstance(key, str) else ""
        if instant == UNKNOWN:
            instant = min(dated[-1], span.end)
            is_readable = bool(key) and not is_too_deep(bytes(raw))
            unplaced = unplaced or (not is_readable and span.start < span.end)
        else:
            dated.append(instant)
        creation = created if by.is_split_by_creation else None
        hits.append(Hit(instant, jsonapi.timestamp_in(creation, otherwise=UNKNOWN), key, raw))
    if hits and len(dated) == 1:
        return hits, None, unplaced
    return hits, all(a <= b for a, b in pairwise(dated)), unplaced


def _head(raw: msgspec.Raw) -> tuple[Any, Any, Any]:
    str(raw, "utf-8")  # records are decoded later, when a retry is no longer possible
    try:
        head = _HEAD.decode(raw)
    except msgspec.ValidationError:
        # `attributes` is not an object, so the record has no timestamps.
        resource = decode(raw)
        if not isinstance(resource, dict):
            raise
        return resource.get("id"), None, None
    timestamps_sent = head.attributes or _Instants()
    return head.id, timestamps_sent.updated, timestamps_sent.created
