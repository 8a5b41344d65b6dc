"""Records that an answer counts but does not send: they cost themselves, nothing else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from tests.hostile.harness import BEGIN, PRESENT, Outcome, run, spread
from tests.hostile.records import DAY, Record
from tests.hostile.server import Ask, Reply, Server

if TYPE_CHECKING:
    from collections.abc import Iterable

MANY = 9_000
# Narrowing a doubt down to one millisecond, and some room for slices that begin anew.
NARROWING = 4 * math.ceil(math.log2(PRESENT - BEGIN)) + 40
FAULTLESS = 30


def hiding(records: Iterable[Record], hidden: set[str], patience: int = 1_500) -> Server:
    """A server that leaves out records after it has counted and paged them."""
    server = Server(records, patience=patience)

    def leave_out(ask: Ask, reply: Reply) -> None:
        if ask.is_search and isinstance(reply.data, list):
            reply.data = [one for one in reply.data if one.id not in hidden]

    server.hooks.append(leave_out)
    return server


def one_warning(outcome: Outcome, visible: Iterable[Record]) -> None:
    """Everything visible came, and the run tells once of what did not."""
    assert outcome.error is None
    assert outcome.ids() == {one.id for one in visible}
    assert len(outcome.warnings) == 1, outcome.warnings


@pytest.mark.parametrize(
    "position",
    [0, 1, 249, 498, 499, 500, 501, 998, 4_499, 4_500, 6_174, 8_499, 8_500, 8_998, 8_999],
)
def test_one_of_many(position: int) -> None:
    records = spread(MANY)
    hidden = records.pop(position)
    server = hiding([*records, hidden], {hidden.id}, patience=FAULTLESS + NARROWING)
    one_warning(run(server), records)


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("every", [2_999, 1_499])
def test_several(every: int, concurrency: int) -> None:
    records = spread(MANY)
    hidden = {one.id for one in records[every // 2 :: every]}
    visible = [one for one in records if one.id not in hidden]
    outcome = run(hiding(records, hidden), concurrency=concurrency)
    assert outcome.error is None
    assert outcome.ids() == {one.id for one in visible}
    assert 1 <= len(outcome.warnings) <= len(hidden)
    assert outcome.requests <= FAULTLESS + len(hidden) * NARROWING


def test_hidden_and_visible_share_an_instant() -> None:
    records = spread(1_200)
    at = records[700].updated
    hidden = Record("f" * 24, at, BEGIN - DAY)
    one_warning(run(hiding([*records, hidden], {hidden.id})), records)


def test_hidden_among_ties_that_fill_a_page() -> None:
    at, created = BEGIN + DAY // 2, BEGIN - DAY
    ties = [Record(f"{n:024x}", at, created) for n in range(40)]
    others = spread(50)
    others = [Record("a" + one.id[1:], one.updated, one.created) for one in others]
    hidden = Record(f"{20:023x}f", at, created)
    server = hiding([*ties, *others, hidden], {hidden.id})
    one_warning(run(server, page_size=20), [*ties, *others])


@pytest.mark.parametrize("position", [0, 600, 1_199])
def test_dropped_before_paging(position: int) -> None:
    records = spread(1_200)
    hidden = records[position]
    server = Server(records, patience=400)
    server.knows = lambda _, one: one is not hidden

    def count_too(ask: Ask, reply: Reply) -> None:
        if ask.is_search and reply.meta:
            reply.meta["total"] = len(server.matching(ask))

    server.hooks.append(count_too)
    records.remove(hidden)
    outcome = run(server)
    assert outcome.error is None
    assert outcome.ids() == {one.id for one in records}
    # Behind full pages nothing shows that the first count was one too many.
    assert len(outcome.warnings) <= 1


def test_alone_in_an_empty_org() -> None:
    hidden = Record("f" * 24, BEGIN + DAY // 3, BEGIN)
    server = hiding([hidden], {hidden.id}, patience=NARROWING)
    one_warning(run(server), [])


def test_a_link_on_every_short_page() -> None:
    """Only an empty page has none, and one record is hidden."""
    records = spread(1_200)
    hidden = records.pop(800)
    server = hiding([*records, hidden], {hidden.id}, patience=400)

    def link_on(ask: Ask, reply: Reply) -> None:
        if ask.is_search and reply.data and reply.links:
            reply.links["next"] = f"{ask.path}?page={ask.page + 1}&pageSize={ask.size}"

    server.hooks.append(link_on)
    outcome = run(server)
    assert outcome.error is None
    assert outcome.ids() == {one.id for one in records}


@pytest.mark.parametrize("always_links", [False, True])
def test_a_page_2_that_is_hidden_as_a_whole(*, always_links: bool) -> None:
    """Nothing is counted; links are true, or stand on every page that has records."""
    records = spread(1_500)
    hidden = {one.id for n, one in enumerate(records) if n == 250 or 490 <= n < 1_000}
    server = hiding(records, hidden, patience=400)

    def no_count(ask: Ask, reply: Reply) -> None:
        if ask.is_search:
            reply.meta = {}
            if always_links and reply.data:
                reply.links = {"next": "/x"}

    server.hooks.append(no_count)
    outcome = run(server)
    assert outcome.error is None
    assert outcome.ids() == {one.id for one in records} - hidden
