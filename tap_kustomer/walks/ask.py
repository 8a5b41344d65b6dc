"""Asking for pages of one search: their size, and what to make of failures.

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
GROW_AFTER, MOST_GOOD = 2, 8
# Tries for each part of a range that could not be read as a whole.
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
        # Whether the server has shown that it ignores the order: then order proves nothing.
        self.is_disordered = False
        self._is_isolating = False
        self._is_exact = False

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

        has_few = self._is_isolating or size is not None
        page = self.client.retry(path, attempt, FEW_TRIES if has_few else None)
        if asked == self.size:
            self._grow()
        self.is_disordered = self.is_disordered or not page.ordered
        return replace(page, complete=False) if page.by_order and self.is_disordered else page

    def page_or_none(self, span: Span) -> Page | None:
        """Page 1 of `span`; `None` if it can't be read, though the search itself works.

        Raises:
            KustomerError: the search does not work at all.
        """
        try:
            page = self.page(span)
        except TransientError:
            self._is_isolating = True
            self.page(EMPTY)
            return None
        return self._unless_clamped(span, page)

    @contextmanager
    def exactly(self) -> Iterator[None]:
        """Ask for no millisecond more than the spans hold."""
        self._is_exact = True
        try:
            yield
        finally:
            self._is_exact = False

    def _unless_clamped(self, span: Span, page: Page) -> Page:
        """The page; in the size that the server serves, once two have been equally short.

        A server that serves fewer records than asked for without a word serves that many in full.
        """
        claims_full = page.more or (page.total or 0) >= page.size
        if not (page.sent and claims_full and is_doubtful(page)):
            return page
        if page.sent == self._short:
            smaller = self.page(span, 1, page.sent)
            if smaller.sent == page.sent:
                self.size = self._largest = page.sent
                return smaller
        self._short = page.sent
        return page

    def is_past_end(self, span: Span, page: Page) -> bool:
        """Whether page 1, short though no count says more, is all there is: page 2 is empty.

        Some servers link to a next page whatever there is, or neither link nor count.
        """
        if page.sent >= page.size or (page.total or 0) > page.sent:
            return False
        return not self.page(span, 2, page.size).sent

    def recovered(self) -> None:
        """Spend all tries again on the next failure: what could not be read has been passed."""
        self._is_isolating = False

    def shrink(self) -> None:
        """Ask for half as many records a page, for a while."""
        if self._has_grown:
            self._grow_after = min(self._grow_after * 2, MOST_GOOD)
        self.size, self._good, self._has_grown = max(self.size // 2, 1), 0, False

    def _grow(self) -> None:
        """Count a good answer, and try a larger page after enough of them."""
        self._good, self._has_grown = self._good + 1, False
        if self.size < self._largest and self._good >= self._grow_after:
            self.size, self._good, self._has_grown = min(self.size * 2, self._largest), 0, True
