"""Notes of more than two years ago, in an org where new ones are written all the time."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests.hostile.harness import PRESENT, Outcome, run
from tests.hostile.records import DAY, SECOND, Record, text
from tests.hostile.server import Ask, Reply, Server

NOTES = "/v1/notes"
OLD = PRESENT - 1_000 * DAY


class Org:
    """A plain list of all notes, by id, and the search of those it knows."""

    def __init__(self, old: int, *, per_request: int, newest_first: bool) -> None:
        self.now = PRESENT
        self.notes = [Record(f"{n:024x}", OLD + n * DAY // 4, OLD) for n in range(old)]
        self.made, self.per_request = count(old), per_request
        self.server = Server(context="note", patience=5 * (old // 100 + 15))
        self.server.lists[NOTES] = self.listed
        self.server.knows = self.known
        self.server.hooks.append(self.live)
        self.server.put("note", self.notes)
        self.newest_first = newest_first

    def listed(self, _: Ask) -> list[Record]:
        """All notes, old and new."""
        return self.notes[::-1] if self.newest_first else self.notes

    def live(self, _: Ask, __: Reply) -> None:
        """Each request sees more notes than the one before."""
        self.now += SECOND
        for _number in range(self.per_request):
            self.notes.append(Record(f"{next(self.made):024x}", self.now, self.now))
        self.server.put("note", self.notes)

    def known(self, _: str, note: Record) -> bool:
        """The search knows the last two years."""
        return note.updated >= self.now - 730 * DAY

    def run(self, state: dict[str, Any] | None = None) -> Outcome:
        """A run that starts before all of them."""
        return run(
            self.server, "notes", state=state, now=lambda: self.now, start_date=text(OLD - DAY)
        )


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("per_request", [0, 1, 30])
@pytest.mark.parametrize("old", [60, 950, 2_400])
def test_a_living_org(old: int, per_request: int, *, newest_first: bool) -> None:
    org = Org(old, per_request=per_request, newest_first=newest_first)
    held = {one.id for one in org.notes}
    first = org.run()
    assert first.error is None
    assert held <= first.ids("notes")
    assert (first.bookmark("notes") or 0) > PRESENT - 730 * DAY
    org.server.patience += 200
    before = {one.id for one in org.notes if one.updated < org.now}
    second = org.run(first.state)
    assert second.error is None
    assert before <= first.ids("notes") | second.ids("notes")
