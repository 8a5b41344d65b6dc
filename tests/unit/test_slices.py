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

    def step(self, start: int, end: int) -> Generator[list[Found], None, Step]:
        self.steps.append(start)
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
    """Walks a list of instants, `size` a step, and counts truly what is left.

    It remembers what it was asked for.
    """

    def __init__(self, instants: list[int], size: int) -> None:
        self.instants = sorted(instants)
        self.size = size
        self.asked: list[tuple[int, int]] = []

    def step(self, start: int, end: int) -> Generator[list[Found], None, Step]:
        self.asked.append((start, end))
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


def test_slices_follow_the_density(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record every 10 ms, two a page, six a slice."""
    monkeypatch.setattr(slices, "TARGET", 6)
    walk = Instants(list(range(1_000, 1_400, 10)), 2)
    got = [
        found.instant
        for records in SliceReader(walk, 1_000, 1_399, threads=1).read()
        for found in records
    ]
    assert got == list(range(1_000, 1_400, 10))
    assert walk.asked[:6] == [
        (1_000, 1_399),  # 2 records in 11 ms, so 4 more in 22 ms
        (1_011, 1_033),  # holds 2: the slice had 4 in 34 ms
        (1_034, 1_399),  # 2 in 17 ms, as dense as that; together 6 in 51 ms, so 4 more in 34 ms
        (1_051, 1_085),
        (1_071, 1_085),
        (1_086, 1_399),
    ]


class Pages(SearchWalk):
    """Answers what it is told to, each page in lists of one record."""

    def __init__(self, *pages: tuple[int, Step]) -> None:
        self.pages = list(pages)
        self.asked: list[tuple[int, int]] = []

    def step(self, start: int, end: int) -> Generator[list[Found], None, Step]:
        self.asked.append((start, end))
        count, step = self.pages.pop(0)
        for number in range(count):
            yield [Found(start, start, str(number), b"")]
        return step


def test_a_slice_that_turns_out_denser_is_cut_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """20 records are meant to be in it: after 6, 14 more; after 11, 9 more."""
    monkeypatch.setattr(slices, "TARGET", 20)
    walk = Pages(
        (6, Step(160, 100)),  # 6 in 60 ms: 14 more in 140 ms
        (5, Step(170, 100)),  # 5 in 10 ms: 9 more in 18 ms
        (10, Step(189, 0)),
        (4, Step(301, 0)),
        (0, Step(1_000, 0)),
    )
    reader = SliceReader(walk, 100, 999, threads=1)
    for _ in reader.read():
        pass
    assert walk.asked == [(100, 999), (160, 300), (170, 188), (189, 300), (301, 999)]
    assert reader._finished == (0, 699), "the last slice had none in so many ms"


FIRST = Step(2_000, None)


@pytest.mark.parametrize(
    ("end", "before", "step", "count", "finished", "cut"),
    [
        # 50 records in 1,000 ms, and 50 more are wanted of the 400 that may be left.
        (9_999, 50, FIRST, 50, (0, 0), 3_000),
        # What is not half a slice more than is wanted stays: 100 are half a slice more.
        (3_999, 50, FIRST, 50, (0, 0), 3_000),
        (3_998, 50, FIRST, 50, (0, 0), None),
        (9_999, 50, Step(2_000, 100), 50, (0, 0), 3_000),
        (9_999, 50, Step(2_000, 99), 50, (0, 0), None),
        # Of a slice that has 20, 80 more are wanted; of one that has 80, a page.
        (9_999, 20, Step(2_000, 900), 20, (0, 0), 6_000),
        (9_999, 80, Step(2_000, 900), 50, (0, 0), 3_000),
        # The slice before counts where it was about as dense, but not 1.25 times or 0.8 times.
        (9_999, 50, FIRST, 50, (120, 2_000), 2_882),
        (9_999, 50, FIRST, 50, (81, 2_000), 3_145),
        (9_999, 50, FIRST, 50, (125, 2_000), 3_000),
        (9_999, 50, FIRST, 50, (80, 2_000), 3_000),
        (9_999, 50, FIRST, 50, (200, 2_000), 3_000),
        # Nothing to cut: no record, or an end that is no farther than the cut.
        (9_999, 0, Step(2_000, 900), 0, (0, 0), None),
        (3_000, 50, Step(2_000, 900), 50, (0, 0), None),
        (1_999, 50, Step(2_000, 0), 50, (0, 0), None),
    ],
)
def test_where_a_slice_is_cut(  # noqa: PLR0913, PLR0917  (what makes a case)
    monkeypatch: pytest.MonkeyPatch,
    end: int,
    before: int,
    step: Step,
    count: int,
    finished: tuple[int, int],
    cut: int | None,
) -> None:
    monkeypatch.setattr(slices, "TARGET", 100)
    reader = SliceReader(Pages(), 1_000, end, threads=1)
    (piece,) = reader._line
    piece.count = before
    reader._finished = finished
    reader._cut(piece, 1_000, step, count)
    expected = [(1_000, end)] if cut is None else [(1_000, cut), (cut + 1, end)]
    assert [(one.start, one.end) for one in reader._line] == expected


class Hurdle(Counted):
    """Its first slice goes on only when the others have filled all the room there is."""

    def __init__(self, fail_at: int) -> None:
        super().__init__(fail_at)
        self.full = threading.Event()

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
    ahead = len(walk.steps)
    walk.full.set()
    consumer.join(5)
    assert ahead > 5, "the others did not fetch ahead"
    assert not consumer.is_alive()
    assert got == list(range(61))
