"""Records of one instant that nothing is left to cut by: read by page number."""

from __future__ import annotations

from functools import partial
from random import Random

import pytest

from tap_kustomer.errors import TieError
from tap_kustomer.walks.page import Chunk, Span
from tap_kustomer.walks.paging import MAX_PASSES, QUIET_PAGE, QUIET_PASSES
from tap_kustomer.walks.ties import Ties
from tests.table import Row, Table, ids, places, rows, same
from tests.ties import AT, LATER, TIED, WHOLE, in_order_of, names, rotated, taken, tied


def test_records_that_share_both_instants_are_read_by_page() -> None:
    table = Table(same(5))
    (chunk,) = taken(table, 3)
    assert ids([chunk]) == names(5)
    assert table.asked[-1] == (Span(5, 5, 6, None), 1, 3)
    assert table.sizes[-4:-1] == [2, 2, 2], "10,000 is no multiple of 3: the cap would be passed"
    assert table.pages[-4:-1] == [1, 2, 3]
    assert table.waits == []


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


@pytest.mark.parametrize("total", [None, 7])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_record_that_fails_every_page_with_it_is_not_taken_for_hidden(
    size: int, total: int | None
) -> None:
    """In an order that changes, the attempts that succeed are those without it."""
    for seed in range(50):
        table = Table([*same(6), Row(AT, 5, "x", poison=True)], total=lambda _: total)
        shuffle(table, seed)
        chunks = taken(table, size)
        assert chunks[-1].unread == AT, f"seed {seed}"
        # Of pages this large, most hold the record: one may fail in all of its attempts.
        assert size == 5 or ids(chunks) == names(6)


def test_hidden_records_are_believed_to_be_hidden_although_some_requests_fail() -> None:
    for seed in range(20):
        table = Table([*same(6), Row(AT, 5, "x", hidden=True)])
        shuffle(table, seed)
        table.broken = partial(fails, Random(seed))
        chunks = taken(table, 5)
        assert (chunks[-1].unread, chunks[-1].hidden) == (None, 1), f"seed {seed}"


def fails(random: Random, _: Span) -> bool:
    """Whether a request fails: one in twenty does."""
    return random.random() < 1 / 20


def shuffle(table: Table, seed: int) -> None:
    """Let every answer come in another order."""
    random = Random(seed)
    table.order = lambda found: random.sample(found, len(found))
