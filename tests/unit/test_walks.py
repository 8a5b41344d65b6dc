"""Walks against an emulator that misbehaves in one way, always."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Emulator, Org, Switches
from tap_kustomer import instants
from tap_kustomer.api.client import SEARCH
from tap_kustomer.api.errors import RequestRefusedError
from tap_kustomer.walks import slices
from tap_kustomer.walks.page import Found, Page, Span
from tap_kustomer.walks.search import Query, SearchWalk, Step, TieError
from tap_kustomer.walks.slices import SliceReader
from tests.emulated import emulated, searches
from tests.support import HeldClock, client_for, served_by, sync

if TYPE_CHECKING:
    from collections.abc import Generator

    from tap_kustomer.api.client import Client


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


def test_nothing_is_asked_beyond_the_caps_even_where_a_page_would_straddle_them() -> None:
    """9,950 records of one instant, 300 a page: page 34 would reach beyond record 10,000."""
    span = Span(5, 5, 5, 5)
    everything = [Found(5, 5, str(n), b"") for n in range(9_950)]
    asked: list[int] = []

    class Stub:
        def search(self, *_: object, page: int, size: int) -> Page:
            asked.append(page)
            return Page(everything[(page - 1) * size : page * size], False, True, 9_950, size)  # noqa: FBT003

    query = Query("conversation", SEARCH, include_deleted=True)
    walk = SearchWalk(cast("Client", Stub()), query, 300)
    assert len(walk._same_instants(span)) == 9_950
    assert max(asked) == 40, "250 a page ends with the cap"


def test_page_101_is_never_asked_for() -> None:
    """5,010 records of one instant, 50 a page: the last ten come when their order changes."""
    everything = [Found(5, 5, str(n), b"") for n in range(5_010)]
    asked: list[int] = []

    class Stub:
        def search(self, *_: object, page: int, size: int) -> Page:
            asked.append(page)
            if page == 1:
                everything.reverse()
            return Page(everything[(page - 1) * size : page * size], False, True, 5_010, size)  # noqa: FBT003

    walk = SearchWalk(
        cast("Client", Stub()), Query("conversation", SEARCH, include_deleted=True), 50
    )
    assert len(walk._same_instants(Span(5, 5, 5, 5))) == 5_010
    assert max(asked) == 100


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


class Counted(SearchWalk):
    """Hands over one list a step, up to a failure; records how far it went."""

    def __init__(self, fail_at: int) -> None:
        self.fail_at = fail_at
        self.steps: list[int] = []
        self.threads: set[int] = set()

    def step(self, start: int, end: int) -> Generator[list[Found], None, Step]:
        self.steps.append(start)
        self.threads.add(threading.get_ident())
        if start >= self.fail_at:
            raise RequestRefusedError(404, SEARCH)
        yield [Found(start, start, str(start), b"x" * 100)]
        return Step(start + 1, end - start)


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_waits_for_its_turn(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    monkeypatch.setattr(slices, "TARGET", 4)
    got: list[int] = []
    reader = SliceReader(Counted(fail_at=17), 0, 40, threads=threads)
    with pytest.raises(RequestRefusedError):
        got.extend(found.instant for records in reader.read() for found in records)
    assert got == list(range(17))


@pytest.mark.parametrize("threads", [1, 4])
def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    """A reader that nobody listens to fetches no more than there is room for."""
    monkeypatch.setattr(slices, "TARGET", 10)
    monkeypatch.setattr(slices, "ROOM", 1_000)
    walk = Counted(fail_at=10_000)
    reader = SliceReader(walk, 0, 5_000, threads=threads)
    records = reader.read()
    got = [found.instant for found in next(records)]
    for _ in range(100):
        if len(walk.steps) > 10:
            break
        threading.Event().wait(0.01)
    assert len(walk.steps) <= 1_000 // 100 + threads + 1
    for more in records:
        got += [found.instant for found in more]
    assert got == list(range(5_001))


def test_a_reader_that_is_left_stops_fetching(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "ROOM", 500)
    walk = Counted(fail_at=10_000)
    records = SliceReader(walk, 0, 5_000, threads=2).read()
    next(records)
    records.close()  # type: ignore[attr-defined]  # a generator
    for thread in threading.enumerate():
        if thread.name == slices.THREAD:
            thread.join(5)
    assert len(walk.steps) < 100


class Instants(SearchWalk):
    """Walks a list of instants, `size` a step, and counts truly what is left."""

    def __init__(self, instants: list[int], size: int) -> None:
        self.instants = sorted(instants)
        self.size = size

    def step(self, start: int, end: int) -> Generator[list[Found], None, Step]:
        within = [one for one in self.instants if start <= one <= end]
        page = within[: self.size]
        yield [Found(one, one, str(one), b"x" * 100) for one in page]
        if len(page) == len(within):
            return Step(end + 1, 0)
        return Step(page[-1] + 1, len(within) - len(page))


@given(
    st.sets(st.integers(50_000, 50_060) | st.integers(0, 100_000), max_size=80),
    st.integers(1, 4),
    st.integers(1, 3),
)
def test_however_the_range_is_cut_the_order_stays(
    instants: set[int], threads: int, size: int
) -> None:
    with mock.patch.multiple(slices, TARGET=3 * size, ROOM=800):
        reader = SliceReader(Instants(list(instants), size), 0, 100_000, threads=threads)
        got = [found.instant for records in reader.read() for found in records]
    assert got == sorted(instants)


class Hurdle(Counted):
    """Its first slice goes on only when the others have filled all the room there is."""

    full = threading.Event()

    def step(self, start: int, end: int) -> Generator[list[Found], None, Step]:
        if start == 1:
            self.full.wait(5)
        return (yield from super().step(start, end))


def test_the_first_slice_may_always_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the line would stand: nothing is taken from the others before the first is done."""
    monkeypatch.setattr(slices, "TARGET", 10)
    monkeypatch.setattr(slices, "ROOM", 500)
    walk = Hurdle(fail_at=10_000)
    reader = SliceReader(walk, 0, 60, threads=3)
    got: list[int] = []
    consumer = threading.Thread(
        target=lambda: got.extend(f.instant for records in reader.read() for f in records),
        daemon=True,
    )
    consumer.start()
    for _ in range(200):
        if len(walk.steps) > 5:
            break
        threading.Event().wait(0.01)
    walk.full.set()
    consumer.join(5)
    assert not consumer.is_alive()
    assert got == list(range(61))


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


def test_a_server_that_serves_less_than_asked_is_read_whole() -> None:
    """30 records of both instants, 20 asked for, 10 served."""
    everything = [Found(5, 5, str(n), b"") for n in range(30)]

    class Stub:
        def search(self, *_: object, page: int, size: int) -> Page:
            served = min(size, 10)
            return Page(everything[(page - 1) * served :][:served], False, True, 30, served)  # noqa: FBT003

    walk = SearchWalk(
        cast("Client", Stub()), Query("conversation", SEARCH, include_deleted=True), 20
    )
    assert len(walk._same_instants(Span(5, 5, 5, 5))) == 30
