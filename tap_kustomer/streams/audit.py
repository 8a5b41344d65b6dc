"""The audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_kustomer import timestamps
from tap_kustomer.api.document import fetch
from tap_kustomer.schemas.audit import AUDIT_LOG
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.walks.cursor import Cursor
from tap_kustomer.walks.listing import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

    from tap_kustomer.walks.items import Item

# An answer comes newest first, so the bookmark moves from one week to the next.
WEEK = 7 * timestamps.DAY
# The filter does not compare `createdAt`, which may be 1.5 s later than what it compares (seen).
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
        """The entries made since the bookmark, less the lookback, week by week."""
        start, end = self.start(), self.session.cutoff
        earliest = start if self.bookmark() is None else start - OVERLAP
        unread = self.unread()
        seen: set[str] = set()
        while start <= end:
            last, latest, before = min(start + WEEK - 1, end), start, seen
            seen = set()
            for item in self._entries(start - OVERLAP, last + OVERLAP):
                instant = item.timestamp("createdAt", otherwise=last)
                seen.add(item.id)
                if earliest <= instant <= end and not (item.id and item.id in before):
                    latest = max(latest, instant)
                    if (row := self.row_or_none(Entry(instant, item))) is not None:
                        yield row
            # This machine's clock may be ahead: the last week ends with its latest entry.
            self.move_bookmark(last if last < end - timestamps.DAY else min(latest, last))
            start = last + 1
        for key in unread:
            if key not in self.held_now:
                yield from self._again(key)

    def _again(self, key: str) -> Iterator[Record]:
        """The entries of an instant that an earlier run could not read."""
        at = timestamps.parse(key)
        for item in self._entries(at - OVERLAP, at + OVERLAP):
            if item.timestamp("createdAt", otherwise=at) != at:
                continue
            if (row := self.row_or_none(Entry(at, item))) is not None:
                yield row
        self.release(key)

    def _entries(self, start: int, end: int) -> Iterator[Item]:
        params = {"filter[start]": timestamps.text(start), "filter[end]": timestamps.text(end)}
        return Cursor(self.session.client, PATH, params, MAX_COUNT).read()

    @override
    def estimate_pending(self) -> str:
        """The endpoint reports no total."""
        fetch(self.session.client, PATH, {"count": 1})
        return "not counted"
