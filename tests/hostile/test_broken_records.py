"""One record or conversation that can't be read costs itself, is named, and comes when mended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.hostile.harness import BEGIN, PRESENT, run, spread, told
from tests.hostile.records import DAY, Record, row, text
from tests.hostile.server import Ask, Reply, Server, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

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


def _nested(record: Record, depth: int) -> bytes:
    inner = b'{"a":' * depth + b"1" + b"}" * depth
    return record.raw.replace(b'"attributes": {', b'"attributes": {"custom": ' + inner + b",", 1)


def _without_id(record: Record) -> bytes:
    whole = json.loads(record.raw)
    del whole["id"]
    return json.dumps(whole).encode()


RUIN: dict[str, Callable[[Record], bytes]] = {
    "2,000 deep": lambda one: _nested(one, 2_000),
    "984 deep": lambda one: _nested(one, 984),
    "990 deep": lambda one: _nested(one, 990),
    "400 deep": lambda one: _nested(one, 400),
    "a number beyond all bounds": lambda one: one.raw.replace(
        b'"attributes": {', b'"attributes": {"n": 1e99999999999999999999999,', 1
    ),
    "without an id": _without_id,
    "an empty id": lambda one: one.raw.replace(one.id.encode(), b"", 1),
    "an id that is a number": lambda one: one.raw.replace(f'"{one.id}"'.encode(), b"7", 1),
}


@pytest.mark.parametrize("position", [0, 350, 699])
@pytest.mark.parametrize("ruin", RUIN)
def test_one_record_that_cannot_be_read(ruin: str, position: int) -> None:
    records = spread(700)
    one = records[position]
    one.raw = RUIN[ruin](one)
    server = Server(records, patience=900)
    server.lists["/v1/brands"] = server.lists["/v1/tags"] = [row("1"), row("2")]
    outcome = run(server, "brands", "customers", "tags")
    rest = {other.id for other in records if other is not one}
    assert rest <= outcome.ids("customers")
    assert outcome.ids("brands") == outcome.ids("tags") == {"1", "2"}
    if one.id in outcome.ids("customers"):
        assert outcome.error is None
        return
    told(outcome, "customers", *([one.id] if one.id.encode() in one.raw else []))
    server.put("customer", spread(700))
    again = run(server, "brands", "customers", "tags", state=outcome.state)
    assert again.error is None
    assert one.id in again.ids("customers")


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("position", [0, 4_321, 8_999])
def test_a_record_that_poisons_every_page(position: int, concurrency: int) -> None:
    """Every search whose page would hold it answers 500."""
    records = spread(9_000)
    server = Server(records, patience=900)
    poison = {records[position].id}

    def fail(ask: Ask, reply: Reply) -> Reply | None:
        held = reply.data if ask.is_search else []
        return refusal(500) if any(one.id in poison for one in held) else None

    server.hooks.append(fail)
    outcome = run(server, concurrency=concurrency)
    told(outcome, "customers")
    assert outcome.ids() == {one.id for one in records} - poison
    poison.clear()
    server.patience += 900
    again = run(server, state=outcome.state, concurrency=concurrency)
    assert again.error is None
    assert records[position].id in again.ids()


def test_a_record_without_anything_is_asked_for_until_it_is_mended() -> None:
    """It has neither an id nor an instant of update, so its neighbours can't tell where it is."""
    records = spread(200, step=60_000)
    at = records[50].updated + 30_000
    server = Server([*records, Record("?", at, raw=b'{"type": "customer"}')], patience=400)
    outcome = run(server)
    told(outcome, "customers")
    assert outcome.ids() == {one.id for one in records}
    again = run(server, state=outcome.state)
    told(again, "customers")
    server.put("customer", [*records, Record("mended", at)])
    last = run(server, state=again.state)
    assert last.error is None
    assert "mended" in last.ids()
    assert "unread" not in last.state["bookmarks"]["customers"]


@pytest.mark.parametrize("status", [404, 500])
def test_what_could_not_be_read_is_not_forgotten_where_its_list_fails(status: int) -> None:
    """The search refuses companies, and so does their list."""
    server = Server(patience=400)
    at = PRESENT - DAY // 2
    ill = [status]

    def refuse(ask: Ask, _: Reply) -> Reply | None:
        if ask.is_search:
            return refusal(400)
        return refusal(ill[0]) if ill and ask.path == "/v1/companies" else None

    server.hooks.append(refuse)
    server.lists["/v1/companies"] = [row("c", updatedAt=text(at))]
    held = {
        "replication_key": "updated_at",
        "replication_key_value": text(PRESENT - 3_600_000),
        "unread": [text(at)],
    }
    outcome = run(server, "companies", state={"bookmarks": {"companies": held}})
    told(outcome, "companies")
    assert outcome.state["bookmarks"]["companies"]["unread"] == [text(at)]
    ill.clear()
    again = run(server, "companies", state=outcome.state)
    assert again.error is None
    assert again.ids("companies") == {"c"}
    assert "unread" not in again.state["bookmarks"]["companies"]


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


def test_a_work_session_that_can_not_be_read_holds_the_bookmark() -> None:
    """Once it can be read it may still be open, and its end must arrive too."""
    at = PRESENT - 5 * DAY
    path = "/v1/routing/work-sessions"
    server = Server(patience=200)
    server.hooks.append(refuse_searches)
    options: dict[str, Any] = {"start_date": text(PRESENT - 40 * DAY), "lookback_seconds": 0}
    recent = row("new", createdAt=text(PRESENT - DAY), signedOutAt=text(PRESENT - DAY + 1))
    open_session = row("old", createdAt=text(at), active=True)
    server.lists[path] = [recent, {"attributes": open_session["attributes"]}]
    first = run(server, "work_sessions", **options)
    told(first, "work_sessions")
    server.lists[path] = [recent, open_session]
    second = run(server, "work_sessions", state=first.state, **options)
    assert second.error is None
    ended = row("old", createdAt=text(at), active=False, signedOutAt=text(PRESENT))
    server.lists[path] = [recent, ended]
    third = run(server, "work_sessions", state=second.state, **options)
    assert third.error is None
    (session,) = [one for one in third.messages.records("work_sessions") if one["id"] == "old"]
    assert session["signed_out_at"]


def test_a_work_session_without_anything_is_looked_for_until_it_is_mended() -> None:
    path = "/v1/routing/work-sessions"
    server = Server(patience=200)
    server.hooks.append(refuse_searches)
    options: dict[str, Any] = {"start_date": text(PRESENT - 60 * DAY), "lookback_seconds": 0}
    sessions = [
        row(f"{n}", createdAt=text(PRESENT - n * DAY), signedOutAt=text(PRESENT))
        for n in range(1, 50)
    ]
    server.lists[path] = [*sessions[:40], {"type": "thing"}, *sessions[40:]]
    first = run(server, "work_sessions", **options)
    told(first, "work_sessions")
    server.lists[path] = [*sessions[:40], row("mended", createdAt=text(PRESENT - 41 * DAY))]
    last = run(server, "work_sessions", state=first.state, **options)
    assert last.error is None
    assert "mended" in last.ids("work_sessions")


def refuse_searches(ask: Ask, _: Reply) -> Reply | None:
    """The search knows no work sessions, so their list is read."""
    return refusal(400) if ask.is_search else None
