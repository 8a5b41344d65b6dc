"""Records of one instant against a table of records, request by request."""

from __future__ import annotations

import gc
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_kustomer.errors import TieError, TransientError
from tap_kustomer.walks.ask import EMPTY
from tap_kustomer.walks.page import UNKNOWN, Chunk, Hit, Page, Span
from tap_kustomer.walks.paging import MAX_PASSES, QUIET_PAGE, QUIET_PASSES
from tap_kustomer.walks.ties import LATEST, MAX_FAILING, Ties, _subranges
from tests.table import Row, Table, ids, places, rows, same

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

AT = 5
WHOLE = Span(AT, AT)
TIED = "1970-01-01T00:00:00.005Z"


def taken(table: Table, size: int) -> list[Chunk]:
    return list(table.ties(size).read(AT))


def tied(*created: int | None) -> list[Row]:
    return rows(*((AT, one) for one in created))


def names(count: int) -> list[str]:
    return [f"{n:05d}" for n in range(count)]


def rotated(table: Table, found: list[Row]) -> list[Row]:
    """Records of one instant come in an order that moves by three with each answer."""
    step = 3 * len(table.asked) % max(len(found), 1)
    return found[step:] + found[:step]


def test_a_page_that_is_complete_is_one_request() -> None:
    table = Table([*tied(2, 1), Row(AT + 1, 1, "x")])
    (chunk,) = taken(table, 3)
    assert places(chunk) == [(AT, 1), (AT, 2)]
    assert (chunk.resume_at, chunk.remaining, chunk.hidden, chunk.unread) == (6, None, 0, None)
    assert table.asked == [(WHOLE, 1, 3)]


def test_an_instant_without_records_is_one_empty_chunk() -> None:
    assert taken(Table([]), 3) == [Chunk([], 6)]


def test_a_full_page_is_cut_at_the_median_of_creation() -> None:
    table = Table(tied(10, 20, 30, 40))
    chunks = taken(table, 3)
    assert [places(chunk) for chunk in chunks] == [[(5, 10)], [(5, 20), (5, 30), (5, 40)]]
    assert [chunk.resume_at for chunk in chunks] == [5, 6]
    assert table.spans == [WHOLE, Span(5, 5, None, 19), Span(5, 5, 20, None)]


def test_one_creation_instant_that_fills_a_page_is_parted_from_what_surrounds_it() -> None:
    table = Table(tied(10, 10, 10, 40, 41))
    assert ids(taken(table, 2)) == names(5)
    assert table.spans[:4] == [
        WHOLE,
        Span(5, 5, None, 9),
        Span(5, 5, 10, 10),
        Span(5, 5, 10, 10),
    ]
    assert Span(5, 5, 11, None) in table.spans


def test_a_link_that_leads_nowhere_ends_a_part() -> None:
    table = Table(tied(10, 20), links=lambda _: {"next": "/next"})
    assert ids(taken(table, 3)) == names(2)
    assert table.pages == [1, 2, 1]


def test_records_that_share_both_instants_are_read_by_page() -> None:
    table = Table(same(5))
    (chunk,) = taken(table, 3)
    assert ids([chunk]) == names(5)
    assert table.asked[-1] == (Span(5, 5, 6, None), 1, 3)
    assert table.sizes[-4:-1] == [2, 2, 2], "10,000 is no multiple of 3: the cap would be passed"
    assert table.pages[-4:-1] == [1, 2, 3]
    assert table.waits == []


def test_records_without_creation_come_last() -> None:
    """Those of page 1 stay when the rest is cut by creation."""
    table = Table(tied(None, 10, 20, 30))
    assert [place for chunk in taken(table, 3) for place in places(chunk)] == [
        (5, 10),
        (5, 20),
        (5, 30),
        (5, None),
    ]
    assert table.spans == [WHOLE, Span(5, 5, None, 19), Span(5, 5, 20, None)]


def test_records_without_creation_behind_page_one_are_missed_by_the_count() -> None:
    table = Table(tied(10, 20, 30, None, None))
    chunks = taken(table, 2)
    assert sorted(ids(chunks)) == names(5)
    assert [place for chunk in chunks for place in places(chunk)][-2:] == [(5, None)] * 2
    assert table.spans[-3:] == [WHOLE] * 3
    assert chunks[-1].hidden == 0


def test_records_without_any_creation_are_read_by_page() -> None:
    table = Table(same(5, None))
    assert ids(taken(table, 2)) == names(5)
    assert table.asked == [(WHOLE, page, 2) for page in (1, 1, 2, 3)]
    assert table.waits == []


def test_what_lies_beyond_is_not_missed_by_the_count() -> None:
    """Of 2 and 40 ms later ones, the count of the instant holds those of the first only."""
    for beyond in ([Row(6, 15, "x")], [Row(6, n, f"x{n}") for n in range(10, 40)]):
        table = Table([*tied(10, 20, 30), *beyond])
        assert ids(taken(table, 2)) == names(3)
        assert len(table.asked) <= 5


def test_a_count_that_is_capped_accuses_nobody() -> None:
    table = Table(tied(10, 20, 30), total=lambda count: 10_000 if count == 3 else count)
    assert ids(taken(table, 2)) == names(3)
    assert table.spans[-1] != WHOLE


def test_a_capped_count_with_records_without_creation_is_a_tie() -> None:
    """How many more of them there are, nobody can find out."""
    table = Table(tied(None, *range(10_001)), total=lambda count: min(count, 10_000))
    with pytest.raises(TieError, match=f"^10000 conversation records .* {TIED} and"):
        taken(table, 500)


def test_without_counts_every_page_is_read_until_nothing_new_comes() -> None:
    table = Table(tied(10, 20, 30, None), total=lambda _: None)
    chunks = taken(table, 2)
    assert sorted(ids(chunks)) == names(4)
    assert chunks[-1].hidden == 0
    assert table.pages[-3:] == [1, 2, 3], "up to an empty one"


def test_an_order_that_changes_with_every_answer_misses_nobody() -> None:
    table = Table(same(7))
    table.order = lambda found: rotated(table, found)
    chunks = taken(table, 2)
    assert ids(chunks) == names(7)
    assert chunks[-1].hidden == 0
    assert table.waits[0] == 1
    assert max(table.waits) <= 8


@given(st.integers(1, 20), st.integers(1, 6), st.randoms(use_true_random=False))
def test_whatever_the_order_everybody_comes_once(count: int, size: int, random: Random) -> None:
    table = Table(same(count))
    table.order = lambda found: random.sample(found, len(found))
    assert ids(taken(table, size)) == names(count)


def in_order_of(*wanted: str) -> Callable[[list[Row]], list[Row]]:
    """The records of an answer in this order, whatever their timestamps."""
    return lambda found: sorted(found, key=lambda row: wanted.index(row.id))


LATER = [Row(AT + 1, 5, f"x{n}") for n in range(3)]


def test_later_records_on_pages_out_of_order_are_not_taken_for_tied_ones() -> None:
    table = Table([*same(4), *LATER])
    table.order = in_order_of("x0", *names(4), "x1", "x2")
    chunks = taken(table, 2)
    assert ids(chunks) == names(4)
    assert (chunks[-1].hidden, table.waits) == (0, [])
    assert table.pages[-5:-1] == [1, 2, 3, 4], "the server has shown that it ignores the order"


def test_a_full_page_that_reaches_the_next_instant_is_the_last_one_read() -> None:
    table = Table([*same(3), *(Row(AT + 1, 5, f"x{n}") for n in range(20))])
    assert ids(taken(table, 2)) == names(3)
    assert max(table.pages) == 2
    assert table.waits == []


def test_a_short_page_that_reaches_the_next_instant_may_lack_a_tied_one() -> None:
    table = Table([*same(2), LATER[0]])
    table.rows[0] = table.rows[0]._replace(hidden=True)
    chunks = taken(table, 5)
    assert ids(chunks) == ["00001"]
    assert chunks[-1].hidden == 1


def test_without_a_count_a_page_that_reaches_the_next_instant_is_the_end() -> None:
    table = Table([*same(4), LATER[0]], total=lambda _: None)
    chunks = taken(table, 2)
    assert ids(chunks) == names(4)
    assert chunks[-1].hidden == 0
    assert max(table.pages) == 3


@pytest.mark.parametrize(("count", "last"), [(4, 2), (5, 3)])
def test_without_links_the_count_tells_the_last_page(count: int, last: int) -> None:
    table = Table(same(count), links=lambda _: {"next": None})
    assert ids(taken(table, 2)) == names(count)
    assert max(table.pages) == last


def test_where_a_link_always_stands_an_empty_page_is_the_last() -> None:
    table = Table(same(4), links=lambda _: {"next": "/next"})
    assert ids(taken(table, 2)) == names(4)
    assert max(table.pages) == 3
    assert table.waits == []


def test_what_is_hidden_in_several_parts_is_added_up() -> None:
    table = Table(tied(5, 5, 5, 9, 9, 9))
    for number in (1, 4):
        table.rows[number] = table.rows[number]._replace(hidden=True)
    chunks = taken(table, 9)
    assert chunks[-1].hidden == 2
    assert table.spans.count(WHOLE) == 1, "the parts account for all that is counted"


def test_a_hidden_record_alone_is_asked_for_a_few_times() -> None:
    table = Table([Row(AT, 5, "h", hidden=True)])
    assert taken(table, 8) == [Chunk([], AT + 1, hidden=1)]
    assert table.asked == [(WHOLE, 1, 8)] * (1 + QUIET_PAGE)
    assert table.waits == [2, 4, 8]


def test_what_has_no_id_is_put_in_order_by_its_instants_alone() -> None:
    table = Table([Row(AT, 5, ""), Row(AT, 5, "", undated=True), Row(AT, 5, "x")])
    assert sorted(ids(taken(table, 2))) == ["", "", "x"]


def test_no_more_than_9_999_records_can_share_both_instants() -> None:
    table = Table(same(9_999), total=lambda count: min(count, 10_000))
    assert ids(taken(table, 500)) == names(9_999)
    assert table.pages[-21:] == [*range(1, 21), 1]


@pytest.mark.parametrize("count", [10_000, 10_001, 12_000])
def test_from_10_000_on_nobody_can_tell_how_many_there_are(count: int) -> None:
    """A count of 10,000 may be any larger one; a page 21 of 500 is not served."""
    table = Table(same(count), total=lambda count: min(count, 10_000))
    with pytest.raises(TieError, match=f"^10000 conversation records .* {TIED} and"):
        taken(table, 500)
    assert max(table.pages) == 20


def test_10_000_records_that_differ_in_creation_are_none_too_many() -> None:
    table = Table(tied(*range(10_300)), total=lambda count: min(count, 10_000))
    assert ids(taken(table, 500)) == names(10_300)
    assert set(table.pages) == {1}


def test_the_next_instant_proves_an_end_near_the_cap() -> None:
    """9,998 and two later ones: the count says no more, but page 20 does."""
    table = Table([*same(9_998), *rows((6, 5), (6, 5), (6, 5))])
    table.rows[-3:] = [row._replace(id=f"x{n}") for n, row in enumerate(table.rows[-3:])]
    table.total = lambda count: min(count, 10_000)
    assert ids(taken(table, 500)) == names(9_998)


@pytest.mark.parametrize(
    ("count", "size", "served", "last"),
    [
        (9_950, 300, 500, 40),  # 250 a page end with the cap
        (9_950, 500, 240, 41),  # page 42 would reach beyond record 10,000
        (9_950, 500, 90, 100),  # Kustomer answers no page 101
    ],
)
def test_nothing_is_asked_beyond_the_caps(count: int, size: int, served: int, last: int) -> None:
    """What lies beyond comes when the order has changed."""
    table = Table(same(count), served=served, tells_size=True)
    table.order = lambda found: found[::-1] if len(table.asked) > last + 8 else found
    assert ids(taken(table, size)) == names(count)
    assert max(table.pages) == last


def test_the_cap_may_be_lower() -> None:
    """As tests of whole runs have it."""
    table = Table(same(12), total=lambda count: min(count, 8))
    with pytest.raises(TieError, match=r"^8 conversation"):
        list(Ties(table.asker(4), 8).read(AT))
    assert max(table.pages) == 2
    table = Table(same(7), total=lambda count: min(count, 8))
    assert ids(Ties(table.asker(3), 8).read(AT)) == names(7)
    assert table.sizes[-5:] == [2] * 4 + [3]


def test_no_count_and_no_end_within_the_caps_is_a_tie() -> None:
    table = Table(same(12), total=lambda _: None)
    with pytest.raises(TieError, match=r"^An unknown number of conversation"):
        list(Ties(table.asker(4), 8).read(AT))


def test_a_tie_is_explained() -> None:
    told = (
        "conversation records share the update instant 1970-01-01T00:00:00.005Z and one creation "
        "instant: more than Kustomer's search can separate. The bookmark stays before it; any "
        "change to those records resolves it."
    )
    assert str(TieError("conversation", 5, 12)) == f"12 {told}"
    assert str(TieError("conversation", 5, None)) == f"An unknown number of {told}"


def test_records_that_never_stop_coming_are_a_tie() -> None:
    """Each reading brings another one, and the count never fits."""
    table = Table(same(100, None), total=lambda _: 200)
    table.order = lambda found: found[len(table.asked) :][:1]
    with pytest.raises(TieError, match=r"^200 conversation"):
        taken(table, 500)
    assert len(table.waits) == MAX_PASSES


def test_a_hidden_record_of_one_page_is_believed_after_a_few_readings() -> None:
    table = Table(same(3))
    table.rows[1] = table.rows[1]._replace(hidden=True)
    (chunk,) = taken(table, 5)
    assert ids([chunk]) == ["00000", "00002"]
    assert chunk.hidden == 1
    whole, by_creation = [WHOLE], [Span(5, 5, None, 4), Span(5, 5, 5, 5), Span(5, 5, 6, None)]
    assert table.spans[:3] == whole + by_creation[:2]
    assert table.spans[3:-1] == by_creation[1:2] * (QUIET_PAGE + 3)
    assert [size for _, page, size in table.asked if page == 2] == [2, 2], "a limit of two?"
    assert table.spans[-1:] == by_creation[2:]
    assert table.waits == [1, 2, 4, 8]


def test_a_hidden_record_of_several_pages_is_believed_after_many_readings() -> None:
    table = Table(same(6))
    table.rows[1] = table.rows[1]._replace(hidden=True)
    chunks = taken(table, 2)
    assert ids(chunks) == [name for name in names(6) if name != "00001"]
    assert sum(chunk.hidden for chunk in chunks) == 1
    assert table.waits == [1, 2, 4] + [8] * (QUIET_PASSES - 3)


@pytest.mark.parametrize("created", [None, 5, 7])
@pytest.mark.parametrize("holds_places", [True, False])
def test_hidden_records_are_counted_whatever_they_are_created(
    created: int | None, *, holds_places: bool
) -> None:
    hidden = [Row(AT, created, f"h{n}", hidden=True) for n in range(2)]
    for visible in (tied(), tied(5), tied(3, 5, 9), tied(None, 4), tied(5, 5, 5, 5)):
        for size in (2, 9):
            table = Table([*hidden, *visible], holds_places=holds_places)
            chunks = taken(table, size)
            assert sorted(ids(chunks)) == names(len(visible))
            assert sum(chunk.hidden for chunk in chunks) == 2


def test_what_the_instant_before_has_counted_is_not_counted_again() -> None:
    table = Table([Row(6, 5, "a", hidden=True), Row(7, 5, "b", hidden=True)])
    ties = table.ties(9)

    def hidden(instant: int) -> int:
        return sum(chunk.hidden for chunk in ties.read(instant))

    assert [hidden(at) for at in (5, 6, 7, 8)] == [1, 1, 0, 0]
    assert hidden(7) == 1, "not read after the instant before"
    assert hidden(6) == 2


def test_records_that_leave_while_they_are_read_are_not_waited_for() -> None:
    """One leaves after page 1: what page 1 brought is read again with the others."""
    table = Table(same(4))

    def leave(found: list[Row]) -> list[Row]:
        if len(table.asked) == 5:
            del table.rows[0]
            return found[1:]
        return found

    table.order = leave
    assert ids(taken(table, 2)) == names(4)
    assert table.pages == [1, 1, 1, 1, 2, 1, 2, 1]


def test_two_versions_of_a_record_are_both_kept_where_a_page_proves_them() -> None:
    table = Table([Row(AT, 1, "a"), Row(AT, 2, "a")])
    assert ids(taken(table, 3)) == ["a", "a"]


def test_records_without_id_are_told_apart_by_all_they_hold() -> None:
    table = Table([Row(AT, n, "") for n in (10, 20, 30)])
    assert ids(taken(table, 2)) == [""] * 3


def test_pages_that_are_too_much_are_read_smaller() -> None:
    table = Table(same(9), strength=2)
    assert ids(taken(table, 8)) == names(9)
    assert table.sizes[-6:-1] == [2] * 5


def test_a_page_of_one_that_is_too_much_is_left_unread() -> None:
    table = Table(same(3))
    table.rows[2] = table.rows[2]._replace(poison=True)
    chunks = taken(table, 2)
    assert chunks[-1].unread == AT


def test_a_later_page_that_is_too_much_is_left_unread_at_last() -> None:
    """Page 1 can be read at any size; page 2 never arrives."""
    table = Table(same(4), strength=4)

    def weaken(found: list[Row]) -> list[Row]:
        table.strength = 0 if table.pages[-1] > 1 else 4
        return found

    table.order = weaken
    chunks = taken(table, 4)
    assert chunks[-1].unread is None
    table = Table(same(5), strength=4)
    table.order = weaken
    chunks = taken(table, 4)
    assert chunks[-1].unread == AT
    assert ids(chunks) == []
    assert {size for _, page, size in table.asked if page == 2} == {4, 2, 1}


def test_what_can_not_be_read_is_cut_by_creation_and_named() -> None:
    table = Table(tied(10, 10**12, 10**13))
    table.rows[1] = table.rows[1]._replace(poison=True)
    chunks = taken(table, 500)
    assert ids(chunks) == ["00000", "00002"]
    assert chunks[-1].unread == AT
    assert Span(5, 5, None, LATEST // 2) in table.spans
    assert EMPTY in table.spans
    assert len(table.asked) <= 28 + 48 * 4


def test_what_can_not_be_read_and_has_no_creation_is_named_as_well() -> None:
    table = Table(tied(10, None))
    table.rows[1] = table.rows[1]._replace(poison=True)
    chunks = taken(table, 500)
    assert ids(chunks) == ["00000"]
    assert chunks[-1].unread == AT


def test_a_failure_that_has_passed_names_nobody() -> None:
    """The whole can be read at last: also those without creation."""
    table = Table(tied(10, None))
    table.broken = lambda span: span == WHOLE and len(table.asked) <= 11
    chunks = taken(table, 500)
    assert ids(chunks) == ["00000", "00001"]
    assert chunks[-1].unread is None
    table = Table(tied(10, None, None, None))
    table.broken = lambda span: span == WHOLE and len(table.asked) <= 11
    assert sorted(ids(taken(table, 2))) == names(4)


def test_each_reading_of_an_instant_begins_anew() -> None:
    table = Table(tied(10, 20, 30))
    table.rows[1] = table.rows[1]._replace(poison=True)
    ties = table.ties(2)
    assert list(ties.read(AT))[-1].unread == AT
    table.rows[1] = table.rows[1]._replace(poison=False)
    chunks = list(ties.read(AT))
    assert ids(chunks) == names(3)
    assert chunks[-1].unread is None


@given(
    st.lists(st.none() | st.integers(0, 4), max_size=20),
    st.sets(st.integers(0, 19)),
    st.integers(1, 6),
    st.booleans(),
    st.randoms(use_true_random=False) | st.none(),
)
def test_every_record_of_an_instant_comes_once_and_the_hidden_are_counted(
    created: list[int | None],
    numbers: set[int],
    size: int,
    holds_places: bool,  # noqa: FBT001  (given by hypothesis)
    random: Random | None,
) -> None:
    table = Table(
        [Row(AT, one, f"{n:05d}", hidden=n in numbers) for n, one in enumerate(created)],
        holds_places=holds_places,
    )
    if random:
        table.order = lambda found: random.sample(found, len(found))
    chunks = taken(table, size)
    assert Counter(ids(chunks)) == Counter(row.id for row in table.visible)
    assert sum(chunk.hidden for chunk in chunks) == sum(row.hidden for row in table.rows)
    assert [chunk.resume_at for chunk in chunks] == [AT] * (len(chunks) - 1) + [AT + 1]


PROBE = Span(AT, AT, 0, 0)


def test_an_instant_that_fails_whatever_is_filtered_costs_few_requests() -> None:
    table = Table(tied(10, 20), broken=lambda span: span.start == AT)
    chunks = taken(table, 500)
    assert (ids(chunks), chunks[-1].unread) == ([], AT)
    assert PROBE in table.spans
    assert len(table.asked) < 30


def test_instants_that_all_fail_are_no_fault_of_a_record() -> None:
    table = Table(tied(10, 20), broken=lambda span: span.start > 0)
    with pytest.raises(
        TransientError, match=f"no search for records updated from {TIED} on succeeds"
    ):
        taken(table, 500)


@pytest.mark.parametrize("total", [None, 12])
def test_where_creation_can_not_be_filtered_by_an_instant_is_read_by_page(
    total: int | None,
) -> None:
    table = Table(tied(*range(12)), total=lambda _: total)
    table.broken = lambda span: span not in {WHOLE, EMPTY}
    chunks = taken(table, 5)
    assert sorted(ids(chunks)) == names(12)
    assert (chunks[-1].hidden, chunks[-1].unread) == (0, None)


def test_of_many_parts_that_fail_no_more_is_cut() -> None:
    """Every second record fails: each costs 48 parts, less what it shares with the others."""
    table = Table(tied(*(n * 10**12 for n in range(1, 201))), patience=1_500)
    table.rows = [row._replace(poison=n % 2 == 1) for n, row in enumerate(table.rows)]
    chunks = taken(table, 500)
    assert chunks[-1].unread == AT
    failed = {span for span, count in Counter(table.spans).items() if count > 1} - {EMPTY}
    assert len(failed) < MAX_FAILING + 60


def test_of_many_instants_that_fail_the_last_ones_are_not_cut() -> None:
    instants = range(10, 28, 2)
    many = [
        Row(at, n * 10**12, f"{at}-{n}", poison=n % 2 == 1) for at in instants for n in range(99)
    ]
    table = Table(many, patience=20_000)
    ties, costs = table.ties(500), []
    for at in instants:
        before = len(table.asked)
        assert list(ties.read(at))[-1].unread == at
        costs.append(len(table.asked) - before)
    assert costs[0] > 600
    assert max(costs[-2:]) < 20


def test_a_tie_without_counts_is_read_again_before_pages_of_it_are_believed() -> None:
    """While page 2 is read, one leaves page 1, and `00002` moves up from page 2 to page 1."""
    table = Table([*same(6), LATER[0]], total=lambda _: None)
    leaving = {Span(AT, AT, 5, 5): "00000", WHOLE: "00001"}

    def leave(found: list[Row]) -> list[Row]:
        span, number, _ = table.asked[-1]
        if span == WHOLE:
            found = in_order_of("00000", "00001", "00003", "00002", "00004", "00005", "x0")(found)
        if number == 2 and (gone := leaving.pop(span, None)):
            table.rows = [row for row in table.rows if row.id != gone]
            return [row for row in found if row.id != gone]
        return found

    table.order = leave
    assert set(ids(taken(table, 2))) >= set(names(6)[2:])
    assert not leaving


def test_a_long_tie_is_not_kept() -> None:
    """Of what was handed over, nothing but keys and creation instants stays in memory."""
    table = Table(tied(*range(2_000)))
    most = 0
    for chunk in table.ties(50).read(AT):
        del chunk
        most = max(most, sum(type(one) is Hit for one in gc.get_objects()))
    assert most < 500


def test_pages_are_larger_where_100_would_not_do() -> None:
    table = Table(same(1_001))
    assert ids(taken(table, 10)) == sorted(names(1_001))
    assert max(table.pages) <= 100
    assert max(table.sizes) == 16, "the next size by which pages end at the cap"
    bare = Table(same(1_001, None), total=lambda _: None)
    assert ids(taken(bare, 10)) == sorted(names(1_001))


def test_pages_too_large_to_arrive_are_left_unread_where_smaller_ones_would_not_do() -> None:
    table = Table(same(1_001), strength=9)
    chunks = taken(table, 500)
    assert (ids(chunks), chunks[-1].unread, chunks[-1].hidden) == ([], AT, 0)
    assert len(table.asked) < 150


def test_pages_of_a_size_that_the_server_has_set_and_that_do_not_suffice_are_a_tie() -> None:
    table = Table(same(1_001), served=10, tells_size=True)
    with pytest.raises(TieError, match=r"^1001 conversation"):
        taken(table, 500)


def test_creation_is_cut_with_a_millisecond_to_spare_where_nothing_counts() -> None:
    table = Table(tied(*range(30)), total=lambda count: min(count, 20))
    assert sorted(ids(Ties(table.asker(10), 20).read(AT))) == names(30)
    ends = {span.last for span in table.spans if span.last is not None}
    begins = {span.first for span in table.spans if span.first is not None}
    assert ends & begins, "each part reaches into the next one"


def page_of(*created: int) -> Page:
    hits = [Hit(AT, one, "", b"") for one in created]
    return Page(hits, False, True, None, len(hits), len(hits), [], False)  # noqa: FBT003  (as read)


@pytest.mark.parametrize(
    ("span", "page", "pieces"),
    [
        # At the median, which belongs to the later part.
        (WHOLE, page_of(10, 20, 30), [(None, 19), (20, None)]),
        (WHOLE, page_of(30, 10, 20), [(None, 19), (20, None)]),
        (WHOLE, page_of(10, 20, 30, 40), [(None, 29), (30, None)]),
        (Span(5, 5, 9, 31), page_of(10, 20, 30), [(9, 19), (20, 31)]),
        # Where the median is the first one, behind it.
        (WHOLE, page_of(10, 10, 40), [(None, 10), (11, None)]),
        (Span(5, 5, 10, 40), page_of(10, 10, 40), [(10, 10), (11, 40)]),
        # Where it is the only one, before, at and behind it.
        (WHOLE, page_of(10, 10), [(None, 9), (10, 10), (11, None)]),
        (WHOLE, page_of(10), [(None, 9), (10, 10), (11, None)]),
        (Span(5, 5, 10, 40), page_of(10), [(10, 10), (11, 40)]),
        (Span(5, 5, 5, 10), page_of(10), [(5, 9), (10, 10)]),
        (Span(5, 5, None, 10), page_of(10), [(None, 9), (10, 10)]),
        (Span(5, 5, 10, None), page_of(10), [(10, 10), (11, None)]),
        (Span(5, 5, 10, 10), page_of(10), []),
        # At either end of what can be written.
        (WHOLE, page_of(0), [(None, 0), (1, None)]),
        (WHOLE, page_of(-7), [(None, 0), (1, None)]),
        (WHOLE, page_of(LATEST), [(None, LATEST - 1), (LATEST, None)]),
        (WHOLE, page_of(LATEST + 7), [(None, LATEST - 1), (LATEST, None)]),
        # Records without creation don't count.
        (WHOLE, page_of(UNKNOWN, UNKNOWN, 10, 20), [(None, 19), (20, None)]),
        (WHOLE, page_of(UNKNOWN), []),
        (WHOLE, page_of(), []),
        # What can't be read is halved.
        (WHOLE, None, [(None, LATEST // 2), (LATEST // 2 + 1, None)]),
        (Span(5, 5, 10, 13), None, [(10, 11), (12, 13)]),
        (Span(5, 5, 10, 11), None, [(10, 10), (11, 11)]),
        (Span(5, 5, 10, 10), None, []),
        (Span(5, 5, None, 0), None, []),
        (Span(5, 5, LATEST, None), None, []),
    ],
)
def test_where_an_instant_is_cut(
    span: Span, page: Page | None, pieces: list[tuple[int | None, int | None]]
) -> None:
    assert _subranges(span, page) == pieces
