"""What belongs to a conversation, asked about once per conversation that has changed.

Off by default, since each of these streams costs a request per changed conversation. Each reads its
conversations by itself, so it needs no other stream, and keeps one bookmark: the update instant of
the latest conversation of which everything earlier has been read.

A refusal (403, 404) may mean that the conversation is gone or hidden, or that the endpoint fails:
before the bookmark passes a refused conversation, the conversation itself is asked for. Only one
that can't be read either is passed over. One that can be read, and one whose children keep failing,
stands under `unread` in the state; when there are many in one batch, the endpoint has failed.
See docs/BEHAVIOR.md, "What belongs to a conversation".
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from tap_kustomer import jsonapi, timestamps
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import AccessRefusedError, NotFoundError, RecordError, TransientError
from tap_kustomer.fitting import is_number
from tap_kustomer.schemas.conversation_parts import (
    ATTACHMENT,
    CONVERSATION_EVENT,
    CONVERSATION_TIME,
    SATISFACTION_RESPONSE,
    WORK_ITEM,
)
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.streams.search import SEARCH_ROLES, format_total, history, peek
from tap_kustomer.streams.timeline import Conversations
from tap_kustomer.walks.children import in_order
from tap_kustomer.walks.listing import Entry, read_list
from tap_kustomer.walks.page import Hit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk.helpers.types import Record

CONVERSATIONS = "/v1/conversations"
# Conversations between two bookmarks: at 240 requests a minute a killed run loses 12 seconds.
BOOKMARK_EVERY = 50
# Conversations of one batch that can be read while their children can't, before the endpoint fails.
MAX_FAILED = 5
# Seconds in ten thousand years.
LONGEST = 10**12

Children = list[dict[str, Any]]
Conversation = Hit | Entry
Refusal = AccessRefusedError | NotFoundError | TransientError | RecordError


class PerConversationStream(IncrementalStream):
    """A stream of what belongs to conversations."""

    path: ClassVar[str]
    params: ClassVar[Mapping[str, str | int]] = {}

    replication_key = "conversation_updated_at"
    is_sorted = True
    selected_by_default = False
    unread_ids = True
    cost = "1 request per conversation updated, and the searches that find them"
    _answered: Conversation | None = None
    """The latest conversation whose children were answered."""

    def rows(self) -> Iterator[Record]:
        """The rows of all conversations updated since the bookmark, less the lookback."""
        start, unread = self.start(), self.unread()
        yield from self._asked(self._changed(start))
        yield from self._asked(self._kept(unread), unread)

    def estimate_pending(self) -> str:
        """How many conversations are to be asked about; one of them is, unless it has nothing."""
        page = peek(self.session, Conversations.query_context, self.since(), self.session.cutoff)
        for conversation in page.hits:
            self.children(conversation)
        return f"{format_total(page.total)} conversations"

    def children(self, conversation: Conversation) -> Children | None:
        """What belongs to a conversation, `None` if there is nothing to ask; called by threads."""
        path = self.path.format(quote(conversation.id, safe=""))
        return list(read_list(self.session.client, path, self.params))

    def is_gone(self, conversation: Conversation, error: Refusal) -> bool:
        """Whether a refused conversation is gone or hidden, so that nothing of it can be read."""
        del error
        return not self._can_read(_address(conversation.id))

    def _changed(self, start: int) -> Iterator[tuple[Conversation | None, int | None]]:
        """Conversations, each with what the bookmark may reach behind it."""
        hidden = 0
        walk = history(self.session, Conversations.query_context)
        for batch in walk.read(start, self.session.cutoff):
            hidden += batch.hidden
            if batch.unread is not None:
                at = timestamps.text(batch.unread)
                self.hold(at, f"A conversation updated at {at} makes every answer with it fail.")
            if not batch.hits:
                yield None, batch.bookmark
            for found in batch.hits:
                yield found, min(found.instant, batch.bookmark or found.instant)
        if hidden:
            self.logger.warning("Search counted %d conversations that it did not return", hidden)

    def _kept(self, keys: list[str]) -> Iterator[tuple[Conversation | None, int | None]]:
        """The conversations that earlier runs could not read: by id, or by instant."""
        for key in keys:
            if ":" in key:
                walk = history(self.session, Conversations.query_context)
                for batch in walk.read(*self.unread_range(key)):
                    yield from ((found, None) for found in batch.hits)
                continue
            try:
                (found,) = jsonapi.data_in(fetch(self.session.client, _address(key)), _address(key))
            except (AccessRefusedError, NotFoundError):
                self.logger.warning("Conversation %s is gone by now", key)
            else:
                updated = jsonapi.timestamp_of(found, otherwise=self.session.cutoff)
                yield Entry(updated, key, found), None

    def _asked(
        self,
        conversations: Iterable[tuple[Conversation | None, int | None]],
        unread: Iterable[str] = (),
    ) -> Iterator[Record]:
        """The rows of conversations; what was `unread` and fails again stays in the state."""
        refused: list[tuple[Conversation, Refusal]] = []
        reached: int | None = None
        asked = in_order(self._ask, conversations, threads=self.session.settings.concurrency)
        # An error from `refused` refers to this frame and is in it: threads would wait for the
        # garbage collector.
        with closing(asked):
            for count, ((conversation, reached), answer) in enumerate(asked, start=1):
                if conversation:
                    yield from self._handed_over(conversation, answer, refused)
                if reached is not None and count % BOOKMARK_EVERY == 0:
                    self._settle(refused)
                    self.move_bookmark(reached)
        for key in unread:
            self.release(key)
        self._settle(refused)
        if reached is not None:
            self.move_bookmark(reached)

    def _ask(self, place: tuple[Conversation | None, int | None]) -> Children | Refusal | None:
        """A conversation's children, or why there are none; called by threads."""
        conversation, _ = place
        if conversation is None:
            return None
        try:
            return self.children(conversation)
        except (AccessRefusedError, NotFoundError, RecordError, TransientError) as error:
            return error

    def _handed_over(
        self,
        conversation: Conversation,
        answer: Children | Refusal | None,
        refused: list[tuple[Conversation, Refusal]],
    ) -> list[Record]:
        """The rows of all children of a conversation; `refused` gets why there are none."""
        if answer is None:
            return []
        if isinstance(answer, Exception):
            refused.append((conversation, answer))
            return []
        try:
            rows = [self._row(child, conversation) for child in answer]
        except RecordError as error:
            refused.append((conversation, error))
            return []
        self._answered = conversation
        return rows

    def _row(self, child: dict[str, Any], conversation: Conversation) -> Record:
        if jsonapi.related_id(child, "conversation") == conversation.id:
            related = child["relationships"].items()
            others = {name: value for name, value in related if name != "conversation"}
            child = {**child, "relationships": others}
        extra = {
            "conversation_id": conversation.id,
            "conversation_updated_at": timestamps.text(conversation.instant),
        }
        return self.row(child, conversation.instant, extra)

    def _settle(self, refused: list[tuple[Conversation, Refusal]]) -> None:
        """Decide about refused conversations, before the bookmark passes them.

        Raises:
            KustomerError: it is the endpoint, the permission or the key that is missing.
            RecordError: too many conversations can't be read.
        """
        hidden = [error for _, error in refused if isinstance(error, AccessRefusedError)]
        if hidden:
            self.access.check_key()
            if not self._answered and not self._can_read(CONVERSATIONS):
                raise hidden[0]
        failed = skipped = 0
        for conversation, error in refused:
            if isinstance(error, (AccessRefusedError, NotFoundError)):
                if self.is_gone(conversation, error):
                    skipped += 1
                    continue
                if not self._answered:
                    raise error
            failed += 1
            if failed > MAX_FAILED:
                raise error
            self.hold(conversation.id, f"Conversation {conversation.id}: {error}")
        if skipped:
            self.logger.warning(
                "Skipped %d conversations that are deleted or that this key may not read", skipped
            )
        refused.clear()

    def _can_read(self, path: str) -> bool:
        try:
            fetch(self.session.client, path, {"pageSize": 1})
        except (AccessRefusedError, NotFoundError):
            return False
        return True


def _address(conversation_id: str) -> str:
    return f"{CONVERSATIONS}/{quote(conversation_id, safe='')}"


class Attachments(PerConversationStream):
    """A file of a message; its signed address does not last and is left out."""

    name = "attachments"
    path = "/v1/conversations/{}/attachments"
    resource = ATTACHMENT
    permissions = (("org.permission.attachment.read", "org.user.attachment.read"), SEARCH_ROLES)


class ConversationTimes(PerConversationStream):
    """A handle time: how long an agent worked on a conversation at a time."""

    name = "conversation_times"
    path = "/v2/conversations/{}/times"
    params: ClassVar[Mapping[str, str | int]] = {"pageSize": 1_000}
    in_seconds = "/v1/conversations/{}/times"
    resource = CONVERSATION_TIME
    permissions = Conversations.permissions
    _has_milliseconds: bool | None = None

    def children(self, conversation: Conversation) -> Children | None:
        """Handle times in milliseconds, whichever version of the API the org has."""
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
            self.logger.warning("No %s here: reading %s, in seconds", self.path, self.in_seconds)
        return [_in_milliseconds(time) for time in times]


def _in_milliseconds(time: dict[str, Any]) -> dict[str, Any]:
    attributes = jsonapi.object_in(time, "attributes")
    converted: dict[str, Any] = {}
    for name in ("handleTime", "messageTime", "noteTime"):
        value: Any = attributes.get(name)
        if is_number(value) and abs(value) >= LONGEST:
            # No time at all: as text it fits no column and is kept as it is.
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

    def children(self, conversation: Conversation) -> Children | None:
        """The response that the conversation names, if any."""
        level = jsonapi.object_in(conversation.resource, "attributes", "satisfactionLevel")
        response = level.get("formResponse")
        if not isinstance(response, str) or not response:
            return None
        path = self.path.format(quote(response, safe=""))
        return jsonapi.data_in(fetch(self.session.client, path), path)

    def is_gone(self, conversation: Conversation, error: Refusal) -> bool:
        """A response may be deleted while its conversation still names it.

        It is gone if it still answers 404 while another response can be read.
        """
        if super().is_gone(conversation, error):
            return True
        if self._answered is None or not isinstance(error, NotFoundError):
            return False
        self.children(self._answered)
        try:
            self.children(conversation)
        except NotFoundError:
            self.logger.warning("The response of conversation %s is gone", conversation.id)
            return True
        return False


class WorkItems(PerConversationStream):
    """A pass of a conversation through routing."""

    name = "work_items"
    path = "/v1/routing/conversations/{}/work-items"
    resource = WORK_ITEM
    permissions = (("org.permission.routing.read", "org.user.routing.read"), SEARCH_ROLES)
