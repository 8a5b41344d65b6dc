"""Walks against an emulator that misbehaves in one way, always."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator import Emulator, Org, Switches
from tap_kustomer import timestamps
from tap_kustomer.walks.search import SearchWalk
from tap_kustomer.walks.slices import Limits, SliceReader
from tests.emulated import emulated, searches
from tests.support import HeldClock, Messages, client_for, served_by, tap_for
from tests.table import query

if TYPE_CHECKING:
    from tap_kustomer.api.client import Client


def assert_whole(emulator: Emulator, limits: Limits | None = None, **config: Any) -> None:
    messages = Messages()
    tap = tap_for(emulator, messages, max_search_requests_per_minute=1_000, **config)
    tap.session.limits = limits or Limits()
    tap.read()
    rows = messages.records("conversations")
    assert len(rows) == len({row["id"] for row in rows}) == emulator.org.counts()["conversations"]


def sizes(emulator: Emulator) -> list[int]:
    return [int(request.params["pageSize"]) for request in searches(emulator)]


def reader(client: Client, end: int, size: int) -> SliceReader:
    def walk(start: int, end: int, begin: int | None) -> SearchWalk:
        return SearchWalk(client, query(), start, end, page_size=size, size=begin)

    return SliceReader(walk, 0, end, threads=1, limits=Limits())


def test_pages_in_disorder_are_read_whole() -> None:
    emulator = emulated(faults={"disorder": 1.0})
    assert_whole(emulator, page_size=20)
    assert len(searches(emulator)) < 200


def test_pages_that_lack_a_record_now_and_then_are_read_whole(waits: list[float]) -> None:
    del waits
    emulator = emulated(faults={"short": 0.2})
    assert_whole(emulator, page_size=20)


def test_a_server_that_ignores_the_sort_is_read_whole() -> None:
    emulator = emulated(unsorted=True)
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
    # Handle times that share one creation can't be separated, so so few may not be the cap.
    emulator = emulated(total_cap=40, refused_contexts={"conversation_time"})
    assert_whole(emulator, Limits(max_records=40), page_size=20)


def test_many_slices_are_one_range() -> None:
    emulator = emulated()
    assert_whole(emulator, Limits(target=30, room=50_000), page_size=10, concurrency=4)
    assert len(searches(emulator)) < 100


def test_searches_keep_their_budget(waits: list[float]) -> None:
    del waits
    clock = HeldClock()
    emulator = emulated()
    emulator.clock = lambda: 1_790_000_000_000 + int(clock.seconds * 1_000)
    emulator.switches.search_limit = 10
    client = client_for(served_by(emulator.app), clock, max_search_requests_per_minute=10)
    chunks = reader(client, 1_900_000_000_000, 5).read()
    assert sum(len(chunk.hits) for chunk in chunks) == emulator.org.counts()["conversations"]
    assert emulator.limited == 0
    assert clock.seconds >= 60 * (len(searches(emulator)) // 10 - 1)


def test_tied_records_without_a_creation_instant_are_not_missed() -> None:
    """35 of one instant, 20 a page; five have no `createdAt` and hide behind the first page."""
    instant = timestamps.parse("2026-06-01T12:00:00Z")
    org = Org(now=instant)
    for number in range(35):
        attributes = {"updatedAt": timestamps.text(instant)}
        if number >= 5:
            attributes["createdAt"] = timestamps.text(instant - number)
        resource = {"type": "conversation", "id": f"{number:024x}", "attributes": attributes}
        org.put("conversation", resource)
    emulator = Emulator(org, Switches(search_limit=None), clock=lambda: instant)
    chunks = reader(client_for(served_by(emulator.app)), instant, 20).read()
    assert sorted(hit.id for chunk in chunks for hit in chunk.hits) == [
        f"{number:024x}" for number in range(35)
    ]
