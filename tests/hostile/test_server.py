"""The server of this folder is honest when nobody corrupts it, and so is its patience."""

from __future__ import annotations

import random

import pytest

from tests.hostile.harness import BEGIN, PRESENT, run, spread
from tests.hostile.records import Record
from tests.hostile.server import Server


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("page_size", [500, 100])
def test_everything_comes_in_few_requests(page_size: int, concurrency: int) -> None:
    records = spread(9_000)
    server = Server(records)
    outcome = run(server, page_size=page_size, concurrency=concurrency)
    assert outcome.error is None
    assert outcome.ids() == {one.id for one in records}
    assert outcome.warnings == []
    assert outcome.requests <= 9_000 / page_size * 1.5 + 3


def test_the_next_run_reads_what_is_new() -> None:
    server = Server(spread(700))
    first = run(server)
    assert first.bookmark() == BEGIN + 699 * 9_000
    late = Record("f" * 24, PRESENT + 1, PRESENT)
    server.put("customer", [*spread(700), late])
    second = run(server, state=first.state, now=lambda: PRESENT + 10_000)
    assert late.id in second.ids()
    assert len(second.ids()) < 100
    assert second.error is None


def test_patience_ends() -> None:
    server = Server(spread(9_000), patience=5)
    with pytest.raises(AssertionError, match="for ever"):
        run(server)


def test_ties_in_random_order() -> None:
    server = Server(spread(60, step=0))
    server.shuffle = random.Random(1)
    assert len(run(server, page_size=25).ids()) == 60
