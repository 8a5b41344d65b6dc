"""Slices: fetched ahead in parallel, handed over in order, within bounds."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_kustomer.api.client import SEARCH
from tap_kustomer.errors import RequestRefusedError
from tap_kustomer.walks.page import Chunk, Hit
from tap_kustomer.walks.search import SearchWalk
from tap_kustomer.walks.slices import THREAD, Limits, SliceReader, _size
from tests.table import Row, Table, query, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tap_kustomer.api.client import Client

MANY = 10_000
BYTES = 100


def hit(instant: int) -> Hit:
    return Hit(instant, instant, str(instant), b"x" * BYTES)


@dataclass
class Source:
    """Makes walks of a list of instants, `page` records a chunk, that count truly what is left.

    It remembers which slices were made and which chunks were fetched.
    """

    instants: list[int]
    page: int = 1
    fail_at: int = 1_000_000
    slices: list[tuple[int, int, int | None]] = field(default_factory=list)
    fetched: list[int] = field(default_factory=list)
    before: Callable[[int], object] = lambda _: None
    """Called with the instant from which a chunk is fetched."""

    def __call__(self, start: int, end: int, size: int | None) -> SearchWalk:
        self.slices.append((start, end, size))
        return Walk(self, start, end)

    def read(self, start: int, end: int, threads: int = 1, **limits: int) -> Generator[Chunk]:
        return self.reader(start, end, threads, **limits).read()

    def reader(self, start: int, end: int, threads: int = 1, **limits: int) -> SliceReader:
        return SliceReader(self, start, end, threads=threads, limits=Limits(**limits))


class Walk(SearchWalk):
    """A walk of what a source holds."""

    def __init__(self, source: Source, start: int, end: int) -> None:
        self.start, self.end = start, end
        self._source = source

    @property
    def size(self) -> int:
        """As if this had turned out to be the page size that works."""
        return self.start + 7

    def chunks(self) -> Iterator[Chunk]:
        """Read up to whatever the end is by then."""
        source, at = self._source, self.start
        while at <= self.end:
            source.fetched.append(at)
            source.before(at)
            within = [one for one in source.instants if at <= one <= self.end]
            found, left = within[: source.page], len(within) - source.page
            if found and found[-1] >= source.fail_at:
                raise RequestRefusedError(404, SEARCH)
            at = found[-1] + 1 if left > 0 else self.end + 1
            yield Chunk([hit(one) for one in found], at, max(left, 0))


def instants(chunks: Iterable[Chunk]) -> list[int]:
    return [one.instant for chunk in chunks for one in chunk.hits]


def until(condition: Callable[[], bool]) -> bool:
    """Whether threads bring about a condition within five seconds."""
    for _ in range(1_000):
        if condition():
            return True
        threading.Event().wait(0.005)
    return False


def settles_at(source: Source, count: int) -> bool:
    """Whether so many chunks are fetched, and no more, while nobody takes any."""
    is_reached = until(lambda: len(source.fetched) >= count)
    threading.Event().wait(0.05)
    return is_reached and len(source.fetched) == count


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_waits_for_its_turn(threads: int) -> None:
    source = Source(list(range(41)), fail_at=17)
    got: list[int] = []
    with pytest.raises(RequestRefusedError):
        got.extend(
            one for chunk in source.read(0, 40, threads, target=4) for one in instants([chunk])
        )
    assert got == list(range(17))


def test_an_error_of_a_later_slice_waits_for_those_before() -> None:
    """The second slice fails while the first one is still being fetched."""
    failed = threading.Event()

    def before(at: int) -> None:
        if at == 2:
            assert failed.wait(5)
        if at > 10:
            failed.set()
            raise RequestRefusedError(404, SEARCH)

    source = Source(list(range(60)), before=before)
    got: list[int] = []
    with pytest.raises(RequestRefusedError):
        got.extend(one for chunk in source.read(0, 59, 2, target=10) for one in instants([chunk]))
    assert got == list(range(source.slices[1][0]))


def test_any_exception_is_handed_over() -> None:
    """Else the reader would wait for ever."""

    def before(_: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        next(Source([1], before=before).read(0, 9))


@pytest.mark.parametrize(("threads", "room"), [(1, 1_000), (4, 1_000), (4, 1_050)])
def test_what_waits_and_what_is_being_fetched_is_bounded(threads: int, room: int) -> None:
    """A reader that nobody listens to fetches what there is room for, and not a record more."""
    source = Source(list(range(501)))
    chunks = source.read(0, 500, threads, target=10, room=room)
    got = instants([next(chunks)])
    assert settles_at(source, 1 + room // BYTES)
    got += instants(chunks)
    assert got == list(range(501))


@pytest.mark.parametrize(("room", "fetched"), [(11 * BYTES, 4), (11 * BYTES - 1, 3)])
def test_the_largest_answer_so_far_is_expected_again(room: int, fetched: int) -> None:
    """After chunks of five records, of which one waits, and of one: another might have five."""
    source = Source(list(range(500)), page=5)
    chunks = source.read(0, 499, target=10, room=room)
    next(chunks)
    assert settles_at(source, fetched)
    assert source.fetched[:3] == [0, 5, 10]
    chunks.close()


def test_what_is_being_fetched_takes_room_as_well() -> None:
    """While the second and third chunk are on their way, a fourth might be one too many."""
    gate = threading.Event()
    source = Source(list(range(500)), page=5)
    source.before = lambda at: gate.wait(5) if at > 0 else None
    chunks = source.read(0, 499, 8, target=10, room=2 * 5 * BYTES)
    next(chunks)
    assert settles_at(source, 3)
    gate.set()
    assert instants(chunks)[-1] == 499


def test_a_reader_that_is_left_stops_fetching() -> None:
    """Threads of its own, which hinder no process from ending, and end themselves."""
    source = Source(list(range(5_000)))
    before = set(threading.enumerate())
    chunks = source.read(0, 5_000, 2, target=100, room=500)
    next(chunks)
    threads = set(threading.enumerate()) - before
    assert [(thread.name, thread.daemon) for thread in threads] == [(THREAD, True)] * 2
    chunks.close()
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)
    assert len(source.fetched) < 20


@pytest.mark.parametrize("fail_at", [3, MANY])
def test_threads_end_when_all_is_read_or_has_failed(fail_at: int) -> None:
    source = Source(list(range(60)), fail_at=fail_at)
    before = set(threading.enumerate())
    chunks = source.read(0, 59, 3, target=4)
    next(chunks)
    threads = set(threading.enumerate()) - before
    try:
        instants(chunks)
    except RequestRefusedError:
        assert fail_at == 3
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)


def test_threads_without_work_end_before_the_reader_does() -> None:
    """All is fetched, and nobody has taken it yet."""
    source = Source(list(range(4)))
    before = set(threading.enumerate())
    chunks = source.read(0, 3, 3)
    next(chunks)
    assert until(lambda: not set(threading.enumerate()) - before)
    assert instants(chunks) == [1, 2, 3]


def test_several_threads_walk_at_once() -> None:
    """Each of three waits for the two others, once its first chunk has made the next slice."""
    barrier = threading.Barrier(3)
    source = Source(list(range(0, 9_000, 10)), page=3)
    met: list[int] = []

    def before(at: int) -> None:
        if at not in {start for start, _, _ in source.slices} and len(met) < 3:
            met.append(at)
            barrier.wait(5)

    source.before = before
    assert instants(source.read(0, 8_999, 3, target=9)) == source.instants


def test_the_first_slice_may_always_go_on() -> None:
    """Else the queue would stand: nothing is taken from the others before the first is done."""
    full = threading.Event()
    source = Source(list(range(61)))
    source.before = lambda at: full.wait(5) if at == 1 else None
    chunks = source.read(0, 60, 3, target=10, room=5 * BYTES)
    got = instants([next(chunks)])
    assert until(lambda: len(source.fetched) > 5), "the others did not fetch ahead"
    full.set()
    got += instants(chunks)
    assert got == list(range(61))


def test_an_answer_larger_than_all_room_is_fetched_when_its_turn_has_come() -> None:
    source = Source(list(range(0, 600, 10)), page=9)
    assert instants(source.read(0, 599, 4, target=12, room=BYTES)) == source.instants


@given(
    st.sets(st.integers(50_000, 50_060) | st.integers(0, 100_000), max_size=80),
    st.sampled_from([1, 4, 16]),
    st.integers(1, 3),
    st.sampled_from([50, 800]),
)
def test_however_the_range_is_cut_the_order_stays(
    found: set[int], threads: int, page: int, room: int
) -> None:
    source = Source(sorted(found), page)
    reader = source.reader(0, 100_000, threads, target=3 * page, room=room)
    assert instants(reader.read()) == sorted(found)
    assert reader._buffered == 0
    assert reader._fetching == 0
    starts = [start for start, _, _ in source.slices]
    assert len(starts) == len(set(starts))


@given(
    st.lists(
        st.tuples(st.integers(0, 9) | st.integers(0, 5_000), st.none() | st.integers(0, 4)),
        max_size=60,
    ),
    st.integers(1, 5),
)
def test_the_number_of_threads_changes_nothing(
    found: list[tuple[int, int | None]], size: int
) -> None:
    """Whatever the table holds: what is handed over, and in which order, is the same."""
    outputs = []
    for threads in (1, 4, 16):
        table = Table(rows(*found), patience=20_000)

        def walk(start: int, end: int, begin: int | None, table: Table = table) -> SearchWalk:
            client = cast("Client", table)
            return SearchWalk(client, query(), start, end, page_size=size, size=begin)

        limits = Limits(target=2 * size, room=2_000)
        reader = SliceReader(walk, 0, 5_000, threads=threads, limits=limits)
        outputs.append([one.id for chunk in reader.read() for one in chunk.hits])
        assert sorted(outputs[-1]) == sorted(row.id for row in table.rows)
    assert outputs[0] == outputs[1] == outputs[2]


def test_slices_follow_the_density() -> None:
    """A record every 10 ms, two a page, six a slice."""
    source = Source(list(range(1_000, 1_400, 10)), 2)
    assert instants(source.read(1_000, 1_399, target=6)) == source.instants
    assert source.slices[0] == (1_000, 1_399, None)
    # 2 records in 11 ms, so 4 more in 22 ms.
    assert source.slices[1] == (1_034, 1_399, 1_007)
    # The slice had 4 in 34 ms. 2 in 17 ms, as dense as that; together 6 in 51: 4 more in 34 ms.
    assert source.slices[2] == (1_086, 1_399, 1_041)


def test_a_slice_that_turns_out_denser_is_cut_again() -> None:
    """20 records are meant to be in it: after 6, 14 more; after 11, 9 more."""
    source = Source([])
    reader = source.reader(100, 999, target=20)
    (piece,) = reader._queue
    piece.count = 6
    reader._split(piece, 100, Chunk([], 160, 100), 6)  # 6 in 60 ms: 14 more in 140 ms
    assert piece.end == 300
    piece.count = 11
    reader._split(piece, 160, Chunk([], 170, 100), 5)  # 5 in 10 ms: 9 more in 18 ms
    assert piece.end == 188
    assert [(one.start, one.end) for one in reader._queue] == [(100, 188), (189, 300), (301, 999)]


@pytest.mark.parametrize(
    ("end", "before", "remaining", "count", "finished", "cut"),
    [
        # 50 records in 1,000 ms, and 50 more are wanted of the 400 that may be left.
        (9_999, 50, None, 50, (0, 0), 3_000),
        # What is not half a slice more than is wanted stays: 100 are half a slice more.
        (3_999, 50, None, 50, (0, 0), 3_000),
        (3_998, 50, None, 50, (0, 0), None),
        (9_999, 50, 100, 50, (0, 0), 3_000),
        (9_999, 50, 99, 50, (0, 0), None),
        (9_999, 50, 0, 50, (0, 0), None),
        # Of a slice that has 20, 80 more are wanted; of one that has 80, a page.
        (9_999, 20, 900, 20, (0, 0), 6_000),
        (9_999, 80, 900, 50, (0, 0), 3_000),
        # The slice before counts where it was about as dense, but not 1.25 times or 0.8 times.
        (9_999, 50, None, 50, (120, 2_000), 2_882),
        (9_999, 50, None, 50, (81, 2_000), 3_145),
        (9_999, 50, None, 50, (125, 2_000), 3_000),
        (9_999, 50, None, 50, (80, 2_000), 3_000),
        (9_999, 50, None, 50, (200, 2_000), 3_000),
        (9_999, 50, None, 50, (0, 2_000), 3_000),
        (9_999, 50, None, 50, (1, 20), 3_000),
        # Nothing to cut: no record, or an end that is no farther than the cut.
        (9_999, 0, 900, 0, (0, 0), None),
        (3_000, 50, 900, 50, (0, 0), None),
        (3_001, 50, 900, 50, (0, 0), 3_000),
        (2_000, 50, 900, 50, (0, 0), None),
        (1_999, 50, 900, 50, (0, 0), None),
    ],
)
def test_where_a_slice_is_cut(
    end: int,
    before: int,
    remaining: int | None,
    count: int,
    finished: tuple[int, int],
    cut: int | None,
) -> None:
    source = Source([])
    reader = source.reader(1_000, end, target=100)
    (piece,) = reader._queue
    piece.count = before
    reader._last_finished = finished
    reader._split(piece, 1_000, Chunk([], 2_000, remaining), count)
    expected = [(1_000, end)] if cut is None else [(1_000, cut), (cut + 1, end)]
    assert [(one.start, one.end) for one in reader._queue] == expected


def test_a_slice_tells_how_dense_it_was() -> None:
    """All its records, in all its milliseconds."""
    source = Source(list(range(100, 200)), page=7)
    reader = source.reader(100, 399)
    assert instants(reader.read()) == source.instants
    assert reader._last_finished == (100, 300)
    reader = Source([]).reader(100, 399)
    assert instants(reader.read()) == []
    assert reader._last_finished == (0, 300)


def test_chunks_of_one_instant_are_cut_as_one() -> None:
    """Before an instant is passed, nothing is known about density."""

    class Parts(Walk):
        def chunks(self) -> Iterator[Chunk]:
            yield Chunk([hit(100), hit(100)], 100)
            yield Chunk([hit(100), hit(100)], 104, 96)
            yield Chunk([], self.end + 1, 0)

    made: list[tuple[int, int]] = []

    def make(start: int, end: int, _: int | None) -> SearchWalk:
        made.append((start, end))
        return Parts(Source([]), start, end) if start == 100 else Walk(Source([]), start, end)

    reader = SliceReader(make, 100, 999, threads=1, limits=Limits(target=8))
    assert len(instants(reader.read())) == 4
    assert made == [(100, 999), (109, 999)], "4 in 4 ms, and 4 more in 4 ms"


def test_bytes_are_counted_whatever_holds_them() -> None:
    assert _size(Chunk([hit(1), hit(2)], 3)) == 2 * BYTES
    assert _size(Chunk([], 3)) == 0
    table = Table([Row(5, 5, "a")])
    (chunk,) = table.walk(0, 9, 5).chunks()
    assert _size(chunk) == len(bytes(chunk.hits[0].raw)) > 50
