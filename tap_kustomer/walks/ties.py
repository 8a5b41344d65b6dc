"""Records that share one instant of `updated_at`, more than a page or not what was counted.

They are cut by `created_at` until each part is proven. What can't be cut (records that share both
instants, records without a creation instant) is read by page number, see `paging.py`; so is all of
the instant where the search can't filter by creation.
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

# Creation instants outside of these are not told apart: text has no years before 1 or after 9999.
EARLIEST, LATEST = 0, 250_000_000_000_000
# Parts that fail, of an instant and of all instants of a walk, before no further one is cut: a
# record that fails costs about 48, fewer if it was created near another one.
MAX_FAILING, MAX_FAILING_IN_ALL = 200, 1_000


class Ties:
    """Reads all records of an instant."""

    def __init__(self, asker: Asker, max_records: int = MAX_RECORDS) -> None:
        """Ask through `asker`, never for more than `max_records` of one question."""
        self._asker = asker
        self._paging = Paging(asker, max_records)
        self._max_records = max_records
        # The creation instants of the records handed over, by their keys.
        self._seen: dict[str | bytes, int] = {}
        self._settled = self._hidden = self._failing = 0
        self._is_unread = self._is_capped = False
        self._ahead = (0, 0)

    def read(self, instant: int) -> Iterator[Chunk]:
        """The records of `instant`, in lists that are in order of creation as far as it is known.

        Raises:
            KustomerError: as the client does; also when nothing around `instant` can be read.
            TieError: more records share both instants than the search can page through.
        """
        span = Span(instant, instant)
        page = self._asker.page_or_none(span)
        if page is None and self._is_next_unread(instant):
            with self._asker.exactly():
                yield from self._read(instant, self._asker.page_or_none(span))
        else:
            yield from self._read(instant, page)

    def _is_next_unread(self, instant: int) -> bool:
        """Whether it is only the millisecond behind `instant`, asked for with it, that fails."""
        with self._asker.exactly():
            this = self._asker.page_or_none(Span(instant, instant))
            return this is not None and not self._asker.page_or_none(Span(instant + 1, instant + 1))

    def _read(self, instant: int, page: Page | None) -> Iterator[Chunk]:
        self._seen, self._settled, self._hidden, self._is_unread = {}, 0, 0, False
        self._is_capped = page is not None and (page.total or 0) >= self._max_records
        span = Span(instant, instant)
        waiting: list[Hit] = []
        for hits in self._parts(span, page):
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

    def _uncounted(self, whole: Span, page: Page) -> list[Hit]:
        """What no range of creation has found, if the instant counts more than was seen."""
        undated = sum(created == UNKNOWN for created in self._seen.values())
        is_settled = page.total in {self._settled, self._settled + undated}
        if is_settled or self._is_unread or (self._is_capped and not undated):
            return []
        return self._by_pages(whole, page)

    def _parts(self, whole: Span, whole_page: Page | None) -> Iterator[list[Hit]]:
        """The records of an instant, in parts by creation that are cut until each is proven."""
        undated: list[Hit] = []
        failing = 0
        waiting = [whole]
        while waiting:
            part = waiting.pop()
            asked = self._asked(part)
            page = whole_page if part is whole else self._asker.page_or_none(asked)
            if page and (page.complete or self._asker.is_past_end(asked, page)):
                self._settled += page.sent if page.total is None else page.total
                yield page.hits
                continue
            if page is None:
                failing += 1
                self._failing += 1
                if failing == 1 and not self._can_cut(whole):
                    yield self._uncut(whole, whole_page)
                    return
            is_hopeless = failing > MAX_FAILING or self._failing > MAX_FAILING_IN_ALL
            pieces = [] if page is None and is_hopeless else _pieces(part, page)
            waiting += [part._replace(first=first, last=last) for first, last in reversed(pieces)]
            if pieces and page:
                undated += [hit for hit in page.hits if hit.created == UNKNOWN]
            elif page:
                self._settled += page.total or 0
                yield self._by_pages(asked, page)
            elif not pieces:
                self._is_unread = True
        yield undated

    def _asked(self, part: Span) -> Span:
        """The part, with one millisecond more where no count would show that a record is missing.

        As with `updated_at`: an index may hold microseconds, or take `lte` for `lt`.
        """
        if part.last is None or not self._is_capped:
            return part
        return part._replace(last=part.last + 1)

    def _can_cut(self, whole: Span) -> bool:
        """Whether a range of creation that holds no record can be read at this instant."""
        return self._asker.page_or_none(whole._replace(first=EARLIEST, last=EARLIEST)) is not None

    def _uncut(self, whole: Span, page: Page | None) -> list[Hit]:
        """The records of an instant that fails whatever range of creation is asked for.

        Raises:
            TransientError: the next instant can't be read either: it is more than a record.
        """
        if page:
            self._settled = page.total or 0
            return self._by_pages(whole, page)
        self._is_unread = True
        with self._asker.exactly():
            if self._asker.page_or_none(Span(whole.start + 1, whole.start + 1)):
                return []
        fault = f"no answer about what was updated from {timestamps.text(whole.start)} on"
        raise TransientError(self._asker.query.path, fault)

    def _by_pages(self, span: Span, page: Page) -> list[Hit]:
        """The records of a span that nothing is left to cut by; `page` is its first one."""
        if is_doubtful(page):
            self._asker.find_limit(span, page)
        try:
            hits, expected = self._paging.read(span)
        except TransientError:
            self._is_unread = True
            return []
        if span.first is span.last is None:  # all of the instant, whatever its parts have shown
            self._hidden = max(expected - len({hit.key for hit in hits} | self._seen.keys()), 0)
        else:
            self._hidden += max(expected - len(hits), 0)
        return hits

    def _new(self, hits: list[Hit]) -> list[Hit]:
        """Those that have not been handed over yet; also what both of two parts hold."""
        new = [hit for hit in hits if hit.key not in self._seen]
        self._seen.update((hit.key, hit.created) for hit in new)
        return new


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
