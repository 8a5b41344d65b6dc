"""Answers that can't be true are refused; records keep their place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_kustomer import instants
from tap_kustomer.api.errors import OverloadedError, TransientError
from tap_kustomer.walks.page import BELIEVED_AFTER, UNKNOWN, Page, PageReader, Span

PATH = "/v1/customers/search"
SPAN = Span(1_000, 9_000)


def record(one: str, updated: int | None, created: int = 500) -> dict[str, Any]:
    attributes = {"createdAt": instants.text(created)}
    if updated is not None:
        attributes["updatedAt"] = instants.text(updated)
    return {"type": "conversation", "id": one, "attributes": attributes}


def answer(*records: Any, following: str | None = None, **meta: Any) -> bytes:  # noqa: ANN401  (any JSON)
    meta = {"total": len(records), **meta}
    return json.dumps({"meta": meta, "links": {"next": following}, "data": records}).encode()


def read(body: bytes, size: int = 3, number: int = 1) -> Page:
    return PageReader(PATH, SPAN, number).read(body, size)


def test_a_page_that_counts_what_it_holds_is_complete() -> None:
    page = read(answer(record("a", 2_000), record("b", 3_000)))
    assert page.complete
    assert page.ordered
    assert [(f.id, f.instant, f.created) for f in page.found] == [
        ("a", 2_000, 500),
        ("b", 3_000, 500),
    ]
    assert page.found[0].resource == record("a", 2_000)


def test_a_full_page_is_complete_only_when_everything_says_so() -> None:
    records = [record(one, 2_000) for one in "abc"]
    assert read(answer(*records)).complete
    for total in (None, 0, 2, "3"):
        assert not read(answer(*records, total=total)).complete
    assert not read(answer(*records, total=4)).complete
    assert not read(answer(*records, following="/v1/customers/search?page=2")).complete


def test_records_are_put_in_order_and_disorder_is_noticed() -> None:
    page = read(answer(record("b", 3_000), record("c", 2_000, 700), record("a", 2_000, 700)))
    assert not page.ordered
    assert [f.id for f in page.found] == ["a", "c", "b"]


def test_order_among_one_instant_is_nobodys_business() -> None:
    assert read(answer(record("b", 2_000), record("a", 2_000))).ordered


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (answer(record("a", 2_000), timed_out=True), "timed out"),
        (answer(record("a", 999)), "outside the range"),
        (answer(record("a", 9_001)), "outside the range"),
        (answer(record("a", 2_000), record("a", 2_000)), "twice"),
        (answer(record("a", 2_000), total=2), "fewer records"),
        (answer(*[record(one, None) for one in "abc"], total=9), "when it was updated"),
        (answer(record("a", 2_000), following="/next"), "fewer records"),
    ],
)
def test_what_can_not_be_true_is_refused(body: bytes, fault: str) -> None:
    with pytest.raises(OverloadedError, match=fault):
        read(body)


def test_records_created_outside_the_range_are_refused() -> None:
    body = answer(record("a", 2_000, created=500))
    with pytest.raises(OverloadedError, match="outside the range"):
        PageReader(PATH, Span(1_000, 9_000, 600, None), 1).read(body, 3)
    with pytest.raises(OverloadedError, match="outside the range"):
        PageReader(PATH, Span(1_000, 9_000, None, 400), 1).read(body, 3)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"data": {}}',
        b'{"data": null}',
        b'{"data": [1]}',
        b'{"data": [{"id": "a", "attributes": {"name": "\xff"}}]}',
    ],
)
def test_what_is_no_page_is_refused(body: bytes) -> None:
    with pytest.raises(TransientError, match="no page of records"):
        read(body)


def test_a_short_page_that_never_changes_is_believed_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reader = PageReader(PATH, SPAN, 1)
    short, other = answer(record("a", 2_000), total=5), answer(record("b", 2_000), total=5)
    for body in (short, other, *[short] * (BELIEVED_AFTER - 2)):
        with pytest.raises(OverloadedError):
            reader.read(body, 3)
    assert reader.read(short, 3).complete
    assert "counts more records than it sends" in caplog.text


def test_a_server_may_serve_smaller_pages_than_asked() -> None:
    page = read(answer(record("a", 2_000), record("b", 2_500), total=9, pageSize=2), size=500)
    assert not page.complete
    assert len(page.found) == 2


def test_a_later_page_counts_what_came_before() -> None:
    assert read(answer(record("a", 2_000), total=4), number=2).complete
    assert not read(answer(record("a", 2_000), total=5), number=2).complete


@pytest.mark.parametrize("meta", [None, [], {"total": "many"}, {"total": True}, {"pageSize": -1}])
def test_odd_meta_is_no_meta(meta: object) -> None:
    body = json.dumps({"meta": meta, "links": None, "data": [record("a", 2_000)]}).encode()
    assert read(body).total is None
    assert read(body).complete


def test_a_record_without_updated_at_stands_at_the_one_before() -> None:
    page = read(answer(record("a", 2_000), record("b", None), {"id": "c", "attributes": []}))
    assert [f.instant for f in page.found] == [2_000, 2_000, 2_000]
    assert UNKNOWN in {f.created for f in page.found}


def test_text_cut_within_an_emoji_does_not_spoil_a_page() -> None:
    body = answer(record("a", 2_000)).replace(b'"conversation"', rb'"\ud83d"')
    assert read(body).found[0].resource["type"] == "\ufffd"
