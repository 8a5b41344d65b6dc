"""Many records of one millisecond."""

from __future__ import annotations

import random

import pytest

from tests.hostile.harness import BEGIN, Outcome, run, spread, told
from tests.hostile.records import DAY, Record, parse
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
