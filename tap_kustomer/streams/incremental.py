"""The base class of incremental streams: the walk moves the bookmark, not each record."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_kustomer import timestamps
from tap_kustomer.errors import RecordError, SettingsError
from tap_kustomer.streams.base import KustomerStream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.helpers.types import Record
    from singer_sdk.singerlib import Catalog

    from tap_kustomer.walks.listing import Entry
    from tap_kustomer.walks.page import Hit

INCREMENTAL = "INCREMENTAL"
# How far in the future a bookmark may lie, since clocks differ.
MAX_AHEAD = 3_600 * timestamps.SECOND
# Up to this many unread records or instants are kept in the state; with more, the stream fails.
MAX_UNREAD = 20
# How a date-time begins, which no id does.
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


class IncrementalStream(KustomerStream):
    """A stream that can resume from any STATE it wrote.

    The bookmark is an instant up to which everything has been written. It is moved by the walk, not
    by each record, since records of the lookback are older.

    What could not be read is listed under `unread` in the state, and the bookmark passes it. The
    next run retries it without reading anything else again.
    """

    replication_key: str
    _warned = False

    def bookmark(self) -> int | None:
        """The instant up to which earlier runs have read, or `None` to start from scratch.

        A state written without deleted records is not used once they are included.

        Raises:
            SettingsError: the bookmark is not a date-time, or lies in the future.
        """
        if self._lacks_deleted():
            return None
        return self._held_bookmark()

    def _lacks_deleted(self) -> bool:
        """Whether the state was written without deleted records, and they are wanted now."""
        without = self.stream_state.get("include_deleted") is False
        return without and self.session.settings.include_deleted

    def _held_bookmark(self) -> int | None:
        """The bookmark in the state, whether or not deleted records were read up to it."""
        state = self.stream_state
        if (
            self.replication_method != INCREMENTAL
            or state.get("replication_key") != self.replication_key
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

    def since(self) -> int:
        """The instant to read from: the bookmark minus the lookback, or the start date.

        A stream that starts anew for its deleted records may have a bookmark before the start date,
        and nothing after that bookmark has been read.
        """
        settings, bookmark = self.session.settings, self.bookmark()
        if bookmark is None:
            held = self._held_bookmark()
            return settings.start if held is None else min(settings.start, held - settings.lookback)
        return bookmark - settings.lookback

    def start(self, since: int | None = None) -> int:
        """The same as `since`, unless it is given, and log and show the range that is read."""
        start, end = self.since() if since is None else since, self.session.cutoff
        self.progress.start, self.progress.end = start, end
        if self._lacks_deleted():
            self.logger.info("The state was written without deleted records: starting anew")
        if start > end:
            self.logger.warning(
                "Nothing to read: the bookmark, %s, is later than the end of this run, %s",
                timestamps.text(start),
                timestamps.text(end),
            )
        else:
            period = timestamps.text(start), timestamps.text(end)
            self.logger.info("%s: reading from %s to %s", self.name, *period)
        return start

    def row(
        self, item: dict[str, Any], instant: int, extra: Mapping[str, Any] | None = None
    ) -> Record:
        """The row of a resource; a missing or unusable replication key is set to `instant`.

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
        """The row of a hit or entry; if it can't be read, `None`, and it is held in the state."""
        try:
            return self.row(found.resource, found.instant)
        except RecordError as error:
            self.hold(timestamps.text(found.instant), str(error))
            return None

    def unread(self) -> list[str]:
        """What earlier runs could not read: instants, as this tap writes them, or ids.

        A state may have been edited, or stored where dates are written in another form.

        Raises:
            SettingsError: `unread` in the state is not a list of strings.
        """
        held = self.stream_state.get("unread", [])
        if isinstance(held, list) and all(isinstance(key, str) for key in held):
            return sorted({_as_written(key) for key in held})
        raise self._bad_unread()

    def check_unread(self) -> None:
        """Check that everything under `unread` in the state can be retried.

        Raises:
            SettingsError: an entry is not a date-time.
        """
        for key in self.unread():
            self.unread_range(key)

    def unread_range(self, key: str) -> tuple[int, int]:
        """The range to retry for an unread instant (inclusive).

        It includes the millisecond before, which fails too if the index stores microseconds.

        Raises:
            SettingsError: `key` is not a date-time.
        """
        try:
            instant = timestamps.parse(key)
        except (OverflowError, ValueError):
            raise self._bad_unread() from None
        return instant - 1, instant

    def _bad_unread(self) -> SettingsError:
        return SettingsError(
            f"The list 'unread' of '{self.name}' in the state has an invalid entry: correct or "
            "remove it."
        )

    def hold(self, key: str, reason: str) -> None:
        """Keep `key` in the state for the next run, and report `reason` at the end of this one.

        Raises:
            RecordError: more than `MAX_UNREAD` keys are held, so the stream fails.
        """
        self.logger.error("%s", reason)
        self.skipped.append(reason)
        self.held_now.add(key)
        held = [*self.unread(), key]
        if len(set(held)) > MAX_UNREAD:
            msg = f"More than {MAX_UNREAD} records can't be read, the last one: {reason}"
            raise RecordError(msg)
        self._keep(held)

    @property
    def is_full(self) -> bool:
        """Whether the state has no room for another key."""
        return len(self.unread()) >= MAX_UNREAD

    def release(self, key: str) -> None:
        """Remove `key` from the state, since it was read or is gone, unless this run held it."""
        if key not in self.held_now:
            self._keep([held for held in self.unread() if held != key])

    @cached_property
    def held_now(self) -> set[str]:
        """The keys that this run could not read."""
        return set()

    def _keep(self, held: list[str]) -> None:
        if held:
            self.stream_state["unread"] = sorted(set(held))
        else:
            self.stream_state.pop("unread", None)

    def move_bookmark(self, instant: int) -> None:
        """Advance the bookmark and write a STATE. It never moves back, as the lookback would."""
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

    def restart_at(self, instant: int) -> None:
        """Begin anew at an instant, with nothing unread: the next STATE says so."""
        self.stream_state.pop("unread", None)
        if self.bookmark() is not None:
            self.stream_state["replication_key_value"] = timestamps.text(instant)

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        """Take the selection and the columns from the catalog, but not the replication key.

        That of a catalog written by an earlier version may be another one.
        """
        super().apply_catalog(catalog)
        self.replication_key = type(self).replication_key

    @override
    def compare_start_date(self, value: str, start_date_value: str) -> str:
        """The bookmark, even if start_date is later: start_date is for first runs only."""
        return value


def _as_written(key: str) -> str:
    """A date-time in the form that this tap writes; any other key as it is."""
    if not _DATE_TIME.match(key):
        return key
    try:
        return timestamps.text(timestamps.parse(key))
    except (OverflowError, ValueError):
        return key
