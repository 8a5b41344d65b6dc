"""The search walk against a table of records, request by request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_kustomer import instants
from tap_kustomer.api.client import ARCHIVE_SEARCH, SEARCH
from tap_kustomer.walks import search
from tap_kustomer.walks.page import UNKNOWN, Found, Page, PageReader, Span, place
from tap_kustomer.walks.search import Query, SearchWalk, Step, TieError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Generator
    from types import MethodType

    from tap_kustomer.api.client import Client

QUERY = Query("conversation", SEARCH, include_deleted=True)
TIED = "1970-01-01T00:00:00.005Z"


def records(*places: tuple[int, int]) -> list[Found]:
    """Records with these instants and creation instants."""
    return [Found(*place, f"{n:05d}", b"") for n, place in enumerate(places)]


def same(number: int) -> list[Found]:
    """So many records that share both instants."""
    return records(*[(5, 5)] * number)


@dataclass
class Server:
    """Answers as Kustomer does, and counts: a walk that does not end fails instead of hanging."""

    records: list[Found]
    served: int = 500
    patience: int = 500
    total: Callable[[int], int | None] = lambda count: count
    order: Callable[[list[Found]], list[Found]] = lambda found: found
    """Of all that is within the range."""
    order_in_page: Callable[[list[Found]], list[Found]] = lambda found: found
    asked: list[tuple[Span, int, int]] = field(default_factory=list)

    def search(
        self,
        path: str,
        body: dict[str, Any],
        read: Callable[[bytes, int], Page],
        *,
        page: int,
        size: int,
    ) -> Page:
        assert path == SEARCH
        assert len(self.asked) < self.patience
        span = span_of(body)
        assert vars(cast("MethodType", read).__self__) == vars(PageReader(path, span, page))
        self.asked.append((span, page, size))
        size = min(size, self.served)
        start, end, first, last = span
        within = [
            one
            for one in sorted(self.records, key=place)
            if start <= one.instant <= end
            and (first is None or (one.created != UNKNOWN and first <= one.created))
            and (last is None or (one.created != UNKNOWN and one.created <= last))
        ]
        within = self.order(within)
        found = self.order_in_page(within[(page - 1) * size : page * size])
        ordered = found == sorted(found, key=lambda one: one.instant)
        complete = page * size >= len(within)
        return Page(sorted(found, key=place), complete, ordered, self.total(len(within)), size)

    def walk(self, size: int) -> SearchWalk:
        return SearchWalk(cast("Client", self), QUERY, size)

    @property
    def spans(self) -> list[Span]:
        return [span for span, _, _ in self.asked]

    @property
    def pages(self) -> list[int]:
        return [page for _, page, _ in self.asked]

    @property
    def sizes(self) -> list[int]:
        return [size for _, _, size in self.asked]


def span_of(body: dict[str, Any]) -> Span:
    """The range that a search body asks for."""
    bounds: dict[str, int] = {}
    for criterion in body["and"]:
        ((name, bound),) = criterion.items()
        ((operator, value),) = bound.items()
        bounds[f"{name} {operator}"] = instants.parse(value)
    return Span(
        bounds.pop("conversation_updated_at gte"),
        bounds.pop("conversation_updated_at lte"),
        bounds.pop("conversation_created_at gte", None),
        bounds.pop("conversation_created_at lte", None),
    )


def taken(steps: Generator[list[Found], None, Step]) -> tuple[list[tuple[int, int]], Step]:
    """What one step hands over, and where it ends."""
    found: list[tuple[int, int]] = []
    while True:
        try:
            found += [(one.instant, one.created) for one in next(steps)]
        except StopIteration as stop:
            return found, stop.value


def whole(walk: SearchWalk, start: int, end: int) -> list[Found]:
    """Everything a walk hands over, step after step."""
    found: list[Found] = []
    while start <= end:
        steps = walk.step(start, end)
        while True:
            try:
                found += next(steps)
            except StopIteration as stop:
                start = stop.value.following
                break
    return found


@pytest.mark.parametrize(
    ("context", "path", "prefix"),
    [
        ("conversation", SEARCH, "conversation"),
        ("kobject_order", SEARCH, "kobject"),
        ("kobject_order", ARCHIVE_SEARCH, "kobject_order"),
        ("kobject", ARCHIVE_SEARCH, "kobject"),
    ],
)
def test_the_body_of_a_search(context: str, path: str, prefix: str) -> None:
    updated = [
        {f"{prefix}_updated_at": {"gte": "1970-01-01T00:00:01.000Z"}},
        {f"{prefix}_updated_at": {"lte": "1970-01-01T00:00:02.000Z"}},
    ]
    created = [
        {f"{prefix}_created_at": {"gte": "1970-01-01T00:00:00.000Z"}},
        {f"{prefix}_created_at": {"lte": "1970-01-01T00:00:03.000Z"}},
    ]
    query = Query(context, path, include_deleted=False)
    for span, criteria in (
        (Span(1_000, 2_000), updated),
        (Span(1_000, 2_000, 0, 3_000), updated + created),
        (Span(1_000, 2_000, 0), updated + created[:1]),
        (Span(1_000, 2_000, None, 3_000), updated + created[1:]),
    ):
        assert query.body(span) == {
            "queryContext": context,
            "and": criteria,
            "sort": [{f"{prefix}_updated_at": "asc"}],
            "includeDeleted": False,
        }


def test_a_page_that_is_complete_ends_the_range() -> None:
    server = Server(records((3, 1), (4, 1)))
    assert taken(server.walk(3).step(2, 9)) == ([(3, 1), (4, 1)], Step(10, 0))
    assert server.asked == [(Span(2, 9), 1, 3)]


def test_of_a_full_page_the_last_instant_is_left_to_the_next() -> None:
    server = Server(records((3, 1), (4, 1), (4, 2), (4, 3), (6, 1)))
    assert taken(server.walk(3).step(2, 9)) == ([(3, 1)], Step(4, 4))
    assert server.asked == [(Span(2, 9), 1, 3)]


def test_a_page_of_two_instants_has_an_order() -> None:
    """The first record is another one than the second, and the last than the one before."""
    for places in ([(3, 1), (3, 2), (4, 1), (5, 1)], [(3, 1), (4, 1), (4, 2), (5, 1)]):
        server = Server(records(*places))
        _, step = taken(server.walk(3).step(3, 9))
        assert step.following == 4
        assert len(server.asked) == 1


def test_without_a_total_nothing_is_known_to_be_left() -> None:
    server = Server(records((3, 1), (4, 1), (5, 1)), total=lambda _: None)
    assert taken(server.walk(2).step(2, 9)) == ([(3, 1)], Step(4, None))


def test_a_page_out_of_order_is_followed_by_half_the_range_until_one_is_complete() -> None:
    """Ordered answers within the half prove nothing either: the server has shown what it does."""
    answers = [list(reversed(records((1, 1), (2, 1), (5, 1), (8, 1)))), None]
    server = Server(
        records((1, 1), (2, 1), (5, 1), (8, 1)),
        order=lambda found: (answers.pop(0) if answers else None) or found,
    )
    assert taken(server.walk(2).step(1, 9)) == ([(1, 1), (2, 1)], Step(4, None))
    assert server.spans == [Span(1, 9), Span(1, 5), Span(1, 3)]


def test_a_page_of_one_instant_proves_no_order() -> None:
    """Three of one instant fill the page: what lies before them is asked for first."""
    server = Server(records((3, 1), (3, 2), (3, 3), (5, 1)))
    assert taken(server.walk(3).step(1, 9)) == ([], Step(3, None))
    assert server.spans == [Span(1, 9), Span(1, 2)]


def test_an_instant_that_fills_a_page_is_cut_by_creation() -> None:
    server = Server(records((3, 10), (3, 20), (3, 30), (3, 40), (7, 1)))
    found, step = taken(server.walk(3).step(3, 9))
    assert found == [(3, 10), (3, 20), (3, 30), (3, 40)]
    assert step == Step(4, None)
    assert server.spans == [
        Span(3, 9),
        Span(3, 3),
        Span(3, 3, None, 19),
        Span(3, 3, 20, None),
        Span(3, 3),
    ]


def test_one_creation_instant_that_fills_a_page_is_parted_from_what_surrounds_it() -> None:
    """Of page 1 all share one creation instant, so before, at and after it are asked for."""
    server = Server(records((3, 10), (3, 10), (3, 10), (3, 40), (3, 41)))
    assert len(whole(server.walk(2), 3, 3)) == 5
    assert server.spans[2:5] == [
        Span(3, 3, None, 9),
        Span(3, 3, 10, 10),
        Span(3, 3, 10, 10),
    ]
    assert Span(3, 3, 11, None) in server.spans


def test_where_the_middle_is_the_first_creation_instant_it_stays_with_what_is_before() -> None:
    server = Server(records((3, 10), (3, 10), (3, 40), (3, 41)))
    assert [one.created for one in whole(server.walk(3), 3, 3)] == [10, 10, 40, 41]
    assert server.spans[2:4] == [Span(3, 3, None, 10), Span(3, 3, 11, None)]


@pytest.mark.parametrize("count", [3, 40])
def test_a_record_without_creation_is_not_missed(count: int) -> None:
    """It sorts first, so it is on page 1; where it is not, the count tells."""
    server = Server(records((5, UNKNOWN), *((5, n) for n in range(count))))
    with pytest.raises(TieError, match=f"^{count + 1} conversation records .* {TIED} and"):
        whole(server.walk(2), 5, 5)
    behind = Server(server.records, order=lambda found: found[::-1])
    with pytest.raises(TieError, match=f"^{count + 1} conversation records .* {TIED} and"):
        whole(behind.walk(2), 5, 5)


def test_a_capped_count_accuses_nobody() -> None:
    """Neither does one that is unknown, nor one that is exactly what was read."""
    totals: list[Callable[[int], int | None]] = [lambda _: None, lambda _: 10_000, lambda n: n]
    for total in totals:
        server = Server(records((5, 1), (5, 2), (5, 3)), total=total)
        assert len(whole(server.walk(2), 5, 5)) == 3


def test_a_tie_is_explained() -> None:
    told = (
        "conversation records share the update instant 1970-01-01T00:00:00.005Z and one creation "
        "instant: more than Kustomer's search can tell apart. The bookmark stays before it; any "
        "change to those records resolves it."
    )
    assert str(TieError("conversation", 5, 12)) == f"12 {told}"
    assert str(TieError("conversation", 5, None)) == f"Unknown numbers of {told}"


@pytest.mark.parametrize(("total", "told"), [(None, "Unknown numbers of"), (10_000, "10000")])
def test_records_that_share_both_instants_need_a_count(total: int | None, told: str) -> None:
    server = Server(same(5), total=lambda _: total)
    with pytest.raises(TieError, match=f"^{told} conversation records .* {TIED} and"):
        server.walk(2)._same_instants(Span(5, 5, 5, 5))
    assert server.pages == [1]


def test_records_that_fit_a_page_by_now_need_no_count() -> None:
    server = Server(same(2), total=lambda _: None)
    assert len(server.walk(2)._same_instants(Span(5, 5, 5, 5))) == 2


def test_records_that_share_both_instants_are_read_by_page() -> None:
    server = Server(same(5))
    found = server.walk(3)._same_instants(Span(5, 5, 5, 5))
    assert [one.id for one in found] == ["00000", "00001", "00002", "00003", "00004"]
    assert server.pages == [1, 2, 3]
    assert server.sizes == [2, 2, 2], "10,000 is no multiple of 3: a page would straddle the cap"


@pytest.mark.parametrize(("count", "pages"), [(4, [1, 2]), (5, [1, 2, 3])])
def test_records_that_hide_are_looked_for_and_then_given_up(count: int, pages: list[int]) -> None:
    """Each reading ends with the last page there can be."""
    hidden = same(count)
    hidden[-1] = hidden[0]
    server = Server(hidden, order=lambda _: hidden)
    with pytest.raises(TieError, match=f"^{count} conversation records .* {TIED} and"):
        server.walk(2)._same_instants(Span(5, 5, 5, 5))
    assert server.pages == pages * search.MOST_READINGS


def test_what_was_seen_of_another_number_of_records_counts_no_more() -> None:
    """One leaves after page 1: what page 1 brought is read again with the others."""
    server = Server(same(4))

    def leave(found: list[Found]) -> list[Found]:
        if len(server.asked) == 2:
            del server.records[0]
            return found[1:]
        return found

    server.order = leave
    got = server.walk(2)._same_instants(Span(5, 5, 5, 5))
    assert [one.id for one in got] == ["00001", "00002", "00003"]


@pytest.mark.parametrize(
    ("count", "size", "served", "last"),
    [
        (9_950, 300, 500, 40),  # 250 a page ends with the cap
        (9_950, 500, 240, 41),  # page 42 would reach beyond record 10,000
        (5_010, 50, 500, 100),  # Kustomer answers no page 101
    ],
)
def test_nothing_is_asked_beyond_the_caps(count: int, size: int, served: int, last: int) -> None:
    """What lies beyond comes when the order has changed."""
    server = Server(same(count), served=served)
    server.order = lambda found: found[::-1] if len(server.asked) > last else found
    assert len(server.walk(size)._same_instants(Span(5, 5, 5, 5))) == count
    assert max(server.pages) == last


def test_a_reduced_page_size_is_kept_and_grows_back_step_by_step() -> None:
    server = Server(records(*((n, n) for n in range(400))), served=10)
    walk = server.walk(70)
    for start in range(3):
        taken(walk.step(start, 500))
    assert server.sizes == [70, 10, 10]
    server.served = 500
    for _ in range(30):
        taken(walk.step(0, 500))
    # The second and third answers were good ones already.
    assert server.sizes[3:] == [10] * 6 + [20] * 8 + [40] * 8 + [70] * 8


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), max_size=30),
    st.integers(1, 5),
    st.randoms(use_true_random=False) | st.none(),
)
def test_every_record_comes_once_and_in_order(
    places: list[tuple[int, int]], size: int, disorder: random.Random | None
) -> None:
    """Whatever shares which instants, and in whatever order a page comes."""
    server = Server(records(*places))
    if disorder:
        server.order_in_page = lambda found: disorder.sample(found, len(found))
    found = whole(server.walk(size), 0, 6)
    assert sorted(found, key=place) == sorted(server.records, key=place)
    moments = [one.instant for one in found]
    assert moments == sorted(moments)
