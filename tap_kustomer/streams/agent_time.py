"""How agents spend their time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_kustomer import jsonapi, timestamps
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import BadRequestError
from tap_kustomer.schemas.agent_time import WORK_SESSION
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.walks.listing import Entry, read_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

    from tap_kustomer.walks.items import Item

PATH = "/v1/routing/work-sessions"
# The lookback of this stream: sessions may still change after they end.
LATE_CHANGES = 2 * timestamps.DAY


class WorkSessions(IncrementalStream):
    """An agent's shift, from signing in to signing out.

    Kustomer's list has no filter by time. It is asked for newest first, which is documented for
    other lists only: where it comes so, reading ends at the first page that is older than what is
    wanted, else the whole list is read. The bookmark waits for the oldest session still going on.
    See docs/BEHAVIOR.md, "Work sessions".
    """

    name = "work_sessions"
    resource = WORK_SESSION
    replication_key = "created_at"
    permissions = (
        (
            "org.permission.work_session.read",
            "org.permission.routing.read",
            "org.user.routing.read",
        ),
    )
    cost = "1 request per 100 sessions: of the last days if Kustomer sorts them, else of all"

    @override
    def rows(self) -> Iterator[Record]:
        """The sessions begun since the bookmark, minus two days, and the `unread` ones."""
        start, end, unread = self.start(LATE_CHANGES), self.session.cutoff, self.unread()
        reached = end
        for item in self._sessions(min([start, *map(timestamps.parse, unread)])):
            # A session without a date may be anywhere, so the bookmark waits where this run began.
            began = _began(item, otherwise=start)
            if not start <= began <= end and timestamps.text(began) not in unread:
                continue
            row = self.row_or_none(Entry(began, item))
            if row is not None:
                yield row
            if row is None or _is_active(item):
                reached = min(reached, began)
        for key in unread:
            self.release(key)
        self.move_bookmark(reached)

    @override
    def estimate_pending(self) -> str:
        """Only checks that the list can be read: it reports no total."""
        fetch(self.session.client, PATH, {"pageSize": 1})
        return "not counted"

    def _sessions(self, start: int) -> Iterator[Item]:
        def is_enough(page: list[Item]) -> bool:
            began = [_began(item, otherwise=start) for item in page]
            newest_first = began == sorted(began, reverse=True) and len(set(began)) > 1
            return newest_first and began[0] < start

        client = self.session.client
        try:
            yield from read_list(client, PATH, {"sort": "desc"}, is_enough=is_enough)
        except BadRequestError:
            yield from read_list(client, PATH)


def _began(item: Item, *, otherwise: int) -> int:
    return item.timestamp("createdAt", otherwise=otherwise)


def _is_active(item: Item) -> bool:
    attributes = jsonapi.object_in(item.resource, "attributes")
    if not attributes:
        return False
    return attributes.get("active") is not False and not attributes.get("signedOutAt")
