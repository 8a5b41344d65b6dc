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
from tap_kustomer.walks.ties import LATEST, MAX_FAILING, Ties, _subranges
from tests.table import Row, Table, ids, places, same
from tests.ties import AT, TIED, WHOLE, names, taken, tied

if TYPE_CHECKING:
    from random import Random


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
    assert table.pages == [1, 2, 1, 2, 1]


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


def test_a_count_that_is_capped_accuses_nobody() -> None:
    table = Table(tied(10, 20, 30), total=lambda count: 10_000 if count == 3 else count)
    assert ids(taken(table, 2)) == names(3)
    assert table.spans[-1] != WHOLE


def test_a_capped_count_with_records_without_creation_is_a_tie() -> None:
    """How many more of them there are, nobody can find out."""
    table = Table(tied(None, *range(10_001)), total=lambda count: min(count, 10_000))
    with pytest.raises(TieError, match=f"^10000 conversation records .* {TIED} and"):
        taken(table, 500)


@given(st.integers(1, 20), st.integers(1, 6), st.randoms(use_true_random=False))
def test_whatever_the_order_everybody_comes_once(count: int, size: int, random: Random) -> None:
    table = Table(same(count))
    table.order = lambda found: random.sample(found, len(found))
    assert ids(taken(table, size)) == names(count)


def test_what_is_hidden_in_several_parts_is_added_up() -> None:
    table = Table(tied(5, 5, 5, 9, 9, 9))
    for number in (1, 4):
        table.rows[number] = table.rows[number]._replace(hidden=True)
    chunks = taken(table, 9)
    assert chunks[-1].hidden == 2
    assert table.spans.count(WHOLE) == 1, "the parts account for all that is counted"


def test_10_000_records_that_differ_in_creation_are_none_too_many() -> None:
    table = Table(tied(*range(10_300)), total=lambda count: min(count, 10_000))
    assert ids(taken(table, 500)) == names(10_300)
    assert set(table.pages) == {1}


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


def test_two_versions_of_a_record_are_both_kept_where_a_page_proves_them() -> None:
    table = Table([Row(AT, 1, "a"), Row(AT, 2, "a")])
    assert ids(taken(table, 3)) == ["a", "a"]


def test_records_without_id_are_told_apart_by_all_they_hold() -> None:
    table = Table([Row(AT, n, "") for n in (10, 20, 30)])
    assert ids(taken(table, 2)) == [""] * 3


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


def test_a_long_tie_is_not_kept() -> None:
    """Of what was handed over, nothing but keys and creation instants stays in memory."""
    table = Table(tied(*range(2_000)))
    most = 0
    for chunk in table.ties(50).read(AT):
        del chunk
        most = max(most, sum(type(one) is Hit for one in gc.get_objects()))
    assert most < 500


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
