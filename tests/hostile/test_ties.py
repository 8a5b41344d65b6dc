"""Many records of one millisecond."""

from __future__ import annotations

import random

import pytest

from tests.hostile.harness import BEGIN, Outcome, run, spread, told
from tests.hostile.records import DAY, Record, parse, text
from tests.hostile.server import Ask, Reply, Server

AT = BEGIN + DAY // 2 + 1
CREATED = BEGIN - DAY
FIRST, LAST = parse("0001-01-01T00:00:00+00:00"), parse("9999-12-31T23:59:59.999+00:00")


def ties(count: int, *, apart: int = 0, created: int = CREATED) -> list[Record]:
    """Records of one instant, created so many ms apart."""
    return [Record(f"b{n:023x}", AT, created + n * apart) for n in range(count)]


def all_came(outcome: Outcome, records: list[Record]) -> None:
    assert outcome.error is None
    assert outcome.ids() == {one.id for one in records}


@pytest.mark.parametrize("undated", [[0], [29], [7, 13], list(range(30))])
@pytest.mark.parametrize("apart", [0, 1])
def test_without_a_creation_instant(undated: list[int], apart: int) -> None:
    records = ties(30, apart=apart) + spread(50, step=1_000_000)
    for position in undated:
        one = records[position]
        records[position] = Record(one.id, one.updated, None)
    all_came(run(Server(records, patience=400), page_size=20), records)


@pytest.mark.parametrize(
    "created",
    [
        [FIRST],
        [LAST],
        [FIRST, LAST],
        [FIRST] * 25,
        [LAST] * 25,
        [FIRST] * 25 + [LAST] * 25,
        [FIRST] * 10 + [LAST] * 10 + [0] * 10,
    ],
)
@pytest.mark.parametrize("more", [0, 30])
def test_created_at_the_ends_of_time(created: list[int], more: int) -> None:
    records = ties(more, apart=1)
    records += [Record(f"c{n:023x}", AT, each) for n, each in enumerate(created)]
    records += spread(50, step=1_000_000)
    all_came(run(Server(records, patience=400), page_size=20), records)


@pytest.mark.parametrize("page_size", [20, 500])
@pytest.mark.parametrize("position", [0, 10, 19, 20, 499, 500, 599])
def test_a_version_indexed_twice(position: int, page_size: int) -> None:
    """The same record with the same text is in the index twice: on one page, or on two."""
    records = spread(600)
    outcome = run(Server([*records, records[position]], patience=400), page_size=page_size)
    all_came(outcome, records)


def test_all_indexed_twice() -> None:
    records = spread(600)
    all_came(run(Server(records * 2, patience=400)), records)


@pytest.mark.parametrize("position", [0, 15, 29])
def test_a_tie_indexed_twice(position: int) -> None:
    records = ties(30) + spread(50, step=1_000_000)
    server = Server([*records, records[position]], patience=400)
    all_came(run(server, page_size=20), records)


@pytest.mark.parametrize(
    ("count", "apart", "patience"), [(9_999, 0, 800), (10_001, 1, 150), (10_001, 1_000, 150)]
)
def test_ties_in_any_order(count: int, apart: int, patience: int) -> None:
    records = ties(count, apart=apart) + spread(50, step=1_000_000)
    server = Server(records, patience=patience)
    server.shuffle = random.Random(3)
    all_came(run(server), records)


def test_more_than_can_be_told_apart() -> None:
    earlier = spread(700, step=1_000)
    outcome = run(Server([*ties(10_001), *earlier], patience=400))
    told(outcome, "customer", "share")
    assert outcome.ids() >= {one.id for one in earlier}
    assert (outcome.bookmark() or 0) < AT


def test_a_total_that_stops_at_ten_thousand() -> None:
    earlier = spread(700, step=1_000)
    server = Server([*ties(10_001), *earlier], patience=400)

    def cap(ask: Ask, reply: Reply) -> None:
        if ask.is_search and reply.meta:
            reply.meta["total"] = min(reply.meta["total"], 10_000)

    server.hooks.append(cap)
    outcome = run(server)
    told(outcome, "share")
    assert (outcome.bookmark() or 0) < AT


@pytest.mark.parametrize(("count", "page_size"), [(1_100, 10), (101, 1), (1_001, 10)])
def test_more_ties_than_100_pages_of_the_size_asked_for(count: int, page_size: int) -> None:
    records = ties(count) + spread(20, step=1_000_000)
    all_came(run(Server(records, patience=400), page_size=page_size), records)


@pytest.mark.parametrize("has_count", [True, False])
def test_more_ties_than_pages_that_arrive(*, has_count: bool) -> None:
    """Pages of more than 4 records time out: 500 are more than 100 pages of them."""
    server = Server(ties(500) + spread(20, step=1_000_000), patience=900)

    def slow(ask: Ask, reply: Reply) -> Reply | None:
        if not has_count and ask.is_search:
            reply.meta = {}
        return Reply(status=504) if ask.is_search and len(reply.data) > 4 else None

    server.hooks.append(slow)
    outcome = run(server)
    told(outcome, "customers", text(AT))
    assert not any("counted" in line for line in outcome.warnings)


@pytest.mark.parametrize(("count", "page_size"), [(1_200, 2), (5_200, 10)])
def test_ties_answered_in_order_of_creation(count: int, page_size: int) -> None:
    """Each cut takes away half a page: there are more than a thousand of them."""
    records = ties(count, apart=1_000)
    all_came(run(Server(records, patience=3_000), page_size=page_size), records)


@pytest.mark.parametrize("created", [CREATED, None])
@pytest.mark.parametrize("links", ["none", "by the size asked for", "true"])
@pytest.mark.parametrize("hidden", [0, 2])
def test_ties_on_pages_clamped_in_silence(links: str, created: int | None, hidden: int) -> None:
    """100 a page at most, whatever is asked for, and the count is true."""
    records = [Record(f"b{n:023x}", AT, created) for n in range(300)]
    server = Server(records + spread(1), patience=200)

    def clamp(ask: Ask, reply: Reply) -> None:
        if not ask.is_search:
            return
        held, size = server.matching(ask), min(ask.size, 100)
        at = (ask.page - 1) * size
        reply.data = [one for one in held[at : at + size] if one not in records[:hidden]]
        more = {"none": False, "true": at + size < len(held)}
        is_more = more.get(links, ask.page * ask.size < len(held))
        reply.links = {"next": f"/x?page={ask.page + 1}" if is_more else None}

    server.hooks.append(clamp)
    outcome = run(server)
    assert outcome.error is None
    assert outcome.ids() == {one.id for one in records[hidden:] + spread(1)}
    assert len(outcome.warnings) == min(hidden, 1)


def test_a_creation_instant_at_a_border_of_what_is_not_counted() -> None:
    """`lte` means `lt`, and no count shows what is missing: it ends at 10,000."""
    records = ties(10_500, apart=1)
    server = Server(records, patience=400)
    server.lte_is_lt = True

    def cap(ask: Ask, reply: Reply) -> None:
        if ask.is_search and reply.meta:
            reply.meta["total"] = min(reply.meta["total"], 10_000)

    server.hooks.append(cap)
    all_came(run(server), records)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_sort_that_is_ignored(concurrency: int) -> None:
    """By id instead: most pages are in order by luck, which the first page has shown."""
    records = spread(15_000, step=5_000)
    for n in range(10):
        records[n].id, records[20 - n].id = records[20 - n].id, records[n].id
    for n in range(6_000, 15_000, 1_000):
        records[n].id = f"f{records[n].id[1:]}"
    records = [Record(one.id, one.updated, one.created) for one in records]
    server = Server(records, patience=600)

    def by_id(ask: Ask, reply: Reply) -> None:
        if ask.is_search:
            found = sorted(server.matching(ask), key=lambda one: one.id)
            reply.data = found[(ask.page - 1) * ask.size : ask.page * ask.size]

    server.hooks.append(by_id)
    all_came(run(server, concurrency=concurrency), records)
