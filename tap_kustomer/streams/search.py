"""Streams that are read through Kustomer's search, in order of `updated_at`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tap_kustomer.api.client import SEARCH
from tap_kustomer.api.errors import RequestRefusedError
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.walks.archive import Part, parts
from tap_kustomer.walks.listing import read_list
from tap_kustomer.walks.page import Found, Page, PageReader, Span, instant_of
from tap_kustomer.walks.search import MOST_RECORDS, Query, SearchWalk
from tap_kustomer.walks.slices import SliceReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

    from tap_kustomer.run import Run

BAD_REQUEST = 400
SEARCH_ROLES = ("org.permission.search.create", "org.user.search.read")


def search(run: Run, context: str, part: Part) -> Iterator[list[Found]]:
    """The records of a part, in order, in lists."""
    settings = run.settings
    query = Query(context, part.path, settings.include_deleted)
    walk = SearchWalk(run.client, query, settings.page_size)
    return SliceReader(walk, part.start, part.end, threads=settings.concurrency).read()


def first(run: Run, context: str, start: int, end: int) -> Page:
    """A page of one record, which also tells about how many there are."""
    span, query = Span(start, end), Query(context, SEARCH, run.settings.include_deleted)
    read = PageReader(SEARCH, span, 1).read
    return run.client.search(SEARCH, query.body(span), read, page=1, size=1)


def about(total: int | None) -> str:
    """A total in words: Kustomer may count no further than 10,000, or not at all."""
    if total is None:
        return "not counted"
    return f"{total:,} or more" if total == MOST_RECORDS else f"{total:,}"


class SearchStream(IncrementalStream):
    """An incremental stream, in order of `updated_at`."""

    query_context: str
    archived: ClassVar[bool] = True
    """Whether the archive search knows this context."""
    list_path: ClassVar[str | None] = None
    """A plain list, for what no archive holds, or for a search that refuses the context."""

    replication_key = "updated_at"
    is_sorted = True
    cost = "1 search per 500 records updated, at least 1"

    def rows(self) -> Iterator[Record]:
        """Rows from the bookmark, less the lookback, to the run's frozen end."""
        start, end = self.start(), self.run.end
        try:
            listed = None if self.archived else self.list_path
            for part in parts(start, end, self.run.began, listed=listed):
                yield from self._listed(part) if part.path == listed else self._searched(part)
        except RequestRefusedError as error:
            if self.list_path is None or error.status != BAD_REQUEST:
                raise
            self.logger.warning("Kustomer's search refuses them: reading %s whole", self.list_path)
            yield from self._listed(Part(self.list_path, start, end, end))

    def waiting(self) -> str:
        """What the search counts, without what only the archive knows."""
        start, end = self.since(), self.run.end
        try:
            return about(first(self.run, self.query_context, start, end).total)
        except RequestRefusedError as error:
            if self.list_path is None or error.status != BAD_REQUEST:
                raise
            self.run.client.get(self.list_path, {"pageSize": 1})
            return "whole table"

    def _searched(self, part: Part) -> Iterator[Record]:
        for records in search(self.run, self.query_context, part):
            for found in records:
                yield self.row(found.resource, found.instant)
            # Even an empty answer leaves a bookmark: what was asked for has been read.
            reached = records[-1].instant if records else part.start
            self.move_bookmark(min(reached, part.bookmark))

    def _listed(self, part: Part) -> Iterator[Record]:
        """What a plain list holds of a part; its order is by id, so the bookmark waits for all."""
        latest = part.start
        for resource in read_list(self.run.client, part.path):
            instant = instant_of(resource, otherwise=part.end)
            if part.start <= instant <= part.end:
                latest = max(latest, instant)
                yield self.row(resource, instant)
        self.move_bookmark(min(latest, part.bookmark))
