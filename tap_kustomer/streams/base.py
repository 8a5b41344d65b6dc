"""The base class of all streams, and full tables. Incremental streams are in `incremental.py`.

A stream declares its walk and its schema; these modules connect the two to singer-sdk.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from enum import IntEnum
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_kustomer.api.document import fetch
from tap_kustomer.errors import (
    CertificateError,
    KeyRefusedError,
    KustomerError,
    RecordError,
    WrongRegionError,
)
from tap_kustomer.needs import Feature, Needs, Permissions
from tap_kustomer.progress import Progress, StreamProgress
from tap_kustomer.records import Field, Resource, RowBuilder
from tap_kustomer.sdk import SdkStream
from tap_kustomer.walks.listing import read_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk.helpers.types import Context, Record

    from tap_kustomer.tap import TapKustomer
    from tap_kustomer.walks.items import Item


_ONE_ROW = {"pageSize": 1}
# Errors that end the whole run, not only their stream.
FATAL = (CertificateError, KeyRefusedError, WrongRegionError)


class Order(IntEnum):
    """The order in which a run reads its streams: cheapest first."""

    LIST = 0
    SEARCH = 1
    PER_PARENT = 2


class KustomerStream(SdkStream):
    """A stream of one kind of resource.

    A stream that fails is closed: its bookmark stays, the other streams continue, and the run fails
    at its end with the list of closed streams. A record that can't be read is skipped and reported,
    and also makes the run exit non-zero. Only a refused key or an unreachable host stops the run.
    """

    name: str
    resource: Resource
    permissions: ClassVar[Permissions]
    """The roles the stream needs: any one of each group, as documented by Kustomer. None of them:
    any valid key."""
    plan_gated: ClassVar[Feature | None] = None
    """The feature of Kustomer's plans that the stream belongs to, if documented: without it, every
    key gets 403."""
    org_may_lack: ClassVar[bool] = False
    """Whether an org may lack the stream's endpoint, which then answers 404."""
    cost: ClassVar[str]
    """The cost of a run in requests."""

    primary_keys = ("id",)
    STATE_MSG_FREQUENCY = 5_000
    # `RowBuilder` already emits declared columns and values of the right type only.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: TapKustomer, custom: tuple[Field, ...] = ()) -> None:
        """Publish the resource's schema, with a column per `custom` attribute."""
        self.resource = replace(self.resource, custom=custom)
        super().__init__(tap, schema=self.resource.schema, name=self.name)
        self.session, self.access = tap.session, tap.access
        self.skipped: list[str] = []
        """A sentence for each record that can't be read."""
        self._summary = ""

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        """The rows. If the stream has to be closed, stop early and log why."""
        before, used = self.bookmark_text(), self.session.usage()
        try:
            with Progress(self.progress, self.session.usage):
                # `--test` wants few records: stop here, before the SDK aborts the stream.
                for row in islice(self.rows(), self.ABORT_AT_RECORD_COUNT):
                    self.progress.records += 1
                    yield row
            self._warn_unfitting()
            if self.skipped:
                self.access.note_incomplete(self.name, self.skipped)
        except FATAL:
            raise
        except (KustomerError, RecordError) as error:
            is_begun = self.progress.records > 0
            self.access.close_stream(self.name, error, self.needs, is_begun=is_begun)
        finally:
            used = self.session.usage().since(used)
            after = self.bookmark_text()
            self._summary = (
                f"{self.name}: records {self.progress.records:,}, requests {used.requests:,}, "
                f"waited {used.waited:.0f} s for the budget, "
                + (f"bookmark {before} → {after}" if self.replication_key else "full table")
            )

    @override
    def log_sync_costs(self) -> None:
        if self._summary:
            self.logger.info("%s", self._summary)

    def bookmark_text(self) -> str:
        """The bookmark as stored in the state, or `none`."""
        return str(self.stream_state.get("replication_key_value", "none"))

    @property
    def order(self) -> Order:
        """What reading it costs, and so when a run reads it."""
        return Order.LIST

    @property
    def needs(self) -> Needs:
        """What the stream needs of the key, the plan and the org."""
        return Needs(
            self.permissions, self.plan_gated, self.org_may_lack, bool(self.selected_by_default)
        )

    @cached_property
    def progress(self) -> StreamProgress:
        """How far this stream has been read."""
        return StreamProgress(self.name)

    @cached_property
    def builder(self) -> RowBuilder:
        """Builds rows of the selected columns.

        A column missing from the catalog, which may be older than this version, is not deselected:
        its value goes to the additional attributes.
        """
        properties = self.effective_schema["properties"]
        columns = {name for name in properties if self.mask["properties", name]}
        return RowBuilder(self.resource.only(properties), columns)

    def _warn_unfitting(self) -> None:
        if counts := self.builder.unfitting:
            self.logger.warning(
                "Values that don't match their custom attribute's type stay in custom: %s",
                ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())),
            )

    @abstractmethod
    def rows(self) -> Iterator[Record]:
        """All rows to emit, in order."""

    @abstractmethod
    def estimate_pending(self) -> str:
        """About how many records the next run will read, found with as few requests as possible.

        Raises:
            KustomerError: the stream can't be read.
        """


class ListStream(KustomerStream):
    """A full table, read completely in every run.

    ACTIVATE_VERSION follows the last row, and only if all rows were read and none was skipped. Sent
    first, as the SDK does, it would leave the table empty during the read, and for good if the read
    fails.
    """

    lists: ClassVar[tuple[tuple[str, Mapping[str, str | int]], ...]]
    """Paths and parameters of the lists that together contain all resources."""
    is_paged: ClassVar[bool] = True
    """Whether Kustomer documents pages of these lists."""
    cost = "1 request per 100 rows; a list of more than one page is read twice"

    def __init__(self, tap: TapKustomer, custom: tuple[Field, ...] = ()) -> None:
        """Mark the stream as a full table in the catalog's metadata too."""
        super().__init__(tap, custom)
        self.forced_replication_method = REPLICATION_FULL_TABLE

    @override
    def rows(self) -> Iterator[Record]:
        """The rows of all lists, then ACTIVATE_VERSION to retire the rows of earlier runs."""
        self.start_version()
        seen: set[str] = set()
        for resource, extra in self.resources():
            try:
                row = self.builder.row(resource, extra)
            except RecordError as error:
                self.skipped.append(str(error))
                continue
            # A resource that moves between lists during the read is in both.
            if row["id"] not in seen:
                seen.add(row["id"])
                yield row
        is_complete = self.ABORT_AT_RECORD_COUNT is None and not self.skipped
        if is_complete and self.session.settings.emit_activate_version:
            self.activate_version()

    def resources(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """The JSON:API resources of all lists, each with its `extra_columns`."""
        for path, params in self.lists:
            found = read_list(self.session.client, path, params, is_paged=self.is_paged)
            for resource in self.readable(found):
                yield resource, {}

    def readable(self, items: Iterable[Item]) -> Iterator[dict[str, Any]]:
        """The resources that can be decoded; the others are recorded in `skipped`."""
        for item in items:
            try:
                resource = item.resource
            except RecordError as error:
                self.skipped.append(str(error))
            else:
                yield resource

    @override
    def estimate_pending(self) -> str:
        """Only checks that the lists can be read: they report no total."""
        for path, params in self.lists:
            fetch(self.session.client, path, {**params, **_ONE_ROW} if self.is_paged else params)
        return "full table"
