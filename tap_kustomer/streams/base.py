"""What all streams share, and full tables; incremental streams are next door.

A stream names its walk and what it publishes; these modules connect the two with singer-sdk.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream
from singer_sdk.helpers._util import utc_now
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import RecordMessage

from tap_kustomer.api.document import fetch
from tap_kustomer.api.errors import (
    AccessRefusedError,
    CertificateError,
    KeyRefusedError,
    KustomerError,
    WrongRegionError,
)
from tap_kustomer.progress import Progress, Reading
from tap_kustomer.records import Field, RecordError, Resource, RowBuilder
from tap_kustomer.walks.listing import read_list

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from singer_sdk.helpers.types import Context, Record

    from tap_kustomer.run import Run


class KustomerStream(Stream):
    """A stream of one kind of resource.

    A stream that fails is closed: its bookmark stays, the other streams go on, and the run ends
    with the list of closed streams. A single record that can't be read is passed over and named;
    the run ends non-zero for it too. Only a dead key or a host that is gone ends the run.
    """

    name: str
    resource: Resource
    permissions: ClassVar[tuple[tuple[str, ...], ...]]
    """Roles that open the stream: any one of each group, as Kustomer's documents list them."""
    cost: ClassVar[str]
    """What a run costs in requests."""

    primary_keys = ("id",)
    # The SDK would send ACTIVATE_VERSION before the rows: see `ListStream`.
    emit_activate_version_messages = False
    STATE_MSG_FREQUENCY = 5_000
    # A row holds declared columns and fitting JSON values only: see `RowBuilder`.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, run: Run, custom: tuple[Field, ...] = ()) -> None:
        """Publish the resource's schema, with columns for single `custom` attributes.

        `run` is opened only when records are asked for.
        """
        self.resource = replace(self.resource, custom=custom)
        super().__init__(run.tap, schema=self.resource.schema, name=self.name)
        self.run = run
        self.passed_over: list[str] = []

    def get_records(self, context: Context | None) -> Iterable[Record]:
        """The rows; ends early, and says so, when the stream had to be closed."""
        del context  # no stream has a parent
        before, used = self.bookmark_text(), self.run.usage()
        try:
            with Progress(self.reading, self.run.usage):
                # `--test` wants a few records: stopping here spares the SDK an abort in the middle.
                for row in islice(self.rows(), self.ABORT_AT_RECORD_COUNT):
                    self.reading.records += 1
                    yield row
            self._tell_unfitting()
            if self.passed_over:
                self.run.note_incomplete(self.name, self.passed_over)
        except (CertificateError, KeyRefusedError, WrongRegionError):
            raise
        except AccessRefusedError as error:
            self.run.close_stream(self.name, error, self.permissions)
        except (KustomerError, RecordError) as error:
            self.run.close_stream(self.name, error)
        finally:
            used = self.run.usage().since(used)
            after = self.bookmark_text()
            self.run.summaries.append(
                f"{self.name}: records {self.reading.records:,}, requests {used.requests:,}, "
                f"waited {used.waited:.0f} s for the budget, "
                + (f"bookmark {before} → {after}" if self.replication_key else "whole table")
            )

    def bookmark_text(self) -> str:
        """The bookmark as the state has it, or `none`."""
        return str(self.stream_state.get("replication_key_value", "none"))

    @cached_property
    def reading(self) -> Reading:
        """How far this stream is."""
        return Reading(self.name)

    @cached_property
    def builder(self) -> RowBuilder:
        """Builds rows of the selected columns.

        What has no column in the catalog, which may be older than this version, is not deselected:
        it arrives among the additional attributes.
        """
        properties = self.effective_schema["properties"]
        columns = {name for name in properties if self.mask["properties", name]}
        return RowBuilder(self.resource.only(properties), columns)

    def _tell_unfitting(self) -> None:
        if counts := self.builder.unfitting:
            self.logger.warning(
                "Values that are not of their custom attribute's type stay in custom: %s",
                ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())),
            )

    @cached_property
    def _selects_members(self) -> bool:
        column = ("properties", "column")
        return any(len(path) > len(column) for path in self.mask)

    def _generate_record_messages(self, record: Record) -> Generator[RecordMessage, None, None]:
        """As the SDK does, but without its walk through every member for what is deselected.

        That walk is the larger part of the CPU a record costs, and the builder has left out the
        columns. Only when a member inside a column is deselected, the SDK must look itself.
        """
        if self._selects_members:
            yield from super()._generate_record_messages(record)
            return
        for stream_map in self.stream_maps:
            mapped = stream_map.transform(record)
            if mapped is not None:
                yield RecordMessage(
                    stream=stream_map.stream_alias,
                    record=mapped,
                    version=self._stream_version,
                    time_extracted=utc_now(),
                )

    @abstractmethod
    def rows(self) -> Iterator[Record]:
        """All rows there are to emit, in order."""

    @abstractmethod
    def waiting(self) -> str:
        """About how many records wait, found out with as few requests as possible.

        Raises:
            KustomerError: they can't be read.
        """


class ListStream(KustomerStream):
    """A full table, read anew in every run.

    ACTIVATE_VERSION follows the last row, and only when all rows have been read and none was passed
    over: sent first, as the SDK does, it would empty the table for as long as the read takes, or
    for good if it fails.
    """

    lists: ClassVar[tuple[tuple[str, Mapping[str, str | int]], ...]]
    """Paths and parameters of the lists that together hold all resources."""
    cost = "1 request per 100 rows; a list of more than one page is read twice"

    def rows(self) -> Iterator[Record]:
        """The rows of all lists, then the message that retires the rows of earlier runs."""
        self._stream_version = self._initialized_at // 1_000  # in seconds, as the SDK counts them
        seen: set[str] = set()
        for resource, own in self.resources():
            try:
                row = self.builder.row(resource, own)
            except RecordError as error:
                self.passed_over.append(str(error))
                continue
            # One that moves from one list to another meanwhile is in both.
            if row["id"] not in seen:
                seen.add(row["id"])
                yield row
        if self.ABORT_AT_RECORD_COUNT is None and not self.passed_over:
            self._write_activate_version_message(self._stream_version)

    def resources(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """The JSON:API resources of all lists, each with what its own columns hold."""
        for path, params in self.lists:
            for resource in read_list(self.run.client, path, params):
                yield resource, {}

    def waiting(self) -> str:
        """A list tells its length to nobody; that it answers is enough."""
        for path, params in self.lists:
            fetch(self.run.client, path, {**params, "pageSize": 1})
        return "whole table"
