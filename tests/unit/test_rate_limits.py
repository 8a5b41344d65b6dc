"""Two budgets and what Kustomer's headers say: when a request may leave."""

from __future__ import annotations

from typing import Any

import pytest

from tap_kustomer import errors
from tap_kustomer.api.client import SEARCH
from tap_kustomer.api.document import fetch
from tests.support import NOW, Answer, HeldClock, client_for, scripted

PATH = "/v1/teams"


def ok(**headers: str) -> Answer:
    return 200, headers, b'{"data": []}'


def test_a_429_waits_for_the_reset_and_costs_no_try(waits: list[float]) -> None:
    clock = HeldClock()
    reset = str(int(NOW.timestamp()) + 40)
    told: Answer = 429, {"x-ratelimit-reset": reset}, b""
    sender = scripted(told, *[(429, {"retry-after": "3"}, b"")] * 30, ok())
    assert fetch(client_for(sender, clock), PATH) == {"data": []}
    assert clock.seconds == 40 + 3 * 30
    assert not waits


def test_a_429_pauses_what_the_request_needed() -> None:
    """A limited search may have met either limit; a limited list only the org's."""
    for ask, seconds in (("get", 0), ("search", 3)):
        clock = HeldClock()
        client = client_for(scripted((429, {"Retry-After": "3"}, b"")), clock)
        with pytest.raises(errors.LimitedError):
            client.get(PATH) if ask == "get" else client.search(SEARCH, {}, page=1, size=1)
        with client.search_budget.slot():
            assert clock.seconds == seconds
        with client.org_budget.slot():
            assert clock.seconds == 3


def test_nothing_left_pauses_until_the_reset() -> None:
    clock = HeldClock()
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "25"}
    client = client_for(scripted(ok(**headers), ok()), clock)
    client.get(PATH)
    client.get(PATH)
    assert clock.seconds == 25


def test_searches_spend_both_budgets() -> None:
    clock = HeldClock()
    client = client_for(
        scripted(*[ok()] * 6), clock, max_requests_per_minute=4, max_search_requests_per_minute=2
    )
    for _ in range(2):
        client.search(SEARCH, {}, page=1, size=1)
    client.get(PATH)
    client.get(PATH)
    assert clock.seconds == 0
    client.search(SEARCH, {}, page=1, size=1)
    assert clock.seconds == 60
    client.get(PATH)
    assert clock.seconds == 60
    assert (client.search_budget.used, client.org_budget.used) == (3, 6)


def test_a_search_that_waits_for_its_own_budget_holds_no_slot_of_the_orgs() -> None:
    clock = HeldClock()
    client = client_for(scripted(ok(), ok()), clock, max_search_requests_per_minute=1)
    client.search(SEARCH, {}, page=1, size=1)
    free: list[int] = []
    held = clock.wait

    def wait(*args: Any) -> None:
        free.append(client.org_budget._in_flight)
        held(*args)

    client.search_budget._wait = wait
    client.search(SEARCH, {}, page=1, size=1)
    assert free == [0]
