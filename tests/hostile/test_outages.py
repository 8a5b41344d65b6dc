"""Servers that fail for a while: what that costs in requests."""

from __future__ import annotations

import random
import threading
from collections import Counter
from functools import cache

import pytest
import requests

from tests.hostile.harness import run, spread
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
