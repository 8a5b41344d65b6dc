"""A conversation's children: attachments, handle times, events, survey responses, work items."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from typing_extensions import override

from tap_kustomer import jsonapi
from tap_kustomer.errors import KustomerError, NotFoundError, RecordError
from tap_kustomer.fitting import is_number
from tap_kustomer.schemas.conversation_children import (
    ATTACHMENT,
    CONVERSATION_EVENT,
    CONVERSATION_TIME,
    SATISFACTION_RESPONSE,
    WORK_ITEM,
)
from tap_kustomer.streams.base import FATAL
from tap_kustomer.streams.conversation_ways import LastWay, SearchedChild, left_behind
from tap_kustomer.streams.lists import NewestFirst
from tap_kustomer.streams.per_conversation import REFUSALS, PerConversationStream
from tap_kustomer.streams.search import SEARCH_ROLES
from tap_kustomer.streams.timeline import Conversations
from tap_kustomer.walks.items import Item, fetch_items
from tap_kustomer.walks.listing import read_list
from tap_kustomer.walks.query import CREATED, UPDATED_ONLY

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from singer_sdk.helpers.types import Record

    from tap_kustomer.streams.ladder import Way
    from tap_kustomer.streams.per_conversation import Children, Conversation, Failure

# More seconds than any handle time: over ten thousand years.
MAX_SECONDS = 10**12


class Attachments(PerConversationStream):
    """A file of a message; its signed address does not last and is left out."""

    name = "attachments"
    path = "/v1/conversations/{}/attachments"
    resource = ATTACHMENT
    permissions = (("org.permission.attachment.read", "org.user.attachment.read"), SEARCH_ROLES)


class SearchedChildren(PerConversationStream):
    """Children of conversations that Kustomer's search knows too."""

    selected_by_default = True
    relationship: ClassVar[str] = "conversation"
    """The relationship that names the conversation."""

    @override
    def extra_columns(self, conversation: Conversation) -> dict[str, str]:
        return {"conversation_id": conversation.id}

    @override
    def row(
        self, item: dict[str, Any], instant: int, extra: Mapping[str, Any] | None = None
    ) -> Record:
        """The row of a child; without `extra` it was not found through its conversation."""
        named = jsonapi.related_id(item, self.relationship)
        parent = jsonapi.object_in(item, "relationships", self.relationship, "data")
        # A work item may be about something else than a conversation.
        is_conversation = parent.get("type", "conversation") == "conversation"
        if extra is None and isinstance(named, str) and is_conversation:
            extra = {"conversation_id": named}
            relationships = jsonapi.object_in(item, "relationships")
            others = {name: one for name, one in relationships.items() if name != "conversation"}
            item = {**item, "relationships": others}
        return super().row(item, instant, extra)


class ConversationTimes(SearchedChildren):
    """A handle time: how long an agent worked on a conversation at a time."""

    name = "conversation_times"
    path = "/v2/conversations/{}/times"
    params: ClassVar[Mapping[str, str | int]] = {"pageSize": 1_000}
    in_seconds = "/v1/conversations/{}/times"
    resource = CONVERSATION_TIME
    permissions = Conversations.permissions
    replication_key = "created_at"
    cost = (
        "1 search per 500 times recorded, and 3; where the search refuses them, 1 request per "
        "conversation updated"
    )
    _has_milliseconds: bool | None = None

    @override
    def ways(self) -> Sequence[Way]:
        return SearchedChild(self, "conversation_time", CREATED), LastWay(self)

    @override
    def children(self, conversation: Conversation) -> Children | None:
        """Handle times in milliseconds, from whichever API version the org supports."""
        if self._has_milliseconds is not False:
            try:
                found = super().children(conversation)
            except NotFoundError:
                pass
            else:
                self._has_milliseconds = True
                return found
        path = self.in_seconds.format(quote(conversation.id, safe=""))
        times = list(read_list(self.session.client, path))
        if self._has_milliseconds is None:
            self._has_milliseconds = False
            self.logger.warning("%s not found: using %s (seconds)", self.path, self.in_seconds)
        return [_TimeInSeconds(time.raw) for time in times]


class _TimeInSeconds(Item):
    """A handle time of API version 1, which reports seconds."""

    @override
    @cached_property
    def resource(self) -> dict[str, Any]:
        """The decoded resource, converted to milliseconds."""
        return _in_milliseconds(super().resource)


def _in_milliseconds(time: dict[str, Any]) -> dict[str, Any]:
    attributes = jsonapi.object_in(time, "attributes")
    converted: dict[str, Any] = {}
    for name in ("handleTime", "messageTime", "noteTime"):
        value: Any = attributes.get(name)
        if is_number(value) and abs(value) >= MAX_SECONDS:
            # Not a time. As text it does not fit its column, so it is kept verbatim elsewhere.
            converted[name] = str(value)
        elif is_number(value):
            milliseconds = value * 1_000
            converted[name] = int(milliseconds) if milliseconds % 1 == 0 else milliseconds
    return {**time, "attributes": {**attributes, **converted}} if converted else time


class ConversationEvents(PerConversationStream):
    """An event in the history of a conversation, with the values before and after."""

    name = "conversation_events"
    path = "/v1/conversations/{}/events"
    resource = CONVERSATION_EVENT
    permissions = (("org.permission.event.read", "org.user.event.read"), SEARCH_ROLES)


class SatisfactionResponses(PerConversationStream):
    """A satisfaction survey of a conversation, answered or not."""

    name = "satisfaction_responses"
    path = "/v1/satisfaction-responses/{}"
    resource = SATISFACTION_RESPONSE
    permissions = (
        (
            "org.permission.satisfaction.read",
            "org.permission.satisfaction_response.read",
            "org.user.satisfaction.read",
        ),
        SEARCH_ROLES,
    )
    cost = "1 request per conversation updated that names a response, and the searches"

    @override
    def children(self, conversation: Conversation) -> Children | None:
        """The response that the conversation refers to, if any.

        Raises:
            RecordError: it refers to one in a form that is not known, or gets another one.
        """
        level = jsonapi.object_in(conversation.resource, "attributes", "satisfactionLevel")
        response = level.get("formResponse")
        if not response:
            return None
        if not isinstance(response, str):
            msg = "It refers to its survey response in a form that this version does not know."
            raise RecordError(msg)
        path = self.path.format(quote(response, safe=""))
        found = fetch_items(self.session.client, path)
        if [item.id for item in found] != [response]:
            msg = f"{path} returns a different resource."
            raise RecordError(msg)
        return found

    @override
    def is_gone(self, conversation: Conversation, error: Failure) -> bool:
        """A conversation may refer to a deleted response.

        It counts as deleted if it still returns 404, each time, while another can be read.
        """
        if super().is_gone(conversation, error):
            return True
        other = self._last_answered
        if other is None or not isinstance(error, NotFoundError):
            return False
        if all(self._is_gone_alone(conversation, other) for _ in range(REFUSALS)):
            self.logger.warning("The response of conversation %s was deleted", conversation.id)
            return True
        return False

    def _is_gone_alone(self, conversation: Conversation, other: Conversation) -> bool:
        """Whether the response still returns 404 while the one of another conversation is read."""
        try:
            self.children(other)
        except FATAL:
            raise
        except (KustomerError, RecordError):
            return False
        try:
            self.children(conversation)
        except NotFoundError:
            return True
        except FATAL:
            raise
        except (KustomerError, RecordError):
            pass
        return False


class WorkItems(SearchedChildren):
    """A pass of a conversation through routing.

    That Kustomer searches work items by their last change is in no document, nor what its list of
    them holds.
    """

    name = "work_items"
    path = "/v1/routing/conversations/{}/work-items"
    resource = WORK_ITEM
    permissions = (("org.permission.routing.read", "org.user.routing.read"), SEARCH_ROLES)
    replication_key = "updated_at"
    relationship = "resource"
    cost = (
        "1 search per 500 items updated, and 3; where the search refuses them, 1 request per 100 "
        "items of a list, or else per conversation updated"
    )

    @override
    def ways(self) -> Sequence[Way]:
        return (
            SearchedChild(self, "work_item", UPDATED_ONLY),
            ItemList(self, "/v1/routing/work-items"),
            LastWay(self),
        )


class ItemList(NewestFirst):
    """The org's work items, newest first, if they are all there."""

    def __init__(self, stream: PerConversationStream, path: str) -> None:
        """Trust the list only if it reaches back: it may show open items alone."""
        super().__init__(stream, path, _is_open, must_reach_back=True)
        self._parent = stream

    @override
    def prepare(self) -> Generator[Record, None, bool]:
        return (yield from left_behind(self._parent))


def _is_open(item: Item) -> bool:
    attributes = jsonapi.object_in(item.resource, "attributes")
    return attributes.get("status") != "completed" and not attributes.get("completedAt")
