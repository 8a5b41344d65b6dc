"""All pages of a span, by page number: for records that nothing is left to cut by.

The order may differ from one answer to the next, so the pages are read again and again. They are
believed when as many different records have been seen as are counted, or when many readings have
brought nothing new; then the rest was counted and never sent.
See docs/BEHAVIOR.md, "Many records in one millisecond" and "Records that are counted and not sent".
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from tap_kustomer.errors import OverloadedError, TieError
from tap_kustomer.walks.page import Hit, Page, Span, sort_key
from tap_kustomer.walks.query import MAX_PAGES

if TYPE_CHECKING:
    from tap_kustomer.walks.ask import Asker

MAX_READINGS = 30
# Readings in a row without anything new. A single page does not depend on the order.
QUIET_PAGE, QUIET_READINGS = 4, 10
MAX_WAIT = 8


class _Reading(NamedTuple):
    """All pages of a span: its hits by key, how many there are if known, and the pages read.

    It is whole unless more is counted than the pages that may be asked for can hold. It is steady
    if nobody can have moved from one page to another: there is one page, or a count that stays.
    """

    hits: dict[str | bytes, Hit]
    expected: int | None
    pages: int
    is_whole: bool
    is_steady: bool


class Paging:
    """Reads the pages of one span after another."""

    def __init__(self, asker: Asker, max_records: int) -> None:
        """Ask through `asker`, never for more than `max_records` of one span."""
        self._asker = asker
        self._max_records = max_records
        self._least = 1

    def read(self, span: Span) -> tuple[list[Hit], int]:
        """The records that are sent, and how many are counted; in smaller pages where needed.

        Raises:
            KustomerError: as the client does.
            TieError: there are more records than pages may be asked for.
        """
        self._least = 1
        while True:
            try:
                return self._repeated(span)
            except OverloadedError:
                if self._asker.size <= self._least:
                    raise
                self._asker.shrink()

    def _repeated(self, span: Span) -> tuple[list[Hit], int]:
        """What readings bring until nothing new comes, and how many records are counted."""
        seen: dict[str | bytes, Hit] = {}
        every: dict[str | bytes, Hit] = {}
        expected, quiet = None, 0
        for _ in range(MAX_READINGS):
            reading = self._reading(span)
            if reading.expected != expected:  # some have left: those seen before count no more
                seen, expected = {}, reading.expected
            known = len(every)
            seen.update(reading.hits)
            every.update(reading.hits)
            quiet = 0 if len(every) > known else quiet + 1
            if len(seen) == expected and (reading.is_steady or quiet):
                break
            if quiet >= (QUIET_PAGE if reading.pages == 1 else QUIET_READINGS):
                if reading.is_whole:
                    break
                raise self._too_many(span, expected)
            self._asker.client.retry.sleep(min(2**quiet, MAX_WAIT))
        else:
            raise self._too_many(span, expected)
        return sorted(every.values(), key=sort_key), expected or 0

    def _reading(self, span: Span) -> _Reading:
        """All pages, up to one that shows the end: the last one, an empty one, or one beyond.

        `total` is dependable here: below 10,000 even a capped one counts.
        """
        hits: dict[str | bytes, Hit] = {}
        totals: set[int | None] = set()
        asked = size = self._size()
        number, beyond, is_whole = 1, 0, True
        while True:
            page = self._asker.page(span, number, size)
            size, offset, total = page.size, (number - 1) * page.size, page.total
            hits.update((hit.key, hit) for hit in page.hits)
            totals.add(total)
            beyond += len(page.beyond)
            is_counted = total is not None and total < self._max_records
            expected = None if total is None else total - beyond
            is_proof = page.beyond and page.ordered and not self._asker.is_disordered
            if is_proof and (page.sent == size or not is_counted):
                expected = offset + page.sent - beyond
                break
            if _is_last(page, offset, is_counted=is_counted):
                break
            is_capped = number >= MAX_PAGES or (number + 1) * size > self._max_records
            needed = ceil((total if is_counted and total else self._max_records) / MAX_PAGES)
            if (is_counted or is_capped) and size == asked < needed:
                self._least = needed
                return self._reading(span)
            if is_capped:
                if not is_counted:
                    raise self._too_many(span, total)
                is_whole = False
                break
            number += 1
        # Where the count has changed, somebody left, and another one may have slipped by.
        expected = expected if len(totals) == 1 else None
        is_steady = number == 1 or totals != {None}
        return _Reading(hits, expected, number, is_whole, is_steady)

    def _size(self) -> int:
        """The page size at the moment, or the next one by which the last page ends at the cap."""
        size = self._asker.size
        while self._max_records % size:
            size -= 1
        while size < self._least or self._max_records % size:
            size += 1
        return size

    def _too_many(self, span: Span, count: int | None) -> TieError:
        return TieError(self._asker.query.context, span.start, count)


def _is_last(page: Page, offset: int, *, is_counted: bool) -> bool:
    """Whether nothing is behind a page that begins at `offset`."""
    total = page.total or 0
    if page.more or not is_counted:
        return not page.sent and total <= offset
    return offset + page.size >= total
