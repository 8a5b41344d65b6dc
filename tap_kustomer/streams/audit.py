"""The audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_kustomer import timestamps
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import RecordError
from tap_kustomer.schemas.audit import AUDIT_LOG
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.walks.cursor import Cursor
from tap_kustomer.walks.listing import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Record

    from tap_kustomer.walks.items import Item

# Entries come newest first, so the bookmark can only move week by week.
WEEK = 7 * timestamps.DAY
# The filter compares another timestamp than `createdAt`, which was seen up to 1.5 s later.
OVERLAP = 300 * timestamps.SECOND
MAX_COUNT = 1_000
PATH = "/v1/audit-logs"


class AuditLogs(IncrementalStream):
    """A change in the org and who made it; Kustomer keeps it for 90 days or 12 months."""

    name = "audit_logs"
    resource = AUDIT_LOG
    replication_key = "created_at"
    selected_by_default = False
    permissions = (("org.permission.audit_logs.read", "org.admin.audit_logs.read"),)
    cost = "1 request per 1,000 entries, and 1 more per week"

    @override
    def rows(self) -> Iterator[Record]:
        """The entries created since the bookmark, minus the lookback, week by week."""
        start, end = self.start(), self.session.cutoff
        # Otherwise, whatever the filter finds is delivered: the clocks may be further apart.
        earliest = start if self.bookmark() is None else timestamps.FIRST
        latest_wanted = self.session.settings.end or timestamps.LAST
        unread = self.unread()
        if self.is_full:  # without room for another, they would never be tried again
            yield from self._retry_unread(unread)
        seen: set[str] = set()
        while start <= end:
            last, latest, seen_last_week = min(start + WEEK - 1, end), start, seen
            seen = set()
            for item in self._entries(start - OVERLAP, last + OVERLAP):
                instant = item.timestamp("createdAt", otherwise=start)
                seen.add(item.id)
                is_wanted = earliest <= instant <= latest_wanted
                if is_wanted and not (item.id and item.id in seen_last_week):
                    latest = max(latest, instant)
                    if (row := self.row_or_none(Entry(instant, item))) is not None:
                        yield row
            # This machine's clock may be ahead, so in the last week move only to the latest entry.
            self.move_bookmark(last if last < end - timestamps.DAY else min(latest, last))
            start = last + 1
        yield from self._retry_unread(set(unread) & set(self.unread()))

    def _retry_unread(self, unread: Iterable[str]) -> Iterator[Record]:
        for key in sorted(unread):
            if key not in self.held_now:
                yield from self._retry(key)

    def _retry(self, key: str) -> Iterator[Record]:
        """The entries of the week that begins where an earlier run could not read one.

        An entry without a date is held at the start of the week it was found in.
        """
        at = timestamps.parse(key)
        for item in self._entries(at - OVERLAP, at + WEEK + OVERLAP):
            instant = item.timestamp("createdAt", otherwise=at)
            if not at <= instant < at + WEEK:
                continue
            try:
                yield self.row(item.resource, instant)
            except RecordError as error:
                if instant == at:  # any other has a key of its own, or is read by this run anyway
                    self.hold(timestamps.text(at), str(error))
        self.release(key)

    def _entries(self, start: int, end: int) -> Iterator[Item]:
        params = {"filter[start]": timestamps.text(start), "filter[end]": timestamps.text(end)}
        return Cursor(self.session.client, PATH, params, MAX_COUNT).read()

    @override
    def estimate_pending(self) -> str:
        """Only checks that the log can be read: it reports no total."""
        fetch(self.session.client, PATH, {"count": 1})
        return "not counted"
