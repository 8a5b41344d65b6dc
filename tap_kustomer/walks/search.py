"""POST search: every record once, in `updated_at` order, whatever happens meanwhile.

What can be relied on: a search for a closed range of `updated_at` answers the records that lie in
it, at most a page of them, oldest first. What can't: offsets (the index is live), the order among
records of one millisecond, a second sort key, more than 100 pages or 10,000 records per query, and
the exact `meta.total`. So:

- Page 1 is asked again and again, each time from the last instant seen up to the same frozen end.
  No offset is used, so a record that changes meanwhile (and thereby leaves the range) moves nobody.
- Of a page that is not the last one, everything before its last instant is complete; the records of
  that instant are read again with the next page.
- An instant that fills a page is cut by `created_at` until every part fits in a page. Only records
  that share both instants are read by page number, again until a reading is proven complete.
- A page out of order proves nothing, unless it is complete: then the range is halved instead.
- `timed_out`, records outside the range, and pages shorter than they should be are asked again.

See docs/BEHAVIOR.md, "Search".
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from tap_kustomer import instants
from tap_kustomer.api.errors import KustomerError, OverloadedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_kustomer.api.client import Client

LOGGER = logging.getLogger("tap-kustomer.search")
MOST_PAGES = 100
MOST_RECORDS = 10_000
# An answer shorter than its own total is believed once it has come this often, unchanged.
BELIEVED_AFTER = 5
# The creation instant of a record that has none; no range of `created_at` finds such a record.
UNKNOWN = -1
# Readings of records that share both instants, before the walk gives up on them.
MOST_READINGS = 30
# Answers in a row at a reduced page size, before a larger page is tried again.
GROW_AFTER = 8


class TieError(KustomerError):
    """Too many records share one instant to be told apart."""

    def __init__(self, context: str, instant: int, count: int | None) -> None:
        """Name the instant and how many records Kustomer counts there."""
        self.instant = instant
        self.count = count
        super().__init__(
            f"{count or 'Unknown numbers of'} {context} records share the update instant "
            f"{instants.text(instant)} and one creation instant: more than Kustomer's search can "
            "tell apart. The bookmark stays before it; any change to those records resolves it."
        )


class Found(NamedTuple):
    """A record and where it stands: `instant` is its `updated_at`, `created` its `created_at`."""

    instant: int
    created: int
    id: str
    resource: dict[str, Any]


class Span(NamedTuple):
    """A closed range of `updated_at`, or the part of it created from `first` to `last`."""

    start: int
    end: int
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class Page:
    """An answer that passed every check; `found` is sorted by instant, creation and id."""

    found: list[Found]
    complete: bool
    ordered: bool
    total: int | None
    size: int


@dataclass(frozen=True)
class Query:
    """What is searched: a Kustomer query context, through one of the two search endpoints."""

    context: str
    path: str
    include_deleted: bool

    def body(self, span: Span) -> dict[str, Any]:
        """The search body for `span`; two bounds are two criteria, as peers have shown to work."""
        updated, created = f"{self.context}_updated_at", f"{self.context}_created_at"
        criteria = [
            {updated: {"gte": instants.text(span.start)}},
            {updated: {"lte": instants.text(span.end)}},
        ]
        if span.first is not None:
            criteria.append({created: {"gte": instants.text(span.first)}})
        if span.last is not None:
            criteria.append({created: {"lte": instants.text(span.last)}})
        return {
            "queryContext": self.context,
            "and": criteria,
            "sort": [{updated: "asc"}],
            "includeDeleted": self.include_deleted,
        }


class SearchWalk:
    """Reads ranges of one query; remembers the page size the server can serve."""

    def __init__(self, client: Client, query: Query, page_size: int) -> None:
        """Ask for `page_size` records a page, fewer while the server can't."""
        self._client = client
        self._query = query
        self._largest = page_size
        self._size = page_size
        self._good = 0

    def read(self, start: int, end: int) -> Iterator[list[Found]]:
        """The records updated from `start` to `end` (inclusive), in lists that are in order.

        When a list is handed over, everything before its last instant has been handed over.

        Raises:
            KustomerError: as the client does.
            TieError: one instant holds more records than can be told apart.
        """
        width = end - start + 1
        while start <= end:
            upto = min(start + width - 1, end)
            page = self._ask(Span(start, upto))
            if page.complete:
                yield page.found
                start, width = upto + 1, width * 2
            elif not page.ordered:
                width = max((upto - start + 1) // 2, 1)
            elif page.found[0].instant == (last := page.found[-1].instant):
                yield from self._tied(Span(last, last))
                start = last + 1
            else:
                yield [found for found in page.found if found.instant < last]
                start = last

    def _tied(self, span: Span) -> Iterator[list[Found]]:
        """The records of one instant, more than a page: cut by creation until a part fits."""
        page = self._ask(span)
        if page.complete:
            yield page.found
            return
        created = sorted(found.created for found in page.found)
        if created[0] == UNKNOWN:
            raise TieError(self._query.context, span.start, page.total)
        if span.first == span.last == created[0]:
            yield self._same_instants(span)
            return
        middle = created[len(created) // 2]
        if created[0] == created[-1]:
            borders = [(span.first, middle - 1), (middle, middle), (middle + 1, span.last)]
        elif middle > created[0]:
            borders = [(span.first, middle - 1), (middle, span.last)]
        else:
            borders = [(span.first, middle), (middle + 1, span.last)]
        for first, last in borders:
            yield from self._tied(Span(span.start, span.end, first, last))

    def _same_instants(self, span: Span) -> list[Found]:
        """Records that share both instants: nothing is left to cut by, so they are read by page.

        Their order may differ from one answer to the next, so readings are put together until as
        many different records have been seen as there are, with none leaving in between. `total`
        is dependable here: below 10,000 even a capped one counts.
        """
        seen: dict[str, Found] = {}
        total = None
        for _ in range(MOST_READINGS):
            number, size = 1, self._size
            while True:
                page = self._ask(span, number, size)
                if number == 1 and page.complete:
                    return page.found
                if page.total is None or page.total >= MOST_RECORDS:
                    raise TieError(self._query.context, span.start, page.total)
                if page.total != total:
                    seen, total = {}, page.total
                seen.update((found.id, found) for found in page.found)
                if len(seen) == total:
                    return sorted(seen.values(), key=_place)
                size, number = page.size, number + 1
                past_end = (number - 1) * size >= total
                if past_end or number > MOST_PAGES or number * size > MOST_RECORDS:
                    break
        raise TieError(self._query.context, span.start, total)

    def _ask(self, span: Span, number: int = 1, size: int | None = None) -> Page:
        reader = _Reader(self._query.path, span, number)
        page = self._client.search(
            self._query.path,
            self._query.body(span),
            reader.read,
            page=number,
            size=size or self._size,
        )
        self._adapt(page.size)
        return page

    def _adapt(self, served: int) -> None:
        """Remember a page size that had to be reduced; grow back once that has gone well."""
        if served < self._size:
            self._size, self._good = served, 0
        elif self._size < self._largest:
            self._good += 1
            if self._good == GROW_AFTER:
                self._size, self._good = min(self._size * 2, self._largest), 0


class _Reader:
    """Turns answers to one question into a page, and refuses those that can't be true."""

    def __init__(self, path: str, span: Span, number: int) -> None:
        self._path = path
        self._span = span
        self._number = number
        self._short: Counter[frozenset[str]] = Counter()

    def read(self, answer: dict[str, Any], size: int) -> Page:
        """The page in `answer`, asked with `size` records a page.

        Raises:
            OverloadedError: the answer is partial or can't be true.
        """
        meta = answer.get("meta") or {}
        if meta.get("timed_out"):
            self._refuse("the search timed out")
        data = answer["data"]
        if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
            self._refuse("the answer holds no list of records")
        found = _found(data, self._span.start)
        ids = frozenset(item.id for item in found)
        if len(ids) < len(found):
            self._refuse("a record came twice in one page")
        if any(not self._span.start <= item.instant <= self._span.end for item in found):
            self._refuse("records outside the range asked for")
        # A server may serve smaller pages than it was asked for; it says so in meta.pageSize.
        served = min(size, _count(meta.get("pageSize")) or size)
        total = _count(meta.get("total"))
        before = (self._number - 1) * size
        more = bool((answer.get("links") or {}).get("next")) or (total or 0) > before + len(found)
        if more and len(found) < served and self._number == 1:
            self._believe_or_ask_again(ids)
            more = False
        ordered = all(a.instant <= b.instant for a, b in pairwise(found))
        return Page(sorted(found, key=_place), not more, ordered, total, size)

    def _believe_or_ask_again(self, ids: frozenset[str]) -> None:
        self._short[ids] += 1
        if self._short[ids] < BELIEVED_AFTER:
            self._refuse("fewer records than the answer counts")
        LOGGER.warning(
            "%s counts more records than it sends from %s to %s; the same %d came %d times, so "
            "they are taken as all this key may see",
            self._path,
            instants.text(self._span.start),
            instants.text(self._span.end),
            len(ids),
            BELIEVED_AFTER,
        )

    def _refuse(self, fault: str) -> NoReturn:
        raise OverloadedError(self._path, fault)


def _found(resources: list[dict[str, Any]], start: int) -> list[Found]:
    """The resources with their instants; one without `updatedAt` stands at the one before it."""
    found: list[Found] = []
    instant = start
    for resource in resources:
        attributes = resource.get("attributes") or {}
        instant = _instant(attributes.get("updatedAt"), instant)
        created = _instant(attributes.get("createdAt"), UNKNOWN)
        found.append(Found(instant, created, resource.get("id") or "", resource))
    return found


def _instant(value: object, otherwise: int) -> int:
    if not isinstance(value, str):
        return otherwise
    try:
        return instants.parse(value)
    except ValueError:
        return otherwise


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _place(found: Found) -> tuple[int, int, str]:
    return found[:3]
