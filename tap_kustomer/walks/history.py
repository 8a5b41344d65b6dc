"""Reads a range of time through the search, the archive search or a plain list.

The search covers records updated within two years, the archive search older ones (documented). The
boundary between them moves while a run reads, and how a record crosses it is undocumented. So the
boundary is computed again before each section. Around it both are read, search first: a record that
has just left the search is in the archive by then. The bookmark stays before that section until
both are done. If the search is so slow that the boundary catches up with it, it stops, and the rest
is read as a section around the boundary.
Notes are not archived; older ones are read from their plain list. Other contexts have neither
archive nor list: they are read through the search alone.
See docs/BEHAVIOR.md, "Two years".
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from tap_kustomer import timestamps
from tap_kustomer.api.client import ARCHIVE_SEARCH, SEARCH

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from tap_kustomer.walks.listing import Entry
    from tap_kustomer.walks.page import Chunk, Hit

    Search = Callable[[str, int, int], Generator[Chunk]]
    Listing = Callable[[int, int], Iterator[Entry]]

SEARCH_WINDOW = 730 * timestamps.DAY
# Read from both on either side: Kustomer may count two years differently, and records may cross.
OVERLAP = 7 * timestamps.DAY
# The minimum length of a section: a shorter one might never catch up with the moving boundary.
MIN_SECTION = timestamps.DAY


class Batch(NamedTuple):
    """Records, and the bookmark to set once they are written (`None`: leave it)."""

    hits: Sequence[Hit | Entry]
    bookmark: int | None
    hidden: int = 0
    unread: int | None = None


class History:
    """Reads time ranges of one query context."""

    def __init__(
        self,
        search: Search,
        now: Callable[[], int],
        *,
        listing: Listing | None = None,
        is_archived: bool = True,
    ) -> None:
        """Read through `search`, which takes a path and a range.

        `now` returns the current instant; `listing` reads a range of records not archived.
        """
        self._search = search
        self._now = now
        self._listing = listing
        self._is_archived = is_archived

    def read(self, start: int, end: int) -> Iterator[Batch]:
        """All records from `start` to `end` (inclusive); those around the boundary may repeat."""
        if not self._is_archived and not self._listing:
            yield from self._batches(SEARCH, start, end, end)
            return
        while start <= end:
            boundary = self._now() - SEARCH_WINDOW
            lower, upper = boundary - OVERLAP, min(boundary + OVERLAP + MIN_SECTION, end)
            if start > boundary + OVERLAP:
                start = yield from self._recent(start, end)
            elif self._listing:
                for entry in self._listing(start, upper):
                    yield Batch([entry], None)
                yield Batch([], start)
                start = upper + 1
            elif start < lower - MIN_SECTION:
                last = min(lower - 1, end)
                yield from self._batches(ARCHIVE_SEARCH, start, last, end)
                start = last + 1
            else:
                yield from self._batches(SEARCH, start, upper, start)
                yield from self._batches(ARCHIVE_SEARCH, start, upper, start)
                start = upper + 1

    def _recent(self, start: int, end: int) -> Generator[Batch, None, int]:
        """Read from the search. Returns the instant to resume at, `end + 1` if all is read."""
        at = start
        with closing(self._search(SEARCH, start, end)) as chunks:
            for chunk in chunks:
                if self._now() - SEARCH_WINDOW + OVERLAP >= at:
                    return at
                yield _batch(chunk, start, end)
                at = chunk.resume_at
        return end + 1

    def _batches(self, path: str, start: int, end: int, bookmark: int) -> Iterator[Batch]:
        for chunk in self._search(path, start, end):
            yield _batch(chunk, start, bookmark)


def _batch(chunk: Chunk, start: int, bookmark: int) -> Batch:
    """An empty chunk sets a bookmark too: its range has been read."""
    reached = chunk.hits[-1].instant if chunk.hits else start
    return Batch(chunk.hits, min(reached, bookmark), chunk.hidden, chunk.unread)
