"""One thing that can't be read costs itself, is named, and comes once it can be read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests

from tests.hostile.harness import BEGIN, Outcome, run, spread, told
from tests.hostile.server import Ask, Record, Reply, Server, refusal, row, text

if TYPE_CHECKING:
    from collections.abc import Callable

LISTS = {"brands": "/v1/brands", "tags": "/v1/tags", "teams": "/v1/teams"}
OTHERS = ("brands", "customers", "tags", "teams")


def org() -> Server:
    """Customers and three lists."""
    server = Server(spread(700), patience=900)
    for path in LISTS.values():
        server.lists[path] = [row("1"), row("2")]
    return server


def others_came(outcome: Outcome) -> None:
    assert len(outcome.ids("customers")) == 700
    for name in LISTS:
        assert outcome.ids(name) == {"1", "2"}


def _reset(_: Ask) -> Reply:
    raise requests.ConnectionError


FAILURES: dict[str, Callable[[Ask], Reply]] = {
    "500": lambda _: refusal(500),
    "503": lambda _: refusal(503),
    "html": lambda _: Reply(body=b"<html></html>"),
    "empty": lambda _: Reply(body=b""),
    "array": lambda _: Reply(body=b"[]"),
    "text": lambda _: Reply(body=b'{"data":"none"}'),
    "numbers": lambda _: Reply([1, 2]),
    "no json": lambda _: Reply(body=b'{"data":['),
    "not utf-8": lambda _: Reply(body=b'{"data":[{"id":"\xff"}]}'),
    "huge number": lambda _: Reply(body=b'{"data":[{"id":"1","n":1e999999999999999999999}]}'),
    "reset": _reset,
    "418": lambda _: refusal(418),
    "302": lambda _: Reply(status=302, headers={"Location": "https://example.com"}),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("stream", ["audit_logs", "companies", "queues", "work_sessions"])
def test_one_stream_fails_for_ever(stream: str, failure: str) -> None:
    server = org()
    paths = {
        "audit_logs": "/v1/audit-logs",
        "queues": "/v1/routing/queues",
        "work_sessions": "/v1/routing/work-sessions",
    }

    def fail(ask: Ask, _: Reply) -> Reply | None:
        companies = ask.is_search and ask.body["queryContext"] == "company"
        concerned = companies if stream == "companies" else ask.path == paths[stream]
        return FAILURES[failure](ask) if concerned else None

    server.hooks.append(fail)
    outcome = run(server, stream, *OTHERS)
    told(outcome, stream)
    others_came(outcome)


@pytest.mark.parametrize("within", [0, 45, 90])
def test_a_search_that_ignores_its_filter(within: int) -> None:
    """`company_updated_at` is in no document: the search may answer everything, always."""
    server = org()
    everything = spread(90, begin=BEGIN - (90 - within) * 9_000)

    def ignore(ask: Ask, _: Reply) -> Reply | None:
        if not ask.is_search or ask.body["queryContext"] != "company":
            return None
        return Reply(everything[: ask.size], {"total": 90}, {"next": None})

    server.hooks.append(ignore)
    server.lists["/v1/companies"] = [row(one.id, updatedAt=text(one.updated)) for one in everything]
    outcome = run(server, "companies", *OTHERS)
    if outcome.error is None:
        assert {one.id for one in everything if one.updated >= BEGIN} <= outcome.ids("companies")
    else:
        told(outcome, "companies")
    others_came(outcome)


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
    server = org()
    records = spread(700)
    one = records[position]
    one.raw = RUIN[ruin](one)
    server.put("customer", records)
    outcome = run(server, *OTHERS)
    rest = {other.id for other in records if other is not one}
    assert rest <= outcome.ids("customers")
    for name in LISTS:
        assert outcome.ids(name) == {"1", "2"}
    if one.id in outcome.ids("customers"):
        assert outcome.error is None
        return
    told(outcome, "customers", *([one.id] if one.id.encode() in one.raw else []))
    server.put("customer", spread(700))
    again = run(server, *OTHERS, state=outcome.state)
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


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("good", [2, 6, 12])
def test_a_key_that_is_revoked_midway(good: int, status: int) -> None:
    server = Server(spread(9_000), patience=150)
    for path in LISTS.values():
        server.lists[path] = [row(f"{n}") for n in range(250)]
    server.hooks.append(lambda ask, _: refusal(status) if ask.number > good else None)
    outcome = run(server, *OTHERS)
    told(outcome, "key")
    assert outcome.requests <= good + 10


def _timeout(_: Ask) -> Reply:
    raise requests.ReadTimeout


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("good", [2, 6, 12])
@pytest.mark.parametrize("fail", [_reset, _timeout, FAILURES["503"]], ids=["reset", "slow", "503"])
def test_a_host_that_is_gone_midway(
    fail: Callable[[Ask], Reply], good: int, concurrency: int
) -> None:
    """What is under way is tried for as long as ever, and after it no stream is."""
    server = Server(spread(9_000), patience=good + 12 * (concurrency + 2))
    for path in LISTS.values():
        server.lists[path] = [row(f"{n}") for n in range(250)]
    server.hooks.append(lambda ask, _: fail(ask) if ask.number > good else None)
    outcome = run(server, *OTHERS, "users", "queues", "slas", concurrency=concurrency)
    told(outcome)
