from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tap_kustomer.errors import AccessRefusedError, TransientError
from tap_kustomer.walks.cursor import read_back
from tests.support import Answer, Transport, client_for, scripted

PATH = "/v1/audit-logs"


def page(*ids: str | None, **members: Any) -> Answer:
    document = {"data": [{"id": one} for one in ids], **members}
    return 200, {}, json.dumps(document).encode()


def counted(*ids: str, count: object) -> Answer:
    """With `meta.count`, the number of entries a page holds, and a link that always stands."""
    return page(*ids, meta={"count": count}, links={"next": f"{PATH}?before=a"})


def asked(sender: Transport) -> list[dict[str, str]]:
    """The parameters of each request."""
    assert {urlsplit(one.path_url).path for one in sender.sent} == {PATH}
    return [dict(parse_qsl(urlsplit(one.path_url).query)) for one in sender.sent]


def read(*answers: Answer, count: int = 2) -> tuple[list[Any], list[dict[str, str]]]:
    """The ids read, and what was asked; every answer must have been asked for."""
    sender = scripted(*answers)
    entries = list(read_back(client_for(sender), PATH, {"count": count, "filter[start]": "x"}))
    assert len(sender.sent) == len(answers)
    for one in asked(sender):
        assert (one.pop("count"), one.pop("filter[start]")) == (str(count), "x")
    return [one["id"] for one in entries], [
        {key: value for key, value in one.items() if key in {"before", "after"}}
        for one in asked(sender)
    ]


def test_entries_come_newest_first_and_each_page_begins_behind_the_lowest_id() -> None:
    ids, cursors = read(
        counted("f", "e", count=2), counted("d", "c", count=2), counted("b", count=2)
    )
    assert ids == ["f", "e", "d", "c", "b"]
    assert cursors == [{}, {"before": "e"}, {"before": "c"}]


def test_oldest_first_is_understood() -> None:
    ids, cursors = read(counted("a", "b", "c", count=3), counted("e", count=3), count=3)
    assert ids == ["a", "b", "c", "e"]
    assert cursors == [{}, {"after": "c"}]


def test_a_full_page_in_no_order_proves_nothing() -> None:
    with pytest.raises(TransientError, match="the entries are in no order"):
        read(counted("c", "b", "e", count=3), count=3)


def test_all_parameters_go_with_every_page() -> None:
    sender = scripted(counted("f", "e", count=2), counted(count=2))
    params: dict[str, str | int] = {"count": 2, "filter[start]": "x", "filter[end]": "y"}
    list(read_back(client_for(sender), PATH, params))
    sent = {"count": "2", "filter[start]": "x", "filter[end]": "y"}
    assert asked(sender) == [sent, {**sent, "before": "e"}]


def test_a_short_page_is_the_last_although_its_link_stands() -> None:
    assert read(counted("f", count=2)) == (["f"], [{}])
    assert read(counted(count=2)) == ([], [{}])


def test_a_link_that_is_null_does_not_end_a_full_page() -> None:
    ids, _ = read(page("f", "e", meta={"count": 2}, links={"next": None}), counted(count=2))
    assert ids == ["f", "e"]


def test_a_server_may_serve_smaller_pages_than_it_was_asked_for() -> None:
    """It says so: a page is full that holds `meta.count` entries."""
    ids, cursors = read(counted("f", "e", count=2), counted("d", count=2), count=1_000)
    assert ids == ["f", "e", "d"]
    assert cursors == [{}, {"before": "e"}]


def test_a_server_that_counts_more_than_asked_for_does_not_make_a_full_page_short() -> None:
    ids, _ = read(counted("f", "e", count=1_000), counted("d", count=1_000))
    assert ids == ["f", "e", "d"]


@pytest.mark.parametrize("count", [None, 0, -1, "two", 2.0, True])
def test_without_a_count_only_an_empty_page_is_the_end(count: object) -> None:
    ids, cursors = read(
        counted("f", "e", count=count), counted("d", count=count), counted(count=count)
    )
    assert ids == ["f", "e", "d"]
    assert cursors == [{}, {"before": "e"}, {"before": "d"}]


@pytest.mark.parametrize("meta", [None, [], 7, {}])
def test_odd_meta_counts_nothing(meta: object) -> None:
    ids, _ = read(page("f", meta=meta), page(meta=meta))
    assert ids == ["f"]


def test_a_count_of_one_is_a_count() -> None:
    ids, cursors = read(counted("f", count=1), counted("e", count=1), counted(count=1), count=1)
    assert ids == ["f", "e"]
    assert cursors == [{}, {"before": "f"}, {"before": "e"}]


def test_what_two_pages_share_comes_once() -> None:
    ids, cursors = read(
        counted("f", "e", count=2), counted("e", "d", count=2), counted("d", count=2)
    )
    assert ids == ["f", "e", "d"]
    assert cursors == [{}, {"before": "e"}, {"before": "d"}]


def test_a_cursor_that_does_not_move_is_an_error() -> None:
    sender = scripted(*[counted("f", "e", count=2)] * 2)
    entries = read_back(client_for(sender), PATH, {"count": 2})
    assert [next(entries)["id"], next(entries)["id"]] == ["f", "e"]
    with pytest.raises(TransientError) as caught:
        next(entries)
    assert caught.value.fault == "the cursor does not move"
    assert PATH in str(caught.value)
    assert len(sender.sent) == 2


def test_a_page_is_handed_over_before_the_next_is_asked_for() -> None:
    sender = scripted(counted("f", "e", count=2), (403, {}, b""))
    entries = read_back(client_for(sender), PATH, {"count": 2})
    assert [next(entries)["id"], next(entries)["id"]] == ["f", "e"]
    assert len(sender.sent) == 1
    with pytest.raises(AccessRefusedError):
        next(entries)


@pytest.mark.parametrize("odd", [b"", b'{"data": null}', b'{"data": [null]}'])
def test_an_odd_page_is_asked_again(odd: bytes, waits: list[float]) -> None:
    ids, _ = read((200, {}, odd), counted("f", count=2))
    assert ids == ["f"]
    assert len(waits) == 1


def test_an_error_names_the_path(waits: list[float]) -> None:
    with pytest.raises(TransientError, match=rf"{PATH} \(the answer holds no list of records\)"):
        read(*[(200, {}, b'{"data": [null]}')] * 11)
    assert len(waits) == 10
