"""`meltano run` with the real Meltano, and a real PostgreSQL behind it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from scripts import meltano, postgres
from scripts.plan import Plan
from scripts.run import load
from tests.emulated import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator import Emulator, Org
    from scripts.tap import Tap


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A connection string for a server of its own."""
    with postgres.embedded(tmp_path_factory.mktemp("postgres") / "data") as url:
        yield url


def environment(tap: Tap, **settings: str) -> dict[str, str]:
    """Meltano's environment: the emulator as source, and nothing of the user's own."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("TAP_", "TARGET_", "MELTANO"))}
    return {
        **kept,
        "PGTZ": "UTC",
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "MELTANO_DATABASE_URI": f"sqlite:///{tap.folder / 'meltano.db'}",
        **{f"TAP_KUSTOMER_{name.upper()}": str(value) for name, value in tap.config.items()},
        **settings,
    }


def loading_into(tap: Tap, server: str, schema: str) -> dict[str, str]:
    """The environment for loads into a schema of the server."""
    url = server.replace("postgresql://", "postgresql+psycopg://", 1)
    return environment(
        tap,
        TARGET_POSTGRES_SQLALCHEMY_URL=url,
        TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA=schema,
    )


def query(server: str, text: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server) as connection:
        return connection.execute(text.encode()).fetchall()


def loaded_conversations(server: str) -> dict[str, tuple[str, bool]]:
    rows = query(
        server,
        'SELECT id, to_char(updated_at, \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\'),'
        " coalesce(deleted, false) FROM sync.conversations",
    )
    return {one: (updated, deleted) for one, updated, deleted in rows}


def own_conversations(emulator: Emulator) -> dict[str, tuple[str, bool]]:
    return {
        one: (record.data["attributes"]["updatedAt"], record.deleted)
        for one, record in emulator.org.resources["conversation"].items()
    }


def own_counts(org: Org) -> dict[str, int]:
    return {name: count for name, count in org.counts().items() if name in DEFAULT}


def counts(server: str) -> dict[str, int]:
    return {
        name: query(
            server,
            f"SELECT count(*) FROM sync.{name} WHERE _sdc_deleted_at IS NULL",
        )[0][0]
        for name in DEFAULT
    }


def test_tables_equal_the_org_after_every_run(tap: Tap, emulator: Emulator, server: str) -> None:
    tap.config["lookback_seconds"] = 0
    settings = loading_into(tap, server, "sync")
    org = emulator.org
    assert meltano.run(settings, force=False) == 0
    assert counts(server) == own_counts(org)
    assert loaded_conversations(server) == own_conversations(emulator)
    before = meltano.bookmark(settings, "conversations")

    done = org.work(at=emulator.clock() - 1_000, seed=5)
    assert done
    gone = next(iter(org.resources["team"]))
    org.remove("team", gone)
    started = query(server, "SELECT clock_timestamp()")[0][0]
    changed = {
        one
        for one, now in own_conversations(emulator).items()
        if loaded_conversations(server).get(one) != now
    }
    assert meltano.run(settings, force=False) == 0
    assert counts(server) == own_counts(org)
    assert loaded_conversations(server) == own_conversations(emulator)
    assert query(server, "SELECT id FROM sync.teams WHERE _sdc_deleted_at IS NOT NULL") == [(gone,)]
    milliseconds = int(started.timestamp() * 1_000)
    brought = query(
        server,
        'SELECT id, to_char(updated_at, \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\')'
        f" FROM sync.conversations WHERE _sdc_sync_started_at >= {milliseconds}",
    )
    assert {one for one, _ in brought} >= changed
    assert {updated for one, updated in brought if one not in changed} <= {before}
    assert meltano.bookmark(settings, "conversations") != before


def test_a_first_look_without_a_database(tap: Tap, emulator: Emulator) -> None:
    output = tap.folder / "output"
    output.mkdir()
    settings = environment(tap, TARGET_JSONL_DESTINATION_PATH=str(output))
    command = [meltano.MELTANO, "run", "--no-install", "tap-kustomer", "target-jsonl"]
    done = subprocess.run(
        command, cwd=meltano.ROOT, env=settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    for name, count in own_counts(emulator.org).items():
        (file,) = output.glob(f"{name}-*.jsonl")
        assert len([json.loads(line) for line in file.read_text().splitlines()]) == count


def test_meltano_says_why_a_run_failed(
    tap: Tap, server: str, capfd: pytest.CaptureFixture[str]
) -> None:
    tap.config["start_date"] = "2020-01-01"
    assert meltano.run(loading_into(tap, server, "refused"), force=False) != 0
    told = capfd.readouterr()
    assert "Setting start_date is 2020-01-01, earlier than" in told.out + told.err


def test_the_demonstration_is_whole_and_then_incremental(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plan = Plan(demo=True, server=None, schema="kustomer", home=str(tmp_path / "demo"))
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("TAP_", "TARGET_", "MELTANO"))}
    assert load(plan, dict(kept)) == 0
    first = capfd.readouterr().out
    assert load(plan, dict(kept)) == 0
    second = capfd.readouterr().out
    for told in (first, second):
        assert told.count("✓") == len(DEFAULT)
        assert "Open conversations per team" in told
        assert "make psql" in told
    assert "Changes in the demo org since the last run: " in second
    assert brought_in(first) == 2_000
    assert 20 < brought_in(second) < 500


def brought_in(told: str) -> int:
    """How many conversations the printed table says this run brought."""
    (line,) = [line for line in told.splitlines() if line.split()[:1] == ["conversations"]]
    return int(line.split()[-1].replace(",", ""))
