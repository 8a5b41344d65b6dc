"""What shows the most that a server sends at once, and what shows the end, request by request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tap_kustomer.walks.ask import EMPTY, GROW_AFTER
from tap_kustomer.walks.page import Span
from tests.table import Table, rows, same, spread

SPAN = Span(1, 900)


def test_a_server_that_always_serves_fewer_gets_pages_of_that_size() -> None:
    """The second page that is equally short is asked for in that size, and so are all others."""
    table = Table(spread(100), served=10)
    asker = table.asker(70)
    first = asker.page_or_none(Span(1, 900))
    assert first
    assert (first.sent, first.size) == (10, 70)
    second = asker.page_or_none(Span(2, 900))
    assert second
    assert (second.sent, second.size) == (10, 10)
    for _ in range(2 * GROW_AFTER):
        asker.page_or_none(Span(3, 900))
    assert table.sizes == [70, 70] + [10] * (2 * GROW_AFTER + 2)
    assert table.pages[:5] == [1, 1, 2, 1, 1]


def test_a_server_that_says_so_gets_no_questions() -> None:
    table = Table(spread(100), served=10, tells_size=True)
    asker = table.asker(70)
    for _ in range(3):
        assert asker.page_or_none(SPAN)
    assert table.sizes == [70] * 3


def test_pages_that_differ_in_length_show_no_limit() -> None:
    table = Table(spread(100))
    asker = table.asker(70)
    for served in (10, 11, 10, 11):
        table.served = served
        asker.page_or_none(SPAN)
    assert table.sizes == [70] * 4


def test_a_page_that_lacks_a_record_in_any_size_shows_no_limit() -> None:
    """One of ten is hidden: asked for nine, eight come."""
    table = Table(spread(10), links=lambda _: {"next": "/next"})
    table.rows[3] = table.rows[3]._replace(hidden=True)
    asker = table.asker(10)
    for _ in range(2):
        page = asker.page_or_none(SPAN)
        assert page
        assert page.sent == 9
    assert table.sizes == [10, 10, 9]
    assert asker.size == 10


@pytest.mark.parametrize(
    "options",
    [
        {"links": lambda _: {"next": None}, "total": lambda _: 3},
        {"links": lambda _: {"next": None}, "total": lambda _: 69},
    ],
)
def test_a_short_page_with_nothing_on_page_2_shows_no_limit(options: dict[str, Any]) -> None:
    table = Table(spread(3), **options)
    asker = table.asker(70)
    for _ in range(3):
        assert asker.page_or_none(SPAN)
    assert asker.size == 70
    assert table.sizes.count(70) == 3
    assert len(table.sizes) <= 4


def test_a_short_page_of_many_records_does_without_a_link() -> None:
    table = Table(spread(70), links=lambda _: {}, served=10)
    asker = table.asker(70)
    for _ in range(2):
        assert asker.page_or_none(SPAN)
    assert table.sizes == [70, 70, 10, 10]
    assert asker.size == 10


def test_empty_pages_show_no_limit() -> None:
    table = Table([], total=lambda _: 900)
    asker = table.asker(70)
    for _ in range(3):
        assert asker.page_or_none(SPAN)
    assert table.sizes == [70] * 3


@pytest.mark.parametrize("total", [3, 2, 0, None])
@pytest.mark.parametrize("links", [{"next": "/next"}, {}])
def test_a_short_page_with_nothing_behind_it_is_the_end(
    links: dict[str, str], total: int | None
) -> None:
    """A link may stand on every page, or there is neither link nor count."""
    table = Table(spread(3), links=lambda _: links, total=lambda _: total)
    asker = table.asker(70)
    page = asker.page_or_none(SPAN)
    assert page
    assert asker.is_past_end(SPAN, page)
    # Where even an empty range has a link, a link means nothing.
    always = [(EMPTY, 1, 70)] if links else []
    assert table.asked == [(SPAN, 1, 70), (SPAN, 2, 3), *always, (SPAN, 2, 70), (SPAN, 1, 70)]
    assert asker.is_past_end(SPAN, page)
    assert table.asked[4 + len(always) :] == [(SPAN, 2, 3), (SPAN, 2, 70), (SPAN, 1, 70)]


def test_the_end_is_not_where_only_hidden_records_follow_a_short_page() -> None:
    """Of 70 records on page 1, all but 3 are hidden, and page 2 of 3 holds hidden ones only."""
    table = Table(spread(140), links=lambda _: {}, total=lambda _: None)
    table.rows = [row._replace(hidden=3 < row.updated <= 70) for row in table.rows]
    asker = table.asker(70)
    page = asker.page(SPAN)
    assert page.sent == 3
    assert not asker.is_past_end(SPAN, page)
    assert table.asked == [(SPAN, 1, 70), (SPAN, 2, 3), (SPAN, 2, 70)]


def test_records_that_leave_before_page_2_show_no_end() -> None:
    """Of six records on clamped pages, one leaves: page 2 is empty, and the sixth is on page 1."""
    table = Table(spread(6), served=5, links=lambda _: {}, total=lambda _: None)
    table.order = lambda found: found[1:] if len(table.asked) > 1 else found
    asker = table.asker(70)
    page = asker.page(SPAN)
    assert page.sent == 5
    assert not asker.is_past_end(SPAN, page)
    assert table.asked == [(SPAN, 1, 70), (SPAN, 2, 5), (SPAN, 2, 70), (SPAN, 1, 70)]


def test_an_empty_page_2_with_a_link_is_not_the_end_where_links_mean_something() -> None:
    """All records of page 2 are hidden; page 3 has more."""
    table = Table(spread(6), total=lambda _: None)
    table.rows = [row._replace(hidden=row.updated in {3, 4}) for row in table.rows]
    table.served = 2
    asker = table.asker(3)
    page = asker.page(SPAN)
    assert (page.sent, page.more) == (2, True)
    assert not asker.is_past_end(SPAN, page)
    assert table.asked == [(SPAN, 1, 3), (SPAN, 2, 2), (EMPTY, 1, 3)]


def test_a_link_that_leads_somewhere_is_not() -> None:
    table = Table(spread(6), links=lambda _: {"next": "/next"}, total=lambda _: 3)
    table.order = lambda found: found if len(table.asked) > 1 else found[:3]
    asker = table.asker(4)
    page = asker.page(SPAN)
    assert (page.sent, page.total) == (3, 3)
    assert not asker.is_past_end(SPAN, page)
    assert table.pages == [1, 2]


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"total": lambda _: 4}, 70),  # a count says more
        ({}, 3),  # a full page
    ],
)
def test_what_a_link_can_not_prove_is_not_asked(options: dict[str, Any], size: int) -> None:
    table = Table(spread(3), links=lambda _: {"next": "/next"}, **options)
    asker = table.asker(size)
    page = asker.page(SPAN)
    assert not asker.is_past_end(SPAN, page)
    assert len(table.asked) == 1


def test_the_page_of_the_size_that_is_served_is_page_1_as_well() -> None:
    table = Table(spread(100), served=10)
    asker = table.asker(70)
    for _ in range(3):
        page = asker.page_or_none(SPAN)
        assert page
        assert page.hits[0].instant == 1


def test_a_limit_is_shown_by_records_beyond_the_span_too() -> None:
    table = Table(rows(*[(901, 5)] * 30), served=10)
    asker = table.asker(70)
    assert asker.find_limit(SPAN, asker.page(SPAN))
    assert asker.size == 10


def test_gaps_of_hidden_records_are_no_limit() -> None:
    """In another order, page 2 returns records that are not on page 1, and has gaps too."""
    table = Table([row._replace(hidden=n % 2 == 0) for n, row in enumerate(same(100))])
    table.order = lambda found: found[40 * len(table.asked) :] + found[: 40 * len(table.asked)]
    asker = table.asker(70)
    page = asker.page(SPAN)
    assert page.sent == 35
    assert not asker.find_limit(SPAN, page)
    assert asker.size == 70


def test_a_page_2_that_fails_shows_no_limit() -> None:
    table = Table(spread(30), served=10)
    table.broken = lambda _: table.pages[-1] == 2
    asker = table.asker(70)
    assert not asker.find_limit(SPAN, asker.page(SPAN))
    assert asker.size == 70


def test_a_page_2_that_fails_shows_no_end() -> None:
    table = Table(spread(30), served=10, links=lambda _: {}, total=lambda _: None)
    table.broken = lambda _: table.pages[-1] == 2
    asker = table.asker(70)
    assert not asker.is_past_end(SPAN, asker.page(SPAN))


def test_an_empty_page_and_a_full_one_show_no_limit() -> None:
    table = Table(spread(3))
    asker = table.asker(3)
    assert not asker.find_limit(SPAN, asker.page(SPAN))
    assert not asker.find_limit(Span(10, 20), asker.page(Span(10, 20)))
    assert table.pages == [1, 1]


def test_an_empty_page_with_a_link_and_without_a_count_may_be_the_end() -> None:
    table = Table([], links=lambda _: {"next": "/next"}, total=lambda _: None)
    asker = table.asker(70)
    assert asker.is_past_end(SPAN, asker.page(SPAN))
    assert table.asked == [(SPAN, 1, 70)] * 2 + [(SPAN, 2, 70), (EMPTY, 1, 70)]


def test_an_empty_page_that_proves_nothing_is_asked_for_again() -> None:
    table = Table(spread(3))
    asker = table.asker(70)
    page = asker.page(Span(950, 990))
    assert page.complete
    unproven = replace(page, complete=False, total=None)
    assert asker.is_past_end(Span(950, 990), unproven)
    assert not asker.is_past_end(SPAN, unproven)
    assert table.pages == [1] * 3


def test_page_2_is_asked_for_in_the_size_that_page_1_was_served_in() -> None:
    table = Table(spread(3), served=10, tells_size=True, links=lambda _: {"next": "/next"})
    asker = table.asker(70)
    assert asker.is_past_end(SPAN, asker.page(SPAN))
    asked = [(SPAN, 1, 70), (SPAN, 2, 3), (EMPTY, 1, 70), (SPAN, 2, 10), (SPAN, 1, 70)]
    assert table.asked == asked, "10 is the size that the server tells"


def test_page_2_begins_where_page_1_ended() -> None:
    """The server clamps pages to 10 and takes the size asked for to find page 2."""
    table = Table(spread(25), served=10, links=lambda _: {}, total=lambda _: None)
    asker = table.asker(70)
    assert not asker.is_past_end(SPAN, asker.page(SPAN))
    assert table.asked == [(SPAN, 1, 70), (SPAN, 2, 10)]


def test_a_full_page_whose_count_agrees_is_asked_for_page_2_unless_it_has_a_null_link() -> None:
    """The count may be that of the page, or capped."""
    table = Table(spread(3), links=lambda _: {})
    asker = table.asker(3)
    page = asker.page(SPAN)
    assert not page.complete
    assert asker.is_past_end(SPAN, page)
    assert table.asked == [(SPAN, 1, 3), (SPAN, 2, 3), (SPAN, 1, 3)]
    more = Table(spread(9), links=lambda _: {}, total=lambda _: 3)
    asker = more.asker(3)
    assert not asker.is_past_end(SPAN, asker.page(SPAN))
