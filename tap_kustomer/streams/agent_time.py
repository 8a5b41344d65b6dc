"""How agents spend their time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_kustomer import jsonapi, timestamps
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import BadRequestError
from tap_kustomer.schemas.agent_time import WORK_SESSION
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.walks.listing import read_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

PATH = "/v1/routing/work-sessions"
# How long before the bookmark sessions are read again, should one that has ended still change.
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

    def rows(self) -> Iterator[Record]:
        """The sessions begun since the bookmark, less two days."""
        start, end = self.start(LATE_CHANGES), self.session.cutoff
        reached = end
        for shift in self._shifts(start):
            began = _began(shift, otherwise=end)
            if start <= began <= end:
                yield self.row(shift, began)
                if _goes_on(shift):
                    reached = min(reached, began)
        self.move_bookmark(reached)

    def estimate_pending(self) -> str:
        """The endpoint reports no total."""
        fetch(self.session.client, PATH, {"pageSize": 1})
        return "not counted"

    def _shifts(self, start: int) -> Iterator[dict[str, Any]]:
        def is_enough(page: list[dict[str, Any]]) -> bool:
            began = [_began(shift, otherwise=start) for shift in page]
            newest_first = began == sorted(began, reverse=True) and len(set(began)) > 1
            return newest_first and began[0] < start

        client = self.session.client
        try:
            yield from read_list(client, PATH, {"sort": "desc"}, is_enough=is_enough)
        except BadRequestError:
            yield from read_list(client, PATH)


def _began(shift: dict[str, Any], *, otherwise: int) -> int:
    return jsonapi.timestamp_of(shift, "createdAt", otherwise=otherwise)


def _goes_on(shift: dict[str, Any]) -> bool:
    attributes = jsonapi.object_in(shift, "attributes")
    if not attributes:
        return False
    return attributes.get("active") is not False and not attributes.get("signedOutAt")
