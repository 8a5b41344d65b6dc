"""Streams of what belongs to a conversation, asked for once per conversation that has changed.

Off by default, since each of these streams costs a request per changed conversation. Each reads its
conversations by itself, so it needs no other stream, and keeps one bookmark: the update instant of
the latest conversation of which everything earlier has been read.

A refusal (403, 404) may mean that the conversation is deleted or hidden, or that the endpoint
fails: before the bookmark passes a refused conversation, the conversation itself is asked for. Only
one that can't be read either is skipped. One that can be read, and one whose children keep failing,
stands under `unread` in the state; when there are many in one batch, the endpoint has failed.
See docs/BEHAVIOR.md, "What belongs to a conversation".
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from urllib.parse import quote

from typing_extensions import override

from tap_kustomer import jsonapi, timestamps
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import (
    AccessRefusedError,
    KustomerError,
    NotFoundError,
    RecordError,
    TransientError,
)
from tap_kustomer.streams.base import FATAL
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.streams.search import format_total, history, peek
from tap_kustomer.streams.timeline import Conversations
from tap_kustomer.walks.children import in_order
from tap_kustomer.walks.items import Item, fetch_items
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

Children = list[Item]
Conversation = Hit | Entry
Failure = KustomerError | RecordError


class Found(NamedTuple):
    """A conversation, and how far the bookmark may move once its children are written."""

    conversation: Conversation | None
    bookmark: int | None


class PerConversationStream(IncrementalStream):
    """A stream of what belongs to conversations."""

    path: ClassVar[str]
    params: ClassVar[Mapping[str, str | int]] = {}

    replication_key = "conversation_updated_at"
    is_sorted = True
    selected_by_default = False
    cost = "1 request per conversation updated, and the searches that find them"
    _answered: Conversation | None = None
    """The latest conversation whose children were answered."""

    @override
    def rows(self) -> Iterator[Record]:
        """The rows of all conversations updated since the bookmark, and of those not read before.

        The latter come last: that others were answered shows that the endpoint works.
        """
        start, unread = self.start(), self.unread()
        yield from self._rows(self._updated(start, self.session.cutoff))
        for key in unread:
            if key not in self.held_now:
                yield from self._rows(self._unread(key), is_again=True)
                self.release(key)

    @override
    def check_unread(self) -> None:
        """Take any text: what is no instant is a conversation's id."""
        self.unread()

    @override
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

    def is_gone(self, conversation: Conversation, error: Failure) -> bool:
        """Whether a refused conversation is deleted or hidden, so nothing of it can be read."""
        del error
        return self._is_refused(_address(conversation.id))

    def _updated(self, start: int, end: int) -> Iterator[Found]:
        """The conversations of a range of `updated_at`."""
        hidden = 0
        for batch in history(self.session, Conversations.query_context).read(start, end):
            hidden += batch.hidden
            if batch.unread is not None:
                at = timestamps.text(batch.unread)
                self.hold(at, f"A conversation updated at {at} makes every answer with it fail.")
            if not batch.hits:
                yield Found(None, batch.bookmark)
            for conversation in batch.hits:
                reached = min(conversation.instant, batch.bookmark or conversation.instant)
                yield Found(conversation, reached)
        if hidden:
            self.logger.warning("Search counted %d conversations that it did not return", hidden)

    def _unread(self, key: str) -> Iterator[Found]:
        """The conversations that an earlier run could not read: one by its id, or an instant."""
        if (instant := _instant(key)) is not None:
            for found in self._updated(instant - 1, instant):
                yield found._replace(bookmark=None)
            return
        try:
            items = fetch_items(self.session.client, _address(key))
        except (AccessRefusedError, NotFoundError):
            self.logger.warning("Conversation %s is deleted, or this key may not read it", key)
        except FATAL:
            raise
        except KustomerError as error:
            self.hold(key, f"Conversation {key}: {error}")
        else:
            if [item.id for item in items] == [key]:
                updated = items[0].timestamp(otherwise=self.session.cutoff)
                yield Found(Entry(updated, items[0]), None)
            else:
                self.hold(key, f"Conversation {key}: its address answers with something else.")

    def _rows(self, conversations: Iterable[Found], *, is_again: bool = False) -> Iterator[Record]:
        """The rows of the children of conversations."""
        refused: list[tuple[Conversation, Failure]] = []
        reached: int | None = None
        answers = in_order(self._ask, conversations, threads=self.session.settings.concurrency)
        # An error from `refused` refers to this frame and is in it: threads would wait for the
        # garbage collector.
        with closing(answers):
            for count, ((conversation, reached), answer) in enumerate(answers, start=1):
                if isinstance(answer, (KustomerError, RecordError)):
                    if conversation:
                        refused.append((conversation, answer))
                elif conversation and answer is not None:
                    yield from self._child_rows(answer, conversation, refused)
                if reached is not None and count % BOOKMARK_EVERY == 0:
                    self._settle(refused)
                    self.move_bookmark(reached)
        self._settle(refused, is_again=is_again)
        if reached is not None:
            self.move_bookmark(reached)

    def _ask(self, found: Found) -> Children | Failure | None:
        """A conversation's children, or why there are none; called by threads."""
        if found.conversation is None:
            return None
        if not found.conversation.id:
            return RecordError("It has no id, so nothing of it can be asked for.")
        try:
            return self.children(found.conversation)
        except FATAL:
            raise
        except (KustomerError, RecordError) as error:
            return error

    def _child_rows(
        self,
        children: Children,
        conversation: Conversation,
        refused: list[tuple[Conversation, Failure]],
    ) -> Iterator[Record]:
        """The rows of a conversation's children; `refused` gets why one of them can't be read."""
        self._answered = conversation
        failure: RecordError | None = None
        children.reverse()
        while children:  # each is let go of before the next is decoded
            try:
                row = self._row(children.pop().resource, conversation)
            except RecordError as error:
                failure = error
            else:
                yield row
        if failure:
            refused.append((conversation, failure))

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

    def _settle(
        self, refused: list[tuple[Conversation, Failure]], *, is_again: bool = False
    ) -> None:
        """Decide about refused conversations, before the bookmark passes them.

        Those that are asked about again are in the state, so they prove nothing about the endpoint.

        Raises:
            KustomerError: it is the endpoint, the permission or the key that is missing.
            RecordError: too many conversations can't be read.
        """
        hidden = [error for _, error in refused if isinstance(error, AccessRefusedError)]
        if hidden:
            self.access.check_key()
            if not self._answered and self._is_refused(CONVERSATIONS):
                raise hidden[0]
        failed = skipped = 0
        for conversation, error in refused:
            if not isinstance(error, (TransientError, RecordError)):
                if self.is_gone(conversation, error):
                    skipped += 1
                    continue
                if not self._answered and not is_again:
                    raise error
            failed += 1
            if failed > MAX_FAILED and not is_again:
                raise error
            at = timestamps.text(conversation.instant)
            key = conversation.id or at
            self.hold(key, f"Conversation {conversation.id or f'of {at}'}: {error}")
        if skipped:
            self.logger.warning(
                "Skipped %d conversations that are deleted or that this key may not read", skipped
            )
        refused.clear()

    def _is_refused(self, path: str) -> bool:
        """Whether a path is deleted or hidden; a failure shows neither."""
        try:
            fetch(self.session.client, path, {"pageSize": 1})
        except (AccessRefusedError, NotFoundError):
            return True
        except FATAL:
            raise
        except KustomerError:
            pass
        return False


def _address(conversation_id: str) -> str:
    return f"{CONVERSATIONS}/{quote(conversation_id, safe='')}"


def _instant(key: str) -> int | None:
    """The instant that a key of `unread` stands for; `None` if it is a conversation's id."""
    try:
        instant = timestamps.parse(key)
    except (OverflowError, ValueError):
        return None
    return instant if timestamps.text(instant) == key else None
