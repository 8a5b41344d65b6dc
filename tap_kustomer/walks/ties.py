"""Records that share one instant of `updated_at` and don't fit a page, or don't match the total.

The instant is split by `created_at` until each part is proven. What can't be split (records that
share both instants, or have no creation instant) is read by page number (`paging.py`). So is the
whole instant if the search can't filter by creation.
See docs/BEHAVIOR.md, "Many records in one millisecond" and "Records that can't be read".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_kustomer import timestamps
from tap_kustomer.errors import TransientError
from tap_kustomer.walks.page import UNKNOWN, Chunk, Hit, Page, Span, is_doubtful
from tap_kustomer.walks.paging import Paging
from tap_kustomer.walks.query import MAX_RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_kustomer.walks.ask import Asker

# The bounds to split `created_at` within. The upper one is in the year 9892: text ends with 9999.
EARLIEST, LATEST = 0, 250_000_000_000_000
# Failing parts, of one instant and of a whole walk, after which none is split any further. One bad
# record causes about 48 failures, fewer if it was created close to another bad one.
MAX_FAILING, MAX_FAILING_IN_ALL = 200, 1_000


class Ties:
    """Reads all records of one instant."""

    def __init__(self, asker: Asker, max_records: int = MAX_RECORDS) -> None:
        """Read through `asker`, at most `max_records` records per query."""
        self._asker = asker
        self._paging = Paging(asker, max_records)
        self._max_records = max_records
        # The creation instants of the records returned so far, by key.
        self._seen: dict[str | bytes, int] = {}
        self._accounted = self._hidden = self._all_failing = 0
        self._is_unread = self._is_capped = False
        self._counted_ahead = (0, 0)

    def read(self, instant: int) -> Iterator[Chunk]:
        """The records of `instant`, by creation where it is known.

        Raises:
            KustomerError: as the client does; also when the next instant can't be read either.
            TieError: more records share both instants than the search can page through.
        """
        span = Span(instant, instant)
        page = self._asker.page_or_none(span)
        if page is None and self._is_next_unread(instant):
            with self._asker.exact_bounds():
                yield from self._read(instant, self._asker.page_or_none(span))
        else:
            yield from self._read(instant, page)

    def _is_next_unread(self, instant: int) -> bool:
        """Whether only the millisecond after `instant` fails, which every request includes."""
        with self._asker.exact_bounds():
            this = self._asker.page_or_none(Span(instant, instant))
            return this is not None and not self._asker.page_or_none(Span(instant + 1, instant + 1))

    def _read(self, instant: int, page: Page | None) -> Iterator[Chunk]:
        self._seen, self._accounted, self._hidden, self._is_unread = {}, 0, 0, False
        self._is_capped = page is not None and (page.total or 0) >= self._max_records
        span = Span(instant, instant)
        pending: list[Hit] = []
        for hits in self._by_creation(span, page):
            if new := self._new(hits):
                if pending:
                    yield Chunk(pending, instant)
                pending = new
        if page is None and not self._is_unread:
            # Every part can be read but not the whole: the bad record has no creation instant.
            page = self._asker.page_or_none(span)
            pending += self._new(page.hits) if page else []
            self._is_unread = page is None
        if page and not page.complete:
            pending += self._new(self._missed(span, page))
        unread = instant if self._is_unread else None
        yield Chunk(pending, instant + 1, hidden=self._newly_hidden(instant), unread=unread)

    def _newly_hidden(self, instant: int) -> int:
        """How many records are hidden here that were not counted with the previous instant.

        Each request covers one extra millisecond, so a record hidden there is counted twice.
        """
        at, known = self._counted_ahead
        hidden = max(self._hidden - (known if at == instant else 0), 0)
        self._counted_ahead = instant + 1, hidden
        return hidden

    def _missed(self, whole: Span, page: Page) -> list[Hit]:
        """The records that no range of creation returned, if the total exceeds those seen."""
        undated = sum(created == UNKNOWN for created in self._seen.values())
        is_settled = page.total in {self._accounted, self._accounted + undated}
        if is_settled or self._is_unread or (self._is_capped and not undated):
            return []
        return self._by_pages(whole, page)

    def _by_creation(self, whole: Span, whole_page: Page | None) -> Iterator[list[Hit]]:
        """The records of an instant, split by creation until each part is proven."""
        undated: list[Hit] = []
        failing = 0
        pending = [whole]
        while pending:
            part = pending.pop()
            request_span = self._extended(part)
            page = whole_page if part is whole else self._asker.page_or_none(request_span)
            if page and (page.complete or self._asker.is_past_end(request_span, page)):
                self._accounted += page.sent if page.total is None else page.total
                yield page.hits
                continue
            if page is None:
                failing += 1
                self._all_failing += 1
                if failing == 1 and not self._can_split(whole):
                    yield self._read_unsplit(whole, whole_page)
                    return
            is_hopeless = failing > MAX_FAILING or self._all_failing > MAX_FAILING_IN_ALL
            ranges = [] if page is None and is_hopeless else _subranges(part, page)
            pending += [part._replace(first=first, last=last) for first, last in reversed(ranges)]
            if ranges and page:
                undated += [hit for hit in page.hits if hit.created == UNKNOWN]
            elif page:
                self._accounted += page.total or 0
                yield self._by_pages(request_span, page)
            elif not ranges:
                self._is_unread = True
        yield undated

    def _extended(self, part: Span) -> Span:
        """The part, extended by a millisecond if a capped total could not reveal a missing record.

        As with `updated_at`, the index may store microseconds, or treat `lte` as `lt`.
        """
        if part.last is None or not self._is_capped:
            return part
        return part._replace(last=part.last + 1)

    def _can_split(self, whole: Span) -> bool:
        """Whether the search can filter by creation here: tested with a range without records."""
        if not self._asker.query.key.is_split_by_creation:
            return False
        return self._asker.page_or_none(whole._replace(first=EARLIEST, last=EARLIEST)) is not None

    def _read_unsplit(self, whole: Span, page: Page | None) -> list[Hit]:
        """The records of an instant where every filter by creation fails.

        Raises:
            TransientError: the next instant fails too, so it is not a single bad record.
        """
        if page:
            self._accounted = page.total or 0
            return self._by_pages(whole, page)
        self._is_unread = True
        with self._asker.exact_bounds():
            if self._asker.page_or_none(Span(whole.start + 1, whole.start + 1)):
                return []
        fault = f"no search for records updated from {timestamps.text(whole.start)} on succeeds"
        raise TransientError(self._asker.query.path, fault)

    def _by_pages(self, span: Span, page: Page) -> list[Hit]:
        """The records of a span that can't be split; `page` is its page 1."""
        if is_doubtful(page):
            self._asker.find_limit(span, page)
        try:
            hits, expected = self._paging.read(span)
        except TransientError:
            self._is_unread = True
            return []
        if expected is None:
            self._is_unread = True
        elif span.first is span.last is None:  # the whole instant replaces the counts of its parts
            self._hidden = max(expected - len({hit.key for hit in hits} | self._seen.keys()), 0)
        else:
            self._hidden += max(expected - len(hits), 0)
        return hits

    def _new(self, hits: list[Hit]) -> list[Hit]:
        """The hits not returned yet; neighboring parts may overlap."""
        new = [hit for hit in hits if hit.key not in self._seen]
        self._seen.update((hit.key, hit.created) for hit in new)
        return new


def _subranges(span: Span, page: Page | None) -> list[tuple[int | None, int | None]]:
    """The ranges of creation to read instead of `span`; none if it can't be split."""
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
    ranges: list[tuple[int | None, int | None]] = []
    if lower < middle:
        ranges.append((first, middle - 1))
    ranges.append((first if middle == lower else middle, last if middle == upper else middle))
    if middle < upper:
        ranges.append((middle + 1, last))
    return ranges
