"""What belongs to a conversation, asked about once per conversation that has changed.

Off by default, since each of these streams costs a request per changed conversation. Each reads its
conversations by itself, so it needs no other stream, and keeps one bookmark: the update instant of
the latest conversation of which everything earlier has been read.

A conversation that is gone (404) or hidden (403) is passed over. The same answers could mean that
the endpoint or the permission is missing; as long as no conversation has been answered, they are
told apart by asking for the conversations themselves.
See docs/BEHAVIOR.md, "What belongs to a conversation".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from tap_kustomer import instants
from tap_kustomer.api.errors import AccessRefusedError, RequestRefusedError
from tap_kustomer.custom_attributes import NOT_FOUND
from tap_kustomer.records import is_number
from tap_kustomer.schemas.conversation_parts import (
    ATTACHMENT,
    CONVERSATION_EVENT,
    CONVERSATION_TIME,
    SATISFACTION_RESPONSE,
    WORK_ITEM,
)
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.streams.search import SEARCH_ROLES, about, first, search
from tap_kustomer.streams.timeline import Conversations
from tap_kustomer.walks.archive import parts
from tap_kustomer.walks.children import in_order
from tap_kustomer.walks.listing import read_list, resources_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.helpers.types import Record

    from tap_kustomer.walks.archive import Part
    from tap_kustomer.walks.page import Found

CONVERSATIONS = "/v1/conversations"
# Conversations between two bookmarks: at 240 requests a minute a killed run loses 12 seconds.
BOOKMARK_EVERY = 50

Children = list[dict[str, Any]]
Refusal = AccessRefusedError | RequestRefusedError


class ConversationStream(IncrementalStream):
    """A stream of what belongs to conversations."""

    path: ClassVar[str]
    params: ClassVar[Mapping[str, str | int]] = {}

    replication_key = "conversation_updated_at"
    is_sorted = True
    selected_by_default = False
    cost = "1 request per conversation updated, and the searches that find them"
    _answered = False

    def rows(self) -> Iterator[Record]:
        """The rows of all conversations updated since the bookmark, less the lookback."""
        for part in parts(self.start(), self.run.end, self.run.began):
            yield from self._part(part)

    def waiting(self) -> str:
        """How many conversations are to be asked about; one of them is, unless it has nothing."""
        page = first(self.run, Conversations.query_context, self.since(), self.run.end)
        for conversation in page.found:
            self.children(conversation)
        return f"{about(page.total)} conversations"

    def children(self, conversation: Found) -> Children | None:
        """What belongs to a conversation, `None` if there is nothing to ask; called by threads."""
        path = self.path.format(quote(conversation.id, safe=""))
        return list(read_list(self.run.client, path, self.params))

    def _part(self, part: Part) -> Iterator[Record]:
        lists = search(self.run, Conversations.query_context, part)
        conversations = (found for records in lists for found in records)
        refused: list[tuple[Found, Refusal]] = []
        reached, count = part.start, 0
        asked = in_order(self._ask, conversations, threads=self.run.settings.concurrency)
        for count, (conversation, answer) in enumerate(asked, start=1):
            if isinstance(answer, list):
                self._answered = True
                yield from (self._row(child, conversation) for child in answer)
            elif answer is not None:
                refused.append((conversation, answer))
            reached = conversation.instant
            if count % BOOKMARK_EVERY == 0:
                self._settle(refused)
                self.move_bookmark(min(reached, part.bookmark))
        self._settle(refused)
        self.move_bookmark(min(reached, part.bookmark))

    def _ask(self, conversation: Found) -> Children | Refusal | None:
        try:
            return self.children(conversation)
        except AccessRefusedError as error:
            return error
        except RequestRefusedError as error:
            if error.status != NOT_FOUND:
                raise
            return error

    def _row(self, child: dict[str, Any], conversation: Found) -> Record:
        related = child.get("relationships")
        if isinstance(related, dict) and _names(related.get("conversation"), conversation.id):
            others = {name: one for name, one in related.items() if name != "conversation"}
            child = {**child, "relationships": others}
        own = {
            "conversation_id": conversation.id,
            "conversation_updated_at": instants.text(conversation.instant),
        }
        return self.row(child, conversation.instant, own)

    def _settle(self, refused: list[tuple[Found, Refusal]]) -> None:
        """Pass over conversations that are gone or hidden, before the bookmark does.

        Raises:
            KustomerError: it is the endpoint, the permission or the key that is missing.
        """
        if not refused:
            return
        hidden = [error for _, error in refused if isinstance(error, AccessRefusedError)]
        if hidden:
            self.run.check_key()
        if not self._answered:
            for conversation, error in refused:
                if self._can_read(f"{CONVERSATIONS}/{quote(conversation.id, safe='')}"):
                    raise error
            if hidden and not self._can_read(CONVERSATIONS):
                raise hidden[0]
        self.logger.warning(
            "Passed over %d conversations that are gone and %d that this key may not see",
            len(refused) - len(hidden),
            len(hidden),
        )
        refused.clear()

    def _can_read(self, path: str) -> bool:
        try:
            self.run.client.get(path, {"pageSize": 1})
        except (AccessRefusedError, RequestRefusedError):
            return False
        return True


def _names(relationship: object, one: str) -> bool:
    data = relationship.get("data") if isinstance(relationship, dict) else None
    return isinstance(data, dict) and data.get("id") == one


class Attachments(ConversationStream):
    """A file of a message; its signed address does not last and is left out."""

    name = "attachments"
    path = "/v1/conversations/{}/attachments"
    resource = ATTACHMENT
    permissions = (("org.permission.attachment.read", "org.user.attachment.read"), SEARCH_ROLES)


class ConversationTimes(ConversationStream):
    """A handle time: how long an agent worked on a conversation at a time."""

    name = "conversation_times"
    path = "/v2/conversations/{}/times"
    params: ClassVar[Mapping[str, str | int]] = {"pageSize": 1_000}
    in_seconds = "/v1/conversations/{}/times"
    resource = CONVERSATION_TIME
    permissions = Conversations.permissions
    _has_milliseconds: bool | None = None

    def children(self, conversation: Found) -> Children | None:
        """Handle times in milliseconds, whichever version of the API the org has."""
        if self._has_milliseconds is not False:
            try:
                found = super().children(conversation)
            except RequestRefusedError as error:
                if error.status != NOT_FOUND:
                    raise
            else:
                self._has_milliseconds = True
                return found
        path = self.in_seconds.format(quote(conversation.id, safe=""))
        times = list(read_list(self.run.client, path))
        if self._has_milliseconds is None:
            self._has_milliseconds = False
            self.logger.warning("No %s here: reading %s, in seconds", self.path, self.in_seconds)
        return [_in_milliseconds(time) for time in times]


def _in_milliseconds(time: dict[str, Any]) -> dict[str, Any]:
    attributes = time.get("attributes")
    if not isinstance(attributes, dict):
        return time
    converted: dict[str, Any] = {}
    for name in ("handleTime", "messageTime", "noteTime"):
        value: Any = attributes.get(name)
        if is_number(value):
            milliseconds = value * 1_000
            converted[name] = int(milliseconds) if milliseconds % 1 == 0 else milliseconds
    return {**time, "attributes": {**attributes, **converted}}


class ConversationEvents(ConversationStream):
    """An event in the history of a conversation, with the values before and after."""

    name = "conversation_events"
    path = "/v1/conversations/{}/events"
    resource = CONVERSATION_EVENT
    permissions = (("org.permission.event.read", "org.user.event.read"), SEARCH_ROLES)


class SatisfactionResponses(ConversationStream):
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

    def children(self, conversation: Found) -> Children | None:
        """The response that the conversation names, if any."""
        attributes = conversation.resource.get("attributes")
        level = attributes.get("satisfactionLevel") if isinstance(attributes, dict) else None
        one = level.get("formResponse") if isinstance(level, dict) else None
        if not isinstance(one, str) or not one:
            return None
        path = self.path.format(quote(one, safe=""))
        try:
            return resources_in(self.run.client.get(path), path, "data")
        except RequestRefusedError as error:
            if error.status != NOT_FOUND:
                raise
            self.logger.warning("Response %s is gone", one)
            return None


class WorkItems(ConversationStream):
    """A pass of a conversation through routing."""

    name = "work_items"
    path = "/v1/routing/conversations/{}/work-items"
    resource = WORK_ITEM
    permissions = (("org.permission.routing.read", "org.user.routing.read"), SEARCH_ROLES)
