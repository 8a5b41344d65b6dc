"""A range of time, read through the search, the archive or a plain list, whichever knows it.

Kustomer's search knows what was updated within two years, its archive search what is older
(documented). The line between them moves on while a run reads, and how a record crosses it nobody
says. So the line is found anew before each part, and around it both are asked, search first: a
record that the search no longer had, the archive has by then. Until both are done the bookmark
stays before that part. Where the search reads on so slowly that the line comes near, it stops, and
what follows counts as around the line again.
Notes are in no archive: what is older is read from their plain list.
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

REACH = 730 * timestamps.DAY
# On either side of the line, for days that are counted differently and records about to cross.
OVERLAP = 7 * timestamps.DAY
# A part is at least this long, since the line moves on meanwhile and would be chased for ever.
LEAD = timestamps.DAY


class Batch(NamedTuple):
    """Records, and the instant that the bookmark may reach once they are written, if any."""

    hits: Sequence[Hit | Entry]
    bookmark: int | None
    hidden: int = 0
    unread: int | None = None


class History:
    """Reads ranges of one kind of record."""

    def __init__(
        self, search: Search, now: Callable[[], int], *, listing: Listing | None = None
    ) -> None:
        """Read through `search`, which takes a path and a range.

        `now` is the present; `listing` reads a range of what no archive holds.
        """
        self._search = search
        self._now = now
        self._listing = listing

    def read(self, start: int, end: int) -> Iterator[Batch]:
        """Everything from `start` to `end` (inclusive); around the line some of it twice."""
        while start <= end:
            line = self._now() - REACH
            near, far = line - OVERLAP, min(line + OVERLAP + LEAD, end)
            if start > line + OVERLAP:
                start = yield from self._recent(start, end)
            elif self._listing:
                for entry in self._listing(start, far):
                    yield Batch([entry], None)
                yield Batch([], start)
                start = far + 1
            elif start < near - LEAD:
                last = min(near - 1, end)
                yield from self._batches(ARCHIVE_SEARCH, start, last, end)
                start = last + 1
            else:
                yield from self._batches(SEARCH, start, far, start)
                yield from self._batches(ARCHIVE_SEARCH, start, far, start)
                start = far + 1

    def _recent(self, start: int, end: int) -> Generator[Batch, None, int]:
        """What the search still knows; the instant to go on from, `end + 1` when all is read."""
        at = start
        with closing(self._search(SEARCH, start, end)) as chunks:
            for chunk in chunks:
                if self._now() - REACH + OVERLAP >= at:
                    return at
                yield _batch(chunk, start, end)
                at = chunk.resume_at
        return end + 1

    def _batches(self, path: str, start: int, end: int, bookmark: int) -> Iterator[Batch]:
        for chunk in self._search(path, start, end):
            yield _batch(chunk, start, bookmark)


def _batch(chunk: Chunk, start: int, bookmark: int) -> Batch:
    """Even an empty answer leaves a bookmark: what was asked for has been read."""
    reached = chunk.hits[-1].instant if chunk.hits else start
    return Batch(chunk.hits, min(reached, bookmark), chunk.hidden, chunk.unread)
