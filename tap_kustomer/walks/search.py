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
- A page out of order proves nothing, unless it is complete: the range is halved until one is.
- What can't be a true answer is asked again (see `page.py`).

See docs/BEHAVIOR.md, "Search".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_kustomer import instants
from tap_kustomer.api.client import SEARCH
from tap_kustomer.api.errors import KustomerError
from tap_kustomer.walks.page import UNKNOWN, Found, Page, PageReader, Span, place

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tap_kustomer.api.client import Client

KOBJECT = "kobject"
MOST_PAGES = 100
MOST_RECORDS = 10_000
# Readings of records that share both instants, before the walk gives up on them.
MOST_READINGS = 30
# Answers in a row at a reduced page size, before a larger page is tried again.
GROW_AFTER = 8


class TieError(KustomerError):
    """Too many records share one instant to be told apart."""

    def __init__(self, context: str, instant: int, count: int | None) -> None:
        """Name the instant and how many records Kustomer counts there."""
        super().__init__(
            f"{count or 'Unknown numbers of'} {context} records share the update instant "
            f"{instants.text(instant)} and one creation instant: more than Kustomer's search can "
            "tell apart. The bookmark stays before it; any change to those records resolves it."
        )


@dataclass(frozen=True)
class Query:
    """What is searched: a Kustomer query context, through one of the two search endpoints."""

    context: str
    path: str
    include_deleted: bool

    def body(self, span: Span) -> dict[str, Any]:
        """The search body for `span`; two bounds are two criteria, as peers have shown to work."""
        prefix = self.context
        if self.path == SEARCH and prefix.startswith(f"{KOBJECT}_"):
            # One klass is searched by the attributes of all, and archived under its own.
            prefix = KOBJECT
        updated, created = f"{prefix}_updated_at", f"{prefix}_created_at"
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


class Step(NamedTuple):
    """Where a walk stands: `following` is the instant to go on from.

    `left` is what the answer counts from there to the end of the range asked for: a hint.
    """

    following: int
    left: int | None


class SearchWalk:
    """Walks ranges of one query, a step at a time; any number of threads may share it."""

    def __init__(self, client: Client, query: Query, page_size: int) -> None:
        """Ask for `page_size` records a page, fewer while the server can't serve that many."""
        self._client = client
        self._query = query
        self._largest = page_size
        self._size = page_size
        self._good = 0

    def step(self, start: int, end: int) -> Generator[list[Found], None, Step]:
        """Hand over the first records of a range (bounds included), in lists that are in order.

        Everything before the instant returned has been handed over, and nothing from it on.

        Raises:
            KustomerError: as the client does.
            TieError: one instant holds more records than can be told apart.
        """
        upto, sorted_so_far = end, True
        while True:
            page = self._ask(Span(start, upto))
            if page.complete:
                yield page.found
                return Step(upto + 1, 0 if upto == end else None)
            first, last = page.found[0].instant, page.found[-1].instant
            if first == last == start:
                yield from self._instant(start)
                return Step(start + 1, None)
            if first == last:
                upto = last - 1  # one instant has no order that could prove it is the oldest
            elif page.ordered and sorted_so_far:
                before = [found for found in page.found if found.instant < last]
                yield before
                return Step(last, None if page.total is None else page.total - len(before))
            else:
                sorted_so_far = False
                upto = (start + upto) // 2

    def _instant(self, instant: int) -> Iterator[list[Found]]:
        """The records of an instant that fills a page.

        One without a creation instant is in none of the parts; it must not be missed in silence.
        """
        count = 0
        for found in self._tied(Span(instant, instant)):
            count += len(found)
            yield found
        total = self._ask(Span(instant, instant)).total
        if total is not None and count < total < MOST_RECORDS:
            raise TieError(self._query.context, instant, total)

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
            while MOST_RECORDS % size:  # else the last page would reach beyond the cap
                size -= 1
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
                    return sorted(seen.values(), key=place)
                size, number = page.size, number + 1
                past_end = (number - 1) * size >= total
                if past_end or number > MOST_PAGES or number * size > MOST_RECORDS:
                    break
        raise TieError(self._query.context, span.start, total)

    def _ask(self, span: Span, number: int = 1, size: int | None = None) -> Page:
        page = self._client.search(
            self._query.path,
            self._query.body(span),
            PageReader(self._query.path, span, number).read,
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
            if self._good >= GROW_AFTER:
                self._size, self._good = min(self._size * 2, self._largest), 0
