from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tap_kustomer.errors import AccessRefusedError, TransientError
from tap_kustomer.walks.cursor import Cursor
from tests.support import Answer, Transport, client_for, scripted

PATH = "/v1/audit-logs"


def page(*ids: str | None, **members: Any) -> Answer:
    document = {"data": [{"id": one} for one in ids], **members}
    return 200, {}, json.dumps(document).encode()


def counted(*ids: str | None, count: object) -> Answer:
    """With `meta.count`, the number of entries a page holds, and a link that always stands."""
    return page(*ids, meta={"count": count}, links={"next": f"{PATH}?before=a"})


def asked(sender: Transport) -> list[dict[str, str]]:
    """The parameters of each request."""
    assert {urlsplit(one.path_url).path for one in sender.sent} == {PATH}
    return [dict(parse_qsl(urlsplit(one.path_url).query)) for one in sender.sent]


def read(*answers: Answer, count: int = 2) -> tuple[list[Any], list[dict[str, str]]]:
    """The ids read, and what was asked; every answer must have been asked for."""
    sender = scripted(*answers)
    entries = list(Cursor(client_for(sender), PATH, {"filter[start]": "x"}, count).read())
    assert len(sender.sent) == len(answers)
    for one in asked(sender):
        assert (one.pop("count"), one.pop("filter[start]")) == (str(count), "x")
    return [one.id for one in entries], [
        {key: value for key, value in one.items() if key in {"before", "after"}}
        for one in asked(sender)
    ]


END = page()


def test_entries_come_newest_first_and_each_page_begins_behind_the_lowest_id() -> None:
    ids, cursors = read(
        counted("f", "e", count=2), counted("d", "c", count=2), counted("b", count=2), END
    )
    assert ids == ["f", "e", "d", "c", "b"]
    assert cursors == [{}, {"before": "e"}, {"before": "c"}, {"before": "b"}]


def test_oldest_first_is_understood() -> None:
    """A page of one entry has the order of the page before."""
    ids, cursors = read(counted("a", "b", "c", count=3), counted("e", count=3), END, count=3)
    assert ids == ["a", "b", "c", "e"]
    assert cursors == [{}, {"after": "c"}, {"after": "e"}]


def test_a_page_in_no_order_proves_nothing() -> None:
    with pytest.raises(TransientError, match="the entries are not sorted by id"):
        read(counted("c", "b", "e", count=3), count=3)


def test_all_parameters_go_with_every_page() -> None:
    sender = scripted(counted("f", "e", count=2), END)
    list(Cursor(client_for(sender), PATH, {"filter[start]": "x", "filter[end]": "y"}, 2).read())
    sent = {"count": "2", "filter[start]": "x", "filter[end]": "y"}
    assert asked(sender) == [sent, {**sent, "before": "e"}]


@pytest.mark.parametrize("count", [None, 0, -1, 1, 2, 1_000, "two", 2.0, True])
def test_only_a_page_without_anything_new_is_the_end(count: object) -> None:
    """Whatever a full page is said to be: a short one may have been cut, or filtered afterwards."""
    ids, cursors = read(counted("f", "e", count=count), counted("d", count=count), END)
    assert ids == ["f", "e", "d"]
    assert cursors == [{}, {"before": "e"}, {"before": "d"}]
    assert read(END) == ([], [{}])


@pytest.mark.parametrize("meta", [None, [], 7, {}])
def test_odd_meta_counts_nothing(meta: object) -> None:
    ids, _ = read(page("f", meta=meta), page(meta=meta))
    assert ids == ["f"]


def test_what_two_pages_share_comes_once_and_the_cursor_alone_is_the_end() -> None:
    """As where `before` lets the entry through that it names."""
    ids, cursors = read(
        counted("f", "e", count=2), counted("e", "d", count=2), counted("d", count=1)
    )
    assert ids == ["f", "e", "d"]
    assert cursors == [{}, {"before": "e"}, {"before": "d"}]


def test_a_short_page_that_comes_again_is_the_end() -> None:
    assert read(*[counted("f", "e", count=3)] * 2, count=3)[0] == ["f", "e"]


@pytest.mark.parametrize("count", [1, 2, 1_000, None])
def test_a_cursor_that_does_not_move_is_an_error(count: int | None) -> None:
    sender = scripted(*[counted("f", "e", count=count)] * 2)
    entries = Cursor(client_for(sender), PATH, {}, 2).read()
    assert [next(entries).id, next(entries).id] == ["f", "e"]
    with pytest.raises(TransientError) as caught:
        next(entries)
    assert caught.value.fault == "the cursor does not advance"
    assert PATH in str(caught.value)
    assert len(sender.sent) == 2


def test_an_entry_without_an_id_is_handed_over_and_hides_no_order() -> None:
    ids, cursors = read(page("f", None, "e", ""), END)
    assert ids == ["f", "", "e", ""]
    assert cursors == [{}, {"before": "e"}]
    with pytest.raises(TransientError, match="the cursor does not advance"):
        read(page(None, None))


def test_an_answer_that_is_too_large_is_asked_for_in_halves(waits: list[float]) -> None:
    slow: Answer = 504, {}, b""
    sender = scripted(slow, slow, counted("f", "e", count=2), END)
    found = Cursor(client_for(sender), PATH, {}, 8).read()
    assert [item.id for item in found] == ["f", "e"]
    assert [one["count"] for one in asked(sender)] == ["8", "4", "2", "2"]
    assert len(waits) == 2


def test_a_page_is_handed_over_before_the_next_is_asked_for() -> None:
    sender = scripted(counted("f", "e", count=2), (403, {}, b""))
    entries = Cursor(client_for(sender), PATH, {}, 2).read()
    assert [next(entries).id, next(entries).id] == ["f", "e"]
    assert len(sender.sent) == 1
    with pytest.raises(AccessRefusedError):
        next(entries)


@pytest.mark.parametrize("odd", [b"", b'{"data": null}', b'{"data": [null]}'])
def test_an_odd_page_is_asked_again(odd: bytes, waits: list[float]) -> None:
    ids, _ = read((200, {}, odd), counted("f", count=2), END)
    assert ids == ["f"]
    assert len(waits) == 1


def test_an_error_names_the_path(waits: list[float]) -> None:
    with pytest.raises(TransientError, match=rf"{PATH} \(the response is not a list of records\)"):
        read(*[(200, {}, b'{"data": [null]}')] * 11)
    assert len(waits) == 10
