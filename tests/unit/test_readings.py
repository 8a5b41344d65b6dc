"""Lists that change while they are read, pages that fail, and ranges of a list."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_kustomer import timestamps
from tap_kustomer.errors import AccessRefusedError, NotFoundError, TransientError
from tap_kustomer.walks.listing import read_list, read_range
from tests.lists import PATH, SECOND, Page, answering, page, queries, read
from tests.support import Answer, client_for, scripted


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
    found, _ = read(*pages, counts=lambda item: item.id in "bc")
    assert found == list("abcdef")


def test_nothing_that_counts_is_one_reading() -> None:
    pages = [page("a", following=SECOND), page("b")]
    assert read(*pages, counts=lambda _: False)[0] == ["a", "b"]


def test_a_page_that_is_enough_is_the_last_one_of_each_reading() -> None:
    pages = [page("a", following=SECOND), page("b", following=f"{PATH}?page=3")]
    found, asked = read(*pages * 2, is_enough=lambda found: [item.id for item in found] == ["b"])
    assert (found, asked) == (["a", "b"], ["", "page=2"] * 2)
    assert read(pages[0], is_enough=lambda _: True) == (["a"], [""])


def test_resources_without_an_id_are_all_kept() -> None:
    document = {
        "data": [{"n": 1}, {"id": None, "n": 2}, {"id": "", "n": 3}],
        "links": {"next": None},
    }
    found = [item.resource for item in read_list(client_for(answering(document)), PATH)]
    assert found == document["data"]


# --- Failures ------------------------------------------------------------------------------------

ODD: list[tuple[Answer, str]] = [
    ((503, {}, b""), "status 503"),
    ((200, {}, b"<html>"), "the response is not JSON"),
    ((200, {}, b'{"data": null}'), "the response has no data"),
    ((200, {}, b'{"data": [], "errors": [1]}'), "the response reports errors"),
    ((200, {}, b'{"data": [null]}'), "the response is not a list of records"),
    ((200, {}, b'{"data": [], "included": [1]}'), "the response is not a list of records"),
    ((200, {}, b'{"data": [], "links": {"next": 7}}'), "the link to the next page is not a string"),
]


@pytest.mark.parametrize(("odd", "fault"), ODD)
def test_an_odd_page_is_asked_for_again(
    odd: Answer, fault: str, waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    good = json.dumps({"data": [], "included": [{"id": "x"}], "links": {"next": None}}).encode()
    sender = scripted(odd, odd, (200, {}, good))
    found = read_list(client_for(sender), PATH, member="included")
    assert [item.id for item in found] == ["x"]
    assert len(waits) == 2
    assert [line.partition(", attempt")[0] for line in caplog.messages] == [f"{PATH}: {fault}"] * 2
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
    found = [one.id for one in read_list(client_for(sender), PATH, {"pageSize": 7})]
    assert found == ["a", "b"]
    again = ["pageSize=7", "page=2&pageSize=7"]
    assert queries(sender) == [again[0], again[1], again[1], *again]
    assert len(waits) == 1


@pytest.mark.parametrize(("status", "kind"), [(403, AccessRefusedError), (404, NotFoundError)])
def test_a_refusal_ends_the_list(status: int, kind: type[Exception]) -> None:
    first: Answer = 200, {}, json.dumps(page("a", following=SECOND)).encode()
    entries = read_list(client_for(scripted(first, (status, {}, b""))), PATH)
    assert next(entries).id == "a"
    with pytest.raises(kind):
        next(entries)


# --- Ranges --------------------------------------------------------------------------------------

START = timestamps.parse("2026-11-20T10:00:00.000Z")


def dated(one: str, updated: object) -> dict[str, Any]:
    return {"id": one, "attributes": {"updatedAt": updated}}


def test_a_range_holds_both_its_bounds_and_what_has_no_date() -> None:
    resources = [
        dated("a", "2026-11-20T09:59:59.999Z"),
        dated("b", "2026-11-20T10:00:00.000Z"),
        dated("c", "2026-11-20T10:00:01.000Z"),
        dated("d", "2026-11-20T10:00:01.001Z"),
        dated("e", None),
        {"id": "f"},
    ]
    sender = answering({"data": resources, "links": {"next": None}})
    end = START + 1_000
    found = read_range(client_for(sender), PATH, START, end)
    assert [(one.instant, one.id, one.resource) for one in found] == [
        (START, "b", resources[1]),
        (end, "c", resources[2]),
        (end, "e", resources[4]),
        (end, "f", resources[5]),
    ]
    assert queries(sender) == [""]


def test_what_is_new_outside_the_range_is_worth_no_other_reading() -> None:
    before, within = "2026-11-20T09:00:00.000Z", "2026-11-20T10:00:00.000Z"
    readings = [
        [dated("a", before), dated("b", within)],
        [dated("c", within), dated("d", before)],
        [dated("c", within), dated("e", before)],
    ]
    pages: list[Page] = []
    for first, last in readings:
        pages += [
            {"data": [first], "links": {"next": SECOND}},
            {"data": [last], "links": {"next": None}},
        ]
    sender = answering(*pages)
    found = read_range(client_for(sender), PATH, START, START)
    assert [entry.id for entry in found] == ["b", "c"]
    assert len(sender.sent) == 6


def test_a_resource_without_an_id_is_in_the_range_too() -> None:
    sender = answering({"data": [{"id": 7}, {}], "links": {"next": None}})
    assert [one.id for one in read_range(client_for(sender), PATH, START, START)] == ["7", ""]
