"""How agents spend their time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_kustomer import instants
from tap_kustomer.api.document import fetch
from tap_kustomer.api.errors import BadRequestError
from tap_kustomer.schemas.agent_time import WORK_SESSION
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.walks.listing import read_list
from tap_kustomer.walks.page import instant_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

PATH = "/v1/routing/work-sessions"
# How long before the bookmark sessions are read again, should one that has ended still change.
LATE_CHANGES = 2 * instants.DAY


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
        start, end = self.start(LATE_CHANGES), self.run.end
        reached = end
        for session in self._sessions(start):
            began = _began(session, otherwise=end)
            if start <= began <= end:
                yield self.row(session, began)
                if _goes_on(session):
                    reached = min(reached, began)
        self.move_bookmark(reached)

    def waiting(self) -> str:
        """The endpoint reports no total."""
        fetch(self.run.client, PATH, {"pageSize": 1})
        return "not counted"

    def _sessions(self, start: int) -> Iterator[dict[str, Any]]:
        def is_enough(page: list[dict[str, Any]]) -> bool:
            began = [_began(session, otherwise=start) for session in page]
            newest_first = began == sorted(began, reverse=True) and len(set(began)) > 1
            return newest_first and began[0] < start

        client = self.run.client
        try:
            yield from read_list(client, PATH, {"sort": "desc"}, is_enough=is_enough)
        except BadRequestError:
            yield from read_list(client, PATH)


def _began(session: dict[str, Any], *, otherwise: int) -> int:
    return instant_of(session, "createdAt", otherwise=otherwise)


def _goes_on(session: dict[str, Any]) -> bool:
    attributes = session.get("attributes")
    if not isinstance(attributes, dict):
        return False
    return attributes.get("active") is not False and not attributes.get("signedOutAt")
