"""Slices: fetched ahead in parallel, handed over in order, within bounds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_kustomer.api.client import SEARCH
from tap_kustomer.api.errors import RequestRefusedError
from tap_kustomer.walks import slices
from tap_kustomer.walks.page import Found
from tap_kustomer.walks.search import SearchWalk, Step
from tap_kustomer.walks.slices import SliceReader

if TYPE_CHECKING:
    from collections.abc import Generator


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
    """Threads of its own, which hinder no process from ending, and end themselves."""
    monkeypatch.setattr(slices, "ROOM", 500)
    walk = Counted(fail_at=10_000)
    before = set(threading.enumerate())
    records = SliceReader(walk, 0, 5_000, threads=2).read()
    next(records)
    threads = set(threading.enumerate()) - before
    assert [(thread.name, thread.daemon) for thread in threads] == [(slices.THREAD, True)] * 2
    records.close()  # type: ignore[attr-defined]  # a generator
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)
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
    assert reader._waiting == 0


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
