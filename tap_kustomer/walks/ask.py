"""Asking for pages of one search: their size, how often, and what to make of failures.

Only what a smaller page may cure makes pages smaller (a timeout, `timed_out`, an answer too large),
and only for a while: after some good answers a larger page is tried again. Any other failure is
asked again as it was.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_kustomer.errors import OverloadedError, TransientError
from tap_kustomer.walks.page import Page, Span, is_doubtful, read_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_kustomer.api.client import Client
    from tap_kustomer.walks.query import Query

# Good answers in a row at a reduced page size, before a larger page is tried again: few, and twice
# as many each time that the larger page fails at once.
GROW_AFTER, MAX_GOOD = 2, 8
# Tries for each part of a range that could not be read as a whole, and for a later page that is
# too much: it is then asked for in another size.
FEW_TRIES = 2
# Long past: no record of Kustomer's is that old, so no record can spoil the answer.
EMPTY = Span(0, 0)


class Asker:
    """Asks for pages of one query; for one thread."""

    def __init__(self, client: Client, query: Query, largest: int, size: int | None = None) -> None:
        """Ask for pages of `size` records, growing to `largest`."""
        self.client = client
        self.query = query
        self.size = size or largest
        self._largest = largest
        self._good = 0
        self._grow_after = GROW_AFTER
        self._has_grown = False
        self._short: int | None = None
        self._is_isolating = False
        self._is_exact = False

    @property
    def is_disordered(self) -> bool:
        """Whether the server has shown that it ignores the order: then order proves nothing."""
        return self.query.habits.is_disordered

    def page(self, span: Span, number: int = 1, size: int | None = None) -> Page:
        """Page `number` of `span`. Only page 1 may be asked smaller while it fails.

        Where a page ends matters to nobody, but a later page must begin where the one before ended.

        Raises:
            KustomerError: the first refusal, or the last failure after all tries.
        """
        path, asked = self.query.path, size or self.size
        body = self.query.body(span, exact=self._is_exact)

        def attempt() -> Page:
            nonlocal asked
            try:
                answer = self.client.search(path, body, page=number, size=asked)
                return read_page(answer, path, span, number, asked)
            except OverloadedError:
                if size is None:
                    self.shrink()
                    asked = self.size
                raise

        page = self.client.retry(
            path,
            attempt,
            FEW_TRIES if self._is_isolating else None,
            overloaded_tries=FEW_TRIES if size else None,
        )
        if asked == self.size:
            self._grow()
        if page.ordered is False:
            self.query.habits.is_disordered = True
        return replace(page, complete=False) if page.by_order and self.is_disordered else page

    def page_or_none(self, span: Span) -> Page | None:
        """Page 1 of `span`; `None` if it can't be read, though the search itself works.

        Raises:
            KustomerError: the search does not work at all.
        """
        try:
            page = self.page(span)
            return self.page(span) if self._is_short_again(span, page) else page
        except TransientError:
            self._is_isolating = True
            self.page(EMPTY)
            return None

    @contextmanager
    def exactly(self) -> Iterator[None]:
        """Ask for no millisecond more than the spans hold."""
        before, self._is_exact = self._is_exact, True
        try:
            yield
        finally:
            self._is_exact = before

    def find_limit(self, span: Span, page: Page) -> bool:
        """Whether `page`, page 1 and short, holds as many records as the server ever sends at once.

        Then page 2 in that size brings others, and nothing larger is asked for any more.
        """
        if not page.sent or page.sent >= page.size:
            return False
        try:
            second = self.page(span, 2, page.sent)
        except TransientError:
            return False
        if {hit.key for hit in second.found} <= {hit.key for hit in page.found}:
            return False
        self.size = self._largest = page.sent
        return True

    def _is_short_again(self, span: Span, page: Page) -> bool:
        """Whether this is the second page in doubt that is equally short, and the server's limit.

        A server that sends fewer records than asked for without a word sends that many in full.
        """
        if not (page.sent and is_doubtful(page)):
            return False
        is_second = page.sent == self._short
        self._short = None if is_second else page.sent
        return is_second and self.find_limit(span, page)

    def is_past_end(self, span: Span, page: Page) -> bool:
        """Whether page 1 is all there is, though it does not say so: page 2 is empty.

        Some servers link to a next page whatever there is, or neither link nor count. Page 2 begins
        where page 1 ended: a server may send fewer records at once than it is asked for. An empty
        page 1 is asked for again first.
        """
        claims_more = (page.total or 0) > page.sent
        is_full = page.sent >= page.size
        if page.unplaced or claims_more or (is_full and (page.more or page.total != page.sent)):
            return False
        if not page.sent:
            page = self.page(span)
            if page.sent or page.complete:
                return not page.sent
        second = self.page(span, 2, page.sent or page.size)
        return not second.sent and (not second.more or self._always_links())

    def _always_links(self) -> bool:
        """Whether a link to the next page means nothing: even an empty range has one."""
        habits = self.query.habits
        if habits.always_links is None:
            habits.always_links = self.page(EMPTY).more
        return habits.always_links

    def recovered(self) -> None:
        """Spend all tries again on the next failure: what could not be read has been passed."""
        self._is_isolating = False

    def shrink(self) -> None:
        """Ask for half as many records a page, for a while."""
        if self._has_grown:
            self._grow_after = min(self._grow_after * 2, MAX_GOOD)
        self.size, self._good, self._has_grown = max(self.size // 2, 1), 0, False

    def _grow(self) -> None:
        """Count a good answer, and try a larger page after enough of them."""
        self._good, self._has_grown = self._good + 1, False
        if self.size < self._largest and self._good >= self._grow_after:
            self.size, self._good, self._has_grown = min(self.size * 2, self._largest), 0, True
