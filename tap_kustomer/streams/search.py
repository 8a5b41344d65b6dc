"""Streams that are read through Kustomer's search, in order of `updated_at`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_kustomer import timestamps
from tap_kustomer.api.client import ARCHIVE_SEARCH, SEARCH
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import BadRequestError
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.walks.ask import Asker
from tap_kustomer.walks.history import History
from tap_kustomer.walks.listing import read_range
from tap_kustomer.walks.page import Page, Span
from tap_kustomer.walks.query import MAX_RECORDS, Query
from tap_kustomer.walks.search import SearchWalk
from tap_kustomer.walks.slices import SliceReader

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from singer_sdk.helpers.types import Record

    from tap_kustomer.session import Session
    from tap_kustomer.walks.history import Batch
    from tap_kustomer.walks.page import Chunk

SEARCH_ROLES = ("org.permission.search.create", "org.user.search.read")


def history(session: Session, context: str, listed: str | None = None) -> History:
    """Reads a query context; `listed` is the path of the list to use if it is not archived."""
    settings, client = session.settings, session.client
    # Shared by all sections and threads, and with them the quirks observed.
    queries = {
        path: Query(context, path, settings.include_deleted) for path in (SEARCH, ARCHIVE_SEARCH)
    }

    def search(path: str, start: int, end: int) -> Generator[Chunk]:
        def walk(start: int, end: int, size: int | None) -> SearchWalk:
            return SearchWalk(
                client,
                queries[path],
                start,
                end,
                page_size=settings.page_size,
                size=size,
                max_records=session.limits.max_records,
            )

        threads = settings.concurrency
        return SliceReader(walk, start, end, threads=threads, limits=session.limits).read()

    listing = partial(read_range, client, listed) if listed else None
    return History(search, session.now, listing=listing)


def peek(session: Session, context: str, start: int, end: int) -> Page:
    """A page of one record, whose total estimates how many there are."""
    query = Query(context, SEARCH, session.settings.include_deleted)
    return Asker(session.client, query, 1).page(Span(start, end))


def format_total(total: int | None) -> str:
    """A total in words: Kustomer may cap it at 10,000, or not report one."""
    if total is None:
        return "not counted"
    return f"{total:,} or more" if total == MAX_RECORDS else f"{total:,}"


class SearchStream(IncrementalStream):
    """An incremental stream, in order of `updated_at`."""

    query_context: str
    archived: ClassVar[bool] = True
    """Whether the archive search supports this context."""
    list_path: ClassVar[str | None] = None
    """The plain list to use if records are not archived, or if the search rejects the context."""

    replication_key = "updated_at"
    is_sorted = True
    cost = "1 search per 500 records updated, at least 1"

    @override
    def rows(self) -> Iterator[Record]:
        """Rows from the bookmark, minus the lookback, to the run's fixed end."""
        start, end = self.start(), self.session.cutoff
        listed = None if self.archived else self.list_path
        walk, hidden = history(self.session, self.query_context, listed), 0
        try:
            for key in self.unread():
                yield from self._retry_unread(walk, key)
            for batch in walk.read(start, end):
                yield from self._rows(batch)
                hidden += batch.hidden
                if batch.bookmark is not None:
                    self.move_bookmark(batch.bookmark)
        except BadRequestError:
            if self.list_path is None:
                raise
            self.logger.warning(
                "Search rejected context %s (400); falling back to a full read of %s",
                self.query_context,
                self.list_path,
            )
            yield from self._list_rows(self.list_path, start, end)
        if hidden:
            self.logger.warning(
                "Search counted %d records that it did not return: hidden from this key, or stale "
                "index entries. Everything it returned was read.",
                hidden,
            )

    @override
    def estimate_pending(self) -> str:
        """The total of the search; archived records are not included."""
        start, end = self.since(), self.session.cutoff
        try:
            return format_total(peek(self.session, self.query_context, start, end).total)
        except BadRequestError:
            if self.list_path is None:
                raise
            fetch(self.session.client, self.list_path, {"pageSize": 1})
            return "full table"

    def _rows(self, batch: Batch) -> Iterator[Record]:
        for found in batch.hits:
            if (row := self.row_or_none(found)) is not None:
                yield row
        if batch.unread is not None:
            instant = timestamps.text(batch.unread)
            self.hold(instant, f"Every response with a record updated at {instant} fails.")

    def _retry_unread(self, walk: History, key: str) -> Iterator[Record]:
        """The records of an instant that an earlier run could not read."""
        known = len(self.skipped)
        for batch in walk.read(*self.unread_range(key)):
            yield from self._rows(batch)
        if len(self.skipped) == known:
            self.release(key)

    def _list_rows(self, path: str, start: int, end: int) -> Iterator[Record]:
        """The rows of the range in a plain list. It is sorted by id, so the bookmark moves last."""
        latest, unread = start, self.unread()
        start = min([start, *(self.unread_range(key)[0] for key in unread)])
        for entry in read_range(self.session.client, path, start, end):
            latest = max(latest, entry.instant)
            if (row := self.row_or_none(entry)) is not None:
                yield row
        for key in unread:
            self.release(key)
        self.move_bookmark(latest)
