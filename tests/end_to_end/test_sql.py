"""docs/sql on a PostgreSQL that the tap and target-postgres have loaded with all streams.

What the queries should answer, `sql_answers.py` computes from the emulator's own data.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections import Counter
from typing import TYPE_CHECKING

import psycopg
import pytest

from emulator import Emulator, Org, Switches
from scripts import meltano, postgres, report
from scripts.tap import Tap
from tap_kustomer.streams import STREAMS
from tests.sql_answers import ANSWERS, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    Table = psycopg.Connection

TARGET = meltano.ROOT / ".meltano/loaders/target-postgres/venv/bin/target-postgres"
FILES = sorted(report.FOLDER.glob("*.sql"))
SCHEMA = "kustomer"


def load(tap: Tap, server: str) -> None:
    """Load all streams, also those that are off by default."""
    tap.select()
    target = tap.folder / "target.json"
    url = server.replace("postgresql://", "postgresql+psycopg://", 1)
    target.write_text(json.dumps({"sqlalchemy_url": url, "default_target_schema": SCHEMA}))
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("TAP_", "TARGET_"))}
    with (tap.folder / "log").open("w+") as log:
        with subprocess.Popen(
            tap.command(),
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
        ) as reading:
            writing = subprocess.run(
                [TARGET, "--config", target],
                stdin=reading.stdout,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=environment | {"PGTZ": "UTC"},
                timeout=120,
                check=False,
            )
            assert reading.stdout
            reading.stdout.close()
        log.seek(0)
        assert (reading.returncode, writing.returncode) == (0, 0), log.read()[-2_000:]


def complicate(org: Org, at: int) -> None:
    """Add what the sample lacks: several assignees, and things that are unknown, null or open."""
    users = sorted(org.resources["user"])
    every = org.resources["team"].values()
    teams = sorted(one.id for one in every if not one.deleted)
    disbanded = [one.id for one in every if one.deleted]
    sets = sorted(org.resources["role_group"])
    response = ("attributes", "satisfactionLevel", "formResponse")
    chosen = [
        one.id
        for one in org.resources["conversation"].values()
        if not one.deleted and one.part(response) is None
    ]
    several, unknown, nothing, unanswered, *doomed = chosen[:9]
    custom = {"legacyCodeStr": "x", "vipBool": None}
    org.touch(
        "conversation",
        several,
        at=at,
        assignedUsers=users[:2],
        assignedTeams=teams[:2],
        status="open",
        custom=custom,
    )
    org.touch(
        "conversation", unknown, at=at, assignedUsers=["5f"], assignedTeams=["6f"], status="open"
    )
    org.touch(
        "conversation",
        nothing,
        at=at,
        assignedUsers=None,
        assignedTeams=None,
        firstResponse=None,
        firstMessageIn=None,
        satisfactionLevel=None,
    )
    offered = {"status": "offered", "sentByTeams": teams[:2], "form": "5f"}
    org.touch("conversation", unanswered, at=at, satisfactionLevel=offered, firstMessageIn={})
    for one in doomed:
        org.delete("conversation", one, at=at)
    org.touch("team", teams[0], at=at, members=users, roleGroups=sets[:2])
    org.touch("team", disbanded[0], at=at, members=users, roleGroups=sets)
    org.touch("user", users[0], at=at, roleGroups=sets[1:3], roles=None)


@pytest.fixture(scope="module")
def org() -> Org:
    """An org in which every query has something to find."""
    now = time.time_ns() // 1_000_000 - 10_000
    made = Org.sample(seed=3, now=now, conversations=150, days=40)
    complicate(made, now)
    return made


@pytest.fixture(scope="module")
def tables(org: Org, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    """A connection to the loaded tables."""
    folder = tmp_path_factory.mktemp("sql")
    emulator = Emulator(org, Switches(search_limit=None, org_limit=None))
    with postgres.embedded(folder / "data") as server, emulator.serve() as url:
        tap = Tap(folder, url)
        tap.config["max_requests_per_minute"] = 2_000
        load(tap, server)
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"SET search_path TO {SCHEMA}".encode())
            yield connection


def in_any_order(rows: Iterable[Row]) -> Counter[Row]:
    """Rows and lists in a cell, whose order is that of the database's language."""
    return Counter(
        tuple(tuple(sorted(cell.split(", "))) if isinstance(cell, str) else cell for cell in row)
        for row in rows
    )


def test_every_file_is_tested() -> None:
    assert [file.stem for file in FILES] == [answer.__name__ for answer in ANSWERS]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.__name__)
def test_the_answer_is_that_of_the_org(
    answer: Callable[[Org], Iterable[Row]], tables: Table, org: Org
) -> None:
    text = (report.FOLDER / f"{answer.__name__}.sql").read_text()
    found = in_any_order(tables.execute(text.encode()).fetchall())
    assert len(found) > 3
    assert found == in_any_order(answer(org))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_names_the_tables_it_reads(file: Path, tables: Table) -> None:
    question = report.read_question(file)
    with tables.transaction(force_rollback=True):
        tables.execute(f"CREATE VIEW {SCHEMA}.looked_into AS {question.query}".encode())
        read = tables.execute(
            "SELECT table_name FROM information_schema.view_table_usage"
            " WHERE view_name = 'looked_into'"
        ).fetchall()
    assert question.tables == {name for (name,) in read}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_says_which_streams_must_be_selected(file: Path) -> None:
    optional = {stream.name for stream in STREAMS if not stream.selected_by_default}
    question = report.read_question(file)
    told = re.findall(
        r"^-- .*meltano select tap-kustomer (\w+) '\*'$", question.query, re.MULTILINE
    )
    assert set(told) == question.tables & optional


def test_the_list_of_files_is_complete() -> None:
    listed = (report.FOLDER / "README.md").read_text().splitlines()
    rows = [line for line in listed if line.startswith("|")][2:]
    expected = []
    for file in FILES:
        question = report.read_question(file)
        needed = ", ".join(f"`{name}`" for name in sorted(question.tables))
        expected.append(f"| {question.text} | [{file.name}]({file.name}) | {needed} |")
    assert rows == expected


def test_every_table_holds_as_many_rows_as_the_org(tables: Table, org: Org) -> None:
    counted = report.count(tables, SCHEMA, 0)
    assert {name: found.rows for name, found in counted.items()} == org.counts()


def test_the_report_answers_its_questions_or_says_what_is_missing(tables: Table) -> None:
    first, second = report.results(tables, SCHEMA, {"conversations", "teams"})
    assert first.startswith("Open conversations per team")
    assert len(first.splitlines()) > 3
    assert second == "Who holds which permission sets?\n  not loaded (permission_sets, users)"
