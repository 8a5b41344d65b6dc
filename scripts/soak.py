"""`make soak`: kill the tap again and again while its org changes, and compare at the end.

The installed command reads an emulator whose data changes, whose searches lag and whose answers are
faulty now and then. Each run goes on from the last whole STATE. In the end the org stands still, a
last run reads it, and what has arrived must be what the org holds: every id, in its newest version.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from emulator import Emulator, Org, Switches
from emulator.children import CHILDREN
from emulator.faults import FAULTS
from emulator.org import CHILD_STREAMS, STREAMS
from emulator.times import wall_ms as wall
from scripts.text import table

if TYPE_CHECKING:
    from collections.abc import Iterable

TAP = str(Path(sys.executable).with_name("tap-kustomer"))
UPDATED = ("attributes", "updatedAt")
LOOKBACK = 10
INDEX_DELAY = 2_000
FAULTY = 0.02
WORK_EVERY = 20.0
# All changes lie so many ms back at most; with the delay, that is below the lookback.
RECENT = 1_000
LOOK_EVERY = 0.1
KILLED = 0.9
LONGEST_LIFE = 8.0
SETTINGS = {
    "api_key": "emulator-key",
    "lookback_seconds": LOOKBACK,
    "page_size": 100,
    "concurrency": 8,
    "max_search_requests_per_minute": 1_000,
    "max_requests_per_minute": 2_000,
}


class SoakError(Exception):
    """What was read is not what the org holds, or a run failed."""


@dataclass
class Received:
    """What a target would hold after all runs: rows by stream and id."""

    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    versions: dict[str, dict[str, int | None]] = field(default_factory=dict)
    state: dict[str, Any] | None = None
    records: int = 0

    def take(self, lines: Iterable[bytes]) -> None:
        """Read messages; a last line without its end was cut off by a kill."""
        for line in lines:
            if line.endswith(b"\n"):
                self._message(json.loads(line))

    def _message(self, message: dict[str, Any]) -> None:
        kind, stream = message["type"], message.get("stream", "")
        rows, versions = self.rows.setdefault(stream, {}), self.versions.setdefault(stream, {})
        if kind == "RECORD":
            row = message["record"]
            rows[row["id"]] = row
            versions[row["id"]] = message.get("version")
            self.records += 1
        elif kind == "STATE":
            self.state = message["value"]
        elif kind == "ACTIVATE_VERSION":
            for one in [one for one, at in versions.items() if at != message["version"]]:
                del rows[one], versions[one]


@dataclass
class Soak:
    """An org that changes, and what the runs have brought so far."""

    folder: Path
    emulator: Emulator
    received: Received = field(default_factory=Received)
    dice: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311  (no secret)
    peaks: list[float] = field(default_factory=list)
    kills: int = 0
    requests: int = 0

    def prepare(self, url: str) -> None:
        """Write the config, and a catalog with every stream selected."""
        (self.folder / "config.json").write_text(json.dumps({**SETTINGS, "base_url": url}))
        catalog = json.loads(
            subprocess.check_output([TAP, "--discover"], stderr=subprocess.DEVNULL)
        )
        for stream in catalog["streams"]:
            for entry in stream["metadata"]:
                if not entry["breadcrumb"]:
                    entry["metadata"]["selected"] = True
        (self.folder / "catalog.json").write_text(json.dumps(catalog))

    def run(self, life: float = 300.0, *, kill: bool = False) -> None:
        """Run the tap from the last state for at most `life` seconds; `kill`: being cut is fine."""
        self.emulator.requests.clear()
        output, log = self.folder / "output", self.folder / "log"
        with output.open("wb") as out, log.open("wb") as err:
            process = subprocess.Popen(self._command(), stdout=out, stderr=err)
            code, peak = watch(process, life)
        self.peaks.append(peak)
        self.requests += len(self.emulator.requests)
        self.received.take(output.read_bytes().splitlines(keepends=True))
        if code is None and kill:
            self.kills += 1
        elif code != 0:
            (said,) = log.read_text().splitlines()[-1:] or ["nothing"]
            how = f"took longer than {life:.0f} s" if code is None else f"ended with {code}"
            msg = f"A run {how} and said: {said}"
            raise SoakError(msg)

    def _command(self) -> list[str]:
        line = [TAP, "--config", str(self.folder / "config.json")]
        line += ["--catalog", str(self.folder / "catalog.json")]
        if self.received.state is not None:
            (self.folder / "state.json").write_text(json.dumps(self.received.state))
            line += ["--state", str(self.folder / "state.json")]
        return line

    def report(self) -> str:
        """What happened, as a table."""
        third = max(len(self.peaks) // 3, 1)
        first, last = max(self.peaks[:third]), max(self.peaks[-third:])
        rows = [
            ("runs", len(self.peaks)),
            ("kills", self.kills),
            ("records", self.received.records),
            ("requests", self.requests),
            ("peak memory, first third of the runs, MB", round(first)),
            ("peak memory, last third of the runs, MB", round(last)),
        ]
        return table(("what", "figure"), rows)


def watch(process: subprocess.Popen[bytes], life: float) -> tuple[int | None, float]:
    """The exit code, `None` after a kill when `life` seconds were over; and the peak RSS in MB."""
    deadline, peak, one = time.monotonic() + life, 0.0, psutil.Process(process.pid)
    while process.poll() is None:
        peak = max(peak, one.memory_info().rss / 1_000_000)
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            return None, peak
        time.sleep(LOOK_EVERY)
    return process.returncode, peak


def live(org: Org, stop: threading.Event) -> None:
    """Let the org work until told to stop, every 20 seconds from now."""
    while not stop.is_set():
        org.worked_until = wall() - RECENT
        org.work(at=wall(), seed=wall())
        stop.wait(WORK_EVERY)


def expected(org: Org) -> dict[str, dict[str, object]]:
    """The ids of every stream whose rows are resources, each with its update instant."""
    found: dict[str, dict[str, object]] = {
        stream: {one.id: one.part(UPDATED) for one in org.resources[kind].values()}
        for stream, kind in STREAMS.items()
    }
    for stream, kind in CHILD_STREAMS.items():
        child = CHILDREN[kind]
        found[stream] = {
            made["id"]: parent.part(UPDATED)
            for parent in org.resources["conversation"].values()
            for made in child.made(parent, kind, org.id, range(child.count(parent)))
        }
    return found


def difference(org: Org, rows: dict[str, dict[str, dict[str, Any]]]) -> str | None:
    """One sentence on the first stream that is not what the org holds, `None` if all are."""
    for stream, ids in expected(org).items():
        name = "conversation_updated_at" if stream in CHILD_STREAMS else "updated_at"
        arrived = {one: row.get(name) for one, row in rows.get(stream, {}).items()}
        if arrived != ids:
            missing, extra = len(ids.keys() - arrived.keys()), len(arrived.keys() - ids.keys())
            old = sum(arrived[one] != ids[one] for one in ids.keys() & arrived.keys())
            faults = f"{missing} missing, {extra} too many, {old} of another update instant"
            return f"Stream {stream} differs from the org in its records: {faults}."
    for stream, count in org.counts().items():
        if len(rows.get(stream, {})) != count:
            return f"Stream {stream} has {len(rows.get(stream, {}))} records instead of {count}."
    return None


def soak(seconds: float, folder: Path, *, conversations: int = 200) -> Soak:
    """Soak for so many seconds, read once more, compare; a `SoakError` says what differs."""
    org = Org.sample(seed=1, now=wall() - RECENT, conversations=conversations, days=40)
    switches = Switches(search_limit=None, org_limit=None, moving=1, index_delay=INDEX_DELAY)
    found = Soak(folder, Emulator(org, switches))
    stop = threading.Event()
    with found.emulator.serve() as url:
        found.prepare(url)
        switches.faults = dict.fromkeys(FAULTS, FAULTY)
        worker = threading.Thread(target=live, args=(org, stop), daemon=True)
        worker.start()
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            life = found.dice.uniform(0.5, LONGEST_LIFE)
            left = max(ends - time.monotonic(), 0.1)
            found.run(min(life, left) if found.dice.random() < KILLED else left, kill=True)
        stop.set()
        worker.join()
        switches.moving, switches.faults = 0, {}
        time.sleep(INDEX_DELAY / 1_000 + 1)
        found.run()
    if fault := difference(org, found.received.rows):
        raise SoakError(fault)
    return found


def main() -> None:
    """Soak, and print what happened."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (default 600)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:  # the emulator has words for connections that kills have broken
            with (Path(folder) / "emulator").open("w") as said, redirect_stderr(said):
                found = soak(options.seconds, Path(folder))
        except SoakError as error:
            sys.exit(str(error))
    print(found.report())


if __name__ == "__main__":
    main()
