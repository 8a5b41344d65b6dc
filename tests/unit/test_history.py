"""Which part of a range is read through which search, to the millisecond."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from tap_kustomer.api.client import ARCHIVE_SEARCH, SEARCH
from tap_kustomer.timestamps import DAY
from tap_kustomer.walks.history import Batch, History
from tap_kustomer.walks.items import Item
from tap_kustomer.walks.listing import Entry
from tap_kustomer.walks.page import Chunk, Hit

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

LINE = 10_000 * DAY
NOW = LINE + 730 * DAY
NEAR, BORDER = LINE - 7 * DAY, LINE + 7 * DAY
# What is read around the line ends a day past its border.
FAR = BORDER + DAY
LIST = "/v1/notes"

Asked = tuple[str, int, int]


def hit(instant: int) -> Hit:
    return Hit(instant, 1, str(instant), b"{}")


A, B = Item(b'{"id": "a"}'), Item(b'{"id": "b"}')


class Kustomer:
    """Keeps what it is asked; each search answers one empty chunk, or those it was given."""

    def __init__(self, *chunks: Chunk) -> None:
        self.asked: list[Asked] = []
        self.closed: list[Asked] = []
        self.now = NOW
        self._chunks = chunks

    def search(self, path: str, start: int, end: int) -> Generator[Chunk]:
        assert len(self.asked) < 20, "the reading does not end"
        self.asked.append((path, start, end))
        try:
            yield from self._chunks or [Chunk([], end + 1)]
        finally:
            self.closed.append((path, start, end))

    def listing(self, start: int, end: int) -> Iterator[Entry]:
        assert len(self.asked) < 20, "the reading does not end"
        self.asked.append((LIST, start, end))
        yield Entry(start, A)
        yield Entry(end, B)

    def history(self) -> History:
        return History(self.search, lambda: self.now)

    def listed(self) -> History:
        return History(self.search, lambda: self.now, listing=self.listing)


def bookmarks(batches: Iterator[Batch]) -> list[int | None]:
    return [batch.bookmark for batch in islice(batches, 20)]


def test_all_of_history() -> None:
    """Around the line both are asked, search first, and the bookmark waits before it."""
    kustomer = Kustomer()
    assert bookmarks(kustomer.history().read(5, NOW)) == [5, NEAR, NEAR, FAR + 1]
    assert kustomer.asked == [
        (ARCHIVE_SEARCH, 5, NEAR - 1),
        (SEARCH, NEAR, FAR),
        (ARCHIVE_SEARCH, NEAR, FAR),
        (SEARCH, FAR + 1, NOW),
    ]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (5, 6, [(ARCHIVE_SEARCH, 5, 6)]),
        (5, 5, [(ARCHIVE_SEARCH, 5, 5)]),
        (5, NEAR - 1, [(ARCHIVE_SEARCH, 5, NEAR - 1)]),
        (
            NEAR - 1,
            NEAR,
            [(SEARCH, NEAR - 1, NEAR), (ARCHIVE_SEARCH, NEAR - 1, NEAR)],
        ),
        (
            NEAR - DAY,
            NEAR,
            [(SEARCH, NEAR - DAY, NEAR), (ARCHIVE_SEARCH, NEAR - DAY, NEAR)],
        ),
        (
            NEAR - DAY - 1,
            NEAR,
            [
                (ARCHIVE_SEARCH, NEAR - DAY - 1, NEAR - 1),
                (SEARCH, NEAR, NEAR),
                (ARCHIVE_SEARCH, NEAR, NEAR),
            ],
        ),
        (LINE, LINE, [(SEARCH, LINE, LINE), (ARCHIVE_SEARCH, LINE, LINE)]),
        (
            BORDER,
            FAR + 1,
            [(SEARCH, BORDER, FAR), (ARCHIVE_SEARCH, BORDER, FAR), (SEARCH, FAR + 1, FAR + 1)],
        ),
        (BORDER + 1, FAR + 1, [(SEARCH, BORDER + 1, FAR + 1)]),
        (FAR + 1, NOW, [(SEARCH, FAR + 1, NOW)]),
        (NOW, NOW, [(SEARCH, NOW, NOW)]),
        (6, 5, []),
    ],
)
def test_a_part_of_history(start: int, end: int, expected: list[Asked]) -> None:
    kustomer = Kustomer()
    batches = list(kustomer.history().read(start, end))
    assert kustomer.asked == expected
    assert [batch.bookmark for batch in batches] == [first for _, first, _ in expected]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (5, NOW, [(LIST, 5, FAR), (SEARCH, FAR + 1, NOW)]),
        (5, FAR, [(LIST, 5, FAR)]),
        (5, FAR + 1, [(LIST, 5, FAR), (SEARCH, FAR + 1, FAR + 1)]),
        (5, 6, [(LIST, 5, 6)]),
        (BORDER, NOW, [(LIST, BORDER, FAR), (SEARCH, FAR + 1, NOW)]),
        (BORDER + 1, NOW, [(SEARCH, BORDER + 1, NOW)]),
        (FAR + 1, NOW, [(SEARCH, FAR + 1, NOW)]),
    ],
)
def test_what_no_archive_holds_comes_from_a_list(
    start: int, end: int, expected: list[Asked]
) -> None:
    kustomer = Kustomer()
    list(kustomer.listed().read(start, end))
    assert kustomer.asked == expected


def test_of_a_list_the_bookmark_waits_at_its_start() -> None:
    """Its order is not by instant."""
    batches = list(Kustomer().listed().read(5, FAR))
    assert batches == [
        Batch([Entry(5, A)], None),
        Batch([Entry(FAR, B)], None),
        Batch([], 5),
    ]


def test_a_batch_holds_what_a_chunk_does() -> None:
    """The bookmark may reach the last record, whatever is hidden or can't be read."""
    chunk = Chunk([hit(NOW - 5), hit(NOW - 4)], NOW - 2, 9, 3, NOW - 4)
    (batch,) = Kustomer(chunk).history().read(NOW - 9, NOW)
    assert batch == Batch([hit(NOW - 5), hit(NOW - 4)], NOW - 4, 3, NOW - 4)
    chunk = Chunk([hit(7)], 9, 9, 3, 7)
    (batch,) = Kustomer(chunk).history().read(5, 9)
    assert batch == Batch([hit(7)], 7, 3, 7), "of the archive as well"


def test_an_empty_answer_leaves_a_bookmark_where_it_was_asked_to_begin() -> None:
    assert bookmarks(Kustomer().history().read(NOW - 9, NOW)) == [NOW - 9]


def test_around_the_line_the_bookmark_waits_for_the_archive() -> None:
    chunk = Chunk([hit(LINE + 5)], LINE + 6)
    assert bookmarks(Kustomer(chunk).history().read(LINE, LINE + 9)) == [LINE, LINE]


def test_the_line_is_found_anew_before_each_part() -> None:
    """Two days pass while the archive is read: what is around the line begins later."""
    kustomer = Kustomer()
    batches = kustomer.history().read(NEAR - 2 * DAY, FAR + 2 * DAY + 9)
    assert next(batches).bookmark == NEAR - 2 * DAY
    kustomer.now += 2 * DAY
    list(batches)
    assert kustomer.asked == [
        (ARCHIVE_SEARCH, NEAR - 2 * DAY, NEAR - 1),
        (ARCHIVE_SEARCH, NEAR, NEAR + 2 * DAY - 1),
        (SEARCH, NEAR + 2 * DAY, FAR + 2 * DAY),
        (ARCHIVE_SEARCH, NEAR + 2 * DAY, FAR + 2 * DAY),
        (SEARCH, FAR + 2 * DAY + 1, FAR + 2 * DAY + 9),
    ]


def test_a_line_that_moves_on_all_the_time_is_not_chased() -> None:
    """Each question takes a second: still there are four."""
    kustomer = Kustomer()

    def search(path: str, start: int, end: int) -> Generator[Chunk]:
        kustomer.now += 1_000
        yield from kustomer.search(path, start, end)

    list(History(search, lambda: kustomer.now).read(5, NOW))
    assert len(kustomer.asked) == 4


def test_a_search_that_the_line_overtakes_stops_and_the_archive_is_asked_for_the_rest() -> None:
    """It stops when what comes next may have left the search: from where it goes on."""
    first, second = Chunk([hit(FAR + 2)], FAR + 3), Chunk([hit(FAR + 4)], FAR + 10)
    kustomer = Kustomer(first, second)
    batches = kustomer.history().read(FAR + 1, FAR + 9)
    assert next(batches).hits == [hit(FAR + 2)]
    kustomer.now += DAY + 3
    assert next(batches).hits == [hit(FAR + 2)], "read again, around the line"
    assert kustomer.asked[1] == (SEARCH, FAR + 3, FAR + 9)
    assert kustomer.closed == [(SEARCH, FAR + 1, FAR + 9)], "its threads have ended"


def test_a_line_that_has_not_reached_what_comes_next_stops_nothing() -> None:
    first, second = Chunk([hit(FAR + 2)], FAR + 3), Chunk([hit(FAR + 4)], FAR + 10)
    kustomer = Kustomer(first, second)
    batches = kustomer.history().read(FAR + 1, FAR + 9)
    next(batches)
    kustomer.now += DAY + 2
    assert next(batches).hits == [hit(FAR + 4)]
    assert list(batches) == []
    assert kustomer.asked == [(SEARCH, FAR + 1, FAR + 9)]


def test_a_search_that_is_overtaken_before_its_first_chunk_begins_again() -> None:
    kustomer = Kustomer()

    def search(path: str, start: int, end: int) -> Generator[Chunk]:
        if not kustomer.asked:
            kustomer.now += DAY + 5
        yield from kustomer.search(path, start, end)

    list(History(search, lambda: kustomer.now).read(FAR + 1, FAR + 9))
    assert kustomer.asked == [
        (SEARCH, FAR + 1, FAR + 9),
        (SEARCH, FAR + 1, FAR + 9),
        (ARCHIVE_SEARCH, FAR + 1, FAR + 9),
    ]


def test_a_search_that_is_overtaken_goes_on_with_the_list() -> None:
    first, second = Chunk([hit(FAR + 2)], FAR + 3), Chunk([hit(FAR + 4)], FAR + 10)
    kustomer = Kustomer(first, second)
    batches = kustomer.listed().read(FAR + 1, FAR + 9)
    next(batches)
    kustomer.now += DAY + 4
    next(batches)
    assert kustomer.asked[1] == (LIST, FAR + 3, FAR + 9)


def test_a_reader_that_is_left_closes_its_search() -> None:
    kustomer = Kustomer(Chunk([hit(NOW)], NOW), Chunk([], NOW + 1))
    batches = kustomer.history().read(NOW - 9, NOW)
    next(batches)
    assert kustomer.closed == []
    del batches
    assert kustomer.closed == [(SEARCH, NOW - 9, NOW)]
