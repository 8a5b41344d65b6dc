"""`make bench`: measures the tap against the emulator and writes docs/PERFORMANCE.md.

Every figure is measured in one run on one machine; this is no test.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator import Emulator, Org, Switches
from scripts.docs import ROOT, fill, table
from scripts.tap import Tap, Usage, measure
from tap_kustomer import timestamps
from tap_kustomer.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = ROOT / "docs" / "PERFORMANCE.md"
HEAD = ("figure", "to reach", "measured")
REFERENCE = [sys.executable, "-m", "scripts.bench_reference"]
SPREAD = 90 * timestamps.DAY
UNLIMITED = {"max_search_requests_per_minute": 1_000, "max_requests_per_minute": 2_000}


def populate(org: Org, ages: Iterator[int], now: int) -> int:
    """Add a conversation of about 3 kB for each age (ms); returns how many."""
    made = Org.sample(seed=1, now=now, conversations=200, days=30).resources["conversation"]
    templates = [record.data for record in made.values() if 2_700 < len(record.raw) < 3_500]  # noqa: PLR2004  (about 3 kB)
    number = 0
    for number, age in enumerate(ages, start=1):
        template = templates[number % len(templates)]
        text = timestamps.text(now - age)
        attributes = {**template["attributes"], "createdAt": text, "updatedAt": text}
        org.put("conversation", {**template, "id": f"{number:024x}", "attributes": attributes})
    return number


def evenly(count: int) -> Iterator[int]:
    """Ages spread evenly over the history."""
    return (SPREAD * (count - n) // (count + 1) + 60_000 for n in range(count))


def in_a_burst(count: int) -> Iterator[int]:
    """Nine tenths of the records in a twentieth of the time."""
    busy, quiet = SPREAD // 20, SPREAD - SPREAD // 20
    for n in range(count // 10):
        yield 60_000 + quiet * n * 10 // count + (busy if n > count // 20 else 0)
    for n in range(count * 9 // 10):
        yield 60_000 + quiet // 2 + busy * n * 10 // (count * 9)


class Bench:
    """An org and its emulator, and the usage of processes that read it."""

    def __init__(self, folder: Path, ages: Iterator[int], **switches: Any) -> None:
        """Fill an org and serve it without limits, except for `switches`."""
        self.now = time.time_ns() // 1_000_000
        self.org = Org(now=self.now)
        self.count = populate(self.org, ages, self.now)
        options = {"search_limit": None, "org_limit": None, **switches}
        self.emulator = Emulator(self.org, Switches(**options))
        self.folder = folder
        self.first_record: float | None = None

    def tap(self, *streams: str, seconds: float | None = None, **config: Any) -> Usage:
        """Read some streams, by default the conversations, for so many seconds at most."""
        self.emulator.requests.clear()
        self.first_record = None
        with self.emulator.serve() as url:
            tap = Tap(self.folder, url)
            tap.select(*(streams or ("conversations",)))
            tap.config |= {"start_date": self.start, "max_history_months": 4, **config}
            self._began = time.monotonic()
            return succeed(measure(tap.command(), self._look, limit=seconds), killed=bool(seconds))

    def reference(self) -> Usage:
        """Read the conversations with the reference."""
        sample, config = self.folder / "sample.json", self.folder / "reference.json"
        records = [record.raw for record in self.org.resources["conversation"].values()]
        sample.write_bytes(records[0] if records else b'{"attributes":{},"relationships":{}}')
        with self.emulator.serve() as url:
            settings = {"base_url": url, "start_date": self.start, "sample": str(sample)}
            config.write_text(json.dumps({"api_key": "emulator-key", **settings}))
            return succeed(measure([*REFERENCE, str(config)], len))

    def _look(self, piece: bytes) -> None:
        if self.first_record is None and b'"RECORD"' in piece:
            self.first_record = time.monotonic() - self._began

    @property
    def start(self) -> str:
        """A day before the oldest record."""
        return timestamps.text(self.now - SPREAD - timestamps.DAY)

    @property
    def searches(self) -> list[int]:
        """When the searches of the last run arrived, in ms since 1970."""
        return [request.at_ms for request in self.emulator.requests if request.method == "POST"]


def succeed(usage: Usage, *, killed: bool = False) -> Usage:
    """Check that the process succeeded, unless it was to be killed.

    Raises:
        RuntimeError: it failed.
    """
    if usage.code and not killed:
        msg = f"A measured process ended with exit code {usage.code}."
        raise RuntimeError(msg)
    return usage


def cpu(folder: Path, say: Callable[[str, str, str], None]) -> None:
    """Rows per CPU-second without start-up, compared with the reference."""
    empty = Bench(folder, evenly(0))
    bench = Bench(folder, evenly(40_000))
    reference = bench.reference().cpu - empty.reference().cpu
    own = bench.tap(**UNLIMITED).cpu - empty.tap(**UNLIMITED).cpu
    figures = (
        f"{bench.count / own:,.0f} / {bench.count / reference:,.0f} = {reference / own:.1f} times"
    )
    say("rows per CPU-second, tap / plain `RESTStream`", "≥ 4 times", figures)


def requests(folder: Path, say: Callable[[str, str, str], None]) -> None:
    """Number of searches, time to the first RECORD, and a run with nothing new."""
    bench = Bench(folder, evenly(200_000))
    bench.tap(**UNLIMITED)
    limit = 1.05 * bench.count / 500 + 10
    say("searches for 200,000 records, evenly spread", f"≤ {limit:.0f}", f"{len(bench.searches)}")
    sdk = measure([sys.executable, "-c", "import singer_sdk"], len).seconds
    say(
        "seconds to the first RECORD",
        f"≤ {sdk + 0.4:.1f} + two answers",
        f"{bench.first_record:.1f}",
    )
    bench.tap(**UNLIMITED, start_date=timestamps.text(bench.now - 1_000))
    say("searches of a run with nothing new", "1", f"{len(bench.searches)}")
    bench = Bench(folder, in_a_burst(200_000))
    bench.tap(**UNLIMITED)
    limit = 1.10 * bench.count / 500 + 20
    found = f"{len(bench.searches)}"
    say("searches for 200,000 records, 90 % in 5 % of the time", f"≤ {limit:.0f}", found)


def rate(folder: Path, say: Callable[[str, str, str], None]) -> None:
    """Searches a minute over three minutes, with slow answers and Kustomer's limit."""
    bench = Bench(folder, evenly(250_000), search_limit=100, org_limit=1_000, latency=1.5)
    bench.tap(seconds=200)
    began = bench.searches[0]
    count = sum(began <= at < began + 180_000 for at in bench.searches)
    found = f"{count / 3:.1f}, {bench.emulator.limited} answers 429"
    say("searches a minute, 1.5 s latency, limit 100, over 3 minutes", "≥ 97, no 429", found)


def agent_time(folder: Path, say: Callable[[str, str, str], None]) -> None:
    """Requests for 100,000 of each stream of agent time, and for the same a conversation each."""
    bench = Bench(folder, evenly(0))
    streams = {
        "conversation_times": "conversation_time",
        "work_items": "work_item",
        "work_sessions": "work_session",
    }
    count = 100_000
    for stream, kind in streams.items():
        for number, age in enumerate(evenly(count)):
            text = timestamps.text(bench.now - age)
            attributes = {"createdAt": text, "updatedAt": text}
            if kind == "conversation_time":
                del attributes["updatedAt"]
            one = {"type": kind, "id": f"{number:024x}", "attributes": attributes}
            bench.org.put(kind, one)
        bench.tap(stream, **UNLIMITED)
        goal = f"≤ {count / 500 * 1.1 + 10:.0f}"
        say(f"requests for 100,000 {stream}, searched", goal, f"{len(bench.emulator.requests)}")
    few = Bench(folder, evenly(5_000), refused_contexts={"conversation_time"})
    few.tap("conversation_times", **UNLIMITED)
    found = f"{len(few.emulator.requests):,}"
    say("the same for conversation_times of 5,000 conversations, one by one", "", found)


def nothing_new(folder: Path, say: Callable[[str, str, str], None]) -> None:
    """A run of the default streams with nothing new, and answers that take 200 ms."""
    now = time.time_ns() // 1_000_000
    org = Org.sample(seed=1, now=now - 60_000, conversations=300, days=30)
    emulator = Emulator(org, Switches(search_limit=None, org_limit=None))
    lines: list[bytes] = []
    names = [stream.name for stream in STREAMS if stream.selected_by_default]
    with emulator.serve() as url:
        tap = Tap(folder, url)
        tap.select(*names)
        succeed(measure(tap.command(), lines.append))
        states = [line for line in b"".join(lines).splitlines() if b'"STATE"' in line[:20]]
        state = json.loads(states[-1])["value"]
        emulator.switches.latency = 0.2
        emulator.requests.clear()
        usage = succeed(measure(tap.command(state=state), len))
    what = f"a run of the {len(names)} default streams with nothing new, 200 ms latency"
    say(f"{what}: requests, seconds", "", f"{len(emulator.requests)}, {usage.seconds:.0f}")


def memory(folder: Path, say: Callable[[str, str, str], None]) -> None:
    """Peak memory of a million records."""
    bench = Bench(folder, evenly(1_000_000))
    result = bench.tap(**UNLIMITED)
    say("peak memory, 1,000,000 records, concurrency 4", "≤ 200 MB", f"{result.peak:.0f} MB")
    say("the same: searches, seconds", "", f"{len(bench.searches)}, {result.seconds:.0f}")


PARTS = {
    "cpu": cpu,
    "requests": requests,
    "agent_time": agent_time,
    "nothing_new": nothing_new,
    "rate": rate,
    "memory": memory,
}


def main() -> None:
    """Measure the parts named on the command line; without a name, all, and write the page."""
    rows: list[tuple[str, str, str]] = []

    def say(what: str, goal: str, found: str) -> None:
        rows.append((what, goal, found))
        print(" | ".join(rows[-1]), flush=True)

    names = sys.argv[1:] or list(PARTS)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            PARTS[name](Path(folder), say)
    if not sys.argv[1:]:
        PAGE.write_text(fill(PAGE.read_text(), {"measured": lambda: table(HEAD, rows)}))


if __name__ == "__main__":
    main()
