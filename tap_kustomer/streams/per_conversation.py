"""Streams of a conversation's children, requested once per changed conversation.

Off by default, since each of these streams costs a request per changed conversation. Each searches
for conversations itself, so it depends on no other stream, and keeps a single bookmark: the
`updated_at` up to which the children of every conversation have been read.

A refusal (403, 404) means either that the conversation is deleted or hidden, or that the endpoint
fails. So before the bookmark passes a refused conversation, the conversation itself is requested.
If that is refused too, it is skipped. If it can be read, or if its children keep failing, it is
listed under `unread` in the state; too many of those in one batch mean that the endpoint fails.
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
# Conversations per bookmark: at 240 requests a minute, a killed run loses 12 seconds of work.
BOOKMARK_EVERY = 50
# Readable conversations per batch whose children may fail before the endpoint counts as failed.
MAX_FAILED = 5

Children = list[Item]
Conversation = Hit | Entry
Failure = KustomerError | RecordError


class Parent(NamedTuple):
    """A conversation, and the bookmark to set once its children are written."""

    conversation: Conversation | None
    bookmark: int | None


class PerConversationStream(IncrementalStream):
    """A stream of the children of conversations."""

    path: ClassVar[str]
    params: ClassVar[Mapping[str, str | int]] = {}

    replication_key = "conversation_updated_at"
    is_sorted = True
    selected_by_default = False
    cost = "1 request per conversation updated, and the searches that find them"
    _last_answered: Conversation | None = None
    """The latest conversation whose children could be read."""

    @override
    def rows(self) -> Iterator[Record]:
        """The children of conversations updated since the bookmark, then those of `unread` ones.

        The latter come last, when it is known whether the endpoint works. If there is no room for
        another, they come first, or they would never be tried again.
        """
        start, unread = self.start(), self.unread()
        if self.is_full:
            yield from self._retry_unread(unread)
        yield from self._rows(self._updated(start, self.session.cutoff))
        yield from self._retry_unread(set(unread) & set(self.unread()))

    def _retry_unread(self, unread: Iterable[str]) -> Iterator[Record]:
        for key in sorted(unread):
            if key not in self.held_now:
                yield from self._rows(self._unread(key), is_again=True)
                self.release(key)

    @override
    def check_unread(self) -> None:
        """Accept any string: one that is not an instant is a conversation's id."""
        self.unread()

    @override
    def estimate_pending(self) -> str:
        """How many conversations are to be read; also tests the endpoint on one of them."""
        page = peek(self.session, Conversations.query_context, self.since(), self.session.cutoff)
        for conversation in page.hits:
            self.children(conversation)
        return f"{format_total(page.total)} conversations"

    def children(self, conversation: Conversation) -> Children | None:
        """The children of a conversation, `None` without a request; runs on worker threads."""
        path = self.path.format(quote(conversation.id, safe=""))
        return list(read_list(self.session.client, path, self.params))

    def is_gone(self, conversation: Conversation, error: Failure) -> bool:
        """Whether a refused conversation is deleted or hidden, so that it can be skipped."""
        del error
        return self._is_refused(_conversation_path(conversation.id))

    def _updated(self, start: int, end: int) -> Iterator[Parent]:
        """The conversations of a range of `updated_at`."""
        hidden = 0
        for batch in history(self.session, Conversations.query_context).read(start, end):
            hidden += batch.hidden
            if batch.unread is not None:
                at = timestamps.text(batch.unread)
                self.hold(at, f"Every response with a conversation updated at {at} fails.")
            if not batch.hits:
                yield Parent(None, batch.bookmark)
            for conversation in batch.hits:
                reached = min(conversation.instant, batch.bookmark or conversation.instant)
                yield Parent(conversation, reached)
        if hidden:
            self.logger.warning("Search counted %d conversations that it did not return", hidden)

    def _unread(self, key: str) -> Iterator[Parent]:
        """The conversations of one `unread` key, which is an id or an instant."""
        if (instant := _instant(key)) is not None:
            for parent in self._updated(instant - 1, instant):
                yield parent._replace(bookmark=None)
            return
        try:
            items = fetch_items(self.session.client, _conversation_path(key))
        except (AccessRefusedError, NotFoundError):
            self.logger.warning("Conversation %s is deleted, or this key may not read it", key)
        except FATAL:
            raise
        except KustomerError as error:
            self.hold(key, f"Conversation {key}: {error}")
        else:
            if [item.id for item in items] == [key]:
                updated = items[0].timestamp(otherwise=self.session.cutoff)
                yield Parent(Entry(updated, items[0]), None)
            else:
                self.hold(key, f"Conversation {key}: its URL returns a different resource.")

    def _rows(self, conversations: Iterable[Parent], *, is_again: bool = False) -> Iterator[Record]:
        """The rows of the conversations' children."""
        refused: list[tuple[Conversation, Failure]] = []
        reached: int | None = None
        results = in_order(self._fetch, conversations, threads=self.session.settings.concurrency)
        # Errors in `refused` form a reference cycle with this frame. Closing explicitly stops the
        # threads now, not at the next garbage collection.
        with closing(results):
            for count, ((conversation, reached), result) in enumerate(results, start=1):
                if conversation:
                    self.progress.conversations = (self.progress.conversations or 0) + 1
                    self.progress.reached = conversation.instant
                if isinstance(result, (KustomerError, RecordError)):
                    if conversation:
                        refused.append((conversation, result))
                elif conversation and result is not None:
                    yield from self._child_rows(result, conversation, refused)
                if reached is not None and count % BOOKMARK_EVERY == 0:
                    self._resolve(refused)
                    self.move_bookmark(reached)
        self._resolve(refused, is_again=is_again)
        if reached is not None:
            self.move_bookmark(reached)

    def _fetch(self, parent: Parent) -> Children | Failure | None:
        """A conversation's children, or the error; runs on worker threads."""
        if parent.conversation is None:
            return None
        if not parent.conversation.id:
            return RecordError("It has no id, so its children can't be requested.")
        try:
            return self.children(parent.conversation)
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
        """The rows of a conversation's children; an unreadable child is added to `refused`."""
        self._last_answered = conversation
        failure: RecordError | None = None
        children.reverse()
        while children:  # free the memory of each before the next is decoded
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

    def _resolve(
        self, refused: list[tuple[Conversation, Failure]], *, is_again: bool = False
    ) -> None:
        """Skip or hold refused conversations, before the bookmark passes them.

        Conversations retried from the state (`is_again`) prove nothing about the endpoint.

        Raises:
            KustomerError: the key, the permission or the endpoint fails, not a conversation.
            RecordError: too many conversations can't be read.
        """
        if any(isinstance(error, AccessRefusedError) for _, error in refused):
            self.access.check_key()
        if not is_again and any(_is_refusal(error) for _, error in refused):
            self._check_endpoint(refused)
        failed = skipped = 0
        for conversation, error in refused:
            if not isinstance(error, (TransientError, RecordError)):
                if self.is_gone(conversation, error):
                    skipped += 1
                    continue
                if not self._last_answered and not is_again:
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

    def _check_endpoint(self, refused: list[tuple[Conversation, Failure]]) -> None:
        """Check that other conversations are not refused, so that a refusal is about one of them.

        Raises:
            KustomerError: the first refusal, if the one that answered last is refused by now, or if
                none has answered and the list of conversations is refused too.
        """
        if self._last_answered is None:
            is_down = self._is_refused(CONVERSATIONS)
        else:
            try:
                is_down = self.children(self._last_answered) is None
            except FATAL:
                raise
            except (KustomerError, RecordError) as error:
                is_down = _is_refusal(error)
        if is_down:
            raise next(error for _, error in refused if _is_refusal(error))

    def _is_refused(self, path: str) -> bool:
        """Whether a path is refused (401, 403 or 404); other failures prove nothing."""
        try:
            fetch(self.session.client, path, {"pageSize": 1})
        except (AccessRefusedError, NotFoundError):
            return True
        except FATAL:
            raise
        except KustomerError:
            pass
        return False


def _is_refusal(error: Failure) -> bool:
    return isinstance(error, (AccessRefusedError, NotFoundError))


def _conversation_path(conversation_id: str) -> str:
    return f"{CONVERSATIONS}/{quote(conversation_id, safe='')}"


def _instant(key: str) -> int | None:
    """The instant of a key of `unread`, or `None` if the key is a conversation's id."""
    try:
        instant = timestamps.parse(key)
    except (OverflowError, ValueError):
        return None
    return instant if timestamps.text(instant) == key else None
