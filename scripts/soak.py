"""`make soak`: kills the tap again and again while its org changes, and compares at the end.

The installed command reads an emulator whose data changes, whose search index lags, and some of
whose responses are faulty. Each run continues from the last complete STATE, and may end with exit
code 1 and the names of what it could not read. At the end the org stops changing, a last run reads
it without faults and must exit 0, and the rows received must be those of the org: every id, in its
latest version.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
import threading
import time
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator import Emulator, Org, Switches
from emulator.children import CHILDREN
from emulator.faults import FAULTS
from emulator.org import CHILD_STREAMS, STREAMS
from emulator.times import wall_ms as wall
from scripts.tap import Tap, measure
from scripts.text import table

if TYPE_CHECKING:
    from collections.abc import Iterable

UPDATED = ("attributes", "updatedAt")
LOOKBACK = 10
INDEX_DELAY = 2_000
FAULTY = 0.02
WORK_EVERY = 20.0
# No change is dated further back than this, in ms; with the index delay, it is below the lookback.
RECENT = 1_000
KILLED = 0.9
LONGEST_LIFE = 8.0
INCOMPLETE = "could not be read completely"
SETTINGS = {
    "lookback_seconds": LOOKBACK,
    "page_size": 100,
    "concurrency": 8,
    "max_search_requests_per_minute": 1_000,
    "max_requests_per_minute": 2_000,
}


class SoakError(Exception):
    """A run failed, or the rows received are not the org's."""


@dataclass
class Received:
    """What a target holds after all runs: rows by stream and id."""

    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    versions: dict[str, dict[str, int | None]] = field(default_factory=dict)
    state: dict[str, Any] | None = None
    records: int = 0

    def take(self, lines: Iterable[bytes]) -> None:
        """Read messages; a last line without its end was cut off by the kill."""
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
    """Runs of the tap against an org that changes, and the rows received."""

    tap: Tap
    emulator: Emulator
    received: Received = field(default_factory=Received)
    peaks: list[float] = field(default_factory=list)
    kills: int = 0
    incomplete: int = 0
    requests: int = 0

    def run(self, life: float = 300.0, *, in_trouble: bool = False) -> None:
        """Run the tap from the last state, and kill it after `life` seconds.

        Raises:
            SoakError: it failed; `in_trouble` it may be killed or incomplete.
        """
        self.emulator.requests.clear()
        pieces: list[bytes] = []
        log = self.tap.folder / "log"
        with log.open("wb") as err:
            command = self.tap.command(state=self.received.state)
            usage = measure(command, pieces.append, limit=life, log=err)
        self.peaks.append(usage.peak)
        self.requests += len(self.emulator.requests)
        self.received.take(b"".join(pieces).splitlines(keepends=True))
        (line,) = log.read_text().splitlines()[-1:] or ["nothing"]
        if usage.code == -signal.SIGKILL and in_trouble:
            self.kills += 1
        elif usage.code == 1 and in_trouble and INCOMPLETE in line:
            self.incomplete += 1
        elif usage.code:
            msg = (
                f"A run ended with {usage.code} after {usage.seconds:.0f} s; its last line: {line}"
            )
            raise SoakError(msg)

    def report(self) -> str:
        """Runs, kills, records, requests and memory, as a table."""
        third = max(len(self.peaks) // 3, 1)
        first, last = max(self.peaks[:third]), max(self.peaks[-third:])
        rows = [
            ("runs", len(self.peaks)),
            ("kills", self.kills),
            ("runs that named what they could not read", self.incomplete),
            ("records", self.received.records),
            ("requests", self.requests),
            ("peak memory, first third of the runs, MB", round(first)),
            ("peak memory, last third of the runs, MB", round(last)),
        ]
        return table(("what", "figure"), rows)


def live(org: Org, stop: threading.Event) -> None:
    """Change the org every 20 seconds, until `stop` is set."""
    while not stop.is_set():
        org.worked_until = wall() - RECENT
        org.work(at=wall(), seed=wall())
        stop.wait(WORK_EVERY)


def expected(org: Org) -> dict[str, dict[str, object]]:
    """Ids by stream, each with its update time, for every stream whose rows are resources."""
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
    """One sentence about the first stream whose rows are not the org's; `None` if all are."""
    for stream, ids in expected(org).items():
        name = "conversation_updated_at" if stream in CHILD_STREAMS else "updated_at"
        arrived = {one: row.get(name) for one, row in rows.get(stream, {}).items()}
        if arrived != ids:
            missing, extra = len(ids.keys() - arrived.keys()), len(arrived.keys() - ids.keys())
            old = sum(arrived[one] != ids[one] for one in ids.keys() & arrived.keys())
            faults = f"{missing} missing, {extra} too many, {old} with another update time"
            return f"Stream {stream} differs from the org: {faults}."
    for stream, count in org.counts().items():
        if len(rows.get(stream, {})) != count:
            return f"Stream {stream} has {len(rows.get(stream, {}))} records instead of {count}."
    return None


def soak(seconds: float, folder: Path, *, conversations: int = 200) -> Soak:
    """Soak for so many seconds, read once more, and compare.

    Raises:
        SoakError: what differs, or which run failed.
    """
    org = Org.sample(seed=1, now=wall() - RECENT, conversations=conversations, days=40)
    switches = Switches(search_limit=None, org_limit=None, moving=1, index_delay=INDEX_DELAY)
    emulator = Emulator(org, switches)
    dice = random.Random(1)  # noqa: S311  (no secret)
    stop = threading.Event()
    with emulator.serve() as url:
        tap = Tap(folder, url)
        tap.config |= SETTINGS
        tap.select()
        found = Soak(tap, emulator)
        switches.faults = dict.fromkeys(FAULTS, FAULTY)
        worker = threading.Thread(target=live, args=(org, stop), daemon=True)
        worker.start()
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            life = dice.uniform(0.5, LONGEST_LIFE)
            left = max(ends - time.monotonic(), 0.1)
            found.run(min(life, left) if dice.random() < KILLED else left, in_trouble=True)
        stop.set()
        worker.join()
        switches.moving, switches.faults = 0, {}
        time.sleep(INDEX_DELAY / 1_000 + 1)
        found.run()
    if fault := difference(org, found.received.rows):
        raise SoakError(fault)
    return found


def main() -> None:
    """Soak, and print a report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (default 600)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:  # the emulator logs connections that a kill has broken
            with (Path(folder) / "emulator.log").open("w") as log, redirect_stderr(log):
                found = soak(options.seconds, Path(folder))
        except SoakError as error:
            sys.exit(str(error))
    print(found.report())


if __name__ == "__main__":
    main()
