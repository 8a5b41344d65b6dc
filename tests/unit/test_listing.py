"""Lists: each resource once, up to an end that is proven."""

from __future__ import annotations

from typing import Any

import pytest

from tap_kustomer.errors import LinkRefusedError, TransientError
from tap_kustomer.walks import listing
from tap_kustomer.walks.listing import read_list
from tests.lists import PATH, SECOND, Page, answering, page, plain, queries, read
from tests.support import KEY, client_for

UNPROVEN = "the end of the list can't be confirmed"


def unproven(*pages: Page) -> list[str]:
    """The ids read before the list turns out to have no end."""
    sender = answering(*pages)
    found: list[str] = []
    with pytest.raises(TransientError) as caught:
        found.extend(one.id for one in read_list(client_for(sender), PATH))
    assert type(caught.value) is TransientError
    assert caught.value.fault == UNPROVEN
    assert PATH in str(caught.value)
    assert len(sender.sent) == len(pages), "not every page was asked for"
    return queries(sender)


# --- One page ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "only",
    [
        page("a", "b"),
        page("a", "b", total=2),
        page("a", "b", total=1),
        page("a", "b", total="many"),
        plain("a", "b", total=2),
        {**plain("a", "b", total=2), "links": []},
        {**page("a", "b"), "meta": [3]},
    ],
)
def test_a_page_that_proves_the_end_is_one_request(only: Page) -> None:
    """Its `next` is null, or all that it counts is on it."""
    assert read(only) == (["a", "b"], [""])


@pytest.mark.parametrize("empty", [page(), plain(total=0), page(total=0)])
def test_an_empty_list(empty: Page) -> None:
    assert read(empty) == ([], [""])


@pytest.mark.parametrize("empty", [plain(), {**plain(), "links": {"next": ""}}])
def test_an_empty_list_that_says_nothing_is_requested_again(empty: Page) -> None:
    assert read(empty, empty) == ([], ["", ""])
    assert read(empty, page("a")) == (["a"], ["", ""])


@pytest.mark.parametrize(
    "single", [{}, {"links": None}, {"links": {"next": None}}, {"meta": {"total": 1}}]
)
def test_a_single_object_is_a_list_of_one(single: Page) -> None:
    assert read({"data": {"id": "a"}, **single}) == (["a"], [""])


def test_included_resources_are_read_instead() -> None:
    document = {**page("a", "b"), "included": [{"id": "x"}, {"id": "y"}, {"id": "x"}]}
    assert read(document, member="included") == (["x", "y"], [""])


# --- Links ---------------------------------------------------------------------------------------


def test_links_are_followed() -> None:
    pages = [page("a", following=SECOND), page("b", following=f"{PATH}?page=3"), page("c")]
    assert read(*pages, *pages) == (["a", "b", "c"], ["", "page=2", "page=3"] * 2)


@pytest.mark.parametrize("last", [page(), plain(), page(total=1), plain(total=0)])
def test_an_empty_last_page_is_a_page_too(last: Page) -> None:
    """What was on it may have moved up to a page that had been read."""
    pages = [page("a", following=SECOND), last, page("b")]
    assert read(*pages) == (["a", "b"], ["", "page=2", ""])


def test_two_empty_pages_are_an_empty_list() -> None:
    assert read(page(following=SECOND), page()) == ([], ["", "page=2"])


@pytest.mark.parametrize("last", [page("a"), plain("a"), page("a", total=2), page("a", total=1)])
def test_a_last_page_may_repeat_what_is_known(last: Page) -> None:
    """What came first meanwhile has moved everything down: nothing slipped past."""
    assert read(page("a", following=SECOND), last) == (["a"], ["", "page=2"])


@pytest.mark.parametrize("last", [page(total=2), plain(total=2), page("a", total=3)])
def test_a_last_page_that_counts_more_than_came_is_no_end(last: Page) -> None:
    assert unproven(page("a", following=SECOND), last) == ["", "page=2"]


@pytest.mark.parametrize("link", [SECOND, f"{SECOND}&pageSize=7", f"{SECOND}&status=none&status="])
def test_our_parameters_go_with_every_page(link: str) -> None:
    """Even if the link forgets or contradicts them."""
    pages = [page("a", following=link), page("b")]
    found, asked = read(*pages, *pages, params={"pageSize": 7, "status": "all"})
    assert found == ["a", "b"]
    assert asked == ["pageSize=7&status=all", "page=2&pageSize=7&status=all"] * 2


def test_the_page_size_of_a_link_stays() -> None:
    """A server that caps pages at 1 begins page 2 of 7 behind the seventh."""
    pages = [page("a", following=f"{SECOND}&pageSize=1"), page("b")]
    found, asked = read(*pages, *pages, params={"pageSize": 7})
    assert found == ["a", "b"]
    assert asked == ["pageSize=7", "page=2&pageSize=1"] * 2


@pytest.mark.parametrize("links", [{}, {"links": {}}])
def test_a_total_alone_does_not_end_a_full_page(links: dict[str, Any]) -> None:
    """It may be that of the page."""
    first = {"data": [{"id": f"a{n}"} for n in range(7)], "meta": {"total": 7}, **links}
    last = {"data": [{"id": "b"}], "meta": {"total": 1}, **links}
    empty: dict[str, Any] = {"data": [], "meta": {"total": 0}, **links}
    found, asked = read(*[first, last, empty] * 2, params={"pageSize": 7})
    assert len(found) == 8
    assert asked[:3] == ["pageSize=7", "pageSize=7&page=2", "pageSize=7&page=3"]


@pytest.mark.parametrize("link", ["https://evil.org/v1/teams", "//[", f"{SECOND}&key={KEY}"])
def test_a_link_that_would_show_the_key_is_refused(link: str) -> None:
    sender = answering(page("a", following=link))
    entries = read_list(client_for(sender), PATH)
    assert next(entries).id == "a"
    with pytest.raises(LinkRefusedError, match=f"The response to {PATH} leads to another address"):
        next(entries)
    assert len(sender.sent) == 1


def test_links_in_a_circle_end_with_an_error() -> None:
    circle = [page("a", following=SECOND), page("b", following=PATH)]
    assert unproven(*circle, *circle, circle[0]) == ["", "page=2", "", "page=2", ""]


def test_three_pages_in_a_row_that_bring_nothing_new_are_too_many() -> None:
    idle = page(following=SECOND)
    assert len(unproven(*[idle] * 3)) == 3
    assert len(unproven(page("a", following=SECOND), *[idle] * 3)) == 4
    pages = [page("a", following=SECOND), idle, idle, page("b", following=SECOND), idle, page("c")]
    assert read(*pages, *pages)[0] == ["a", "b", "c"]


def test_links_without_end_end_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert listing.MAX_PAGES == 100_000
    monkeypatch.setattr(listing, "MAX_PAGES", 3)
    unproven(*[page(one, following=SECOND) for one in "abc"])
    pages = [page("a", following=SECOND), page("b", following=SECOND), page("c")]
    assert read(*pages, *pages)[0] == ["a", "b", "c"]


# --- Numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [plain(), plain("a"), plain("b", "a"), page()])
def test_without_links_and_total_pages_are_asked_for_by_number(last: Page) -> None:
    """One that is empty, or repeats what is known, is the end."""
    pages = [plain("a"), plain("b"), last]
    found, asked = read(*pages, *pages, params={"pageSize": 7})
    assert found == ["a", "b"]
    assert asked == ["pageSize=7", "pageSize=7&page=2", "pageSize=7&page=3"] * 2


def test_a_list_without_pages_sends_itself_again() -> None:
    """It has one page, past which nothing can slip."""
    assert read(plain("a", "b"), plain("a", "b")) == (["a", "b"], ["", "page=2"])


@pytest.mark.parametrize("making", [plain, page])
def test_a_total_that_says_more_asks_for_the_next_page_by_number(making: Any) -> None:  # noqa: ANN401  (either)
    pages = [making("a", total=3), making("b", total=3), making("c", total=3)]
    assert read(*pages, *pages) == (["a", "b", "c"], ["", "page=2", "page=3"] * 2)


@pytest.mark.parametrize("total", [2, 3])
@pytest.mark.parametrize("repeated", [(), ("a",)])
def test_a_total_that_says_more_than_comes_is_no_end(repeated: tuple[str, ...], total: int) -> None:
    """Even one more: a page that repeats what is known does not count."""
    pages = [plain("a", total=total), plain(*repeated, total=total)]
    assert unproven(*pages) == ["", "page=2"]


def test_an_empty_page_that_counts_something_is_no_end() -> None:
    assert unproven(plain(total=1)) == [""]
    assert unproven(page(total=1)) == [""]
    assert unproven(page(total=50.0)) == [""]


@pytest.mark.parametrize("second", [plain(total=3), page(total=3), page("a", total=3)])
def test_a_null_link_does_not_end_a_list_that_counts_more(second: Page) -> None:
    assert unproven(page("a", total=3), second) == ["", "page=2"]


def missing(*pages: Page) -> list[str]:
    """The queries of a list that counts more than it holds."""
    sender = answering(*pages)
    with pytest.raises(TransientError) as caught:
        list(read_list(client_for(sender), PATH))
    assert caught.value.fault == "the list reports more records than it returns"
    assert len(sender.sent) == len(pages), "not every page was asked for"
    return queries(sender)


def test_a_resource_that_comes_twice_counts_once() -> None:
    """Read again, since the list may have changed meanwhile; then something is missing."""
    assert missing(*[page("a", "a", total=2)] * 5) == [""] * 5
    pages = [page("a", "b", following=SECOND, total=4), page("b", "c", total=4)]
    assert missing(*pages * 5) == ["", "page=2"] * 5


def test_what_a_later_reading_finds_counts_too() -> None:
    pages = [page("a", "b", following=SECOND, total=4), page("b", "c", total=4)]
    moved = [page("d", "a", following=SECOND, total=4), page("b", "c", total=4)]
    assert read(*pages, *moved, *moved)[0] == ["a", "b", "c", "d"]


def test_an_object_that_counts_more_is_no_list() -> None:
    assert missing(*[{"data": {"id": "a"}, "meta": {"total": 50}}] * 5) == [""] * 5


def test_a_list_that_shrinks_while_it_is_read_ends_with_its_next_empty_page() -> None:
    pages = [plain("a", "b", total=3), plain(total=1), plain("b", total=1)]
    assert read(*pages) == (["a", "b"], ["", "page=2", ""])


@pytest.mark.parametrize("total", [True, "two", 1.5, -1])
def test_an_odd_total_says_nothing(total: object) -> None:
    assert read(*[plain(total=total)] * 2) == ([], ["", ""])
    pages = [plain("a", total=total), plain("b", total=total), plain(total=total)]
    assert read(*pages, *pages)[0] == ["a", "b"]


def test_a_number_follows_the_links_before_it() -> None:
    pages = [page("a", following=SECOND, total=3), plain("b", total=3), plain("c", total=3)]
    assert read(*pages, *pages) == (["a", "b", "c"], ["", "page=2", "page=3"] * 2)
