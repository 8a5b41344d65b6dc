"""Streams of the children of conversations or customers, requested once per changed parent.

Each searches for its parents itself, so it depends on no other stream, and keeps a single bookmark:
the parents' `updated_at` up to which all children have been read. Below, a conversation stands for
any parent.

A refusal (403, 404) means either that the conversation is deleted or hidden, or that the endpoint
fails. So before the bookmark passes a refused conversation, the conversation itself is requested.
If that is refused too, three times, it is skipped. If it can be read, or if its children keep
failing, it is listed under `unread` in the state; too many of those in one batch mean that the
endpoint fails.
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
from tap_kustomer.streams.conversation_ways import ByConversation
from tap_kustomer.streams.ladder import CONVERSATIONS as MARK
from tap_kustomer.streams.ladder import LadderStream
from tap_kustomer.streams.search import format_total, history, peek
from tap_kustomer.streams.timeline import Conversations
from tap_kustomer.walks.children import in_order
from tap_kustomer.walks.items import Item, fetch_items
from tap_kustomer.walks.listing import Entry, read_list
from tap_kustomer.walks.page import Hit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Record

    from tap_kustomer.streams.ladder import Way
    from tap_kustomer.streams.search import SearchStream

CONVERSATIONS = "/v1/conversations"
# Conversations per bookmark: at 240 requests a minute, a killed run loses 12 seconds of work.
BOOKMARK_EVERY = 50
# Readable conversations per batch whose children may fail before the endpoint counts as failed.
MAX_FAILED = 5
# Conversations asked whether they have children, where a search says that there are none.
WITNESSES = 10
# Refusals in a row of a conversation that prove that it is deleted or hidden.
REFUSALS = 3

Children = list[Item]
Conversation = Hit | Entry
Failure = KustomerError | RecordError


class Parent(NamedTuple):
    """A conversation, and the bookmark to set once its children are written."""

    conversation: Conversation | None
    bookmark: int | None


class PerConversationStream(LadderStream):
    """A stream of the children of conversations, or of other parents that a search finds."""

    path: ClassVar[str]
    params: ClassVar[Mapping[str, str | int]] = {}
    parents: ClassVar[type[SearchStream]] = Conversations
    """The stream whose search finds the parents."""
    parent: ClassVar[str] = "conversation"
    """What a parent is called: in columns, relationships and messages."""
    parent_path: ClassVar[str] = CONVERSATIONS

    replication_key = "conversation_updated_at"
    is_sorted = True
    selected_by_default = False
    cost = "1 request per conversation updated, and the searches that find them"
    _last_answered: Conversation | None = None
    """The latest conversation whose children could be read."""

    @override
    def ways(self) -> Sequence[Way]:
        return (ByConversation(self),)

    def rows_by_conversation(self, start: int) -> Iterator[Record]:
        """The children of conversations updated since `start`, then those of `unread` ones.

        The latter come last, when it is known whether the endpoint works. If there is no room for
        another, they come first, or they would never be tried again.
        """
        unread = self.unread()
        if self.is_full:
            yield from self._unread_rows(unread)
        yield from self._rows(self._updated(start, self.session.cutoff))
        yield from self._unread_rows(set(unread) & set(self.unread()))

    def rows_left_behind(self, start: int) -> Iterator[Record]:
        """The children of all conversations updated since `start`, even if they change meanwhile.

        A conversation that changes while a range is read leaves it. So this one ends in the future,
        and is read by one thread, upwards: what changes is met again further on.
        """
        unread, cutoff = self.unread(), self.session.cutoff
        parents = self._updated(start, self.session.now() + timestamps.DAY, threads=1)
        yield from self._rows(
            parent._replace(bookmark=parent.bookmark and min(parent.bookmark, cutoff))
            for parent in parents
        )
        yield from self._unread_rows(unread)

    def _unread_rows(self, keys: Iterable[str]) -> Iterator[Record]:
        for key in sorted(keys):
            if key not in self.held_now:
                yield from self._rows(self._unread(key), is_again=True)
                self.release(key)

    @override
    def check_unread(self) -> None:
        """Accept any string: one that is not an instant is a conversation's id.

        A search holds instants only.
        """
        if len(self.ways()) > 1 and self.was_read_by != MARK:
            super().check_unread()
        else:
            self.unread()

    def pending_conversations(self) -> str:
        """How many conversations are to be read; also tests the endpoint on one of them."""
        page = peek(self.session, self.parents.query_context, self.since(), self.session.cutoff)
        for conversation in page.hits:
            self.children(conversation)
        return f"{format_total(page.total)} {self.parent}s"

    def has_any(self) -> bool:
        """Whether any of the first conversations since the start date has children."""
        start, end = self.session.settings.start, self.session.cutoff
        page = peek(self.session, self.parents.query_context, start, end, size=WITNESSES)
        for conversation in page.hits:
            try:
                if self.children(conversation):
                    return True
            except FATAL:
                raise
            except (KustomerError, RecordError):
                continue
        return False

    def children(self, conversation: Conversation) -> Children | None:
        """The children of a conversation, `None` without a request; runs on worker threads."""
        path = self.path.format(quote(conversation.id, safe=""))
        return list(read_list(self.session.client, path, self.params))

    def is_gone(self, conversation: Conversation, error: Failure) -> bool:
        """Whether a refused conversation is deleted or hidden, so that it can be skipped."""
        del error
        return self._is_refused(self._path_of(conversation.id))

    def _updated(self, start: int, end: int, threads: int | None = None) -> Iterator[Parent]:
        """The conversations of a range of `updated_at`."""
        hidden, context = 0, self.parents.query_context
        for batch in history(self.session, context, threads=threads).read(start, end):
            hidden += batch.hidden
            if batch.unread is not None:
                at = timestamps.text(batch.unread)
                self.hold(at, f"Every response with a {self.parent} updated at {at} fails.")
            if not batch.hits:
                yield Parent(None, batch.bookmark)
            for conversation in batch.hits:
                reached = min(conversation.instant, batch.bookmark or conversation.instant)
                yield Parent(conversation, reached)
        if hidden:
            self.logger.warning("Search counted %d %ss that it did not return", hidden, self.parent)

    def _unread(self, key: str) -> Iterator[Parent]:
        """The conversations of one `unread` key, which is an id or an instant."""
        if (instant := _instant(key)) is not None:
            for parent in self._updated(instant - 1, instant):
                yield parent._replace(bookmark=None)
            return
        try:
            items = fetch_items(self.session.client, self._path_of(key))
        except FATAL:
            raise
        except KustomerError as error:
            if _is_refusal(error) and self._is_refused(self._path_of(key)):
                self.logger.warning("%s is deleted, or this key may not read it", self._named(key))
            else:
                self.hold(key, f"{self._named(key)}: {error}")
        else:
            if [item.id for item in items] == [key]:
                updated = items[0].timestamp(otherwise=self.session.cutoff)
                yield Parent(Entry(updated, items[0]), None)
            else:
                self.hold(key, f"{self._named(key)}: its URL returns a different resource.")

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
        if jsonapi.related_id(child, self.parent) == conversation.id:
            related = child["relationships"].items()
            others = {name: value for name, value in related if name != self.parent}
            child = {**child, "relationships": others}
        return self.row(child, conversation.instant, self.extra_columns(conversation))

    def extra_columns(self, conversation: Conversation) -> dict[str, str]:
        """What a row says of the parent that it was found in."""
        return {
            f"{self.parent}_id": conversation.id,
            f"{self.parent}_updated_at": timestamps.text(conversation.instant),
        }

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
            self.hold(key, f"{self._named(conversation.id or f'of {at}')}: {error}")
        if skipped:
            self.logger.warning(
                "Skipped %d %ss that are deleted or that this key may not read",
                skipped,
                self.parent,
            )
        refused.clear()

    def _named(self, key: str) -> str:
        return f"{self.parent.capitalize()} {key}"

    def _path_of(self, key: str) -> str:
        return f"{self.parent_path}/{quote(key, safe='')}"

    def _check_endpoint(self, refused: list[tuple[Conversation, Failure]]) -> None:
        """Check that other conversations are not refused, so that a refusal is about one of them.

        Raises:
            KustomerError: the first refusal, if the one that answered last is refused by now, or if
                none has answered and the list of parents is refused too.
        """
        if self._last_answered is None:
            is_down = self._is_refused(self.parent_path)
        else:
            answered = self._last_answered
            is_down = all(self._are_children_refused(answered) for _ in range(REFUSALS))
        if is_down:
            raise next(error for _, error in refused if _is_refusal(error))

    def _are_children_refused(self, parent: Conversation) -> bool:
        try:
            return self.children(parent) is None
        except FATAL:
            raise
        except (KustomerError, RecordError) as error:
            return _is_refusal(error)

    def _is_refused(self, path: str) -> bool:
        """Whether a path is refused (401, 403 or 404) each time; other failures prove nothing."""
        return all(self._refuses(path) for _ in range(REFUSALS))

    def _refuses(self, path: str) -> bool:
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


def _instant(key: str) -> int | None:
    """The instant of a key of `unread`, or `None` if the key is a conversation's id."""
    try:
        instant = timestamps.parse(key)
    except (OverflowError, ValueError):
        return None
    return instant if timestamps.text(instant) == key else None
