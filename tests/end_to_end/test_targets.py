"""The same messages in three other targets: JSON Lines, CSV and DuckDB, as Meltano has them."""

from __future__ import annotations

import csv
import json
import subprocess
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from emulator import Org
from scripts import meltano

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from emulator import Emulator
    from scripts.tap import Outcome, Tap

Row = dict[str, Any]
Tables = dict[str, dict[str, Row]]  # rows by stream and id

NAME = 'Zoë, "straße" — 日本 🙁\nsecond line; \\ #1'
CUSTOM = {"totalNum": 1234.5678, "smallNum": 0.1, "vipBool": False, "noteTxt": None}
NESTED: Row = {"é": [{"price": 12.34, "big": 9007199254740993}, [], {}, None, "a,b"]}
KINDS = {
    "conversations": "conversation",
    "customers": "customer",
    "messages": "message",
    "notes": "note",
    "companies": "company",
    "kobjects": "kobject",
}
DUMP = """
import duckdb, json, sys
with duckdb.connect(sys.argv[1], read_only=True) as database:
    named = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'kustomer'"
    for (table,) in database.execute(named).fetchall():
        found = database.execute(f'SELECT * FROM kustomer."{table}"')
        columns = [column[0] for column in found.description]
        rows = [dict(zip(columns, row)) for row in found.fetchall()]
        print(json.dumps([table, rows], default=str))
"""


class Target:
    """An installed loader, with the settings meltano.yml gives it."""

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder / self.name
        self.folder.mkdir()
        self.bin = meltano.ROOT / ".meltano" / "loaders" / self.name / "venv" / "bin"
        (loader,) = [one for one in meltano.plugins() if one["name"] == self.name]
        self.config: Row = {s["name"]: s["value"] for s in loader["settings"] if "value" in s}

    def load(self, messages: str) -> dict[str, Any]:
        """Load what the tap wrote; the state that the target hands on."""
        config = self.folder / "config.json"
        config.write_text(json.dumps(self.config))
        command = [str(self.bin / self.name), "--config", str(config)]
        done = subprocess.run(
            command, input=messages, cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2_000:]
        state: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return state

    def rows(self, stream: str) -> list[Row]:
        """What the target holds of a stream, oldest first."""
        raise NotImplementedError

    def form(self, value: object, schema: Row) -> object:
        """A value of a record as `rows` gives it."""
        raise NotImplementedError


class JsonLines(Target):
    name = "target-jsonl"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.config["destination_path"] = str(self.folder)

    def rows(self, stream: str) -> list[Row]:
        files = sorted(self.folder.glob(f"{stream}-*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def form(self, value: object, schema: Row) -> object:
        del schema
        return value


class Csv(Target):
    """Text only: null is empty, and times look as Python writes them."""

    name = "target-csv"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.config["output_path"] = str(self.folder)

    def rows(self, stream: str) -> list[Row]:
        found: list[Row] = []
        for path in sorted(self.folder.glob(f"{stream}-*.csv")):
            with path.open(newline="") as file:
                found += csv.DictReader(file)
        return found

    def form(self, value: object, schema: Row) -> object:
        if value is None:
            return ""
        if is_time(schema):
            return str(datetime.fromisoformat(str(value)))
        return Json(value) if is_nested(schema) else str(value)


class DuckDb(Target):
    """Columns with types: times are UTC without saying so, and an empty text is null."""

    name = "target-duckdb"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.config["path"] = str(self.folder / self.config["path"])
        self.tables: dict[str, list[Row]] = {}

    def load(self, messages: str) -> dict[str, Any]:
        state = super().load(messages)
        command = [str(self.bin / "python"), "-c", DUMP, self.config["path"]]
        dumped = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        self.tables = dict(map(json.loads, dumped.splitlines()))
        return state

    def rows(self, stream: str) -> list[Row]:
        return self.tables[stream]

    def form(self, value: object, schema: Row) -> object:
        if value is None or value == "":
            return None
        if is_time(schema):
            return str(datetime.fromisoformat(str(value)).astimezone(UTC).replace(tzinfo=None))
        return Json(value) if is_nested(schema) else value


class Json:
    """Equals any text that is this value in JSON."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and bool(json.loads(other) == self.value)

    def __hash__(self) -> int:
        return hash(json.dumps(self.value))

    def __repr__(self) -> str:
        return repr(self.value)


def is_nested(schema: Row) -> bool:
    return "object" in schema["type"] or "array" in schema["type"]


def is_time(schema: Row) -> bool:
    return bool(schema.get("format") == "date-time")


@pytest.fixture
def org() -> Org:
    """A smaller org than the neighbours': every stream of it is read."""
    now = time.time_ns() // 1_000_000
    return Org.sample(seed=3, now=now - 60_000, conversations=60, days=40)


def latest(*runs: Outcome) -> Tables:
    """The newest version of every record that was sent."""
    tables: Tables = defaultdict(dict)
    for message in (message for run in runs for message in run.of("RECORD")):
        tables[message["stream"]][message["record"]["id"]] = message["record"]
    return tables


def check(target: Target, sent: Tables, schemas: dict[str, Row]) -> None:
    """Every record is in the target, whole, and nothing else is."""
    for stream, schema in schemas.items():
        held = {row["id"]: row for row in target.rows(stream)}
        assert len(held) == len(sent[stream]), (target.name, stream)
        for one, record in sent[stream].items():
            for column, value in record.items():
                there = held[one][column]
                assert target.form(value, schema[column]) == there, (target.name, stream, column)


def all_at_once(work: Callable[[Target], Any], targets: Iterable[Target]) -> list[Any]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(work, targets))


def test_every_target_holds_what_the_org_holds(tap: Tap, emulator: Emulator) -> None:
    org = emulator.org
    special = change_something(org, emulator.clock() - 40_000)
    tap.config |= {"lookback_seconds": 0, "max_requests_per_minute": 2_000}
    tap.select()
    targets = [kind(tap.folder) for kind in (JsonLines, Csv, DuckDb)]

    first = tap.run()
    assert first.code == 0, first.log[-2_000:]
    schemas = {m["stream"]: m["schema"]["properties"] for m in first.of("SCHEMA")}
    before = latest(first)
    row = before["conversations"][special]
    assert (row["name"], row["custom"]) == (NAME, CUSTOM)
    assert row["sentiment"] == NESTED
    assert first.of("ACTIVATE_VERSION")
    assert counts(before, schemas) == expected(org, schemas)
    for state in all_at_once(lambda target: target.load(first.out), targets):
        assert state == first.state
    for target in targets:
        check(target, before, schemas)

    touched = change_a_little(org, emulator.clock() - 5_000)
    gone = next(iter(org.resources["team"]))
    org.remove("team", gone)
    second = tap.run(state=first.state)
    assert second.code == 0, second.log[-2_000:]
    check_only_changes(first, second, touched)
    all_at_once(lambda target: target.load(second.out), targets)
    after = latest(first, second)
    for target in targets:
        check(target, after, schemas)
    # None of these three heeds ACTIVATE_VERSION: the team that is gone stays.
    assert after["teams"].pop(gone)
    assert counts(after, schemas) == expected(org, schemas)


def change_something(org: Org, at: int) -> str:
    """Give a conversation what targets stumble over; its id."""
    one = next(iter(org.resources["conversation"]))
    values: Row = {"name": NAME, "custom": CUSTOM, "sentiment": NESTED}
    org.touch("conversation", one, at=at, **values)
    return one


def change_a_little(org: Org, at: int) -> dict[str, set[str]]:
    """Change some records of several streams; their ids."""
    touched: dict[str, set[str]] = {}
    for stream, kind in KINDS.items():
        known = [one for one, record in org.resources[kind].items() if not record.deleted]
        touched[stream] = set(known[1:4])
        for one in touched[stream]:
            org.touch(kind, one, at=at)
    return touched


def check_only_changes(first: Outcome, second: Outcome, touched: dict[str, set[str]]) -> None:
    """Incremental streams sent what changed, and what lies in the stretch they read again."""
    old, new = latest(first), latest(second)
    for stream, ids in touched.items():
        assert ids <= set(new[stream]), stream
        assert len(new[stream]) < len(old[stream]), stream
    for stream, bookmark in first.state["bookmarks"].items():
        key = bookmark.get("replication_key")
        for one, row in new[stream].items() if key else ():
            if old[stream].get(one) == row:
                start = datetime.fromisoformat(bookmark["replication_key_value"])
                assert datetime.fromisoformat(row[key]) >= start, (stream, one)


def counts(tables: Tables, streams: Iterable[str]) -> dict[str, int]:
    return {stream: len(tables[stream]) for stream in streams}


def expected(org: Org, streams: Iterable[str]) -> dict[str, int]:
    return {stream: org.counts()[stream] for stream in streams}
