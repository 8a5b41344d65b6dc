"""Bounds that a server takes more narrowly than it says, and states that do not fit."""

from __future__ import annotations

import random

import pytest

from tests.hostile.harness import BEGIN, PRESENT, run, spread, told
from tests.hostile.records import DAY, Record, text
from tests.hostile.server import Ask, Reply, Server, refusal

MANY = 15_000


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize(("step", "page_size"), [(1, 100), (1, 500), (3, 250), (2_000, 100)])
def test_lte_means_lt(step: int, page_size: int, concurrency: int) -> None:
    records = spread(MANY, step=step)
    server = Server(records)
    server.lte_is_lt = True
    outcome = run(server, page_size=page_size, concurrency=concurrency)
    assert outcome.error is None
    assert outcome.ids() == {one.id for one in records}


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize(("each", "page_size"), [(1, 100), (7, 100), (20, 50), (90, 100)])
def test_an_index_in_microseconds(each: int, page_size: int, concurrency: int) -> None:
    """So many records in each millisecond, told apart by what their text does not show."""
    chance = random.Random(each)
    records = [
        Record(f"{n:024x}", BEGIN + n // each, BEGIN - n, micros=chance.randrange(1_000))
        for n in range(MANY)
    ]
    server = Server(patience=2_000)
    server.in_micros = True
    server.put("customer", records)
    outcome = run(server, page_size=page_size, concurrency=concurrency)
    assert outcome.error is None
    assert outcome.ids() == {one.id for one in records}


@pytest.mark.parametrize("count", [30, 400, 1_100])
@pytest.mark.parametrize("lte_is_lt", [False, True])
def test_ties_within_a_millisecond(count: int, *, lte_is_lt: bool) -> None:
    records = [
        Record(f"{n:024x}", BEGIN + DAY // 2, BEGIN - n % 9, micros=n * 900 // count)
        for n in range(count)
    ]
    server = Server(patience=600)
    server.in_micros, server.lte_is_lt = True, lte_is_lt
    server.put("customer", [*records, *spread(60, begin=BEGIN + 1)[1:]])
    outcome = run(server, page_size=20)
    assert outcome.error is None
    assert outcome.ids() >= {one.id for one in records}


def test_deleted_records_that_are_wanted_later() -> None:
    records = spread(900)
    for one in records[::30]:
        one.deleted = True
    server = Server(records)
    first = run(server, include_deleted=False)
    assert len(first.ids()) == 870
    later = PRESENT + DAY // 24
    second = run(server, state=first.state, now=lambda: later, include_deleted=True)
    assert second.error is None
    assert first.ids() | second.ids() == {one.id for one in records}


@pytest.mark.parametrize("ahead", [7, 30, 300_000])
def test_a_bookmark_in_the_future(ahead: int) -> None:
    bookmark = {
        "replication_key": "updated_at",
        "replication_key_value": text(PRESENT + ahead * DAY),
    }
    outcome = run(Server(spread(10)), state={"bookmarks": {"customers": bookmark}})
    told(outcome, "customers")


@pytest.mark.parametrize(
    "state",
    [
        {"foo": 1},
        {"bookmark": {}},
        {"Bookmarks": {"customers": {}}},
        {"customers": {"replication_key_value": "2026-01-01T00:00:00Z"}},
    ],
)
def test_a_state_of_something_else(state: dict[str, object]) -> None:
    server = Server(spread(10))
    outcome = run(server, state=state)
    told(outcome, "state")
    assert outcome.requests == 0


@pytest.mark.parametrize("unread", [["oops"], "oops", [7], {"a": 1}, ["2026-13-01T00:00:00Z"]])
def test_a_state_that_names_nothing_that_could_not_be_read(unread: object) -> None:
    bookmark = {
        "replication_key": "updated_at",
        "replication_key_value": text(PRESENT - DAY),
        "unread": unread,
    }
    server = Server(spread(10))
    outcome = run(server, state={"bookmarks": {"customers": bookmark}})
    told(outcome, "unread", "customers")
    assert outcome.requests == 0


def test_what_lies_microseconds_before_an_unreadable_millisecond_comes_with_it() -> None:
    at = BEGIN + DAY // 2
    records = [Record("micro", at, BEGIN, micros=456), Record("bad", at + 1, BEGIN)]
    records += spread(9, step=DAY // 10)
    server = Server(patience=900)
    server.in_micros = True
    server.put("customer", records)
    ill = {"bad"}

    def fail(ask: Ask, reply: Reply) -> Reply | None:
        held = reply.data if ask.is_search else []
        return refusal(500) if any(one.id in ill for one in held) else None

    server.hooks.append(fail)
    outcome = run(server)
    told(outcome, "customers", text(at + 1))
    ill.clear()
    again = run(server, state=outcome.state)
    assert again.error is None
    assert outcome.ids() | again.ids() == {one.id for one in records}
