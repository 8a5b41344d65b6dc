"""Histories that reach behind the search's two years."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_kustomer import timestamps
from tap_kustomer.api.client import ARCHIVE_SEARCH, SEARCH
from tap_kustomer.walks.history import OVERLAP, SEARCH_WINDOW, History
from tap_kustomer.walks.page import Chunk
from tests.model.world import BASE, KIND, RunPlan, World

if TYPE_CHECKING:
    from collections.abc import Generator

HOUR = 3_600_000
DAYS = st.integers(-40 * 24, 40 * 24).map(lambda hours: hours * HOUR)
Asked = tuple[str, int, int]


def asked_for(start: int, end: int) -> list[Asked]:
    """What is searched for a range while the present stands still."""
    asked: list[Asked] = []

    def search(path: str, start: int, end: int) -> Generator[Chunk]:
        asked.append((path, start, end))
        yield Chunk([], end + 1)

    for _ in History(search, lambda: BASE).read(start, end):
        pass
    return asked


@given(DAYS, DAYS)
def test_each_instant_is_asked_of_all_that_may_know_it(offset: int, length: int) -> None:
    line = BASE - SEARCH_WINDOW
    start = line + offset
    end = start + abs(length)
    asked = asked_for(start, end)
    borders = [start, end, line - OVERLAP, line + OVERLAP, *(last + 1 for _, _, last in asked)]
    for instant in {border + step for border in borders for step in (-1, 0, 1)}:
        paths = {path for path, first, last in asked if first <= instant <= last}
        assert bool(paths) == (start <= instant <= end)
        if paths and instant <= line + OVERLAP:
            assert ARCHIVE_SEARCH in paths
        if paths and instant >= line - OVERLAP:
            assert SEARCH in paths


def test_a_recent_range_needs_one_search() -> None:
    assert asked_for(BASE - timestamps.DAY, BASE) == [(SEARCH, BASE - timestamps.DAY, BASE)]


@settings(max_examples=settings().max_examples // 4)
@given(
    st.lists(DAYS, min_size=1, max_size=25),
    st.lists(st.none() | st.integers(0, 30), max_size=3),
    st.sampled_from([(0, 0), (1, 0), (1, 1), (5, 1), (5, 5), (12, 12), (30, 12)]),
)
def test_nothing_is_lost_where_the_line_moves_on(
    offsets: list[int], kills: list[int | None], hours: tuple[int, int]
) -> None:
    """Each request takes hours, a run may take weeks: records cross from search to archive.

    For some hours, no more than a request takes, a record that crosses is in neither.
    """
    latency, crossing = (number * HOUR for number in hours)
    world = World(page_size=3, start=BASE - SEARCH_WINDOW - 41 * timestamps.DAY)
    for number, offset in enumerate(offsets):
        world.put(number, BASE - SEARCH_WINDOW + offset, BASE - SEARCH_WINDOW + offset)
    for kill in kills:
        world.run(RunPlan(kill_after=kill, latency=latency, crossing=crossing))
    messages = world.run(RunPlan(latency=latency, crossing=crossing))
    assert messages is not None
    assert set(world.emitted) == set(world.org.resources[KIND])
    world.settle()


@pytest.mark.parametrize("kill", range(2, 10))
def test_a_kill_between_the_two_searches_loses_neither_side_of_the_line(kill: int) -> None:
    world = World(page_size=3, start=BASE - SEARCH_WINDOW - 2 * timestamps.DAY)
    for number, offset in enumerate((-timestamps.DAY, timestamps.DAY)):
        world.put(number, BASE - SEARCH_WINDOW + offset, BASE - SEARCH_WINDOW + offset)
    world.run(RunPlan(kill_after=kill))
    world.settle()


@pytest.mark.xfail(strict=True, reason="what neither search knows while a run passes, it misses")
def test_a_record_in_neither_search_for_longer_than_a_run_takes() -> None:
    world = World(page_size=3, start=BASE - SEARCH_WINDOW - 2 * timestamps.DAY)
    world.put(0, BASE - SEARCH_WINDOW - HOUR, BASE - SEARCH_WINDOW - HOUR)
    world.run(RunPlan(crossing=5 * HOUR))
    world.now += 5 * HOUR
    world.settle()
