"""The search walk against a table of records, request by request."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tap_kustomer.errors import TieError, TransientError
from tap_kustomer.walks.ask import EMPTY
from tap_kustomer.walks.page import Chunk, Span
from tap_kustomer.walks.search import SearchWalk
from tests.table import Row, Table, ids, places, read, rows, same

if TYPE_CHECKING:
    from collections.abc import Callable

    Place = tuple[int, int | None]

YEARS = 2**36


def taken(walk: SearchWalk) -> list[tuple[list[Place], int, int | None]]:
    """Each chunk in short: where its records stand, where it goes on, what is left."""
    return [(places(chunk), chunk.resume_at, chunk.remaining) for chunk in walk.chunks()]


def spread(count: int, step: int = 10) -> list[Row]:
    """So many records, one every `step` ms."""
    return rows(*((n * step, 5) for n in range(1, count + 1)))


def reversed_once(table: Table) -> Callable[[list[Row]], list[Row]]:
    """The first answer is out of order."""
    return lambda found: found[::-1] if len(table.asked) == 1 else found


def test_a_page_that_is_complete_ends_the_range() -> None:
    table = Table(rows((3, 1), (4, 1)))
    assert taken(table.walk(2, 9, 3)) == [([(3, 1), (4, 1)], 10, 0)]
    assert table.asked == [(Span(2, 9), 1, 3)]


def test_an_empty_range_is_one_request_and_an_inverted_one_none() -> None:
    table = Table([])
    assert taken(table.walk(2, 9, 3)) == [([], 10, 0)]
    assert taken(table.walk(9, 9, 3)) == [([], 10, 0)]
    assert taken(table.walk(10, 9, 3)) == []
    assert table.spans == [Span(2, 9), Span(9, 9)]


def test_of_a_full_page_the_last_instant_is_left_to_the_next() -> None:
    table = Table(rows((3, 1), (4, 1), (4, 2), (6, 1)))
    assert taken(table.walk(2, 9, 3)) == [([(3, 1)], 4, 3), ([(4, 1), (4, 2), (6, 1)], 10, 0)]
    assert table.asked == [(Span(2, 9), 1, 3), (Span(4, 9), 1, 3)]


def test_without_a_total_nothing_is_known_to_be_left() -> None:
    table = Table(rows((3, 1), (4, 1), (5, 1)), total=lambda _: None)
    assert taken(table.walk(2, 9, 2))[0] == ([(3, 1)], 4, None)


def test_what_is_updated_after_the_end_is_not_handed_over() -> None:
    table = Table(rows((8, 1), (9, 1), (10, 1), (11, 1)))
    assert taken(table.walk(8, 9, 9)) == [([(8, 1), (9, 1)], 10, 0)]


def test_a_record_beyond_the_end_proves_what_came_before() -> None:
    """Else a full page would have to be read again from its last instant."""
    table = Table(rows((8, 1), (9, 1), (10, 1), (10, 2)))
    assert taken(table.walk(8, 9, 3)) == [([(8, 1), (9, 1)], 10, 0)]
    assert len(table.asked) == 1


def test_the_end_may_be_lowered_between_two_chunks() -> None:
    table = Table(spread(9))
    walk = table.walk(0, 95, 3)
    chunks = walk.chunks()
    assert next(chunks) == Chunk(next_hits(table, 0, 20), 30, 7)
    walk.end = 45
    assert [chunk.resume_at for chunk in chunks] == [46]
    assert table.spans == [Span(0, 95), Span(30, 45)]


def next_hits(table: Table, start: int, end: int) -> list[Any]:
    return read(Table(table.rows).walk(start, end, 500))[0]


def test_a_page_out_of_order_is_followed_by_half_the_range_until_one_is_complete() -> None:
    """Ordered answers within the half prove nothing either: the server has shown what it does."""
    table = Table(rows((1, 1), (2, 1), (5, 1), (8, 1)))
    table.order = reversed_once(table)
    assert taken(table.walk(1, 9, 2)) == [
        ([(1, 1), (2, 1)], 3, None),
        ([(5, 1), (8, 1)], 9, None),
        ([], 10, 0),
    ]
    assert table.spans == [Span(1, 9), Span(1, 8), Span(1, 2), Span(3, 8), Span(9, 9)]


def test_where_a_range_in_doubt_is_cut() -> None:
    """At the median of the records seen. Order counts no more in this walk."""
    table = Table(spread(9))
    table.order = reversed_once(table)
    chunks = taken(table.walk(0, 100, 3))
    # Of 70, 80 and 90 the median is 80; of 10, 20 and 30 then 20.
    assert table.spans[:4] == [Span(0, 100), Span(0, 80), Span(0, 20), Span(21, 80)]
    assert chunks[0] == ([(10, 5), (20, 5)], 21, None)
    assert [place for found, _, _ in chunks for place in found] == [
        (n, 5) for n in range(10, 100, 10)
    ]
    assert all(left in {0, None} for _, _, left in chunks)


def test_one_instant_beyond_the_end_proves_nothing_about_what_lies_before() -> None:
    """A server that ignores the sort may send nothing else, and still have more."""
    early, late = rows((3, 1), (4, 1)), [Row(10, 1, f"x{n}") for n in range(4)]
    table = Table([*early, *late], order=lambda found: found[::-1])
    assert ids(table.walk(1, 9, 3).chunks()) == ["00000", "00001"]
    assert table.spans[:2] == [Span(1, 9), Span(1, 8)]


def test_an_instant_that_fills_a_page_costs_few_requests_where_it_is_far_from_the_start() -> None:
    table = Table([Row(12_345_678_901, n, f"{n:05d}") for n in range(9)])
    assert len(read(table.walk(0, YEARS, 5))[0]) == 9
    assert len(table.asked) < 15


@pytest.mark.parametrize("seed", range(40))
def test_a_server_that_ignores_the_sort_is_read_whole(seed: int) -> None:
    """It answers any page of the range, not its beginning; bursts may fill pages."""
    random = Random(seed)
    bursts = [random.randint(0, 20_000) for _ in range(3)]
    instants = [
        random.choice([*bursts, random.randint(0, 20_000)]) + random.randint(0, 1)
        for _ in range(120)
    ]
    table = Table(rows(*((at, random.randint(0, 99)) for at in instants)))
    rank = {row.id: random.random() for row in table.rows}
    table.order = lambda found: sorted(found, key=lambda row: rank[row.id])
    hits, hidden, unread = read(table.walk(0, 20_001, 20))
    assert Counter(hit.id for hit in hits) == Counter(row.id for row in table.rows)
    assert [hit.instant for hit in hits] == sorted(instants)
    assert (hidden, unread) == (0, [])


def test_a_page_in_disorder_of_one_instant_and_a_later_one_is_cut_before_the_later() -> None:
    table = Table(rows((3, 1), (3, 2), (5, 1), (6, 1)))
    table.order_in_page = lambda found: found[::-1]
    hits, hidden, unread = read(table.walk(3, 9, 3))
    assert [hit.instant for hit in hits] == [3, 3, 5, 6]
    assert (hidden, unread) == (0, [])
    assert table.spans[:2] == [Span(3, 9), Span(3, 3)]


def test_an_instant_that_fills_a_page_but_is_not_the_first_is_cut_off() -> None:
    """Nothing proves that nothing lies before it."""
    table = Table(rows((5, 1), (5, 2), (5, 3), (8, 1)))
    assert [hit.instant for hit in read(table.walk(1, 9, 2))[0]] == [5, 5, 5, 8]
    assert table.spans[:2] == [Span(1, 9), Span(1, 4)]


def test_an_instant_that_fills_a_page_is_read_by_itself() -> None:
    table = Table(rows((3, 10), (3, 20), (3, 30), (3, 40), (7, 1)))
    chunks = taken(table.walk(3, 9, 3))
    assert [found for found, _, _ in chunks] == [[(3, 10)], [(3, 20), (3, 30), (3, 40)], [(7, 1)]]
    assert [resume for _, resume, _ in chunks] == [3, 4, 10]
    assert table.spans == [
        Span(3, 9),
        Span(3, 3),
        Span(3, 3, None, 19),
        Span(3, 3, 20, None),
        Span(4, 9),
    ]


def test_a_page_short_of_what_it_counts_is_cut_in_the_middle() -> None:
    """A record that is hidden is looked for where the records are."""
    table = Table(spread(4, 100))
    table.rows.append(Row(250, 5, "h", hidden=True))
    hits, hidden, unread = read(table.walk(0, 1_000, 10))
    assert len(hits) == 4
    assert (hidden, unread) == (1, [])
    assert table.spans[:3] == [Span(0, 1_000), Span(0, 300), Span(0, 200)]


@pytest.mark.parametrize("holds_places", [True, False])
@pytest.mark.parametrize("others", [0, 1, 40])
def test_a_hidden_record_costs_two_requests_for_each_halving(
    others: int, *, holds_places: bool
) -> None:
    table = Table(spread(others, 1_000_003), holds_places=holds_places)
    table.rows.append(Row(12_345_678_901, 5, "h", hidden=True))
    hits, hidden, unread = read(table.walk(0, YEARS, 500))
    assert [hit.id for hit in hits] == [row.id for row in table.visible]
    assert (hidden, unread) == (1, [])
    assert len(table.asked) <= 2 * 36 + 30


def test_hidden_neighbours_are_counted_once_each() -> None:
    """A search is asked for one millisecond more, so it counts one at 11 with those of 10 too."""
    for instants in ([11], [10], [10, 11], [10, 10, 11], [10, 12]):
        table = Table([Row(at, 5, f"{n}", hidden=True) for n, at in enumerate(instants)])
        assert read(table.walk(0, 1_000, 500))[1] == len(instants)


def test_an_empty_page_that_counts_more_is_no_disorder() -> None:
    """All of the first page is hidden: behind it, pages in order prove what they hold."""
    table = Table(spread(40, 100))
    table.rows += [Row(n, 5, f"h{n}", hidden=True) for n in (50, 52, 54)]
    hits, hidden, _ = read(table.walk(0, 10_000, 3))
    assert (len(hits), hidden) == (40, 3)
    assert len(table.asked) < 110


def test_records_without_updated_at_are_looked_for_by_halves() -> None:
    """They stand at the start of what was asked for, which is not where they are."""
    table = Table(rows(*((n * 1_000_003, 5) for n in range(1, 60)), undated=True))
    hits, hidden, unread = read(table.walk(0, YEARS, 20))
    assert {hit.id for hit in hits} == {row.id for row in table.rows}
    assert (hidden, unread) == (0, [])
    assert table.spans[:2] == [Span(0, YEARS), Span(0, YEARS // 2)]
    assert len(table.asked) < 60


@pytest.mark.parametrize("at", [0, 1, 450, 500, 12_345_678, YEARS])
def test_a_record_without_id_and_instant_is_told_apart(at: int) -> None:
    """It is handed over at its own instant, or the one before, which asks for it too."""
    table = Table(spread(9, 100))
    table.rows.append(Row(at, 5, "", undated=True))
    hits, hidden, unread = read(table.walk(0, YEARS, 500))
    assert {hit.instant for hit in hits if not hit.id} <= {max(at - 1, 0), at}
    assert [hit.id for hit in hits if hit.id] == [row.id for row in table.visible if row.id]
    assert (hidden, unread) == (0, [])
    assert len(table.asked) < 110


def test_hidden_and_undated_records_are_told_apart() -> None:
    table = Table(spread(9, 1_000))
    table.rows += [Row(1_500, 5, "u", undated=True), Row(1_700, 5, "h", hidden=True)]
    hits, hidden, unread = read(table.walk(0, YEARS, 500))
    assert {hit.id for hit in hits} == {row.id for row in table.visible}
    assert (hidden, unread) == (1, [])
    assert len(table.asked) < 130


def test_what_can_not_be_read_is_cut_out_and_named() -> None:
    """The millisecond before fails too, since one more is asked for; it is told apart."""
    table = Table(spread(9, 100))
    table.rows.append(Row(550, 5, "p", poison=True))
    chunks = list(table.walk(0, 1_000, 500).chunks())
    assert ids(chunks) == [row.id for row in table.rows if not row.poison]
    assert [chunk.unread for chunk in chunks if chunk.unread] == [550]
    assert table.spans[11] == EMPTY
    assert table.spans[12] == Span(0, 500)
    assert Counter(table.spans)[Span(0, 1_000)] == 11
    assert max(count for span, count in Counter(table.spans[11:]).items() if span != EMPTY) == 4


def test_once_a_failing_part_is_passed_all_tries_are_spent_again() -> None:
    table = Table(spread(9, 100))
    table.rows += [Row(150, 5, "p", poison=True), Row(950, 5, "q", poison=True)]
    hits, _, unread = read(table.walk(0, 1_000, 3))
    assert [hit.id for hit in hits] == [row.id for row in table.rows if not row.poison]
    assert unread == [150, 950]
    tried = Counter(table.spans)
    assert [span for span, count in tried.items() if count == 11] == [
        Span(0, 1_000),
        Span(800, 1_000),
    ]


def test_a_search_that_fails_as_a_whole_is_an_error() -> None:
    table = Table(spread(3), broken=lambda _: True)
    with pytest.raises(TransientError):
        read(table.walk(0, 100, 500))
    assert table.spans == [Span(0, 100)] * 11 + [EMPTY] * 2


def test_a_walk_begins_with_the_page_size_that_worked_elsewhere() -> None:
    table = Table(spread(900))
    asker = table.asker(1)
    walk = SearchWalk(asker.client, asker.query, 0, 9_500, page_size=60, size=4)
    assert walk.size == 4
    assert len(read(walk)[0]) == 900
    assert table.sizes[:9] == [4] * 2 + [8] * 2 + [16] * 2 + [32] * 2 + [60]
    assert max(table.sizes) == 60


def test_how_many_records_one_question_may_reach_is_passed_on() -> None:
    table = Table(same(12), total=lambda count: min(count, 8))
    asker = table.asker(1)
    walk = SearchWalk(asker.client, asker.query, 0, 9, page_size=4, max_records=8)
    with pytest.raises(TieError):
        read(walk)
    assert max(table.pages) == 2


def test_a_link_that_leads_nowhere_ends_a_range() -> None:
    table = Table(spread(4), links=lambda _: {"next": "/next"})
    assert [resume for _, resume, _ in taken(table.walk(0, 100, 500))] == [101]
    span = Span(0, 100)
    pages = [(span, 1, 500), (span, 2, 4), (EMPTY, 1, 500), (span, 2, 500), (span, 1, 500)]
    assert table.asked == pages


def test_an_empty_range_without_count_but_with_a_link_is_asked_for_page_2() -> None:
    table = Table([], links=lambda _: {"next": "/next"}, total=lambda _: None)
    assert [resume for _, resume, _ in taken(table.walk(0, YEARS, 500))] == [YEARS + 1]
    assert table.pages == [1, 1, 2, 1]
    assert table.spans[-1] == EMPTY
