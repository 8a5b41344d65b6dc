"""What all incremental streams share: a bookmark that the walk moves, not each record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_kustomer import instants
from tap_kustomer.settings import SettingsError
from tap_kustomer.streams.base import KustomerStream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.helpers.types import Context, Record

INCREMENTAL = "INCREMENTAL"


class IncrementalStream(KustomerStream):
    """A stream that goes on from any STATE it wrote.

    The bookmark is an instant up to which everything has been written. It is moved by the walk, not
    by each record, since records of the lookback are older.
    """

    replication_key: str
    _told = False

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

    def since(self, lookback: int | None = None) -> int:
        """The instant to read from: the bookmark less the lookback (in ms), or the first start."""
        settings, bookmark = self.run.settings, self.bookmark()
        if bookmark is None:
            return settings.start
        return bookmark - (settings.lookback if lookback is None else lookback)

    def start(self, lookback: int | None = None) -> int:
        """The same instant, at the beginning of a reading."""
        start, end = self.since(lookback), self.run.end
        self.reading.start, self.reading.end = start, end
        self.logger.info("Reading from %s to %s", instants.text(start), instants.text(end))
        return start

    def row(
        self, item: dict[str, Any], instant: int, own: Mapping[str, Any] | None = None
    ) -> Record:
        """The row of a resource; one without a usable replication key gets `instant`."""
        self.reading.reached = instant
        row = self.builder.row(item, own or {})
        if row.get(self.replication_key) is None:
            if not self._told:
                self.logger.warning("Record %s has no usable %s", row["id"], self.replication_key)
                self._told = True
            row[self.replication_key] = instants.text(instant)
        return row

    def move_bookmark(self, instant: int) -> None:
        """Move the bookmark on, never back: the lookback's records lie before it."""
        if self.replication_method != INCREMENTAL:
            return
        reached = max(instant, self.bookmark() or 0)
        self.stream_state["replication_key"] = self.replication_key
        self.stream_state["replication_key_value"] = instants.text(reached)
        self.state_manager.is_flushed = False
        self._write_state_message()

    def compare_start_date(self, value: str, start_date_value: str) -> str:
        """The bookmark, even where start_date is later: start_date is for first runs."""
        del start_date_value
        return value

    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Leave the bookmark alone: see the class."""
