"""Walks against an emulator that misbehaves in one way, always."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from emulator import Emulator, Org, Switches
from tap_kustomer import instants
from tap_kustomer.api.client import SEARCH
from tap_kustomer.walks.search import Query, SearchWalk, TieError
from tap_kustomer.walks.slices import SliceReader
from tests.emulated import emulated, searches
from tests.support import HeldClock, client_for, served_by, sync

if TYPE_CHECKING:
    from tap_kustomer.walks.page import Span


def assert_whole(emulator: Emulator, **config: Any) -> None:  # noqa: ANN401  (config values are any JSON)
    rows = sync(emulator, max_search_requests_per_minute=1_000, **config).records("conversations")
    assert len(rows) == len({row["id"] for row in rows}) == emulator.org.counts()["conversations"]


def sizes(emulator: Emulator) -> list[int]:
    return [int(request.params["pageSize"]) for request in searches(emulator)]


def test_pages_in_disorder_are_read_whole() -> None:
    emulator = emulated(faults={"disorder": 1.0})
    assert_whole(emulator, page_size=20)
    assert len(searches(emulator)) < 200


def test_a_server_that_ignores_the_sort_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a sort the emulator answers any page of the range, not its beginning."""
    with_sort = Query.body

    def without_sort(query: Query, span: Span) -> dict[str, Any]:
        body = with_sort(query, span)
        del body["sort"]
        return body

    monkeypatch.setattr(Query, "body", without_sort)
    emulator = emulated()
    assert_whole(emulator, page_size=20)
    assert len(searches(emulator)) < 300


def test_a_server_that_serves_few_records_gets_small_pages_and_larger_ones_later(
    waits: list[float],
) -> None:
    emulator = emulated(max_served=30)
    assert_whole(emulator, page_size=200, concurrency=1)
    asked = sizes(emulator)
    assert asked[:4] == [200, 100, 50, 25]
    assert 50 in asked[4:], "never tried a larger page again"
    assert asked.count(25) > 8
    assert waits


def test_a_capped_total_is_no_count() -> None:
    emulator = emulated(total_cap=40)
    assert_whole(emulator, page_size=20)


def test_searches_keep_their_budget(waits: list[float]) -> None:
    del waits
    clock = HeldClock()
    emulator = emulated()
    emulator.clock = lambda: 1_790_000_000_000 + int(clock.seconds * 1_000)
    emulator.switches.search_limit = 10
    client = client_for(served_by(emulator.app), clock, max_search_requests_per_minute=10)
    walk = SearchWalk(client, Query("conversation", SEARCH, include_deleted=True), 5)
    reader = SliceReader(walk, 0, 1_900_000_000_000, threads=1)
    assert sum(map(len, reader.read())) == emulator.org.counts()["conversations"]
    assert emulator.limited == 0
    assert clock.seconds >= 60 * (len(searches(emulator)) // 10 - 1)


def test_tied_records_without_a_creation_instant_are_not_missed() -> None:
    """35 of one instant, 20 a page; five have no `createdAt` and hide behind the first page."""
    instant = instants.parse("2026-06-01T12:00:00Z")
    org = Org(now=instant)
    for number in range(35):
        attributes = {"updatedAt": instants.text(instant)}
        if number >= 5:
            attributes["createdAt"] = instants.text(instant - number)
        resource = {"type": "conversation", "id": f"{number:024x}", "attributes": attributes}
        org.put("conversation", resource)
    emulator = Emulator(org, Switches(search_limit=None), clock=lambda: instant)
    client = client_for(served_by(emulator.app))
    walk = SearchWalk(client, Query("conversation", SEARCH, include_deleted=True), 20)
    with pytest.raises(TieError, match="conversation records share"):
        for _ in SliceReader(walk, 0, instant, threads=1).read():
            pass
