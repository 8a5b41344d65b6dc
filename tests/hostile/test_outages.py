"""Servers that fail for a while: what that costs in requests."""

from __future__ import annotations

import random
import threading
from collections import Counter
from functools import cache

import pytest
import requests

from tests.hostile.harness import BEGIN, run, spread, told
from tests.hostile.records import DAY, Record, parse, text
from tests.hostile.server import Ask, Reply, Server, refusal


@pytest.mark.parametrize("from_number", [12, 30, 90])
def test_an_outage_of_all_threads(from_number: int) -> None:
    """24 answers fail in a row, 6 to each of 4 threads; then 80,000 records come as before."""
    records = spread(80_000, step=1_000)
    server = Server(records, patience=250)
    failed: Counter[int] = Counter()

    def outage(ask: Ask, _: Reply) -> Reply | None:
        thread = threading.get_ident()
        if ask.number < from_number or failed[thread] == 6 or failed.total() == 24:
            return None
        failed[thread] += 1
        return refusal(500)

    server.hooks.append(outage)
    outcome = run(server, concurrency=4)
    assert outcome.error is None
    assert len(outcome.ids()) == len(records)


def _faults(seed: int, *, bad: float, slow: float) -> Server:
    server, chance = Server(spread(15_000, step=5_000)), random.Random(seed)

    def fail(ask: Ask, reply: Reply) -> Reply | None:
        if not ask.is_search or (draw := chance.random()) >= bad + slow:
            return None
        if draw >= bad:
            reply.data = reply.data[: chance.randrange(len(reply.data) + 1)]
            reply.meta = {**(reply.meta or {}), "timed_out": True}
            return None
        match kind := chance.choice(["500", "503", "reset", "truncated", "html"]):
            case "reset":
                raise requests.ConnectionError
            case "truncated":
                return Reply(body=reply.encode()[: chance.randrange(1, 60)])
            case "html":
                return Reply(body=b"<html>Bad gateway</html>")
            case _:
                return refusal(int(kind))

    server.hooks.append(fail)
    return server


@cache
def _faultless() -> int:
    return run(_faults(0, bad=0, slow=0)).requests


@pytest.mark.parametrize("seed", range(20))
def test_a_fifth_of_all_answers_fails(seed: int) -> None:
    server = _faults(seed, bad=0.15, slow=0.05)
    server.patience = 3 * _faultless()
    outcome = run(server)
    assert outcome.error is None
    assert len(outcome.ids()) == 15_000


@pytest.mark.parametrize("slow_for", [30, 100, 200])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_small_pages_for_a_while(slow_for: int, concurrency: int) -> None:
    """Until so many requests were sent, a page of more than 30 records times out."""
    records = spread(30_000, step=2_000)
    server = Server(records, patience=slow_for + 2 * len(records) // 500 + 60)

    def slow(ask: Ask, reply: Reply) -> None:
        if ask.is_search and ask.number <= slow_for and ask.size > 30:
            reply.data = reply.data[:30]
            reply.meta = {**(reply.meta or {}), "timed_out": True}

    server.hooks.append(slow)
    outcome = run(server, concurrency=concurrency)
    assert outcome.error is None
    assert len(outcome.ids()) == len(records)


def _touches(ask: Ask, first: int, last: int) -> bool:
    """Whether a search asks for some of the time from `first` to `last`."""
    if not ask.is_search:
        return False
    low, high = (parse(next(iter(bound.values()))) for bound in _updated(ask))
    return low <= last and first <= high


def _updated(ask: Ask) -> list[dict[str, str]]:
    return [
        bound
        for criterion in ask.body["and"]
        for name, bound in criterion.items()
        if name.endswith("_updated_at")
    ]


def _by_creation(ask: Ask) -> bool:
    return ask.is_search and len(ask.body["and"]) > 2


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_part_of_time_is_down(concurrency: int) -> None:
    """Every search that touches 40 minutes answers 503."""
    records = spread(3_000)
    first, last = records[1_000].updated, records[1_260].updated
    server = Server(records, patience=400)
    server.hooks.append(lambda ask, _: refusal(503) if _touches(ask, first, last) else None)
    outcome = run(server, concurrency=concurrency)
    told(outcome, "customers", "no search for records updated from", text(first))
    assert outcome.ids() == {one.id for one in records[:1_000]}
    assert (outcome.bookmark() or BEGIN) < first
    assert "unread" not in outcome.state["bookmarks"]["customers"]


def test_an_instant_that_fails_whatever_is_filtered() -> None:
    records = spread(700)
    ill = {records[400].updated}
    server = Server(records, patience=400)
    server.hooks.append(
        lambda ask, _: refusal(500) if any(_touches(ask, at, at) for at in ill) else None
    )
    outcome = run(server)
    told(outcome, "customers", text(records[400].updated))
    assert outcome.ids() == {one.id for one in records} - {records[400].id}
    ill.clear()
    again = run(server, state=outcome.state)
    assert again.error is None
    assert records[400].id in again.ids()


@pytest.mark.parametrize("is_ignored", [False, True])
@pytest.mark.parametrize("count", [501, 1_300])
def test_a_search_that_cannot_filter_by_creation(count: int, *, is_ignored: bool) -> None:
    """The filter answers 500, or is ignored: a tie is read by page number."""
    at = BEGIN + DAY // 2
    records = spread(50)
    records += [Record(f"b{n:023x}", at, BEGIN - DAY - n) for n in range(count)]
    server = Server(records, patience=200)

    def fail(ask: Ask, reply: Reply) -> Reply | None:
        if not _by_creation(ask):
            return None
        if not is_ignored:
            return refusal(500)
        ask.body["and"] = [one for one in ask.body["and"] if "customer_updated_at" in one]
        reply.data = server.matching(ask)[: ask.size]
        return None

    server.hooks.append(fail)
    outcome = run(server)
    assert outcome.error is None
    assert outcome.ids() == {one.id for one in records}


@pytest.mark.parametrize(("count", "patience"), [(4, 900), (60, 1_600)])
def test_bad_records_of_one_instant(count: int, patience: int) -> None:
    """A few are told apart from the others of their instant; of many, some others are lost."""
    at, year = BEGIN + DAY // 2, 365 * DAY
    others = spread(50)
    ties = [Record(f"b{n:023x}", at, BEGIN - n * year // 100) for n in range(300)]
    bad = {one.id for one in ties[:: 300 // count][:count]}
    server = Server([*others, *ties], patience=patience)

    def fail(ask: Ask, reply: Reply) -> Reply | None:
        held = reply.data if ask.is_search else []
        return refusal(500) if any(one.id in bad for one in held) else None

    server.hooks.append(fail)
    outcome = run(server)
    told(outcome, "customers", text(at))
    assert outcome.ids() >= {one.id for one in others}
    assert not outcome.ids() & bad
    if count == 4:
        assert outcome.ids() == {one.id for one in others + ties} - bad
    bad.clear()
    again = run(server, state=outcome.state)
    assert again.error is None
    assert again.ids() >= {one.id for one in ties}


@pytest.mark.parametrize("at", range(2, 11))
@pytest.mark.parametrize("is_bare", [False, True])
def test_three_bad_gateways_in_a_row(at: int, *, is_bare: bool) -> None:
    """At any request: also at page 2, which shows that there is no more, or is one of a tie."""
    moment = BEGIN + DAY // 2
    records = spread(40)
    if not is_bare:
        records += [Record(f"b{n:023x}", moment, BEGIN - DAY) for n in range(700)]
    server = Server(records, patience=100)

    def fail(ask: Ask, reply: Reply) -> Reply | None:
        if is_bare and ask.is_search:
            reply.meta = reply.links = None
        return refusal(502) if at <= ask.number < at + 3 else None

    server.hooks.append(fail)
    outcome = run(server)
    assert outcome.error is None
    assert outcome.ids() == {one.id for one in records}
