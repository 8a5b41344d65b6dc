"""Texts about conversations: what was forwarded to others, and summaries by AI."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_kustomer import jsonapi
from tap_kustomer.errors import (
    NotFoundError,
    OverloadedError,
    RecordError,
    RequestRefusedError,
)
from tap_kustomer.needs import Feature
from tap_kustomer.schemas.conversation_texts import AI_SUMMARY, FORWARD
from tap_kustomer.streams.per_conversation import (
    Children,
    Conversation,
    Failure,
    Parent,
    PerConversationStream,
)
from tap_kustomer.streams.search import SEARCH_ROLES
from tap_kustomer.streams.timeline import Conversations
from tap_kustomer.walks.listing import read_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Record

AI_SUMMARIES = Feature("AI Copilot or AI Summaries", "https://developer.kustomer.com/api/ai")
# Ids in one request: what Kustomer takes is unknown, and an address should stay below 2,000 bytes.
IDS = 50


class Forwards(PerConversationStream):
    """A conversation that was sent on to others."""

    name = "forwards"
    path = "/v1/conversations/{}/forwards"
    resource = FORWARD
    permissions = (("org.permission.draft.read", "org.user.draft.read"), SEARCH_ROLES)


class AiSummaries(PerConversationStream):
    """A summary of a conversation, written by AI.

    Read for many conversations at a time. Conversations without a summary are left out of the
    response without a word (documented), so a response proves nothing about single ones.
    """

    name = "ai_summaries"
    path = "/v1/ai/summaries/batch"
    resource = AI_SUMMARY
    permissions = (*Conversations.permissions[:1], SEARCH_ROLES)
    plan_gated = AI_SUMMARIES
    cost = f"1 request per {IDS} conversations updated, and the searches that find them"
    _ids = IDS

    @override
    def children(self, conversation: Conversation) -> Children | None:
        """The summary of one conversation."""
        return self._summaries([conversation])[0][1]

    @override
    def _rows(self, conversations: Iterable[Parent], *, is_again: bool = False) -> Iterator[Record]:
        """The rows of the conversations' summaries, group by group."""
        left = iter(conversations)
        while group := list(islice(left, self._ids)):
            refused: list[tuple[Conversation, Failure]] = []
            found = [parent.conversation for parent in group if parent.conversation]
            without_id = RecordError("It has no id, so its summary can't be requested.")
            refused += [(one, without_id) for one in found if not one.id]
            self.progress.conversations = (self.progress.conversations or 0) + len(found)
            for conversation, summaries in self._summaries([one for one in found if one.id]):
                yield from self._child_rows(summaries, conversation, refused)
            self._resolve(refused, is_again=is_again)
            if group[-1].bookmark is not None:
                self.move_bookmark(group[-1].bookmark)

    def _summaries(self, wanted: list[Conversation]) -> list[tuple[Conversation, Children]]:
        """Each conversation with its summaries, if any.

        A request that is refused, or that is too much for Kustomer, is halved, and later ones are
        as small.

        Raises:
            KustomerError: they can't be read, not even one by one.
            RecordError: a summary can't be decoded, so nobody knows whose it is.
        """
        if not wanted:
            return []
        query = {"resourceIds": ",".join(conversation.id for conversation in wanted)}
        found: dict[str, Children] = {conversation.id: [] for conversation in wanted}
        try:
            for item in read_list(self.session.client, self.path, query):
                about: Any = jsonapi.attribute(item.resource, "resourceId")
                if about in found:
                    found[about].append(item)
        except NotFoundError:
            raise
        except (RequestRefusedError, OverloadedError):
            if len(wanted) == 1:
                raise
            half = self._ids = len(wanted) // 2
            return [*self._summaries(wanted[:half]), *self._summaries(wanted[half:])]
        return [(conversation, found[conversation.id]) for conversation in wanted]
