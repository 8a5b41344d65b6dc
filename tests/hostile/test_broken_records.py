"""One record that can't be read costs itself, is named, and comes when mended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile.harness import PRESENT, run, spread, told
from tests.hostile.records import DAY, Record, row, text
from tests.hostile.server import Ask, Reply, Server, refusal

if TYPE_CHECKING:
    from collections.abc import Callable


CONVERSATIONS = "/v1/conversations"


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
