"""Runs that take weeks while records grow older than two years, and leave the search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.hostile.harness import PRESENT, run
from tests.hostile.records import DAY, Record, text
from tests.hostile.server import ARCHIVE, SEARCH, Server

if TYPE_CHECKING:
    from tests.hostile.server import Ask, Reply

HOUR = DAY // 24
REACH = 730 * DAY
LINE = PRESENT - REACH


@dataclass
class World:
    """A clock that every request moves, and an archive that takes its time."""

    per_request: int
    limbo: int
    now: int = PRESENT

    def knows(self, path: str, record: Record) -> bool:
        """The search forgets a record at once; the archive has it some hours later."""
        left = self.now - REACH - record.updated
        return left <= 0 if path == SEARCH else path == ARCHIVE and left > self.limbo

    def passes(self, _: Ask, __: Reply) -> None:
        """Each answer takes its time."""
        self.now += self.per_request


def history() -> list[Record]:
    """Half-hourly records for three weeks on either side of the line, then one a day."""
    instants = [LINE + n * HOUR // 2 for n in range(-1_008, 1_008)]
    instants += range(LINE + 22 * DAY, PRESENT, DAY)
    return [Record(f"{n:024x}", at, at - DAY) for n, at in enumerate(instants)]


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize(("hours", "limbo"), [(0, 0), (1, 0), (4, 0), (1, 6), (4, 6)])
def test_a_run_of_weeks(hours: int, limbo: int, concurrency: int) -> None:
    world, records = World(hours * HOUR, limbo * HOUR), history()
    server = Server(records, patience=2_500)
    server.knows = world.knows
    server.hooks.append(world.passes)
    came: set[str] = set()
    state = None
    for _ in range(3):
        outcome = run(
            server,
            state=state,
            now=lambda: world.now,
            page_size=20,
            concurrency=concurrency,
            start_date=text(records[0].updated),
        )
        assert outcome.error is None
        came |= outcome.ids()
        state = outcome.state or state
        world.now += DAY // 2
    lost = [one for one in records if one.id not in came]
    assert not lost, f"{len(lost)} lost, from {text(lost[0].updated)} to {text(lost[-1].updated)}"
