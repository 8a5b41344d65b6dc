"""Records that share one instant of `updated_at`, more than a page or not what was counted.

They are cut by `created_at` until each part is proven. What can't be cut (records that share both
instants, records without a creation instant) is read by page number, again and again: the order may
differ from one answer to the next. It is believed when as many different records have been seen as
there are, or when many readings have brought nothing new; then the rest was counted and never sent.
See docs/BEHAVIOR.md, "Many records in one millisecond" and "Records that are counted and not sent".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_kustomer.errors import OverloadedError, TieError, TransientError
from tap_kustomer.walks.page import UNKNOWN, Chunk, Hit, Page, Span, sort_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_kustomer.walks.ask import Asker

MOST_PAGES = 100
MOST_RECORDS = 10_000
MOST_READINGS = 30
# Readings in a row without anything new. A single page does not depend on the order.
QUIET_PAGE, QUIET_READINGS = 4, 10
LONGEST_WAIT = 8
# Creation instants outside of these are not told apart: text has no years before 1 or after 9999.
EARLIEST, LATEST = 0, 250_000_000_000_000


class _Reading(NamedTuple):
    """All pages of a span: its hits by key, how many there are if known, and the pages read."""

    hits: dict[object, Hit]
    expected: int | None
    pages: int


class Ties:
    """Reads all records of an instant."""

    def __init__(self, asker: Asker, most_records: int = MOST_RECORDS) -> None:
        """Ask through `asker`, never for more than `most_records` of one question."""
        self._asker = asker
        self._most = most_records
        self._seen: dict[object, Hit] = {}
        self._settled = self._hidden = 0
        self._is_unread = False
        self._ahead = (0, 0)

    def read(self, instant: int) -> Iterator[Chunk]:
        """The records of `instant`, in lists that are in order of creation as far as it is known.

        Raises:
            KustomerError: as the client does.
            TieError: more records share both instants than the search can page through.
        """
        page = self._asker.page_or_none(Span(instant, instant))
        if page is None and self._is_next_unread(instant):
            with self._asker.exactly():
                yield from self._read(instant, self._asker.page_or_none(Span(instant, instant)))
        else:
            yield from self._read(instant, page)

    def _is_next_unread(self, instant: int) -> bool:
        """Whether it is only the millisecond behind `instant`, asked for with it, that fails."""
        with self._asker.exactly():
            this = self._asker.page_or_none(Span(instant, instant))
            return this is not None and not self._asker.page_or_none(Span(instant + 1, instant + 1))

    def _read(self, instant: int, page: Page | None) -> Iterator[Chunk]:
        self._seen, self._settled, self._hidden, self._is_unread = {}, 0, 0, False
        span = Span(instant, instant)
        waiting: list[Hit] = []
        for hits in self._part(span, page):
            if new := self._new(hits):
                if waiting:
                    yield Chunk(waiting, instant)
                waiting = new
        if page is None and not self._is_unread:
            # Every part can be read and the whole can't: what fails has no creation instant.
            page = self._asker.page_or_none(span)
            waiting += self._new(page.hits) if page else []
            self._is_unread = page is None
        if page and not page.complete:
            waiting += self._new(self._uncounted(span, page))
        unread = instant if self._is_unread else None
        yield Chunk(waiting, instant + 1, hidden=self._newly_hidden(instant), unread=unread)

    def _newly_hidden(self, instant: int) -> int:
        """How many records are hidden here that did not count with the instant before.

        A search is asked for one millisecond more, so what hides there counts twice.
        """
        at, known = self._ahead
        hidden = max(self._hidden - (known if at == instant else 0), 0)
        self._ahead = instant + 1, hidden
        return hidden

    def _uncounted(self, span: Span, page: Page) -> list[Hit]:
        """What no range of creation has found, if the instant counts more than was seen."""
        undated = sum(hit.created == UNKNOWN for hit in self._seen.values())
        is_capped = page.total is not None and page.total >= self._most
        is_settled = page.total in {self._settled, self._settled + undated}
        if is_settled or self._is_unread or (is_capped and not undated):
            return []
        return self._by_pages(span)

    def _part(self, span: Span, page: Page | None) -> Iterator[list[Hit]]:
        """The records of a part of the instant, cut by creation until a cut is proven."""
        if page and (page.complete or self._asker.is_past_end(span, page)):
            self._settled += page.sent if page.total is None else page.total
            yield page.hits
            return
        pieces = _pieces(span, page)
        for first, last in pieces:
            piece = Span(span.start, span.end, first, last)
            yield from self._part(piece, self._asker.page_or_none(piece))
        if pieces and page:
            yield [hit for hit in page.hits if hit.created == UNKNOWN]
        elif page:
            self._settled += page.total or 0
            yield self._by_pages(span)
        elif not pieces:
            self._is_unread = True

    def _by_pages(self, span: Span) -> list[Hit]:
        """The records of a span that nothing is left to cut by."""
        try:
            hits, expected = self._repeated(span)
        except OverloadedError:
            if self._asker.size == 1:
                self._is_unread = True
                return []
            self._asker.shrink()
            return self._by_pages(span)
        except TransientError:
            self._is_unread = True
            return []
        if span.first is span.last is None:  # all of the instant, whatever its parts have shown
            self._hidden = max(expected - len({_key(hit) for hit in hits} | self._seen.keys()), 0)
        else:
            self._hidden += max(expected - len(hits), 0)
        return hits

    def _repeated(self, span: Span) -> tuple[list[Hit], int]:
        """What readings of a span bring until nothing new comes, and how many records it counts."""
        seen: dict[object, Hit] = {}
        every: dict[object, Hit] = {}
        expected, quiet = None, 0
        for _ in range(MOST_READINGS):
            reading = self._reading(span)
            if reading.expected != expected:  # some have left: those seen before count no more
                seen, expected = {}, reading.expected
            known = len(every)
            seen.update(reading.hits)
            every.update(reading.hits)
            quiet = 0 if len(every) > known else quiet + 1
            if len(seen) == expected:
                break
            if quiet >= (QUIET_PAGE if reading.pages == 1 else QUIET_READINGS):
                break
            self._asker.client.retry.sleep(min(2**quiet, LONGEST_WAIT))
        else:
            raise TieError(self._asker.query.context, span.start, expected)
        return sorted(every.values(), key=sort_key), expected or 0

    def _reading(self, span: Span) -> _Reading:
        """All pages, up to one that shows the end: the last one, an empty one, or one beyond.

        `total` is dependable here: below 10,000 even a capped one counts.
        """
        hits: dict[object, Hit] = {}
        totals: set[int | None] = set()
        expected: int | None
        number, size, beyond = 1, self._asker.size, 0
        while self._most % size:  # else the last page would reach beyond the cap
            size -= 1
        while True:
            page = self._asker.page(span, number, size)
            size, offset, total = page.size, (number - 1) * page.size, page.total
            hits.update((_key(hit), hit) for hit in page.hits)
            totals.add(total)
            beyond += page.beyond
            is_counted = total is not None and total < self._most
            is_proof = page.beyond and page.ordered and not self._asker.is_disordered
            if is_proof and (page.sent == size or not is_counted):
                expected = offset + page.sent - beyond
                break
            if page.more or not is_counted:
                is_last = not page.sent and (total or 0) <= offset
            else:
                is_last = offset + size >= (total or 0)
            is_capped = number >= MOST_PAGES or (number + 1) * size > self._most
            if is_last or (is_capped and is_counted):
                expected = None if total is None else total - beyond
                break
            if is_capped:
                raise TieError(self._asker.query.context, span.start, total)
            number += 1
        # Where the count has changed, somebody left, and another one may have slipped by.
        return _Reading(hits, expected if len(totals) == 1 else None, number)

    def _new(self, hits: list[Hit]) -> list[Hit]:
        """Those that have not been handed over yet; also what both of two parts hold."""
        new = [hit for hit in hits if _key(hit) not in self._seen]
        self._seen.update((_key(hit), hit) for hit in new)
        return new


def _key(hit: Hit) -> object:
    return hit.id or bytes(hit.raw)


def _pieces(span: Span, page: Page | None) -> list[tuple[int | None, int | None]]:
    """The ranges of creation to read instead of `span`; none where there is nothing to cut by."""
    first, last = span.first, span.last
    lower = EARLIEST if first is None else first
    upper = LATEST if last is None else last
    if lower == upper:
        return []
    if page is None:
        middle = (lower + upper) // 2
        return [(first, middle), (middle + 1, last)]
    known = (hit.created for hit in page.hits if hit.created != UNKNOWN)
    created = sorted(min(max(instant, lower), upper) for instant in known)
    if not created:
        return []
    middle = created[len(created) // 2]
    if created[0] < middle:
        return [(first, middle - 1), (middle, last)]
    if middle < created[-1]:
        return [(first, middle), (middle + 1, last)]
    pieces: list[tuple[int | None, int | None]] = []
    if lower < middle:
        pieces.append((first, middle - 1))
    pieces.append((first if middle == lower else middle, last if middle == upper else middle))
    if middle < upper:
        pieces.append((middle + 1, last))
    return pieces
