"""An audit log whose filter, order and links are not those of `createdAt`."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from tests.hostile.harness import BEGIN, PRESENT, Outcome, run, told
from tests.hostile.records import DAY, SECOND, Row, parse, text
from tests.hostile.server import Ask, Reply, Server

PATH = "/v1/audit-logs"
WEEK = 7 * DAY
HOUR = DAY // 24
START = BEGIN - 3 * WEEK


@dataclass
class Log:
    """Entries by their id, newest first; the machine's clock may run ahead of the org's.

    If `early`, it tells of an entry before the instant at which the entry says it was made.
    """

    by_id: bool = False
    bare_links: bool = False
    now: int = PRESENT
    ahead: int = 0
    early: bool = False
    entries: list[tuple[str, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.numbers = count()
        self.server = Server(patience=1_500)
        self.server.lists[PATH] = []
        self.server.hooks.append(self.answer)

    def add(self, published: int, later: int) -> None:
        """An entry that was made so many ms after it was published."""
        one = f"{published // SECOND:08x}{next(self.numbers):016x}"
        self.entries.append((one, published, published + later))

    def answer(self, ask: Ask, reply: Reply) -> Reply | None:
        """As the one whole answer that is public shows it."""
        if ask.path != PATH:
            return None
        del reply
        size = int(ask.query.get("count", 100))
        first = parse(ask.query.get("filter[start]", text(0)))
        last = parse(ask.query.get("filter[end]", text(self.now + 10 * DAY)))
        held = [
            entry
            for entry in sorted(self.entries, reverse=True)
            if first <= self._filtered(entry) <= last
            and (self.early or entry[2] <= self.now)
            and entry[0] < ask.query.get("before", "g")
        ]
        page = [
            row(one, createdAt=text(created), publishedAt=text(published))
            for one, published, created in held[:size]
        ]
        links: Row = {"prev": None, "next": None}
        if page:
            kept = "" if self.bare_links else _filters(ask)
            links["next"] = f"{PATH}?count={size}&before={page[-1]['id']}{kept}"
        meta = {"count": len(page), "total": len(held), "cursorCount": len(page)}
        return Reply(page, meta, links)

    def _filtered(self, entry: tuple[str, int, int]) -> int:
        return int(entry[0][:8], 16) * SECOND if self.by_id else entry[1]

    def run(self, state: Row | None = None, **config: Any) -> Outcome:
        """A run from `START` on."""
        outcome = run(
            self.server,
            "audit_logs",
            state=state,
            now=lambda: self.now + self.ahead,
            **{"start_date": text(START), **config},
        )
        assert outcome.error is None
        return outcome

    def expected(self, first: int, last: int) -> set[str]:
        """The entries made in a range."""
        return {one for one, _, created in self.entries if first <= created <= last}


def row(one: str, **attributes: str) -> Row:
    """An entry."""
    return {"type": "audit_log", "id": one, "attributes": attributes}


def _filters(ask: Ask) -> str:
    return "".join(f"&{name}={ask.query[name]}" for name in ask.query if name.startswith("filter"))


def around(log: Log, border: int) -> None:
    """Entries at every offset within two seconds, made up to 1.5 s after they were published."""
    for offset in range(-2_000, 2_001, 100):
        for later in (0, 1, 499, 500, 999, 1_000, 1_001, 1_499, 1_500):
            log.add(border + offset, later)


def filled(*, by_id: bool = False, bare_links: bool = False) -> Log:
    log = Log(by_id=by_id, bare_links=bare_links)
    for number in range(4):
        around(log, START + number * WEEK)
    for hour in range(0, 21 * 24, 5):
        log.add(START + HOUR * hour + HOUR // 2, 700)
    return log


@pytest.mark.parametrize("bare_links", [False, True])
@pytest.mark.parametrize("by_id", [False, True])
def test_week_borders(*, by_id: bool, bare_links: bool) -> None:
    log = filled(by_id=by_id, bare_links=bare_links)
    assert log.run().ids("audit_logs") >= log.expected(START, PRESENT - HOUR)


@pytest.mark.parametrize("lookback", [0, 600])
@pytest.mark.parametrize("by_id", [False, True])
def test_several_runs(lookback: int, *, by_id: bool) -> None:
    log = filled(by_id=by_id)
    came: set[str] = set()
    state: Row | None = None
    for wait in (0, 5 * DAY, WEEK, WEEK - 1, HOUR):
        log.now += wait
        around(log, log.now)
        outcome = log.run(state, lookback_seconds=lookback)
        came |= outcome.ids("audit_logs")
        state = outcome.state
    assert came >= log.expected(START, log.now - HOUR)


@pytest.mark.parametrize("entries", [999, 1_000, 1_001, 2_000, 2_500])
def test_full_pages(entries: int) -> None:
    log = Log()
    for number in range(entries):
        log.add(START + 1_500 + number * 7, number % 16 * 100)
    assert log.run().ids("audit_logs") == log.expected(START, PRESENT)


@pytest.mark.parametrize("lookback", [0, 600])
def test_a_clock_that_runs_ahead(lookback: int) -> None:
    """Without a `Date` in the answers nothing tells that the machine is an hour ahead."""
    log = filled()
    log.ahead = HOUR
    first = log.run(lookback_seconds=lookback)
    for minute in range(120):
        log.add(log.now + minute * 60 * SECOND, 300)
    log.now += 2 * HOUR
    second = log.run(first.state, lookback_seconds=lookback)
    came = first.ids("audit_logs") | second.ids("audit_logs")
    assert came >= log.expected(START, log.now - HOUR)


@pytest.mark.parametrize("served", [1, 7, 100])
def test_a_server_that_serves_fewer_than_it_says(served: int) -> None:
    log = Log()
    for number in range(250 if served > 1 else 30):
        log.add(START + 1_500 + number * SECOND, 700)

    def cut(ask: Ask, reply: Reply) -> Reply | None:
        if ask.path != PATH:
            return None
        return Reply(reply.data[:served], {"count": 1_000}, reply.links)

    log.server.hooks.append(cut)
    assert log.run().ids("audit_logs") == log.expected(START, PRESENT)


@pytest.mark.parametrize("hidden", [0, 500, 999])
def test_a_page_that_is_filtered_after_it_was_cut(hidden: int) -> None:
    log = Log()
    for number in range(1_500):
        log.add(START + 1_500 + number * SECOND, 700)
    one = sorted(log.entries, reverse=True)[hidden][0]

    def hide(ask: Ask, reply: Reply) -> Reply | None:
        if ask.path != PATH:
            return None
        found = [entry for entry in reply.data if entry["id"] != one]
        return Reply(found, {"count": len(reply.data)}, reply.links)

    log.server.hooks.append(hide)
    assert log.run().ids("audit_logs") == log.expected(START, PRESENT) - {one}


def test_one_entry_without_an_id_is_tried_until_it_has_one() -> None:
    log = Log()
    for number in range(1_500):
        log.add(START + 1_500 + number * SECOND, 700)
    one = sorted(log.entries, reverse=True)[500][0]

    def spoil(ask: Ask, reply: Reply) -> Reply | None:
        if ask.path != PATH:
            return None
        found = [{**entry, "id": None} if entry["id"] == one else entry for entry in reply.data]
        return Reply(found, reply.meta, reply.links)

    log.server.hooks.append(spoil)
    state: Row | None = None
    came: set[str] = set()
    for _ in range(3):
        outcome = run(
            log.server, "audit_logs", state=state, start_date=text(START), lookback_seconds=0
        )
        told(outcome, "audit_logs")
        came |= outcome.ids("audit_logs")
        state = outcome.state
        assert len(state["bookmarks"]["audit_logs"]["unread"]) == 1
    assert came == log.expected(START, PRESENT) - {one}
    log.server.hooks.remove(spoil)
    last = log.run(state, lookback_seconds=0)
    assert one in last.ids("audit_logs")
    assert "unread" not in last.state["bookmarks"]["audit_logs"]


def test_entries_too_large_for_one_answer() -> None:
    log = Log()
    for number in range(100):
        log.add(START + 1_500 + number * SECOND, 700)

    def slow(ask: Ask, reply: Reply) -> Reply | None:
        return Reply(status=504, body=b"") if ask.path == PATH and len(reply.data) > 30 else None

    log.server.hooks.append(slow)
    assert log.run().ids("audit_logs") == log.expected(START, PRESENT)


def test_an_entry_without_anything_is_looked_for_until_it_is_mended() -> None:
    log = Log()
    for at in range(START + HOUR, PRESENT, 6 * HOUR):
        log.add(at, 0)
    (odd, at, _) = log.entries[17]
    ill = [True]

    def spoil(ask: Ask, reply: Reply) -> Reply | None:
        if ask.path == PATH and ill:
            for entry in reply.data:
                if entry["id"] == odd:
                    entry["id"], entry["attributes"] = "", {}
        return None

    log.server.hooks.append(spoil)
    config: dict[str, Any] = {"now": lambda: PRESENT, "lookback_seconds": 0}
    first = run(log.server, "audit_logs", start_date=text(START), **config)
    told(first, "audit_logs")
    second = run(log.server, "audit_logs", state=first.state, start_date=text(START), **config)
    told(second, "audit_logs")
    ill.clear()
    last = run(log.server, "audit_logs", state=second.state, start_date=text(START), **config)
    assert last.error is None
    assert odd in last.ids("audit_logs")
    assert first.ids("audit_logs") | last.ids("audit_logs") >= log.expected(at, PRESENT)


@pytest.mark.parametrize("bad", [1, 2])
@pytest.mark.parametrize("others", [0, 7])
def test_the_oldest_entries_have_no_id(bad: int, others: int) -> None:
    """They are on a page of their own, behind the last cursor."""
    log = Log()
    for number in range(others):
        log.add(PRESENT - HOUR + number * SECOND, 0)

    def nameless(ask: Ask, reply: Reply) -> None:
        if ask.path == PATH:
            held = [row("", createdAt=text(PRESENT - 2 * HOUR + n)) for n in range(bad)]
            reply.data = [*reply.data, *held]
            reply.meta = {"count": len(reply.data)}

    log.server.hooks.append(nameless)
    outcome = run(log.server, "audit_logs")
    assert outcome.ids("audit_logs") == {one for one, _, _ in log.entries}
    told(outcome, "Everything else was read", "no id")
    assert outcome.bookmark("audit_logs") is not None


@pytest.mark.parametrize("skew", [-60, -20, 20, 60])
@pytest.mark.parametrize("lookback", [0, 600])
def test_clocks_far_apart(lookback: int, skew: int) -> None:
    """An entry says that it was made long before or after it was published."""
    minute = 60 * SECOND
    log, delivered = Log(early=True), set[str]()
    for number in range(-10, 180):
        log.add(PRESENT + number * minute, 0)
    log.add(PRESENT + 60 * minute, skew * minute)
    (odd,) = {one for one, published, created in log.entries if published != created}
    state = None
    every = list(log.entries)
    for _ in range(13):
        log.entries = [entry for entry in every if entry[1] <= log.now]
        outcome = log.run(state, lookback_seconds=lookback)
        delivered |= outcome.ids("audit_logs")
        state, log.now = outcome.state, log.now + 15 * minute
    assert odd in delivered
