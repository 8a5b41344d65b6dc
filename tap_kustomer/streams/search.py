"""Reading a stream through Kustomer's search, in order of the time of update or creation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_kustomer import timestamps
from tap_kustomer.api.client import ARCHIVE_SEARCH, SEARCH
from tap_kustomer.errors import AccessRefusedError, UnprovenError
from tap_kustomer.streams.ladder import LadderStream, Way
from tap_kustomer.streams.lists import WholeList
from tap_kustomer.walks.ask import Asker
from tap_kustomer.walks.history import SEARCH_WINDOW, History
from tap_kustomer.walks.listing import read_range
from tap_kustomer.walks.page import Page, Span
from tap_kustomer.walks.probe import probe
from tap_kustomer.walks.query import MAX_RECORDS, UPDATED, Key, Query, Quirks
from tap_kustomer.walks.search import SearchWalk
from tap_kustomer.walks.slices import SliceReader

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from singer_sdk.helpers.types import Record

    from tap_kustomer.session import Session
    from tap_kustomer.walks.history import Batch
    from tap_kustomer.walks.page import Chunk

SEARCH_ROLES = ("org.permission.search.create", "org.user.search.read")


def history(
    session: Session,
    context: str,
    listed: str | None = None,
    *,
    query: Query | None = None,
    is_archived: bool = True,
    threads: int | None = None,
) -> History:
    """Reads a query context; `listed` is the path of the list to use if it is not archived.

    `query` is what the search is asked, if not for the default key or if its quirks are known.
    """
    settings, client = session.settings, session.client
    # Shared by all sections and threads, and with them the quirks observed.
    queries = {
        SEARCH: query or Query(context, SEARCH, settings.include_deleted),
        ARCHIVE_SEARCH: Query(context, ARCHIVE_SEARCH, settings.include_deleted),
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

        count = threads or settings.concurrency
        return SliceReader(walk, start, end, threads=count, limits=session.limits).read()

    listing = partial(read_range, client, listed) if listed else None
    return History(search, session.now, listing=listing, is_archived=is_archived)


def peek(
    session: Session, context: str, start: int, end: int, query: Query | None = None, size: int = 1
) -> Page:
    """A page of `size` records, whose total estimates how many there are."""
    query = query or Query(context, SEARCH, session.settings.include_deleted)
    return Asker(session.client, query, size).page(Span(start, end))


def format_total(total: int | None) -> str:
    """A total in words: Kustomer may cap it at 10,000, or not report one."""
    if total is None:
        return "not counted"
    return f"{total:,} or more" if total == MAX_RECORDS else f"{total:,}"


class SearchWay(Way):
    """The search of one query context."""

    def __init__(
        self,
        stream: LadderStream,
        context: str,
        key: Key = UPDATED,
        *,
        is_archived: bool = True,
        listed: str | None = None,
        is_promised: bool = True,
    ) -> None:
        """Read `context` in order of `key`.

        What is not archived is read from the list at `listed` once it is two years old. Unless
        `is_promised` by a document, whether the search knows the key is tested first.
        """
        self._stream = stream
        self._context = context
        self._key = key
        self._is_archived = is_archived
        self._listed = listed
        self._is_promised = is_promised
        # Seen in the test, and known to the reading.
        self._quirks = Quirks()
        self.name = f"the search of {context}"

    @property
    def _query(self) -> Query:
        include_deleted = self._stream.session.settings.include_deleted
        return Query(self._context, SEARCH, include_deleted, self._key, self._quirks)

    @property
    def unpromised(self) -> str | None:
        """The attribute that the search must know and that no document promises, if any."""
        return None if self._is_promised else self._query.name_of(self._key.criterion)

    @override
    def check(self) -> None:
        if self._is_promised:
            return
        session = self._stream.session
        try:
            found = probe(session.client, self._query, session.now() + timestamps.DAY)
        except AccessRefusedError:
            if not self._listed:
                raise
            # The list has roles of its own, which a key may hold without those of the search.
            raise UnprovenError(SEARCH, "this key may not search it") from None
        # A context that the search does not know may be no error, and look empty.
        if not found and any(way.has_any() for way in self._stream.ways()[1:]):
            raise UnprovenError(SEARCH, "the search finds none, and there are some")

    @override
    def rows(self, since: int) -> Iterator[Record]:
        """Rows up to the run's fixed end, and those that earlier runs could not read."""
        stream, session, hidden = self._stream, self._stream.session, 0
        start, end = stream.start(since), session.cutoff
        self._tell_what_is_too_old(start)
        walk = history(
            session,
            self._context,
            self._listed,
            query=self._query,
            is_archived=self._is_archived,
        )
        for key in stream.unread():
            yield from self._retry_unread(walk, key)
        for batch in walk.read(start, end):
            yield from self._rows(batch)
            hidden += batch.hidden
            if batch.bookmark is not None:
                stream.move_bookmark(batch.bookmark)
        if hidden:
            stream.logger.warning(
                "Search counted %d records that it did not return: hidden from this key, or stale "
                "index entries. Everything it returned was read.",
                hidden,
            )

    @override
    def estimate(self) -> str:
        """The total of the search; archived records are not included."""
        stream = self._stream
        start, end = stream.since(), stream.session.cutoff
        return format_total(peek(stream.session, self._context, start, end, self._query).total)

    def _tell_what_is_too_old(self, start: int) -> None:
        line = self._stream.session.now() - SEARCH_WINDOW
        if start < line and not (self._is_archived or self._listed):
            self._stream.logger.warning(
                "%s: Kustomer's search keeps two years, so nothing from before %s can be read",
                self._stream.name,
                timestamps.text(line),
            )

    def _rows(self, batch: Batch) -> Iterator[Record]:
        for found in batch.hits:
            if (row := self._stream.row_or_none(found)) is not None:
                yield row
        if batch.unread is not None:
            instant = timestamps.text(batch.unread)
            verb = self._key.criterion.partition("_")[0]
            self._stream.hold(instant, f"Every response with a record {verb} at {instant} fails.")

    def _retry_unread(self, walk: History, key: str) -> Iterator[Record]:
        """The records of an instant that an earlier run could not read."""
        known = len(self._stream.skipped)
        for batch in walk.read(*self._stream.unread_range(key)):
            yield from self._rows(batch)
        if len(self._stream.skipped) == known:
            self._stream.release(key)


class SearchStream(LadderStream):
    """An incremental stream that is searched in order of `updated_at`."""

    query_context: str
    archived: ClassVar[bool] = True
    """Whether the archive search supports this context."""
    is_promised: ClassVar[bool] = True
    """Whether a document says that the search filters this context by `updated_at`."""
    list_path: ClassVar[str | None] = None
    """The plain list to use if records are not archived, or if the search rejects the context."""

    replication_key = "updated_at"
    is_sorted = True
    cost = "1 search per 500 records updated, at least 1"

    @override
    def ways(self) -> Sequence[Way]:
        search = SearchWay(
            self,
            self.query_context,
            is_archived=self.archived,
            listed=None if self.archived else self.list_path,
            is_promised=self.is_promised,
        )
        return (search, WholeList(self, self.list_path)) if self.list_path else (search,)
