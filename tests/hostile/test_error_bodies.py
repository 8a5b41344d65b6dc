"""Answers with status 200 that hold errors, or nothing that tells whether they are whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.hostile.harness import BEGIN, run, spread, told
from tests.hostile.records import Record, Row, row, text
from tests.hostile.server import SEARCH, Ask, Reply, Server

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 3_000
ERRORS: Row = {"errors": [{"code": "some_code", "title": "shard failure"}]}


def org(patience: int = 600) -> Server:
    """Customers and three lists."""
    server = Server(spread(MANY), patience=patience)
    for name in ("brands", "tags"):
        server.lists[f"/v1/{name}"] = [row(f"{n}") for n in range(250)]
    server.lists["/v1/schedules"] = [row("s1"), row("s2")]
    for one in ("s1", "s2"):
        server.items[f"/v1/schedules/{one}"] = row(one)
    return server


def erring(path: str, which: Callable[[int], bool], *, partial: bool = False) -> Server:
    """The answers to `path` for whose number `which` holds are errors of status 200."""
    server = org()
    count = 0

    def err(ask: Ask, reply: Reply) -> Reply | None:
        nonlocal count
        if ask.path != path:
            return None
        count += 1
        if not which(count):
            return None
        half = reply.data[: len(reply.data) // 2] if partial else []
        return Reply(half, more=ERRORS)

    server.hooks.append(err)
    return server


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("path", [SEARCH, "/v1/tags"])
@pytest.mark.parametrize(
    "which",
    [lambda n: n == 1, lambda n: n == 2, lambda n: n == 3, lambda n: n % 3 == 0, lambda n: n < 5],
    ids=["first", "second", "third", "sometimes", "four in a row"],
)
def test_passing_errors(which: Callable[[int], bool], path: str, *, partial: bool) -> None:
    outcome = run(erring(path, which, partial=partial), "customers", "tags")
    assert outcome.error is None
    assert len(outcome.ids("customers")) == MANY
    assert len(outcome.ids("tags")) == 250


@pytest.mark.parametrize("good", [0, 1, 2])
def test_a_search_that_errs_for_ever(good: int) -> None:
    outcome = run(erring(SEARCH, lambda n: n > good), "brands", "customers", "tags")
    told(outcome, "customers")
    assert outcome.ids("brands") == outcome.ids("tags") == {f"{n}" for n in range(250)}
    came = [one.updated for one in spread(MANY) if one.id in outcome.ids()]
    assert (outcome.bookmark() or BEGIN) <= max(came, default=BEGIN)


@pytest.mark.parametrize("good", [0, 1, 2, 3])
def test_a_list_that_errs_for_ever(good: int) -> None:
    outcome = run(erring("/v1/brands", lambda n: n > good), "brands", "customers", "tags")
    told(outcome, "brands")
    assert not outcome.retires("brands")
    assert outcome.retires("tags")
    assert len(outcome.ids("customers")) == MANY


def test_a_resource_that_errs_once() -> None:
    outcome = run(erring("/v1/schedules/s1", lambda n: n == 1), "schedules")
    assert outcome.error is None
    assert outcome.ids("schedules") == {"s1", "s2"}


def test_a_resource_that_errs_for_ever() -> None:
    outcome = run(erring("/v1/schedules/s1", lambda _: True), "schedules", "tags")
    told(outcome, "schedules")
    assert not outcome.retires("schedules")
    assert outcome.retires("tags")


@pytest.mark.parametrize("which", [lambda n: n == 1, lambda n: n < 4], ids=["once", "thrice"])
def test_a_survey_answer_that_errs_at_first(which: Callable[[int], bool]) -> None:
    path = "/v1/satisfaction-responses/r1"
    server = erring(path, which)
    attributes = {"updatedAt": text(BEGIN + 1), "satisfactionLevel": {"formResponse": "r1"}}
    raw = json.dumps(row("c1", **attributes)).encode()
    server.put("conversation", [Record("c1", BEGIN + 1, raw=raw)])
    server.items[path] = row("r1")
    outcome = run(server, "satisfaction_responses")
    assert outcome.error is None
    assert outcome.ids("satisfaction_responses") == {"r1"}


def _bare(reply: Reply) -> None:
    reply.meta = reply.links = None


def _link_without_next(reply: Reply) -> None:
    reply.links = {"self": "/"}


def _no_total(reply: Reply) -> None:
    reply.meta = {}


def _null_total(reply: Reply) -> None:
    reply.meta = {"total": None}


def _total_as_text(reply: Reply) -> None:
    reply.meta = {"total": str((reply.meta or {}).get("total"))}


def _total_as_text_alone(reply: Reply) -> None:
    _total_as_text(reply)
    reply.links = None


def _empty_link(reply: Reply) -> None:
    reply.meta, reply.links = {}, {"next": ""}


def _false_link(reply: Reply) -> None:
    reply.meta, reply.links = {"total": None}, {"next": False}


@pytest.mark.parametrize(
    "tell",
    [
        _bare,
        _link_without_next,
        _no_total,
        _null_total,
        _total_as_text,
        _total_as_text_alone,
        _empty_link,
        _false_link,
    ],
)
@pytest.mark.parametrize("count", [8_000, 100, 99, 1, 0])
def test_pages_clamped_in_silence(tell: Callable[[Reply], None], count: int) -> None:
    """The server sends at most 100 records a page, whatever was asked for, and may not say so."""
    server = Server(spread(count), patience=500)

    def clamp(ask: Ask, reply: Reply) -> None:
        if ask.is_search and isinstance(reply.data, list):
            at = (ask.page - 1) * min(ask.size, 100)
            held = server.matching(ask)
            reply.data = held[at : at + min(ask.size, 100)]
            more = at + len(reply.data) < len(held)
            reply.links = {"next": f"{SEARCH}?page={ask.page + 1}&pageSize=100" if more else None}
            tell(reply)

    server.hooks.append(clamp)
    outcome = run(server)
    assert outcome.error is None
    assert len(outcome.ids()) == count


@pytest.mark.parametrize("links", ["none", "null", "by the size asked for", "always", "true"])
@pytest.mark.parametrize("counts", [False, True])
def test_page_2_begins_behind_the_size_asked_for(links: str, *, counts: bool) -> None:
    """The server sends at most 100 records, and begins page 2 of 500 at record 501."""
    server = Server(spread(400), patience=200)

    def clamp(ask: Ask, reply: Reply) -> None:
        if not ask.is_search:
            return
        held, at = server.matching(ask), (ask.page - 1) * ask.size
        reply.data = held[at : at + min(ask.size, 100)]
        is_more = {
            "null": False,
            "always": True,
            "true": at + len(reply.data) < len(held),
            "by the size asked for": at + ask.size < len(held),
        }
        reply.links = {} if links == "none" else {"next": "/x" if is_more[links] else None}
        reply.meta = {"total": len(held)} if counts else {}

    server.hooks.append(clamp)
    outcome = run(server)
    assert outcome.error is None
    assert len(outcome.ids()) == 400


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("at", range(2, 32))
def test_an_answer_that_is_empty_once(at: int, concurrency: int) -> None:
    """It neither counts nor links, as all others do: nothing proves that there is nothing."""
    server = Server(spread(12_000, step=5_000), patience=200)
    server.hooks.append(lambda ask, _: Reply([]) if ask.is_search and ask.number == at else None)
    outcome = run(server, concurrency=concurrency)
    assert outcome.error is None
    assert len(outcome.ids()) == 12_000


@pytest.mark.parametrize("at_most", [None, 500])
def test_a_count_that_is_the_size_of_the_page(at_most: int | None) -> None:
    """It counts the page, or no further than a page, and there are no links."""
    server = Server(spread(2_000), patience=200)

    def count(ask: Ask, reply: Reply) -> None:
        if ask.is_search and reply.meta:
            reply.links = None
            total = reply.meta["total"]
            reply.meta = {"total": len(reply.data) if at_most is None else min(total, at_most)}

    server.hooks.append(count)
    outcome = run(server)
    assert outcome.error is None
    assert len(outcome.ids()) == 2_000
