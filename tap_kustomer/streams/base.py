"""The two kinds of streams: full lists, and searches that go on from a bookmark.

A stream names its walk and what it publishes; this module connects the two with singer-sdk.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel

from tap_kustomer import instants
from tap_kustomer.api.client import SEARCH
from tap_kustomer.api.errors import AccessRefusedError
from tap_kustomer.records import Resource, RowBuilder
from tap_kustomer.settings import SettingsError
from tap_kustomer.walks.listing import read_list
from tap_kustomer.walks.search import Query, SearchWalk, TieError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk.helpers.types import Context, Record

    from tap_kustomer.run import Run

INCREMENTAL = "INCREMENTAL"
SEARCH_ROLES = ("org.permission.search.create", "org.user.search.read")


class KustomerStream(Stream):
    """A stream of one kind of resource.

    A resource this key may not read, or that can't be read whole, closes this stream alone: its
    bookmark stays, the other streams go on, and the run ends with the list of closed streams.
    """

    resource: ClassVar[Resource]
    permissions: ClassVar[tuple[str, ...]]
    """Roles that open the stream: any one of them, as Kustomer's documents list them."""

    primary_keys = ("id",)
    STATE_MSG_FREQUENCY = 5_000
    # Rows hold JSON values only; their inner objects need no look (and keep undeclared members).
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.ROOT_ONLY

    def __init__(self, run: Run) -> None:
        """Publish the resource's schema; `run` is opened only when records are asked for."""
        super().__init__(run.tap, schema=self.resource.schema)
        self.run = run

    def get_records(self, context: Context | None) -> Iterable[Record]:
        """The rows; ends early, and says so, when the stream had to be closed."""
        del context  # no stream has a parent
        try:
            yield from self.rows()
        except AccessRefusedError as error:
            self.run.close_stream(self.name, error, self.permissions)
        except TieError as error:
            self.run.close_stream(self.name, error)

    @abstractmethod
    def rows(self) -> Iterator[Record]:
        """All rows there are to emit, in order."""


class ListStream(KustomerStream):
    """A full table, read anew in every run.

    ACTIVATE_VERSION follows the last row, and only when all rows have been read: sent first, as
    the SDK does, it would empty the table for as long as the read takes, or for good if it fails.
    """

    lists: ClassVar[tuple[tuple[str, Mapping[str, str | int]], ...]]
    """Paths and parameters of the lists that together hold all resources."""

    emit_activate_version_messages = False

    def rows(self) -> Iterator[Record]:
        """The rows of all lists, then the message that retires the rows of earlier runs."""
        version = self._initialized_at // 1_000  # in seconds, as the SDK counts versions
        versioned = not self.get_batch_config(self.config)  # batch files carry no versions
        if versioned:
            self._stream_version = version
        row = RowBuilder(self.resource).row
        for resource in self.resources():
            yield row(resource)
        if versioned:
            self._write_activate_version_message(version)

    def resources(self) -> Iterator[dict[str, Any]]:
        """The JSON:API resources of all lists."""
        for path, params in self.lists:
            yield from read_list(self.run.client, path, params)


class SearchStream(KustomerStream):
    """An incremental stream, in order of `updated_at`, that goes on from any STATE it wrote.

    The bookmark is the update instant of the latest record of which everything earlier has been
    written. It is moved by the walk, not by each record, since records of the lookback are older.
    """

    query_context: ClassVar[str]

    replication_key = "updated_at"
    is_sorted = True

    def rows(self) -> Iterator[Record]:
        """Rows from the bookmark, less the lookback, to the run's frozen end."""
        row = RowBuilder(self.resource).row
        query = Query(self.query_context, SEARCH, self.run.settings.include_deleted)
        walk = SearchWalk(self.run.client, query, self.run.settings.page_size)
        bookmark, start = self.bookmark(), self.start()
        self._move_bookmark(start if bookmark is None else bookmark)
        self.logger.info("Reading from %s to %s", *map(instants.text, (start, self.run.end)))
        for records in walk.read(start, self.run.end):
            for found in records:
                built = row(found.resource)
                if "updated_at" not in built:
                    built["updated_at"] = instants.text(found.instant)
                yield built
            if records:
                self._move_bookmark(max(records[-1].instant, bookmark or 0))

    def start(self) -> int:
        """Where this run starts to read."""
        bookmark = self.bookmark()
        if bookmark is None:
            return self.run.settings.start
        return bookmark - self.run.settings.lookback

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
        if self.replication_method != INCREMENTAL:
            return
        self.stream_state["replication_key"] = self.replication_key
        self.stream_state["replication_key_value"] = instants.text(instant)
        self.state_manager.is_flushed = False
        self._write_state_message()

    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Leave the bookmark alone: see the class."""
