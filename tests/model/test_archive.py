"""Histories that reach behind the search's two years."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_kustomer import instants
from tap_kustomer.api.client import ARCHIVE_SEARCH, SEARCH
from tap_kustomer.walks.archive import OVERLAP, REACH, parts
from tests.model.world import BASE, KIND, RunPlan, World

HOUR = 3_600_000
DAYS = st.integers(-40 * 24, 40 * 24).map(lambda hours: hours * HOUR)


@given(DAYS, DAYS)
def test_parts_cover_the_range(start: int, length: int) -> None:
    line = BASE - REACH
    start += line
    end = start + abs(length)
    found = parts(start, end, BASE)
    seen = start
    for part in found:
        assert part.start <= seen
        seen = max(seen, part.end + 1)
    assert seen == end + 1
    for part in found:
        if part.start < line - OVERLAP:
            assert part.path == ARCHIVE_SEARCH
        if part.end > line + OVERLAP:
            assert part.path == SEARCH


def test_a_recent_range_needs_one_search() -> None:
    (part,) = parts(BASE - instants.DAY, BASE, BASE)
    assert part == (SEARCH, BASE - instants.DAY, BASE, BASE)


@settings(max_examples=settings().max_examples // 4)
@given(
    st.lists(DAYS, min_size=1, max_size=25),
    st.lists(st.none() | st.integers(0, 30), max_size=3),
    st.sampled_from([0, 1, 5]),
)
def test_nothing_is_lost_where_the_line_moves_on(
    offsets: list[int], kills: list[int | None], hours: int
) -> None:
    """Each request takes hours: records cross from the search to the archive during a run."""
    world = World(page_size=3, start=BASE - REACH - 41 * instants.DAY)
    for number, offset in enumerate(offsets):
        world.put(number, BASE - REACH + offset, BASE - REACH + offset)
    for kill in kills:
        world.run(RunPlan(kill_after=kill, latency=hours * HOUR))
    messages = world.run(RunPlan(latency=hours * HOUR))
    assert messages is not None
    assert set(world.emitted) == set(world.org.resources[KIND])
    world.settle()


@pytest.mark.parametrize("kill", range(2, 10))
def test_a_kill_between_the_two_searches_loses_neither_side_of_the_line(kill: int) -> None:
    world = World(page_size=3, start=BASE - REACH - 2 * instants.DAY)
    for number, offset in enumerate((-instants.DAY, instants.DAY)):
        world.put(number, BASE - REACH + offset, BASE - REACH + offset)
    world.run(RunPlan(kill_after=kill))
    world.settle()
