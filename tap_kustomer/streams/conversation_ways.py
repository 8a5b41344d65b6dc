"""Ways to read what belongs to conversations: a request for each of them, or a search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_kustomer.streams.base import Order
from tap_kustomer.streams.ladder import CONVERSATIONS as MARK
from tap_kustomer.streams.ladder import Way
from tap_kustomer.streams.search import SearchWay, peek

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from singer_sdk.helpers.types import Record

    from tap_kustomer.streams.per_conversation import PerConversationStream
    from tap_kustomer.walks.query import Key


class ByConversation(Way):
    """A request for each conversation updated."""

    order = Order.PER_PARENT
    name = "one request per conversation"

    def __init__(self, stream: PerConversationStream) -> None:
        """Nothing is sent yet."""
        self._stream = stream

    @override
    def rows(self, since: int) -> Iterator[Record]:
        yield from self._stream.rows_by_conversation(self._stream.start(since))

    @override
    def estimate(self) -> str:
        return self._stream.pending_conversations()

    @override
    def has_any(self) -> bool:
        return self._stream.has_any()


class LastWay(ByConversation):
    """The same, for a stream that is searched wherever that works."""

    mark = MARK

    @override
    def rows(self, since: int) -> Iterator[Record]:
        stream = self._stream
        if stream.was_read_by != MARK and (unread := stream.unread()):
            # Instants of the search mean nothing here: begin before the first of them instead.
            since = min([since, *(stream.unread_range(key)[0] for key in unread)])
            stream.restart_at(since)
        self._tell_what_it_costs(since)
        yield from super().rows(since)

    def _tell_what_it_costs(self, since: int) -> None:
        stream, session = self._stream, self._stream.session
        count = peek(session, stream.parents.query_context, since, session.cutoff).total or 0
        minutes = count / session.client.org_budget.limit
        if minutes < 1:
            return
        stream.logger.warning(
            "Reading about %s conversations with a request each takes about %.0f minutes. To leave "
            "this stream out: meltano select --exclude tap-kustomer %s '*', or set selected to "
            "false in the catalog",
            f"{count:,}",
            minutes,
            stream.name,
        )


class SearchedChild(SearchWay):
    """The search for what belongs to conversations."""

    def __init__(self, stream: PerConversationStream, context: str, key: Key) -> None:
        """Test the search first: no document promises it."""
        super().__init__(stream, context, key, is_archived=False, is_promised=False)
        self._parent = stream

    @override
    def prepare(self) -> Generator[Record, None, bool]:
        return (yield from left_behind(self._parent))


def left_behind(stream: PerConversationStream) -> Generator[Record, None, bool]:
    """The rows that can't be found by the bookmark of a run that asked each conversation.

    Such a bookmark is when conversations were updated, and one that changed while it was read comes
    with the next run, along with whatever has happened in it since. So the next run asks each
    conversation once more. Returns whether another way may go on then: not while some conversations
    can't be read.
    """
    if stream.was_read_by == MARK and stream.bookmark() is None:
        stream.restart_at(stream.since())  # everything is read anew, and so is what was unread
    elif stream.was_read_by == MARK:
        stream.read_by = MARK
        stream.logger.info(
            "%s: the last run asked each conversation; asking those updated since once more",
            stream.name,
        )
        yield from stream.rows_left_behind(stream.since())
        return not stream.unread()
    return True
