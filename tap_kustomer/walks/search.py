"""POST search: every record of a range once, in order of `updated_at`, while the index changes.

Reliable: a search for a closed range of `updated_at` returns records of that range, oldest first,
one page at most. Not reliable: offsets (the index is live), the order within a millisecond, a
second sort key, more than 100 pages or 10,000 records per query, the exact value of `meta.total`,
and that every record counted is returned. So:

- Only page 1 is used (keyset pagination): each request runs from the last instant seen to the same
  fixed end. Without offsets, a record that changes, and so leaves the range, shifts no other.
- In a page in order, everything before its last instant is complete. The records of that instant
  are read again with the next page.
- If a page proves nothing, or fails, its range is split until each part is proven. A single instant
  that is still unproven goes to `ties.py`.

See docs/BEHAVIOR.md, "Search".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_kustomer.walks.ask import Asker
from tap_kustomer.walks.page import Chunk, Hit, Page, Span, is_doubtful
from tap_kustomer.walks.query import MAX_RECORDS
from tap_kustomer.walks.ties import Ties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_kustomer.api.client import Client
    from tap_kustomer.walks.query import Query


class SearchWalk:
    """Walks a range of one query. Not thread-safe. `end` may be lowered between two chunks."""

    def __init__(
        self,
        client: Client,
        query: Query,
        start: int,
        end: int,
        *,
        page_size: int,
        size: int | None = None,
        max_records: int = MAX_RECORDS,
    ) -> None:
        """Walk from `start` to `end` (inclusive); `size` is the initial page size."""
        self.start = start
        self.end = end
        self._asker = Asker(client, query, page_size, size)
        self._ties = Ties(self._asker, max_records)
        # Where the parts of an unproven range end; a stack, nearest end on top.
        self._cuts: list[int] = []

    @property
    def size(self) -> int:
        """The page size that currently works."""
        return self._asker.size

    def chunks(self) -> Iterator[Chunk]:
        """All records of the range, in order.

        Raises:
            KustomerError: as the client does.
            TieError: one instant has more records than can be separated.
        """
        start = self.start
        while start <= self.end:
            end = self._nearest_cut(start)
            span = Span(start, end)
            page = self._asker.page_or_none(span)
            if page and end == self.end:
                self._asker.recovered()
            if page and (page.complete or self._asker.is_past_end(span, page)):
                yield Chunk(page.hits, end + 1, 0 if end == self.end else None)
                start = end + 1
            elif page and (proven := self._proven(page)):
                remaining = None if page.total is None else page.total - len(proven)
                start = page.hits[-1].instant
                yield Chunk(proven, start, remaining)
            elif start == end or (page and self._is_all_at(page, start)):
                yield from self._ties.read(start)
                start += 1
            else:
                self._cuts.append(_middle(page, start, end))

    def _nearest_cut(self, start: int) -> int:
        while self._cuts and not start <= self._cuts[-1] < self.end:
            self._cuts.pop()
        if self._cuts:
            return self._cuts[-1]
        return self.end

    def _proven(self, page: Page) -> list[Hit]:
        """The records before the page's last instant, if its order proves them complete."""
        if self._asker.is_disordered or is_doubtful(page) or not page.hits:
            return []
        last = page.hits[-1].instant
        return [hit for hit in page.hits if hit.instant < last]

    def _is_all_at(self, page: Page, start: int) -> bool:
        """Whether one instant fills the page, by records that actually have an `updated_at`."""
        is_first = bool(page.hits) and page.hits[-1].instant == start
        return is_first and bool(page.ordered) and not is_doubtful(page)


def _middle(page: Page | None, start: int, end: int) -> int:
    """Where to split a range: the median of the records seen, else the middle; before `end`."""
    if page and not page.hits and page.sent:  # all records lie beyond the end
        return end - 1
    if not page or not page.hits:
        return (start + end) // 2
    first, last = page.hits[0].instant, page.hits[-1].instant
    # Records without `updated_at` were placed at the start, wherever they belong.
    if first == last and (not page.ordered or (first == start and is_doubtful(page))):
        return (start + end) // 2
    # A page of a single instant does not prove that nothing lies before it.
    cut = last - 1 if first == last else page.hits[len(page.hits) // 2].instant
    return min(max(cut, start), end - 1)
