"""Requests pages of one search: page size, number of attempts, and handling of failures.

The page size is halved only on failures that a smaller page may fix (a timeout, `timed_out`, a
response too large). After a few good pages it is doubled again. Any other failure is retried
unchanged.
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

# Good pages in a row at a reduced size before a larger size is tried: GROW_AFTER at first, doubled
# up to MAX_GOOD each time the larger size fails immediately.
GROW_AFTER, MAX_GOOD = 2, 8
# Attempts for each part of a range that failed as a whole, and for a later page that overloads the
# server: paging then starts again at another size.
FEW_TRIES = 2
# Older than any record of Kustomer's, so no bad record can make this request fail.
EMPTY = Span(0, 0)


class Asker:
    """Requests pages of one query. Not thread-safe."""

    def __init__(self, client: Client, query: Query, largest: int, size: int | None = None) -> None:
        """Start with pages of `size` records; never exceed `largest`."""
        self.client = client
        self.query = query
        self.size = size or largest
        self.failed = 0
        """Attempts that failed so far, whether or not a later one succeeded."""
        self._largest = largest
        self._good = 0
        self._grow_after = GROW_AFTER
        self._just_grew = False
        self._short: int | None = None
        self._is_splitting = False
        self._is_exact = False

    @property
    def is_disordered(self) -> bool:
        """Whether the server has ignored the sort order before, so that order proves nothing."""
        return self.query.quirks.is_disordered

    def page(self, span: Span, number: int = 1, size: int | None = None) -> Page:
        """Page `number` of `span`. Only page 1 shrinks on failure.

        A later page must keep its size, so that it begins where the page before ended.

        Raises:
            KustomerError: the first refusal, or the last failure after all tries.
        """
        path, asked = self.query.path, size or self.size
        body = self.query.body(span, exact=self._is_exact)

        def attempt() -> Page:
            nonlocal asked
            try:
                response = self.client.search(path, body, page=number, size=asked)
                return read_page(response, path, span, number, asked, self.query.key)
            except TransientError as error:
                self.failed += 1
                if isinstance(error, OverloadedError) and size is None:
                    self.shrink()
                    asked = self.size
                raise

        page = self.client.retry(
            path,
            attempt,
            FEW_TRIES if self._is_splitting else None,
            overloaded_tries=FEW_TRIES if size else None,
        )
        if asked == self.size:
            self._grow()
        if page.ordered is False:
            self.query.quirks.is_disordered = True
        return replace(page, complete=False) if page.by_order and self.is_disordered else page

    def page_or_none(self, span: Span) -> Page | None:
        """Page 1 of `span`, or `None` if it fails while an empty range succeeds.

        Raises:
            KustomerError: the empty range fails too, so the search itself is down.
        """
        try:
            page = self.page(span)
            return self.page(span) if self._is_short_again(span, page) else page
        except TransientError:
            self._is_splitting = True
            self.page(EMPTY)
            return None

    @contextmanager
    def exact_bounds(self) -> Iterator[None]:
        """Within the block, do not extend spans by a millisecond (see `Query.body`)."""
        before, self._is_exact = self._is_exact, True
        try:
            yield
        finally:
            self._is_exact = before

    def find_limit(self, span: Span, page: Page) -> bool:
        """Whether the length of `page`, a short page 1, is the server's undeclared page size limit.

        It is if page 2 of that size returns other records. It then becomes the largest size used.
        """
        if not page.sent or page.sent >= page.size:
            return False
        try:
            page_two = self.page(span, 2, page.sent)
        except TransientError:
            return False
        if {hit.key for hit in page_two.found} <= {hit.key for hit in page.found}:
            return False
        # A limit fills every page but the last. Hidden records leave gaps in other pages too.
        is_last = page.total in {None, page.sent + page_two.sent}
        if page_two.sent < page.sent and not is_last:
            return False
        self.size = self._largest = page.sent
        return True

    def _is_short_again(self, span: Span, page: Page) -> bool:
        """Whether an unproven page is as short as the one before it: the server's limit.

        A server that silently caps the page size returns exactly that many records on full pages.
        """
        if not (page.sent and is_doubtful(page)):
            return False
        is_second = page.sent == self._short
        self._short = None if is_second else page.sent
        return is_second and self.find_limit(span, page)

    def is_past_end(self, span: Span, page: Page) -> bool:
        """Whether page 1 is the last page although it does not say so: page 2 is empty.

        Some servers always link to a next page, or send neither link nor total. Page 2 is requested
        at the length of page 1, since the server may cap the page size, at the size requested, and
        page 1 once more. An empty page 1 is requested a second time first.
        """
        claims_more = (page.total or 0) > page.sent
        is_full = page.sent >= page.size
        if page.unplaced or claims_more or (is_full and (page.more or page.total != page.sent)):
            return False
        try:
            if not page.sent:
                page = self.page(span)
                if page.sent or page.complete:
                    return not page.sent
            # Hidden records may have shortened page 1 after it was cut: then the length of page 1
            # leads back into it, and the size requested behind it.
            for size in dict.fromkeys((page.sent or page.size, page.size)):
                page_two = self.page(span, 2, size)
                if page_two.sent or (page_two.more and not self._always_links()):
                    return False
            # Had one of the page left the range in between, another would have moved to page 1.
            again = self.page(span) if page.sent else page
        except TransientError:  # a bad record may be on that page: let the range be split
            return False
        return {hit.key for hit in page.found} <= {hit.key for hit in again.found}

    def _always_links(self) -> bool:
        """Whether the server sends a `next` link even for an empty range."""
        quirks = self.query.quirks
        if quirks.always_links is None:
            quirks.always_links = self.page(EMPTY).more
        return quirks.always_links

    def recovered(self) -> None:
        """Allow all attempts again: the part that could not be read is behind."""
        self._is_splitting = False

    def shrink(self) -> None:
        """Halve the page size until enough good pages have come."""
        if self._just_grew:
            self._grow_after = min(self._grow_after * 2, MAX_GOOD)
        self.size, self._good, self._just_grew = max(self.size // 2, 1), 0, False

    def _grow(self) -> None:
        """Count a good page, and double the page size after enough of them."""
        self._good, self._just_grew = self._good + 1, False
        if self.size < self._largest and self._good >= self._grow_after:
            self.size, self._good, self._just_grew = min(self.size * 2, self._largest), 0, True
