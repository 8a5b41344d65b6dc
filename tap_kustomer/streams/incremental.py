"""Incremental streams: read through Kustomer's search, going on from a bookmark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tap_kustomer import instants
from tap_kustomer.api.errors import RequestRefusedError
from tap_kustomer.settings import SettingsError
from tap_kustomer.streams.base import KustomerStream
from tap_kustomer.walks.archive import Part, parts
from tap_kustomer.walks.listing import read_list
from tap_kustomer.walks.page import instant_of
from tap_kustomer.walks.search import Query, SearchWalk
from tap_kustomer.walks.slices import SliceReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context, Record

INCREMENTAL = "INCREMENTAL"
BAD_REQUEST = 400
SEARCH_ROLES = ("org.permission.search.create", "org.user.search.read")


class SearchStream(KustomerStream):
    """An incremental stream, in order of `updated_at`, that goes on from any STATE it wrote.

    The bookmark is the update instant of the latest record of which everything earlier has been
    written. It is moved by the walk, not by each record, since records of the lookback are older.
    """

    query_context: ClassVar[str]
    archived: ClassVar[bool] = True
    """Whether the archive search knows this context."""
    list_path: ClassVar[str | None] = None
    """A plain list, for what no archive holds, or for a search that refuses the context."""

    replication_key = "updated_at"
    is_sorted = True
    _told = False

    def rows(self) -> Iterator[Record]:
        """Rows from the bookmark, less the lookback, to the run's frozen end."""
        settings, end = self.run.settings, self.run.end
        bookmark = self.bookmark()
        start = settings.start if bookmark is None else bookmark - settings.lookback
        self.logger.info("Reading from %s to %s", instants.text(start), instants.text(end))
        try:
            listed = None if self.archived else self.list_path
            for part in parts(start, end, self.run.began, listed=listed):
                yield from self._listed(part) if part.path == listed else self._searched(part)
        except RequestRefusedError as error:
            if self.list_path is None or error.status != BAD_REQUEST:
                raise
            self.logger.warning("Kustomer's search refuses them: reading %s whole", self.list_path)
            yield from self._listed(Part(self.list_path, start, end, end))

    def _searched(self, part: Part) -> Iterator[Record]:
        settings = self.run.settings
        query = Query(self.query_context, part.path, settings.include_deleted)
        walk = SearchWalk(self.run.client, query, settings.page_size)
        reader = SliceReader(walk, part.start, part.end, threads=settings.concurrency)
        for records in reader.read():
            for found in records:
                yield self._row(found.resource, found.instant)
            # Even an empty answer leaves a bookmark: what was asked for has been read.
            reached = records[-1].instant if records else part.start
            self._move_bookmark(min(reached, part.bookmark))

    def _listed(self, part: Part) -> Iterator[Record]:
        """What a plain list holds of a part; its order is by id, so the bookmark waits for all."""
        latest = part.start
        for resource in read_list(self.run.client, part.path):
            instant = instant_of(resource, otherwise=part.end)
            if part.start <= instant <= part.end:
                latest = max(latest, instant)
                yield self._row(resource, instant)
        self._move_bookmark(min(latest, part.bookmark))

    def _row(self, resource: dict[str, Any], instant: int) -> Record:
        row = self.builder.row(resource)
        if "updated_at" not in row:
            if not self._told:
                self.logger.warning("Record %s has no usable updatedAt", row["id"])
                self._told = True
            row["updated_at"] = instants.text(instant)
        return row

    def bookmark(self) -> int | None:
        """The instant up to which earlier runs have read, or `None` on a first run.

        Raises:
            SettingsError: the state holds something that is no date-time.
        """
        state = self.stream_state
        if (
            self.replication_method != INCREMENTAL
            or state.get("replication_key") != self.replication_key
        ):
            return None
        try:
            return instants.parse(state["replication_key_value"])
        except (KeyError, TypeError, ValueError):
            msg = (
                f"The state's bookmark of '{self.name}' is not a date-time: correct its "
                "replication_key_value, or remove the stream from the state to start anew."
            )
            raise SettingsError(msg) from None

    def compare_start_date(self, value: str, start_date_value: str) -> str:
        """The bookmark, even where start_date is later: start_date is for first runs."""
        del start_date_value
        return value

    def _move_bookmark(self, instant: int) -> None:
        """Move the bookmark on, never back: the lookback's records lie before it."""
        if self.replication_method != INCREMENTAL:
            return
        reached = max(instant, self.bookmark() or 0)
        self.stream_state["replication_key"] = self.replication_key
        self.stream_state["replication_key_value"] = instants.text(reached)
        self.state_manager.is_flushed = False
        self._write_state_message()

    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Leave the bookmark alone: see the class."""
