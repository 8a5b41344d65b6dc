"""What all incremental streams share: a bookmark that the walk moves, not each record."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_kustomer import timestamps
from tap_kustomer.errors import RecordError, SettingsError
from tap_kustomer.streams.base import KustomerStream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.helpers.types import Record

    from tap_kustomer.walks.listing import Entry
    from tap_kustomer.walks.page import Hit

INCREMENTAL = "INCREMENTAL"
# How far a bookmark may lie ahead: clocks differ, by less than this.
MAX_AHEAD = 3_600 * timestamps.SECOND
# What can't be read is kept in the state up to this number; more is a failure of the whole stream.
MAX_UNREAD = 20


class IncrementalStream(KustomerStream):
    """A stream that goes on from any STATE it wrote.

    The bookmark is an instant up to which everything has been written. It is moved by the walk, not
    by each record, since records of the lookback are older.

    What could not be read stands under `unread` in the state, beside the bookmark, which passes it:
    the next run tries it again without reading anything else twice.
    """

    replication_key: str
    _warned = False

    def bookmark(self) -> int | None:
        """The instant up to which earlier runs have read, or `None` if this run starts anew.

        A state that was written without deleted records says nothing about them.

        Raises:
            SettingsError: the state holds something that is no date-time, or one in the future.
        """
        state = self.stream_state
        if (
            self.replication_method != INCREMENTAL
            or state.get("replication_key") != self.replication_key
            or (state.get("include_deleted") is False and self.session.settings.include_deleted)
        ):
            return None
        try:
            instant = timestamps.parse(state["replication_key_value"])
        except (KeyError, OverflowError, TypeError, ValueError):
            fault = "is not a date-time"
        else:
            if instant <= self.session.began + MAX_AHEAD:
                return instant
            fault = "lies in the future, so nothing would be read"
        msg = (
            f"The state's bookmark of '{self.name}' {fault}: correct its replication_key_value, or "
            "remove the stream from the state to start anew."
        )
        raise SettingsError(msg)

    def since(self, lookback: int | None = None) -> int:
        """The instant to read from: the bookmark less the lookback (in ms), or the first start."""
        settings, bookmark = self.session.settings, self.bookmark()
        if bookmark is None:
            return settings.start
        return bookmark - (settings.lookback if lookback is None else lookback)

    def start(self, lookback: int | None = None) -> int:
        """The same instant, at the beginning of a reading."""
        start, end = self.since(lookback), self.session.cutoff
        self.progress.start, self.progress.end = start, end
        include_deleted = self.session.settings.include_deleted
        if include_deleted and self.stream_state.get("include_deleted") is False:
            self.logger.info("The state was written without deleted records: starting anew")
        if start > end:
            self.logger.warning(
                "Nothing to read: the bookmark, %s, is later than the end of this run, %s",
                timestamps.text(start),
                timestamps.text(end),
            )
        else:
            self.logger.info("Reading from %s to %s", timestamps.text(start), timestamps.text(end))
        return start

    def row(
        self, item: dict[str, Any], instant: int, extra: Mapping[str, Any] | None = None
    ) -> Record:
        """The row of a resource; one without a usable replication key gets `instant`.

        Raises:
            RecordError: the resource has no id.
        """
        self.progress.reached = instant
        row = self.builder.row(item, extra or {})
        if row.get(self.replication_key) is None:
            if not self._warned:
                self.logger.warning("Record %s has no usable %s", row["id"], self.replication_key)
                self._warned = True
            row[self.replication_key] = timestamps.text(instant)
        return row

    def row_or_none(self, found: Hit | Entry) -> Record | None:
        """The row of what a walk has found; `None`, and held in the state, if it can't be read."""
        try:
            return self.row(found.resource, found.instant)
        except RecordError as error:
            self.hold(timestamps.text(found.instant), str(error))
            return None

    def unread(self) -> list[str]:
        """What earlier runs could not read: instants, or ids.

        Raises:
            SettingsError: the state holds something else.
        """
        held = self.stream_state.get("unread", [])
        if isinstance(held, list) and all(isinstance(key, str) for key in held):
            return held
        raise self._bad_unread()

    def check_unread(self) -> None:
        """See that what earlier runs could not read can be asked for again.

        Raises:
            SettingsError: the state holds something that is no instant.
        """
        for key in self.unread():
            self.unread_range(key)

    def unread_range(self, key: str) -> tuple[int, int]:
        """What is read again for an instant that could not be read, bounds included.

        The millisecond before it fails as well, where the index holds microseconds.

        Raises:
            SettingsError: `key` is no date-time.
        """
        try:
            instant = timestamps.parse(key)
        except (OverflowError, ValueError):
            raise self._bad_unread() from None
        return instant - 1, instant

    def _bad_unread(self) -> SettingsError:
        return SettingsError(
            f"The state's list 'unread' of '{self.name}' holds something that names no record: "
            "correct or remove that entry."
        )

    def hold(self, key: str, reason: str) -> None:
        """Keep `key` in the state for the next run, and name it at the end of this one.

        Raises:
            RecordError: so many can't be read that the stream has failed.
        """
        self.logger.error("%s", reason)
        self.skipped.append(reason)
        self.held_now.add(key)
        held = [*self.unread(), key]
        if len(set(held)) > MAX_UNREAD:
            msg = f"More than {MAX_UNREAD} records can't be read, the last one: {reason}"
            raise RecordError(msg)
        self._keep(held)

    def release(self, key: str) -> None:
        """Drop `key` from the state if it has been read, or is gone: unless this run held it."""
        if key not in self.held_now:
            self._keep([held for held in self.unread() if held != key])

    @cached_property
    def held_now(self) -> set[str]:
        """What this run could not read."""
        return set()

    def _keep(self, held: list[str]) -> None:
        if held:
            self.stream_state["unread"] = sorted(set(held))
        else:
            self.stream_state.pop("unread", None)

    def move_bookmark(self, instant: int) -> None:
        """Move the bookmark on, never back: the lookback's records lie before it."""
        if self.replication_method != INCREMENTAL:
            return
        reached = max(instant, self.bookmark() or 0)
        self.stream_state["replication_key"] = self.replication_key
        self.stream_state["replication_key_value"] = timestamps.text(reached)
        if self.session.settings.include_deleted:
            self.stream_state.pop("include_deleted", None)
        else:
            self.stream_state["include_deleted"] = False
        self.write_state()

    @override
    def compare_start_date(self, value: str, start_date_value: str) -> str:
        """The bookmark, even where start_date is later: start_date is for first runs."""
        return value
