"""Lists: each resource once, up to an end that is proven."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_kustomer.api.errors import (
    AccessRefusedError,
    LinkRefusedError,
    NotFoundError,
    TransientError,
)
from tap_kustomer.walks import listing
from tap_kustomer.walks.listing import read_list
from tests.support import KEY, Answer, Transport, client_for, scripted

PATH = "/v1/teams"
SECOND = f"{PATH}?page=2"
UNPROVEN = "the list does not prove its end"
Page = dict[str, Any]


def plain(*ids: str, total: object = None) -> Page:
    """A page that says nothing about others but, maybe, a total."""
    data = [{"id": one} for one in ids]
    return {"data": data} if total is None else {"data": data, "meta": {"total": total}}


def page(*ids: str, following: object = None, total: object = None) -> Page:
    return {**plain(*ids, total=total), "links": {"next": following}}


def answering(*pages: Page) -> Transport:
    return scripted(*[(200, {}, json.dumps(one).encode()) for one in pages])


def read(*pages: Page, **options: Any) -> tuple[list[str], list[str]]:  # noqa: ANN401  (as `read_list`)
    """The ids read, and the query of each request; every page must have been asked for."""
    sender = answering(*pages)
    found = [one["id"] for one in read_list(client_for(sender), PATH, **options)]
    assert len(sender.sent) == len(pages), "not every page was asked for"
    return found, queries(sender)


def queries(sender: Transport) -> list[str]:
    assert all(one.path_url.partition("?")[0] == PATH for one in sender.sent)
    return [one.path_url.partition("?")[2] for one in sender.sent]


def unproven(*pages: Page) -> list[str]:
    """The ids read before the list turns out to have no end."""
    sender = answering(*pages)
    found: list[str] = []
    with pytest.raises(TransientError) as caught:
        found.extend(one["id"] for one in read_list(client_for(sender), PATH))
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
        page("a", "b", following=""),
        page("a", "b", total="many"),
        plain("a", "b", total=2),
        {**plain("a", "b", total=2), "links": []},
        {**page("a", "b"), "meta": [3]},
    ],
)
def test_a_page_that_proves_the_end_is_one_request(only: Page) -> None:
    """Its `next` is null, or all that it counts is on it."""
    assert read(only) == (["a", "b"], [""])


@pytest.mark.parametrize("empty", [page(), plain(), plain(total=0), page(total=0)])
def test_an_empty_list(empty: Page) -> None:
    assert read(empty) == ([], [""])


@pytest.mark.parametrize(
    "single", [{}, {"links": None}, {"links": {"next": None}}, {"meta": {"total": 9}}]
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


@pytest.mark.parametrize("last", [page("a"), plain("a"), page("a", total=2), page("a", total=1)])
def test_a_last_page_may_repeat_what_is_known(last: Page) -> None:
    """What came first meanwhile has moved everything down: nothing slipped past."""
    assert read(page("a", following=SECOND), last) == (["a"], ["", "page=2"])


@pytest.mark.parametrize("last", [page(total=2), plain(total=2), page("a", total=3)])
def test_a_last_page_that_counts_more_than_came_is_no_end(last: Page) -> None:
    assert unproven(page("a", following=SECOND), last) == ["", "page=2"]


@pytest.mark.parametrize("link", [SECOND, f"{SECOND}&pageSize=1", f"{SECOND}&status=none&status="])
def test_our_parameters_go_with_every_page(link: str) -> None:
    """Even if the link forgets or contradicts them."""
    pages = [page("a", following=link), page("b")]
    found, asked = read(*pages, *pages, params={"pageSize": 7, "status": "all"})
    assert found == ["a", "b"]
    assert asked == ["pageSize=7&status=all", "page=2&pageSize=7&status=all"] * 2


@pytest.mark.parametrize("link", ["https://evil.org/v1/teams", "//[", f"{SECOND}&key={KEY}"])
def test_a_link_that_would_show_the_key_is_refused(link: str) -> None:
    sender = answering(page("a", following=link))
    entries = read_list(client_for(sender), PATH)
    assert next(entries) == {"id": "a"}
    with pytest.raises(LinkRefusedError, match=f"The answer to {PATH} leads to another address"):
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
    assert listing.MOST_PAGES == 100_000
    monkeypatch.setattr(listing, "MOST_PAGES", 3)
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


@pytest.mark.parametrize("nothing", [plain(total=3), plain("a", total=3)])
def test_a_total_that_says_more_than_comes_is_no_end(nothing: Page) -> None:
    assert unproven(plain("a", total=3), nothing) == ["", "page=2"]


def test_an_empty_page_that_counts_something_is_no_end() -> None:
    assert unproven(plain(total=1)) == [""]
    assert unproven(page(total=1)) == [""]


def test_a_null_link_ends_a_list_whose_next_number_brings_nothing() -> None:
    """The count may be one of what this key can't see."""
    pages = [page("a", total=3), plain(total=3)]
    assert read(*pages, *pages) == (["a"], ["", "page=2"] * 2)


def test_a_list_that_shrinks_while_it_is_read_ends_with_its_next_empty_page() -> None:
    pages = [plain("a", "b", total=3), plain(total=1), plain("b", total=1)]
    assert read(*pages) == (["a", "b"], ["", "page=2", ""])


@pytest.mark.parametrize("total", [True, "2", 1.0, -1])
def test_an_odd_total_says_nothing(total: object) -> None:
    assert read(plain(total=total)) == ([], [""])
    pages = [plain("a", total=total), plain("b", total=total), plain(total=total)]
    assert read(*pages, *pages)[0] == ["a", "b"]


def test_a_number_follows_the_links_before_it() -> None:
    pages = [page("a", following=SECOND, total=3), plain("b", total=3), plain("c", total=3)]
    assert read(*pages, *pages) == (["a", "b", "c"], ["", "page=2", "page=3"] * 2)


# --- Reading again -------------------------------------------------------------------------------


def test_what_slips_past_a_page_border_is_found() -> None:
    """While page 1 was read, `a` left the list, and `c` moved from page 2 to page 1."""
    first, last = page("b", "c", following=SECOND), page("d")
    pages = [page("a", "b", following=SECOND), last, first, last, first, last]
    assert read(*pages)[0] == ["a", "b", "d", "c"]


def test_a_list_that_fits_on_one_page_meanwhile_is_not_read_again() -> None:
    pages = [page("a", following=SECOND), page("b"), page("a", "c")]
    assert read(*pages)[0] == ["a", "b", "c"]


def test_five_readings_are_enough() -> None:
    pages: list[Page] = []
    for one in "bcdef":
        pages += [page("a", following=SECOND), page(one)]
    assert read(*pages)[0] == list("abcdef")


def test_only_what_counts_is_worth_another_reading() -> None:
    """Of the second reading `c` counts, of the third nothing does."""
    readings = [("a", "b"), ("c", "d"), ("e", "f")]
    pages: list[Page] = []
    for first, last in readings:
        pages += [page(first, following=SECOND), page(last)]
    found, _ = read(*pages, counts=lambda resource: resource["id"] in "bc")
    assert found == list("abcdef")


def test_nothing_that_counts_is_one_reading() -> None:
    pages = [page("a", following=SECOND), page("b")]
    assert read(*pages, counts=lambda _: False)[0] == ["a", "b"]


def test_a_page_that_is_enough_is_the_last_one_of_each_reading() -> None:
    pages = [page("a", following=SECOND), page("b", following=f"{PATH}?page=3")]
    found, asked = read(*pages * 2, is_enough=lambda found: found == [{"id": "b"}])
    assert (found, asked) == (["a", "b"], ["", "page=2"] * 2)
    assert read(pages[0], is_enough=lambda _: True) == (["a"], [""])


def test_resources_without_an_id_are_all_kept() -> None:
    document = {
        "data": [{"n": 1}, {"id": None, "n": 2}, {"id": "", "n": 3}],
        "links": {"next": None},
    }
    found = list(read_list(client_for(answering(document)), PATH))
    assert found == document["data"]


# --- Failures ------------------------------------------------------------------------------------

ODD: list[tuple[Answer, str]] = [
    ((503, {}, b""), "status 503"),
    ((200, {}, b"<html>"), "the answer is not JSON"),
    ((200, {}, b'{"data": null}'), "the answer holds no data"),
    ((200, {}, b'{"data": [], "errors": [1]}'), "the answer reports errors"),
    ((200, {}, b'{"data": [null]}'), "the answer holds no list of records"),
    ((200, {}, b'{"data": [], "included": [1]}'), "the answer holds no list of records"),
    ((200, {}, b'{"data": [], "links": {"next": 7}}'), "the link to the next page is no text"),
]


@pytest.mark.parametrize(("odd", "fault"), ODD)
def test_an_odd_page_is_asked_for_again(odd: Answer, fault: str, waits: list[float]) -> None:
    good = json.dumps({"data": [], "included": [{"id": "x"}], "links": {"next": None}}).encode()
    sender = scripted(odd, odd, (200, {}, good))
    assert list(read_list(client_for(sender), PATH, member="included")) == [{"id": "x"}]
    assert len(waits) == 2
    with pytest.raises(TransientError) as caught:
        list(read_list(client_for(scripted(*[odd] * 11)), PATH, member="included"))
    assert caught.value.fault == fault
    assert PATH in str(caught.value)


def test_a_page_behind_a_link_is_asked_for_again_by_the_same_link(waits: list[float]) -> None:
    first, last = page("a", following=SECOND), page("b")
    bodies = [json.dumps(one).encode() for one in (first, last)]
    sender = scripted(
        (200, {}, bodies[0]), (503, {}, b""), *[(200, {}, body) for body in (bodies * 2)[1:]]
    )
    found = [one["id"] for one in read_list(client_for(sender), PATH, {"pageSize": 7})]
    assert found == ["a", "b"]
    again = ["pageSize=7", "page=2&pageSize=7"]
    assert queries(sender) == [again[0], again[1], again[1], *again]
    assert len(waits) == 1


@pytest.mark.parametrize(("status", "kind"), [(403, AccessRefusedError), (404, NotFoundError)])
def test_a_refusal_ends_the_list(status: int, kind: type[Exception]) -> None:
    first: Answer = 200, {}, json.dumps(page("a", following=SECOND)).encode()
    entries = read_list(client_for(scripted(first, (status, {}, b""))), PATH)
    assert next(entries) == {"id": "a"}
    with pytest.raises(kind):
        next(entries)
