"""A table of records that answers searches as Kustomer does, at the level of `Client.search`.

It counts the requests: a walk that does not end fails instead of hanging.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tap_kustomer import timestamps
from tap_kustomer.api.client import SEARCH
from tap_kustomer.api.retry import Retry
from tap_kustomer.errors import OverloadedError, TransientError
from tap_kustomer.walks.ask import Asker
from tap_kustomer.walks.page import UNKNOWN, Span
from tap_kustomer.walks.query import MAX_PAGES, MAX_RECORDS, Query
from tap_kustomer.walks.search import SearchWalk
from tap_kustomer.walks.ties import Ties

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_kustomer.api.client import Client
    from tap_kustomer.walks.page import Chunk, Hit


def query() -> Query:
    """A query that has shown nothing about its server yet."""
    return Query("conversation", SEARCH, include_deleted=True)


class Row(NamedTuple):
    """A record of the index. Without `created` no range of creation finds it."""

    updated: int
    created: int | None
    id: str
    hidden: bool = False
    """Counted and never sent."""
    undated: bool = False
    """Sent without its `updatedAt`."""
    poison: bool = False
    """No answer that would hold it arrives."""

    @property
    def resource(self) -> dict[str, Any]:
        attributes = {} if self.undated else {"updatedAt": timestamps.text(self.updated)}
        if self.created is not None:
            attributes["createdAt"] = timestamps.text(self.created)
        return {"type": "conversation", "id": self.id, "attributes": attributes}


def rows(*places: tuple[int, int | None], **kind: bool) -> list[Row]:
    """Records with these instants and creation instants, named `00000` and so on."""
    return [Row(*place, f"{n:05d}", **kind) for n, place in enumerate(places)]


def spread(count: int) -> list[Row]:
    """So many records, one a millisecond."""
    return rows(*((n, 5) for n in range(1, count + 1)))


def same(number: int, created: int | None = 5) -> list[Row]:
    """So many records that share both timestamps."""
    return rows(*[(5, created)] * number)


def by_instant(row: Row) -> int:
    """The order that Kustomer promises."""
    return row.updated


@dataclass
class Table:
    """The records, and what the server makes of them."""

    rows: list[Row]
    served: int = 500
    """The most records in a page, whatever is asked for."""
    tells_size: bool = False
    holds_places: bool = True
    """Whether hidden records take a place in a page, or are dropped before pages are made."""
    strength: int = 500
    """Answers with more records than this don't arrive."""
    patience: int = 2_000
    total: Callable[[int], int | None] = lambda count: count
    links: Callable[[bool], Any] = lambda more: {"next": "/next" if more else None}
    order: Callable[[list[Row]], list[Row]] = lambda found: found
    """Of all that is within the range; records of one instant come as they stand in `rows`."""
    order_in_page: Callable[[list[Row]], list[Row]] = lambda found: found
    broken: Callable[[Span], bool] = lambda _: False
    asked: list[tuple[Span, int, int]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.retry = Retry(sleep=self.waits.append)
        self.query = query()

    def search(self, path: str, body: dict[str, Any], *, page: int, size: int) -> bytes:
        """Answer as `Client.search` does."""
        assert path == SEARCH
        assert len(self.asked) < self.patience, "the walk does not end"
        assert page <= MAX_PAGES
        assert page * size <= MAX_RECORDS
        span = span_of(body)
        self.asked.append((span, page, size))
        if self.broken(span):
            raise TransientError(path, "status 500")
        size = min(size, self.served)
        within = self.order(self._within(span))
        placed = [row for row in within if self.holds_places or not row.hidden]
        sent = [row for row in placed[(page - 1) * size : page * size] if not row.hidden]
        if any(row.poison for row in sent):
            raise TransientError(path, "status 500")
        if len(sent) > self.strength:
            raise OverloadedError(path, "status 504")
        meta: dict[str, Any] = {"total": self.total(len(within))}
        if self.tells_size:
            meta["pageSize"] = size
        answer = {
            "meta": meta,
            "links": self.links(len(placed) > page * size),
            "data": [row.resource for row in self.order_in_page(sent)],
        }
        return json.dumps(answer).encode()

    def _within(self, span: Span) -> list[Row]:
        start, end, first, last = span
        return [
            row
            for row in sorted(self.rows, key=by_instant)
            if start <= row.updated <= end + 1
            and (first is None or (row.created is not None and first <= row.created))
            and (last is None or (row.created is not None and row.created <= last))
        ]

    def asker(self, largest: int, size: int | None = None) -> Asker:
        """An asker of this table."""
        return Asker(cast("Client", self), self.query, largest, size)

    def ties(self, size: int) -> Ties:
        """A reader of single timestamps."""
        return Ties(self.asker(size))

    def walk(self, start: int, end: int, size: int) -> SearchWalk:
        """A walk of this table."""
        return SearchWalk(cast("Client", self), self.query, start, end, page_size=size)

    @property
    def spans(self) -> list[Span]:
        return [span for span, _, _ in self.asked]

    @property
    def pages(self) -> list[int]:
        return [page for _, page, _ in self.asked]

    @property
    def sizes(self) -> list[int]:
        return [size for _, _, size in self.asked]

    @property
    def visible(self) -> list[Row]:
        return sorted((row for row in self.rows if not row.hidden), key=by_instant)


def span_of(body: dict[str, Any]) -> Span:
    """The range that a search body asks for, less the millisecond that it asks for besides."""
    bounds: dict[str, int] = {}
    for criterion in body["and"]:
        ((name, bound),) = criterion.items()
        ((operator, value),) = bound.items()
        bounds[f"{name} {operator}"] = timestamps.parse(value)
    return Span(
        bounds.pop("conversation_updated_at gte"),
        bounds.pop("conversation_updated_at lte") - 1,
        bounds.pop("conversation_created_at gte", None),
        bounds.pop("conversation_created_at lte", None),
    )


def place(hit: Hit) -> tuple[int, int | None]:
    """Where a record stands, in the words of `rows`."""
    return hit.instant, None if hit.created == UNKNOWN else hit.created


def places(chunk: Chunk) -> list[tuple[int, int | None]]:
    """Where the records of a chunk stand."""
    return [place(hit) for hit in chunk.hits]


def ids(chunks: Iterable[Chunk]) -> list[str]:
    """Which records come, in order."""
    return [hit.id for chunk in chunks for hit in chunk.hits]


def read(walk: SearchWalk) -> tuple[list[Hit], int, list[int]]:
    """All that a walk finds: records, how many are hidden, and the instants left unread.

    Each chunk must go on where the one before ended, and end where the range ends.
    """
    hits: list[Hit] = []
    hidden, unread, at = 0, [], walk.start
    for chunk in checked(walk.chunks()):
        assert all(at <= hit.instant for hit in chunk.hits)
        hits += chunk.hits
        hidden += chunk.hidden
        unread += [] if chunk.unread is None else [chunk.unread]
        at = chunk.resume_at
    assert at == walk.end + 1
    return hits, hidden, unread


def checked(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The chunks, each of which must reach where its records end, and no less far than before."""
    reached = -1
    for chunk in chunks:
        assert chunk.resume_at >= reached
        # Of an instant in several parts, each part but the last goes on at the instant itself.
        assert all(hit.instant <= chunk.resume_at for hit in chunk.hits)
        reached = chunk.resume_at
        yield chunk
