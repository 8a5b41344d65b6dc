"""How agents spend their time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_kustomer import jsonapi
from tap_kustomer.schemas.agent_time import WORK_SESSION
from tap_kustomer.streams.ladder import LadderStream, Way
from tap_kustomer.streams.lists import NewestFirst
from tap_kustomer.streams.search import SearchWay
from tap_kustomer.walks.query import UPDATED_ONLY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_kustomer.walks.items import Item

PATH = "/v1/routing/work-sessions"


class WorkSessions(LadderStream):
    """An agent's shift, from signing in to signing out.

    That Kustomer searches them is in no document. Its list has no filter by time, and is asked for
    newest first. See docs/BEHAVIOR.md, "Work sessions".
    """

    name = "work_sessions"
    resource = WORK_SESSION
    replication_key = "updated_at"
    permissions = (
        (
            "org.permission.work_session.read",
            "org.permission.routing.read",
            "org.user.routing.read",
        ),
    )
    cost = (
        "1 search per 500 sessions updated, and 3; where the search refuses them, 1 request per "
        "100 sessions: of the last days if Kustomer sorts them, else of all"
    )

    @override
    def ways(self) -> Sequence[Way]:
        search = SearchWay(
            self, "work_session", UPDATED_ONLY, is_archived=False, listed=PATH, is_promised=False
        )
        return search, NewestFirst(self, PATH, _is_active)


def _is_active(item: Item) -> bool:
    attributes = jsonapi.object_in(item.resource, "attributes")
    if not attributes:
        return False
    return attributes.get("active") is not False and not attributes.get("signedOutAt")
