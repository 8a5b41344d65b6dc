"""`make bench`: what the tap reaches against the emulator, written to docs/PERFORMANCE.md.

Every figure is measured in this run, on this machine; nothing here is a test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator import Emulator, Org, Switches
from tap_kustomer import timestamps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "PERFORMANCE.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
TAP = str(Path(sys.executable).with_name("tap-kustomer"))
REFERENCE = [sys.executable, "-m", "scripts.bench_reference"]
LOOK_EVERY = 0.2
SPREAD = 90 * timestamps.DAY
UNLIMITED = {"max_search_requests_per_minute": 1_000, "max_requests_per_minute": 2_000}
FULL_RATE = {"max_search_requests_per_minute": 100, "max_requests_per_minute": 240}


@dataclass
class Result:
    """What one process used: seconds of CPU and of time, megabytes at its peak."""

    cpu: float
    seconds: float
    peak: float
    first_record: float | None = None


def fill(org: Org, ages: Iterator[int], now: int) -> int:
    """Put a conversation of about 3 kB at each age (ms); returns their number."""
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


def run(command: list[str], *, seconds: float | None = None) -> Result:
    """Run a process to its end (or for so many seconds), its output thrown away."""
    began = time.monotonic()
    first = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout  # noqa: S101  (for the type checker)
        peak, looked = 0.0, began
        while chunk := os.read(process.stdout.fileno(), 1 << 20):
            if time.monotonic() - looked > LOOK_EVERY:
                peak, looked = peak_of(process.pid), time.monotonic()
            if first is None and b'"RECORD"' in chunk:
                first = time.monotonic() - began
            if seconds is not None and time.monotonic() - began > seconds:
                process.kill()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and seconds is None:
        msg = f"{command[0]} ended with {process.returncode}"
        raise RuntimeError(msg)
    elapsed = time.monotonic() - began
    return Result(usage.ru_utime + usage.ru_stime, elapsed, peak, first)


def peak_of(pid: int) -> float:
    """The most memory (MB) a process has had. Not `ru_maxrss`: that counts the parent's at fork."""
    text = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1_000


class Bench:
    """One org, its emulator, and taps that read it."""

    def __init__(self, folder: Path, ages: Iterator[int], **switches: Any) -> None:
        """Fill an org and serve it without limits, but for `switches`."""
        self.now = time.time_ns() // 1_000_000
        self.org = Org(now=self.now)
        self.count = fill(self.org, ages, self.now)
        options = {"search_limit": None, "org_limit": None, **switches}
        self.emulator = Emulator(self.org, Switches(**options))
        self.folder = folder

    def tap(self, *, seconds: float | None = None, **config: Any) -> Result:
        """Run the tap on conversations alone."""
        return self._run(self._tap_command, config, seconds)

    def reference(self) -> Result:
        """Run the reference."""
        sample = self.folder / "sample.json"
        records = iter(self.org.resources["conversation"].values())
        sample.write_bytes(
            next(records).raw if self.count else b'{"attributes":{},"relationships":{}}'
        )
        return self._run(lambda path: [*REFERENCE, str(path)], {"sample": str(sample)}, None)

    def _tap_command(self, config: Path) -> list[str]:
        catalog = self.folder / "catalog.json"
        if not catalog.exists():
            found = json.loads(
                subprocess.check_output([TAP, "--discover"], stderr=subprocess.DEVNULL)
            )
            for stream in found["streams"]:
                for entry in stream["metadata"]:
                    if not entry["breadcrumb"]:
                        entry["metadata"]["selected"] = stream["stream"] == "conversations"
            catalog.write_text(json.dumps(found))
        return [TAP, "--config", str(config), "--catalog", str(catalog)]

    def _run(
        self, command: Callable[[Path], list[str]], config: dict[str, Any], seconds: float | None
    ) -> Result:
        self.emulator.requests.clear()
        start = timestamps.text(self.now - SPREAD - timestamps.DAY)
        with self.emulator.serve() as url:
            path = self.folder / "config.json"
            settings = {"api_key": "emulator-key", "base_url": url, "start_date": start}
            path.write_text(json.dumps({**settings, "max_history_months": 4, **config}))
            return run(command(path), seconds=seconds)

    @property
    def searches(self) -> list[int]:
        """The instants of the searches of the last run."""
        return [request.at_ms for request in self.emulator.requests if request.method == "POST"]


def cpu(folder: Path, say: Callable[[str, str, str], None]) -> None:
    """Rows per CPU-second, start-up left out, beside the reference."""
    empty = Bench(folder, evenly(0))
    bench = Bench(folder, evenly(40_000))
    reference = bench.reference().cpu - empty.reference().cpu
    own = bench.tap(**UNLIMITED).cpu - empty.tap(**UNLIMITED).cpu
    figures = (
        f"{bench.count / own:,.0f} / {bench.count / reference:,.0f} = {reference / own:.1f} times"
    )
    say("rows per CPU-second, tap / plain `RESTStream`", "≥ 4 times", figures)


def requests(folder: Path, say: Callable[[str, str, str], None]) -> None:
    """Searches needed, first RECORD, and a run with nothing new."""
    bench = Bench(folder, evenly(200_000))
    first = bench.tap(**UNLIMITED).first_record
    limit = 1.05 * bench.count / 500 + 10
    say("searches for 200,000 records, evenly spread", f"≤ {limit:.0f}", f"{len(bench.searches)}")
    sdk = run([sys.executable, "-c", "import singer_sdk"]).seconds
    say("seconds to the first RECORD", f"≤ {sdk + 0.4:.1f} + two answers", f"{first:.1f}")
    bench.tap(**UNLIMITED, start_date=timestamps.text(bench.now - 1_000))
    say("searches of a run with nothing new", "1", f"{len(bench.searches)}")
    bench = Bench(folder, in_a_burst(200_000))
    bench.tap(**UNLIMITED)
    limit = 1.10 * bench.count / 500 + 20
    found = f"{len(bench.searches)}"
    say("searches for 200,000 records, 90 % in 5 % of the time", f"≤ {limit:.0f}", found)


def rate(folder: Path, say: Callable[[str, str, str], None]) -> None:
    """Searches a minute over three minutes of backlog, with slow answers and the real limit."""
    bench = Bench(folder, evenly(250_000), search_limit=100, org_limit=1_000, latency=1.5)
    bench.tap(seconds=200, **FULL_RATE)
    began = bench.searches[0]
    count = sum(began <= at < began + 180_000 for at in bench.searches)
    found = f"{count / 3:.1f}, {bench.emulator.limited} answers 429"
    say("searches a minute, 1.5 s latency, limit 100, over 3 minutes", "≥ 97, no 429", found)


def memory(folder: Path, say: Callable[[str, str, str], None]) -> None:
    """Peak memory of a million records."""
    bench = Bench(folder, evenly(1_000_000))
    result = bench.tap(**UNLIMITED)
    say("peak memory, 1,000,000 records, concurrency 4", "≤ 200 MB", f"{result.peak:.0f} MB")
    say("the same: searches, seconds", "", f"{len(bench.searches)}, {result.seconds:.0f}")


PARTS = {"cpu": cpu, "requests": requests, "rate": rate, "memory": memory}


def main() -> None:
    """Measure the parts named on the command line, or all of them and write the page."""
    rows: list[str] = []

    def say(what: str, goal: str, found: str) -> None:
        rows.append(f"| {what} | {goal} | {found} |")
        print(rows[-1], flush=True)

    names = sys.argv[1:] or list(PARTS)
    print("| figure | to reach | measured |\n| --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            PARTS[name](Path(folder), say)
    if not sys.argv[1:]:
        text = PAGE.read_text()
        before, rest = text.split(BEGIN)
        after = rest.split(END)[1]
        table = "\n".join(["| figure | to reach | measured |", "| --- | --- | --- |", *rows])
        PAGE.write_text(f"{before}{BEGIN}\n{table}\n\n{END}{after}")


if __name__ == "__main__":
    main()
