"""Refusals that come and go, for what belongs to conversations that can be read."""

from __future__ import annotations

import pytest

from tests.hostile.harness import BEGIN, run, spread, told
from tests.hostile.records import Record, row
from tests.hostile.server import Ask, Reply, Server, refusal

CONVERSATIONS = "/v1/conversations"
# Each stream with the paths that its rows come from.
STREAMS = {
    "attachments": ("/v1/conversations/{}/attachments",),
    "conversation_events": ("/v1/conversations/{}/events",),
    "conversation_times": ("/v2/conversations/{}/times", "/v1/conversations/{}/times"),
    "work_items": ("/v1/routing/conversations/{}/work-items",),
}
NOT_FOUND = 404
MANY = 130
# So few may be noted one by one; of more, the bookmark must not pass the first.
FEW = 5


class Parts:
    """An org with one part to each conversation, some of which are refused for a while."""

    def __init__(self, stream: str, status: int) -> None:
        self.stream, self.status = stream, status
        self.conversations = spread(MANY, step=60_000)
        self.refused: set[str] = set()
        self.hidden: set[str] = set()
        self.server = Server(self.conversations, context="conversation", patience=2_000)
        self.server.lists[CONVERSATIONS] = [row(one.id) for one in self.conversations]
        for one in self.conversations:
            self.server.items[f"{CONVERSATIONS}/{one.id}"] = row(one.id)
            for path in STREAMS[stream]:
                self.server.lists[path.format(one.id)] = [row(f"part-{one.id}")]
        self.server.hooks.append(_search_conversations_only)
        self.server.hooks.append(self._refuse)

    def _refuse(self, ask: Ask, _: Reply) -> Reply | None:
        owners = [part for part in ask.path.split("/") if len(part) == 24]
        own = ask.path == f"{CONVERSATIONS}/{owners[0]}" if owners else False
        if owners and owners[0] in self.hidden:
            return refusal(self.status)
        if owners and owners[0] in self.refused and not own:
            return refusal(self.status)
        return None

    def parts(self, conversations: list[Record]) -> set[str]:
        """The rows that belong to some conversations."""
        return {f"part-{one.id}" for one in conversations}


def _search_conversations_only(ask: Ask, _: Reply) -> Reply | None:
    """The search knows no handle times and no work items."""
    if ask.is_search and ask.context != "conversation":
        return refusal(400)
    return None


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize(
    ("stream", "first", "last"),
    [(stream, 20, 60) for stream in STREAMS]
    + [("attachments", *some) for some in ((0, MANY), (60, MANY), (128, MANY), (70, 71))],
)
def test_a_storm(stream: str, status: int, concurrency: int, first: int, last: int) -> None:
    org = Parts(stream, status)
    org.refused = {one.id for one in org.conversations[first:last]}
    outcome = run(org.server, stream, concurrency=concurrency, lookback_seconds=0)
    told(outcome, stream)
    if last - first > FEW:
        assert (outcome.bookmark(stream) or BEGIN) <= org.conversations[first].updated
    org.refused = set()
    again = run(org.server, stream, state=outcome.state, concurrency=concurrency)
    assert again.error is None
    assert outcome.ids(stream) | again.ids(stream) == org.parts(org.conversations)


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("stream", STREAMS)
def test_what_is_hidden_is_passed_over(stream: str, status: int) -> None:
    org = Parts(stream, status)
    org.hidden = {one.id for one in org.conversations[40::20]}
    outcome = run(org.server, stream)
    assert outcome.error is None
    visible = [one for one in org.conversations if one.id not in org.hidden]
    assert outcome.ids(stream) == org.parts(visible)
    assert outcome.bookmark(stream) == org.conversations[-1].updated


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("stream", STREAMS)
def test_a_storm_over_some_that_are_hidden(stream: str, status: int) -> None:
    org = Parts(stream, status)
    org.hidden = {one.id for one in org.conversations[10::20]}
    org.refused = {one.id for one in org.conversations[60:]}
    outcome = run(org.server, stream)
    told(outcome, stream)
    org.refused = set()
    again = run(org.server, stream, state=outcome.state)
    assert again.error is None
    visible = [one for one in org.conversations if one.id not in org.hidden]
    assert outcome.ids(stream) | again.ids(stream) == org.parts(visible)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("stream", STREAMS)
def test_a_conversation_refused_by_chance_is_not_passed_over(
    stream: str, status: int, times: int
) -> None:
    """Its parts are refused once, and then it itself `times` times."""
    org = Parts(stream, status)
    unlucky = org.conversations[40].id
    left = {True: times, False: len(STREAMS[stream]) if status == NOT_FOUND else 1}

    def refuse(ask: Ask, _: Reply) -> Reply | None:
        own = ask.path == f"{CONVERSATIONS}/{unlucky}"
        if unlucky not in ask.path or not left[own]:
            return None
        left[own] -= 1
        return refusal(status)

    org.server.hooks.append(refuse)
    outcome = run(org.server, stream)
    told(outcome, stream)
    again = run(org.server, stream, state=outcome.state)
    assert again.error is None
    assert outcome.ids(stream) | again.ids(stream) == org.parts(org.conversations)
