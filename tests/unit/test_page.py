"""What an answer proves; answers that can't be true are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_kustomer import jsonapi, timestamps
from tap_kustomer.errors import OverloadedError, RecordError, TransientError
from tap_kustomer.nesting import MAX_DEPTH
from tap_kustomer.walks.page import (
    UNKNOWN,
    Page,
    Span,
    is_doubtful,
    read_page,
    sort_key,
)

PATH = "/v1/customers/search"
SPAN = Span(1_000, 9_000)
ABSENT = object()


def record(one: str, updated: int | None, created: int = 500) -> dict[str, Any]:
    attributes = {"createdAt": timestamps.text(created)}
    if updated is not None:
        attributes["updatedAt"] = timestamps.text(updated)
    return {"type": "conversation", "id": one, "attributes": attributes}


def answer(*records: Any, following: Any = None, **meta: Any) -> bytes:  # noqa: ANN401  (any JSON)
    meta = {"total": len(records), **meta}
    meta = {name: value for name, value in meta.items() if value is not ABSENT}
    links = {} if following is ABSENT else {"next": following}
    return json.dumps({"meta": meta, "links": links, "data": records}).encode()


def read(body: bytes, size: int = 3, number: int = 1, span: Span = SPAN) -> Page:
    return read_page(body, PATH, span, number, size)


def holding(count: int, **options: Any) -> Page:
    """A page of three with so many records, of different timestamps."""
    return read(answer(*(record(str(n), 2_000 + n) for n in range(count)), **options))


def test_a_page_keeps_records_as_they_were_sent() -> None:
    page = read(answer(record("a", 2_000), record("b", 3_000), total=7, pageSize=2))
    assert [(hit.id, hit.instant, hit.created) for hit in page.hits] == [
        ("a", 2_000, 500),
        ("b", 3_000, 500),
    ]
    assert page.hits[0].resource == record("a", 2_000)
    assert (page.total, page.size, page.sent, page.beyond, page.more) == (7, 2, 2, [], False)


@pytest.mark.parametrize(
    ("sent", "following", "total", "complete", "doubtful"),
    [
        # A full page is the last only when the count agrees and the link is null.
        (3, None, 3, True, False),
        (3, ABSENT, 3, False, False),
        (3, "", 3, False, False),
        (3, "/next", 3, False, False),
        (3, 7, 3, False, False),
        (3, None, 4, False, False),
        (3, "/next", 4, False, False),
        (3, None, 2, False, False),
        (3, None, 0, False, False),
        (3, None, None, False, False),
        (3, None, ABSENT, False, False),
        (3, None, True, False, False),
        (3, None, -1, False, False),
        # A short one is, when something says so and nothing contradicts.
        (2, None, 2, True, False),
        (2, None, ABSENT, False, False),
        (2, None, 1, True, False),
        (2, None, 3, False, True),
        (2, None, 10_000, False, True),
        (2, "", 3, False, True),
        (2, ABSENT, 2, True, False),
        (2, ABSENT, ABSENT, False, False),
        (2, ABSENT, 1, False, False),
        (2, ABSENT, 3, False, True),
        (2, "", 2, True, False),
        (2, "/next", 2, False, True),
        (2, "/next", ABSENT, False, True),
        (2, ["/next"], 2, False, True),
        # So is an empty one.
        (0, None, 0, True, False),
        (0, None, ABSENT, True, False),
        (0, ABSENT, 0, True, False),
        (0, ABSENT, ABSENT, False, False),
        (0, ABSENT, 1, False, True),
        (0, "/next", 0, False, True),
        (0, "/next", ABSENT, False, True),
    ],
)
def test_what_link_count_and_fullness_prove(
    sent: int, following: object, total: object, *, complete: bool, doubtful: bool
) -> None:
    page = holding(sent, following=following, total=total)
    assert (page.complete, is_doubtful(page)) == (complete, doubtful)
    assert page.more is bool(following if following is not ABSENT else None)
    assert page.sent == sent


@pytest.mark.parametrize("links", [None, [], "next", 7])
def test_odd_links_are_no_links(links: object) -> None:
    body = {"meta": {"total": 1}, "links": links, "data": [record("a", 2_000)]}
    page = read(json.dumps(body).encode())
    assert page.complete
    assert not page.more
    body["meta"] = {}
    assert not read(json.dumps(body).encode()).complete, "nothing says that this is all"


@pytest.mark.parametrize("meta", [None, [], {"total": "many"}, {"total": True}, {"pageSize": -1}])
def test_odd_meta_is_no_meta(meta: object) -> None:
    body = {"meta": meta, "links": {"next": None}, "data": [record("a", 2_000)]}
    page = read(json.dumps(body).encode())
    assert page.total is None
    assert page.size == 3
    assert not page.complete, "nothing counts"
    body["data"] = []
    assert read(json.dumps(body).encode()).complete


def test_a_later_page_counts_what_came_before() -> None:
    assert read(answer(record("a", 2_000), total=4), number=2).complete
    assert not read(answer(record("a", 2_000), total=5), number=2).complete
    three = [record(one, 2_000) for one in "abc"]
    assert read(answer(*three, total=6), number=2).complete
    assert not read(answer(*three, total=6, following=ABSENT), number=2).complete
    assert not read(answer(*three, total=3, following=ABSENT), number=2).complete
    assert read(answer(three[0], total=4, following=ABSENT), number=2).complete
    assert not read(answer(three[0], total=1, following=ABSENT), number=2).complete


def test_a_server_may_serve_smaller_pages_than_asked_for() -> None:
    records = [record("a", 2_000), record("b", 2_500)]
    page = read(answer(*records, total=9, pageSize=2), size=500)
    assert (page.complete, page.size, is_doubtful(page)) == (False, 2, False)
    assert read(answer(*records, total=4, pageSize=2), size=500, number=2).complete
    assert read(answer(*records, pageSize=900), size=500).size == 500
    assert read(answer(*records, pageSize=0), size=500).size == 500
    assert read(answer(*records, pageSize=1), size=500).size == 1


def test_records_are_put_in_order_and_disorder_is_noticed() -> None:
    page = read(answer(record("b", 3_000), record("c", 2_000, 700), record("a", 2_000, 700)))
    assert not page.ordered
    assert [hit.id for hit in page.hits] == ["a", "c", "b"]


def test_order_among_one_instant_is_nobodys_business() -> None:
    page = read(answer(record("c", 2_000), record("a", 2_000, 600), record("b", 2_000)))
    assert page.ordered
    assert [hit.id for hit in page.hits] == ["b", "c", "a"]
    assert sort_key(page.hits[0]) == (2_000, 500, "b")


def test_an_empty_page_is_in_order() -> None:
    assert read(answer()).ordered
    assert read(answer(total=3)).ordered


@pytest.mark.parametrize("updated", [999, 9_002])
def test_records_outside_the_range_are_refused(updated: int) -> None:
    with pytest.raises(TransientError, match="outside the requested range"):
        read(answer(record("a", updated)))


@pytest.mark.parametrize("created", [399, 601])
def test_records_created_outside_the_range_are_refused(created: int) -> None:
    with pytest.raises(TransientError, match="outside the requested range"):
        read(answer(record("a", 2_000, created)), span=Span(1_000, 9_000, 400, 600))


@pytest.mark.parametrize(("updated", "created"), [(1_000, 400), (9_000, 600)])
def test_every_bound_of_a_range_belongs_to_it(updated: int, created: int) -> None:
    span = Span(1_000, 9_000, 400, 600)
    page = read(answer(record("a", updated, created)), span=span)
    assert [hit.id for hit in page.hits] == ["a"]
    assert not page.beyond


def test_what_lies_one_millisecond_beyond_is_left_to_the_next_span() -> None:
    page = read(answer(record("a", 9_000), record("b", 9_001), record("c", 9_001)))
    assert [hit.id for hit in page.hits] == ["a"]
    assert (page.sent, len(page.beyond), page.complete) == (3, 2, True)


def test_a_record_beyond_proves_that_all_of_the_span_came_before() -> None:
    """On page 1, in order, and full: a short page has gaps anywhere."""
    inside, beyond = [record("a", 2_000), record("b", 3_000)], record("c", 9_001)
    assert read(answer(*inside, beyond, total=50, following="/next")).complete
    assert read(answer(*inside, beyond, total=None, following="/next")).complete
    assert not read(answer(*inside, beyond, total=50, following="/next"), number=2).complete
    assert not read(answer(beyond, *inside, total=50, following="/next")).complete
    assert not read(answer(inside[0], beyond, total=50, following="/next")).complete
    assert not read(answer(*inside, inside[0], total=50, following="/next")).complete
    assert read(answer(*inside, beyond, total=50, following="/next")).by_order
    assert not read(answer(*inside, beyond)).by_order, "its count proves it as well"


def test_one_instant_beyond_that_fills_a_page_proves_nothing() -> None:
    page = read(answer(*(record(one, 9_001) for one in "abc"), total=50, following="/next"))
    assert (page.complete, page.by_order, page.ordered) == (False, False, True)
    assert len(page.beyond) == 3


def test_the_same_record_twice_is_one_and_its_versions_are_two() -> None:
    one, newer = record("a", 2_000), record("a", 2_000)
    newer["attributes"]["name"] = "x"
    page = read(answer(one, one, newer))
    assert [hit.resource["attributes"].get("name") for hit in page.hits] == [None, "x"]
    assert (page.sent, page.complete) == (3, True)
    assert len(read(answer(one, record("a", 3_000), record("b", 2_000))).hits) == 3


def test_records_without_id_are_told_apart_by_all_they_hold() -> None:
    first, second = record("", 2_000), {**record("", 2_000), "x": 1}
    page = read(answer(second, first, first))
    assert [hit.resource.get("x") for hit in page.hits] == [1, None]


@pytest.mark.parametrize("odd", [None, 7, ["a"]])
def test_an_odd_id_is_none(odd: object) -> None:
    (hit,) = read(answer({**record("a", 2_000), "id": odd})).hits
    assert hit.id == ""


def test_a_record_without_updated_at_stands_at_the_one_before() -> None:
    page = read(answer(record("a", 2_000), record("b", None), {"id": "c", "attributes": []}))
    assert sorted((hit.id, hit.instant) for hit in page.hits) == [
        ("a", 2_000),
        ("b", 2_000),
        ("c", 2_000),
    ]
    assert {hit.id for hit in page.hits if hit.created == UNKNOWN} == {"c"}
    assert page.ordered


def test_a_record_without_id_and_instant_is_looked_for_before_a_page_is_believed() -> None:
    """Nobody could ask for it again: its neighbour's instant is not its own."""
    body = answer(record("a", 2_000), record("", None), record("b", 3_000))
    page = read(body, size=5)
    assert (page.unplaced, page.complete, is_doubtful(page)) == (True, False, True)
    page = read(answer(record("a", 2_000), record("", None)), size=5, span=Span(2_000, 2_000))
    assert (page.unplaced, page.complete) == (False, True)
    assert not read(answer(record("", 2_000), record("a", None)), size=5).unplaced


def test_a_record_without_updated_at_that_comes_first_stands_at_the_start() -> None:
    page = read(answer(record("b", None), record("a", 2_000)))
    assert [hit.instant for hit in page.hits] == [1_000, 2_000]
    assert page.ordered


def test_records_that_all_lack_updated_at_have_no_order() -> None:
    page = read(answer(record("a", None), record("b", None)))
    assert not page.ordered
    assert page.complete, "its count proves it as well"


def test_a_record_without_updated_at_is_never_left_to_the_next_span() -> None:
    page = read(answer(record("a", 9_001), record("b", None)))
    assert [(hit.id, hit.instant) for hit in page.hits] == [("b", 9_000)]
    assert (len(page.beyond), page.ordered) == (1, True)


@pytest.mark.parametrize(
    "odd",
    ["soon", 7, None, "", "0000-01-01", "12026-01-01", "2026-02-30T00:00:00Z"],
)
def test_an_instant_outside_the_calendar_is_none(odd: object) -> None:
    broken = {"id": "b", "attributes": {"updatedAt": odd, "createdAt": odd}}
    page = read(answer(record("a", 2_000), broken))
    assert [(hit.id, hit.instant, hit.created) for hit in page.hits] == [
        ("b", 2_000, UNKNOWN),
        ("a", 2_000, 500),
    ]


@pytest.mark.parametrize("odd", [7, "text", None, [1]])
def test_a_record_with_odd_attributes_keeps_its_id(odd: object) -> None:
    (hit,) = read(answer({"id": "a", "attributes": odd})).hits
    assert (hit.id, hit.instant, hit.created) == ("a", 1_000, UNKNOWN)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "the response is not a page of records"),
        (b"{}", "the response is not a page of records"),
        (b"[]", "the response is not a page of records"),
        (b'{"data": {}}', "the response is not a page of records"),
        (b'{"data": null}', "the response is not a page of records"),
        (b'{"data": [1]}', "the response is not a page of records"),
        (b'{"data": ["a"]}', "the response is not a page of records"),
        (b'{"data": [{"id": "a", "x": "\xff"}]}', "the response is not a page of records"),
        (b'{"data": [], "errors": [{}]}', "the response reports errors"),
        (answer(record("a", 9_002)), "records outside the requested range"),
    ],
)
def test_a_refusal_names_the_path_and_the_fault(body: bytes, fault: str) -> None:
    with pytest.raises(TransientError, match=f"{PATH}.*{fault}") as caught:
        read(body)
    assert caught.value.fault == fault
    assert not isinstance(caught.value, OverloadedError), "a smaller page cures nothing here"


def test_a_search_that_timed_out_may_be_cured_by_a_smaller_page() -> None:
    with pytest.raises(OverloadedError, match=PATH) as caught:
        read(answer(record("a", 2_000), timed_out=True))
    assert caught.value.fault == "the search timed out"
    assert read(answer(record("a", 2_000), timed_out=False)).complete


def test_text_cut_within_an_emoji_does_not_spoil_a_page() -> None:
    body = answer(record("a", 2_000)).replace(b'"conversation"', rb'"\ud83d"')
    assert read(body).hits[0].resource["type"] == "\ufffd"


def nested(depth: int, text: str = "") -> dict[str, Any]:
    """A record that nests so deeply: it is an object itself."""
    value: Any = text
    for level in range(depth - 1):
        value = [value] if level % 2 else {"x": value}
    return {"id": "a", "x": value}


def test_a_record_nests_to_a_depth_that_every_library_reads() -> None:
    (deep,) = read(answer(nested(MAX_DEPTH))).hits
    assert deep.resource == nested(MAX_DEPTH)
    (deeper,) = read(answer(nested(MAX_DEPTH + 1))).hits
    with pytest.raises(RecordError, match=r"^Record a can't be read: a number is too large, or"):
        _ = deeper.resource


def test_brackets_in_text_or_side_by_side_are_no_depth() -> None:
    for one in (
        {"id": "a", "x": "[{" * MAX_DEPTH},
        {"id": "a", "x": '"\\' + "[" * 2 * MAX_DEPTH},
        {"id": "a", "x": [[] for _ in range(2 * MAX_DEPTH)]},
        nested(MAX_DEPTH - 1, 'a\\"[[[\n'),
    ):
        (hit,) = read(answer(one)).hits
        assert hit.resource == one
    (hit,) = read(answer({"id": "a", "x": nested(MAX_DEPTH, "}" * 500), "y": "]"})).hits
    with pytest.raises(RecordError):
        _ = hit.resource


def test_a_record_that_nests_too_deeply_spoils_itself_only() -> None:
    for depth in (201, 984, 5_000):
        deep = b"[" * depth + b"]" * depth
        body = answer(record("a", 2_000), record("b", 2_000)).replace(
            b'"a",', b'"a", "x": "[{", "y": ' + deep + b","
        )
        page = read(body)
        with pytest.raises(RecordError, match=r"^Record a "):
            _ = page.hits[0].resource
        assert page.hits[1].resource == record("b", 2_000)


@pytest.mark.parametrize("odd", [{}, {"attributes": 7}, {"attributes": {"updatedAt": "soon"}}])
def test_no_instant_in_a_resource_is_the_other_one(odd: dict[str, Any]) -> None:
    assert jsonapi.timestamp_of(odd, otherwise=5) == 5


def test_the_instant_of_a_resource_is_when_it_was_updated_or_what_is_asked_for() -> None:
    one = record("a", 2_000, 700)
    assert jsonapi.timestamp_of(one, otherwise=5) == 2_000
    assert jsonapi.timestamp_of(one, "createdAt", otherwise=5) == 700
