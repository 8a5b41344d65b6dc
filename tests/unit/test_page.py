"""Answers that can't be true are refused; records keep their place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_kustomer import instants
from tap_kustomer.api.errors import OverloadedError, TransientError
from tap_kustomer.walks.page import BELIEVED_AFTER, UNKNOWN, Page, PageReader, Span, instant_of

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


@pytest.mark.parametrize(
    ("span", "updated", "created"),
    [
        (Span(1_000, 9_000), 1_000, 500),
        (Span(1_000, 9_000), 9_000, 500),
        (Span(1_000, 9_000, 400, 600), 2_000, 400),
        (Span(1_000, 9_000, 400, 600), 2_000, 600),
    ],
)
def test_every_bound_of_a_range_belongs_to_it(span: Span, updated: int, created: int) -> None:
    page = PageReader(PATH, span, 1).read(answer(record("a", updated, created)), 3)
    assert [found.id for found in page.found] == ["a"]


def test_a_page_tells_its_total_and_the_size_that_was_served() -> None:
    page = read(answer(record("a", 2_000), record("b", 3_000), total=7, pageSize=2))
    assert (page.total, page.size) == (7, 2)
    assert read(answer(total=0)).total == 0


def test_records_of_one_instant_are_ordered_by_creation_whatever_their_bytes() -> None:
    """Sorted by more than their place they would be compared by what they hold."""
    first, second = record("a", 2_000), record("a", 2_000)
    first["id"] = second["id"] = ""
    page = read(answer({**second, "x": 1}, first))
    assert [found.resource.get("x") for found in page.found] == [1, None]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"{}", "the answer is no page of records"),
        (answer(timed_out=True), "the search timed out"),
        (answer(record("a", 2_000), record("a", 2_000)), "a record came twice in one page"),
        (answer(record("a", 9_001)), "records outside the range asked for"),
        (answer(record("a", 2_000), total=2), "fewer records than the answer counts"),
    ],
)
def test_a_refusal_names_the_path_and_the_fault(body: bytes, fault: str) -> None:
    with pytest.raises(TransientError, match=f"{PATH}.*{fault}") as caught:
        read(body)
    assert caught.value.fault == fault


def test_the_warning_about_a_short_page_names_path_and_range(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reader = PageReader(PATH, SPAN, 1)
    body = answer(record("a", 2_000), total=2)
    for _ in range(BELIEVED_AFTER - 1):
        with pytest.raises(OverloadedError):
            reader.read(body, 3)
    assert reader.read(body, 3).complete
    (said,) = caplog.messages
    assert said.startswith(f"{PATH} counts more records than it sends from {instants.text(1_000)}")
    assert f"to {instants.text(9_000)}; the same 1 came {BELIEVED_AFTER} times" in said


def test_a_record_with_odd_attributes_keeps_its_id() -> None:
    (found,) = read(answer({"id": "a", "attributes": 7})).found
    assert (found.id, found.dated) == ("a", False)


@pytest.mark.parametrize("odd", [{}, {"attributes": 7}, {"attributes": {"updatedAt": "soon"}}])
def test_no_instant_in_a_resource_is_the_other_one(odd: dict[str, Any]) -> None:
    assert instant_of(odd, otherwise=5) == 5


def test_the_instant_of_a_resource_is_when_it_was_updated_or_what_is_asked_for() -> None:
    one = record("a", 2_000, 700)
    assert instant_of(one, otherwise=5) == 2_000
    assert instant_of(one, "createdAt", otherwise=5) == 700
