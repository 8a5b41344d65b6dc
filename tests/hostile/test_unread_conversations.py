"""One conversation whose children can't be read costs itself, is named, and comes when mended."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.hostile.harness import BEGIN, run, spread, told
from tests.hostile.records import Record, row, text
from tests.hostile.server import Ask, Reply, Server, refusal

if TYPE_CHECKING:
    from tests.hostile.records import Row

CONVERSATIONS = "/v1/conversations"


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("broken", [0, 57, 119])
def test_one_conversation_fails_for_ever(broken: int, concurrency: int) -> None:
    conversations = spread(120, step=60_000)
    server = Server(conversations, context="conversation", patience=900)
    for one in conversations:
        server.items[f"/v1/conversations/{one.id}"] = row(one.id)
        server.lists[f"/v1/conversations/{one.id}/attachments"] = [row(f"of-{one.id}")]
    ill = {conversations[broken].id}

    def fail(ask: Ask, _: Reply) -> Reply | None:
        return refusal(500) if ask.path.split("/")[-2] in ill else None

    server.hooks.append(fail)
    everything = {f"of-{one.id}" for one in conversations}
    outcome = run(server, "attachments", concurrency=concurrency)
    told(outcome, "attachments", *ill)
    assert outcome.ids("attachments") == everything - {f"of-{one}" for one in ill}

    again = run(server, "attachments", state=outcome.state, concurrency=concurrency)
    told(again, "attachments", *ill)
    assert len(again.ids("attachments")) < 20
    ill.clear()
    last = run(server, "attachments", state=again.state, concurrency=concurrency)
    assert last.error is None
    assert f"of-{conversations[broken].id}" in last.ids("attachments")


class Children:
    """Conversations with an attachment each; `fails` says which requests are answered otherwise."""

    def __init__(self, count: int = 100, step: int = 600_000) -> None:
        self.conversations = spread(count, step=step)
        self.server = Server(self.conversations, context="conversation", patience=900)
        for one in self.conversations:
            self.server.items[f"{CONVERSATIONS}/{one.id}"] = row(one.id)
            self.server.lists[f"{CONVERSATIONS}/{one.id}/attachments"] = [row(f"of-{one.id}")]
        self.all = {f"of-{one.id}" for one in self.conversations}
        self.fails: dict[str, Reply] = {}
        self.poison: set[str] = set()
        self.server.hooks.append(self._fail)

    def _fail(self, ask: Ask, reply: Reply) -> Reply | None:
        held = reply.data if ask.is_search else []
        if any(one.id in self.poison for one in held):
            return refusal(500)
        return self.fails.get(ask.path)

    def path(self, number: int) -> str:
        """The address of one conversation."""
        return f"{CONVERSATIONS}/{self.conversations[number].id}"


@pytest.mark.parametrize("lookback", [0, 86_400])
def test_an_instant_of_conversations_is_tried_until_it_can_be_read(lookback: int) -> None:
    org = Children()
    org.server.patience = 3_000
    org.poison = {org.conversations[3].id}
    state: Row | None = None
    came: set[str] = set()
    for _ in range(3):
        outcome = run(org.server, "attachments", state=state, lookback_seconds=lookback)
        told(outcome, "attachments")
        came |= outcome.ids("attachments")
        state = outcome.state
    assert came == org.all - {f"of-{org.conversations[3].id}"}
    org.poison = set()
    last = run(org.server, "attachments", state=state, lookback_seconds=lookback)
    assert last.error is None
    assert f"of-{org.conversations[3].id}" in last.ids("attachments")
    assert "unread" not in last.state["bookmarks"]["attachments"]


@pytest.mark.parametrize("status", [400, 404, 500])
def test_more_conversations_are_unread_than_may_fail_in_one_batch(status: int) -> None:
    org = Children()
    org.server.patience = 2_000
    broken = (5, 6, 7, 8, 55, 56, 57, 58)
    org.fails = {f"{org.path(n)}/attachments": refusal(status) for n in broken}
    state: Row | None = None
    came: set[str] = set()
    for _ in range(2):
        outcome = run(org.server, "attachments", state=state)
        told(outcome, "attachments")
        came |= outcome.ids("attachments")
        state = outcome.state
        unread = state["bookmarks"]["attachments"]["unread"]
        assert unread == [org.conversations[n].id for n in broken]
    org.fails = {}
    last = run(org.server, "attachments", state=state)
    assert last.error is None
    assert came | last.ids("attachments") == org.all


@pytest.mark.parametrize(
    "answer",
    [Reply([]), Reply({}), Reply(row("other")), *map(refusal, (302, 400, 410, 500))],
    ids=["nothing", "an empty object", "another one", "302", "400", "410", "500"],
)
def test_an_unread_conversation_whose_address_answers_oddly(answer: Reply) -> None:
    """It may be there still, so it stays unread."""
    org = Children(10)
    org.fails = {f"{org.path(3)}/attachments": refusal(500)}
    first = run(org.server, "attachments", lookback_seconds=0)
    org.fails = {org.path(3): answer}
    second = run(org.server, "attachments", state=first.state, lookback_seconds=0)
    told(second, "attachments", org.conversations[3].id)
    org.fails = {}
    last = run(org.server, "attachments", state=second.state, lookback_seconds=0)
    assert last.error is None
    assert f"of-{org.conversations[3].id}" in last.ids("attachments")


@pytest.mark.parametrize("status", [403, 404])
def test_an_unread_conversation_that_is_deleted(status: int) -> None:
    org = Children(10)
    org.fails = {f"{org.path(3)}/attachments": refusal(500)}
    first = run(org.server, "attachments", lookback_seconds=0)
    org.fails = {org.path(3): refusal(status)}
    second = run(org.server, "attachments", state=first.state, lookback_seconds=0)
    assert second.error is None
    assert "unread" not in second.state["bookmarks"]["attachments"]


@pytest.mark.parametrize("one", ["urn:kustomer:1", "2026-11-20", "a b", "é"])
def test_a_conversation_whose_id_looks_like_something_else(one: str) -> None:
    odd = Record(one, BEGIN + 1, BEGIN)
    server = Server([odd, *spread(3, begin=BEGIN + 2)], context="conversation", patience=200)
    path = f"{CONVERSATIONS}/{quote(one, safe='')}"
    server.items[path] = row(one)
    healed: list[bool] = []

    def answer(ask: Ask, _: Reply) -> Reply | None:
        if not ask.path.endswith("/attachments"):
            return None
        return refusal(500) if path in ask.path and not healed else Reply([row(ask.path)])

    server.hooks.append(answer)
    first = run(server, "attachments", lookback_seconds=0)
    second = run(server, "attachments", state=first.state, lookback_seconds=0)
    for outcome in (first, second):
        told(outcome, "attachments", one)
        assert outcome.state["bookmarks"]["attachments"]["unread"] == [one]
    healed.append(True)
    last = run(server, "attachments", state=second.state, lookback_seconds=0)
    assert last.error is None
    assert f"{path}/attachments" in last.ids("attachments")


def test_a_conversation_without_an_id() -> None:
    org = Children(10)
    one = org.conversations[3]
    one.raw = one.raw.replace(one.id.encode(), b"")
    state: Row | None = None
    for _ in range(2):
        outcome = run(org.server, "attachments", state=state, lookback_seconds=0)
        told(outcome, "attachments", "no id")
        state = outcome.state
        assert state["bookmarks"]["attachments"]["unread"] == [text(one.updated)]
    org.server.put("conversation", spread(10, step=600_000))
    last = run(org.server, "attachments", state=state, lookback_seconds=0)
    assert last.error is None
    assert f"of-{one.id}" in last.ids("attachments")


ELSEWHERE = Reply([], links={"next": "https://example.com/"})


@pytest.mark.parametrize(
    "answer",
    [*map(refusal, (302, 400, 410, 422, 500)), ELSEWHERE, Reply([], more={"errors": [{}]})],
    ids=["302", "400", "410", "422", "500", "a link elsewhere", "errors"],
)
@pytest.mark.parametrize("number", [0, 4, 9])
def test_one_conversation_whose_children_answer_oddly(answer: Reply, number: int) -> None:
    org = Children(10)
    org.fails = {f"{org.path(number)}/attachments": answer}
    outcome = run(org.server, "attachments", lookback_seconds=0)
    told(outcome, "attachments", org.conversations[number].id)
    rest = org.all - {f"of-{org.conversations[number].id}"}
    assert outcome.ids("attachments") == rest
    assert outcome.bookmark("attachments") == org.conversations[-1].updated
    org.fails = {}
    again = run(org.server, "attachments", state=outcome.state)
    assert again.error is None
    assert outcome.ids("attachments") | again.ids("attachments") == org.all


@pytest.mark.parametrize("own", [302, 400, 410, 500])
def test_one_conversation_that_nobody_can_say_is_deleted(own: int) -> None:
    org = Children(10)
    org.fails = {f"{org.path(4)}/attachments": refusal(404), org.path(4): refusal(own)}
    outcome = run(org.server, "attachments", lookback_seconds=0)
    told(outcome, "attachments", org.conversations[4].id)
    assert outcome.ids("attachments") == org.all - {f"of-{org.conversations[4].id}"}
    org.fails = {}
    again = run(org.server, "attachments", state=outcome.state)
    assert again.error is None
    assert f"of-{org.conversations[4].id}" in again.ids("attachments")


@pytest.mark.parametrize("status", [302, 400, 410, 422, 500])
def test_an_endpoint_that_refuses_all_conversations_moves_no_bookmark(status: int) -> None:
    org = Children()
    org.fails = {f"{org.path(n)}/attachments": refusal(status) for n in range(100)}
    outcome = run(org.server, "attachments")
    told(outcome, "attachments")
    assert outcome.bookmark("attachments") is None


def test_one_child_without_an_id_costs_no_other() -> None:
    org = Children(10)
    path = f"{org.path(4)}/attachments"
    org.fails = {path: Reply([row("a"), {"type": "attachment"}, row("b")], links={"next": None})}
    outcome = run(org.server, "attachments", lookback_seconds=0)
    told(outcome, "attachments", org.conversations[4].id)
    rest = org.all - {f"of-{org.conversations[4].id}"}
    assert outcome.ids("attachments") == rest | {"a", "b"}
    org.fails = {}
    again = run(org.server, "attachments", state=outcome.state, lookback_seconds=0)
    assert again.error is None
    assert f"of-{org.conversations[4].id}" in again.ids("attachments")
