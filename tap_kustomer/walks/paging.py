"""Reads all pages of a span by page number, for records that no range can separate any further.

The order may differ between responses, so the pages are read in repeated passes: until as many
distinct records were seen as are reported, or several passes in a row found nothing new. In the
latter case the rest was reported but never returned. A pass with a failed request counts against
that: if every response with a bad record fails, the responses that succeed are those without it.
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

MAX_PASSES = 50
# Passes in a row without anything new. The order does not affect a single page, so fewer suffice.
QUIET_PAGE, QUIET_PASSES = 4, 10
# A pass with a failed request cancels this many quiet ones. A bad record makes at least five in
# eight passes fail; at a failure rate of 5 %, two in ten do.
CANCELLED, MAX_FAILING = 3, 12
MAX_WAIT = 8


class _Pass(NamedTuple):
    """One pass over all pages of a span: its hits by key, the expected count if known, the pages.

    `is_complete` is false if the total exceeds what the allowed pages can hold. `is_steady` means
    that no record can have moved between pages: there is one page, or the total stayed the same.
    """

    hits: dict[str | bytes, Hit]
    expected: int | None
    pages: int
    is_complete: bool
    is_steady: bool


class Paging:
    """Reads single spans, one after another."""

    def __init__(self, asker: Asker, max_records: int) -> None:
        """Read through `asker`, at most `max_records` records of one span."""
        self._asker = asker
        self._max_records = max_records
        self._min_size = 1

    def read(self, span: Span) -> tuple[list[Hit], int | None]:
        """The records returned and the number reported. Uses smaller pages on overload.

        The number is `None` if requests failed so often that the records may not be all.

        Raises:
            KustomerError: as the client does.
            TieError: there are more records than the allowed pages hold.
        """
        self._min_size = 1
        while True:
            try:
                return self._read_until_stable(span)
            except OverloadedError:
                if self._asker.size <= self._min_size:
                    raise
                self._asker.shrink()

    def _read_until_stable(self, span: Span) -> tuple[list[Hit], int | None]:
        """Repeat passes until nothing new is found. Returns the records and the number reported."""
        seen: dict[str | bytes, Hit] = {}
        all_hits: dict[str | bytes, Hit] = {}
        expected, quiet, failing = None, 0, 0
        for _ in range(MAX_PASSES):
            failed = self._asker.failed
            this_pass = self._read_pass(span)
            if this_pass.expected != expected:  # records have left: count from zero
                seen, expected = {}, this_pass.expected
            known_count = len(all_hits)
            seen.update(this_pass.hits)
            all_hits.update(this_pass.hits)
            quiet = 0 if len(all_hits) > known_count else quiet + 1
            if len(seen) == expected and (this_pass.is_steady or quiet):
                break
            if self._asker.failed > failed:
                quiet, failing = max(quiet - CANCELLED, 0), failing + 1
                if failing == MAX_FAILING:
                    return sorted(all_hits.values(), key=sort_key), None
            if quiet >= (QUIET_PAGE if this_pass.pages == 1 else QUIET_PASSES):
                if this_pass.is_complete:
                    break
                raise self._too_many(span, expected)
            self._asker.client.retry.sleep(min(2**quiet, MAX_WAIT))
        else:
            raise self._too_many(span, expected)
        return sorted(all_hits.values(), key=sort_key), expected or 0

    def _read_pass(self, span: Span) -> _Pass:
        """Read pages up to the end: the last page, an empty one, or one with a record beyond.

        `total` is reliable here: even one capped at 10,000 is exact below that.
        """
        hits: dict[str | bytes, Hit] = {}
        totals: set[int | None] = set()
        asked = size = self._size()
        number, beyond, is_complete = 1, 0, True
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
                self._min_size = needed
                return self._read_pass(span)
            if is_capped:
                if not is_counted:
                    raise self._too_many(span, total)
                is_complete = False
                break
            number += 1
        # If the total changed, a record left, and another may have been skipped.
        expected = expected if len(totals) == 1 else None
        is_steady = number == 1 or totals != {None}
        return _Pass(hits, expected, number, is_complete, is_steady)

    def _size(self) -> int:
        """The current page size, adjusted so that the last page ends exactly at the cap."""
        size = self._asker.size
        while self._max_records % size:
            size -= 1
        while size < self._min_size or self._max_records % size:
            size += 1
        return size

    def _too_many(self, span: Span, count: int | None) -> TieError:
        return TieError(self._asker.query.context, span.start, count)


def _is_last(page: Page, offset: int, *, is_counted: bool) -> bool:
    """Whether no page follows the one that begins at `offset`."""
    total = page.total or 0
    if page.more or not is_counted:
        return not page.sent and total <= offset
    return offset + page.size >= total
