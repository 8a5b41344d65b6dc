from __future__ import annotations

import json
from typing import Any

import pytest

from tap_kustomer.api.errors import LinkRefusedError, TransientError
from tap_kustomer.records import RecordError
from tap_kustomer.walks.listing import read_cursor, read_list
from tests.support import client_for, scripted

Page = dict[str, Any]


def page(*ids: str, following: str | None = None) -> Page:
    return {"data": [{"id": one} for one in ids], "links": {"next": following}}


def read(*pages: Page) -> list[str]:
    transport = scripted(*[(200, {}, json.dumps(one).encode()) for one in pages])
    found = [one["id"] for one in read_list(client_for(transport), "/v1/teams")]
    assert len(transport.sent) == len(pages), "not every page was asked for"
    return found


def test_one_page_is_one_request() -> None:
    assert read(page("a", "b")) == ["a", "b"]


def test_no_links_and_a_single_object() -> None:
    assert read({"data": [{"id": "a"}]}) == ["a"]
    assert read({"data": {"id": "a"}, "links": None}) == ["a"]


def test_an_empty_list() -> None:
    assert read(page()) == []


def test_links_are_followed_and_several_pages_are_read_twice() -> None:
    first, last = page("a", "b", following="/v1/teams?page=2"), page("c")
    assert read(first, last, first, last) == ["a", "b", "c"]


def test_what_slips_past_a_page_border_is_found() -> None:
    """While page 1 was read, `a` left the list, and `c` moved from page 2 to page 1."""
    link = "/v1/teams?page=2"
    assert read(
        page("a", "b", following=link),
        page("d"),
        page("b", "c", following=link),
        page("d"),
        page("b", "c", following=link),
        page("d"),
    ) == ["a", "b", "d", "c"]


def test_links_in_a_circle_end_the_list_with_an_error() -> None:
    link = "/v1/teams?page=2"
    with pytest.raises(TransientError, match="lead nowhere"):
        read(page("a", following=link), page("b", following=link))


@pytest.mark.parametrize(
    "odd",
    [
        {"data": [], "links": {"next": "/v1/teams?page=2"}},
        {"data": [None]},
        {"data": [{"id": "a"}], "links": {"next": 7}},
    ],
)
def test_odd_pages_are_errors_and_not_endless(odd: Page) -> None:
    with pytest.raises(TransientError):
        read(odd)


def test_odd_links_are_no_links() -> None:
    assert read({"data": [{"id": "a"}], "links": []}) == ["a"]


def test_a_link_that_is_no_address_is_refused() -> None:
    with pytest.raises(LinkRefusedError):
        read({"data": [{"id": "a"}], "links": {"next": "//["}})


def test_parameters_go_with_the_first_request() -> None:
    transport = scripted((200, {}, json.dumps(page("a")).encode()))
    list(read_list(client_for(transport), "/v1/teams", {"pageSize": 7}))
    assert transport.sent[0].path_url == "/v1/teams?pageSize=7"


def test_a_page_that_is_enough_is_the_last_one_and_is_read_again() -> None:
    pages = [page("a", following="/v1/teams?page=2"), page("b", following="/v1/teams?page=3")]
    transport = scripted(*[(200, {}, json.dumps(one).encode()) for one in pages * 2])

    def enough(found: list[dict[str, Any]]) -> bool:
        return found == [{"id": "b"}]

    assert len(list(read_list(client_for(transport), "/v1/teams", enough=enough))) == 2
    assert len(transport.sent) == 4


def test_an_error_names_the_path() -> None:
    with pytest.raises(TransientError, match=r"/v1/teams.*holds no list of records"):
        read({"data": [None]})
    with pytest.raises(TransientError, match=r"/v1/teams.*the links between pages lead nowhere"):
        read({"data": [{"id": "a"}], "links": {"next": 7}})


def test_a_cursor_is_read_until_there_is_no_link() -> None:
    pages = [page("a", "b", following="/v1/audit-logs?after=b"), page("c")]
    transport = scripted(*[(200, {}, json.dumps(one).encode()) for one in pages])
    found = read_cursor(client_for(transport), "/v1/audit-logs", {"count": 2})
    assert [one["id"] for one in found] == ["a", "b", "c"]
    assert transport.sent[0].path_url == "/v1/audit-logs?count=2"


@pytest.mark.parametrize("links", [None, {}, {"self": "/v1/audit-logs"}])
def test_a_full_page_of_a_cursor_must_say_whether_another_follows(links: object) -> None:
    body = json.dumps({"data": [{"id": "a"}, {"id": "b"}], "links": links}).encode()
    asked = {"count": 2}
    with pytest.raises(RecordError, match=r"^A full page of /v1/audit-logs does not say whether"):
        list(read_cursor(client_for(scripted((200, {}, body))), "/v1/audit-logs", asked))
    client = client_for(scripted((200, {}, body)))
    assert len(list(read_cursor(client, "/v1/audit-logs", {"count": 3}))) == 2


def test_an_error_of_a_cursor_names_the_path() -> None:
    client = client_for(scripted((200, {}, b'{"data": [null]}')))
    with pytest.raises(TransientError, match=r"/v1/audit-logs.*holds no list of records"):
        list(read_cursor(client, "/v1/audit-logs", {"count": 3}))
