"""docs/sql on a PostgreSQL that the tap and target-postgres have loaded with all streams.

What the queries should answer is computed from the emulator's own data, without the tap.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from emulator import Emulator, Org, Switches
from emulator.children import CHILDREN
from scripts import meltano, postgres, report
from tap_kustomer.streams import STREAMS
from tests.end_to_end.conftest import COMMAND, Tap, outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    Row = tuple[Any, ...]
    Table = psycopg.Connection

TARGET = meltano.ROOT / ".meltano/loaders/target-postgres/venv/bin/target-postgres"
FILES = sorted(report.FOLDER.glob("*.sql"))
SCHEMA = "kustomer"
HOUR = 3_600_000


def load(tap: Tap, server: str) -> None:
    """Load all streams, also those that are off by default."""
    catalog = json.loads(outcome([COMMAND, "--discover"]).out)
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = True
    chosen, target = tap.folder / "catalog.json", tap.folder / "target.json"
    chosen.write_text(json.dumps(catalog))
    url = server.replace("postgresql://", "postgresql+psycopg://", 1)
    target.write_text(json.dumps({"sqlalchemy_url": url, "default_target_schema": SCHEMA}))
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("TAP_", "TARGET_"))}
    with (tap.folder / "log").open("w+") as log:
        with subprocess.Popen(
            tap.command("--catalog", str(chosen)),
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
    users, teams = sorted(org.resources["user"]), sorted(org.resources["team"])
    sets = sorted(org.resources["role_group"])
    response = ("attributes", "satisfactionLevel", "formResponse")
    chosen = [
        one.id
        for one in org.resources["conversation"].values()
        if not one.deleted and one.part(response) is None
    ]
    several, unknown, nothing, unanswered, *doomed = chosen[:9]
    custom = {"legacyCodeStr": "x", "vipBool": None}
    org.touch("conversation", several, at=at, assignedUsers=users[:2], assignedTeams=teams[:2],
              status="open", custom=custom)  # fmt: skip
    org.touch("conversation", unknown, at=at, assignedUsers=["5f"], assignedTeams=["6f"],
              status="open")  # fmt: skip
    org.touch("conversation", nothing, at=at, assignedUsers=None, assignedTeams=None,
              firstResponse=None, firstMessageIn=None, satisfactionLevel=None)  # fmt: skip
    offered = {"status": "offered", "sentByTeams": teams[:2], "form": "5f"}
    org.touch("conversation", unanswered, at=at, satisfactionLevel=offered, firstMessageIn={})
    for one in doomed:
        org.delete("conversation", one, at=at)
    org.touch("team", teams[0], at=at, members=users, roleGroups=sets[:2])
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


def attributes(org: Org, kind: str, *, standing: bool = True) -> list[dict[str, Any]]:
    """The attributes of a kind's resources, `id` and `deletedById` among them."""
    found = []
    for one in org.resources[kind].values():
        data = one.data
        by = ((data.get("relationships") or {}).get("deletedBy") or {}).get("data") or {}
        if not (standing and one.deleted):
            found.append({**data["attributes"], "id": one.id, "deletedById": by.get("id")})
    return found


def names(org: Org, kind: str) -> dict[str, str]:
    return {one["id"]: one["name"] for one in attributes(org, kind, standing=False)}


def named(ids: Iterable[str] | None, known: dict[str, str], otherwise: str) -> list[str]:
    return [known.get(one, one) for one in ids or ()] or [otherwise]


def teams_of(org: Org, ids: Iterable[str] | None) -> list[str]:
    return named(ids, names(org, "team"), "(no team)")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def hours(start: str, end: str) -> float:
    return (instant(end) - instant(start)) / timedelta(hours=1)


def week(text: str) -> date:
    day = instant(text).date()
    return day - timedelta(days=day.weekday())


def rounded(value: float | Decimal, digits: str) -> Decimal:
    return Decimal(f"{value:.15g}").quantize(Decimal(digits), ROUND_HALF_UP)


def percentile(values: Iterable[float], share: float) -> Decimal:
    ordered = sorted(values)
    whole, part = divmod((len(ordered) - 1) * share, 1)
    low = ordered[int(whole)]
    high = ordered[min(int(whole) + 1, len(ordered) - 1)]
    return rounded(low + (high - low) * part, "0.1")


def mean(values: list[int]) -> Decimal | None:
    return rounded(Decimal(sum(values)) / len(values), "0.01") if values else None


def open_conversations(org: Org) -> Iterable[Row]:
    return Counter(
        team
        for one in attributes(org, "conversation")
        if one["status"] == "open"
        for team in teams_of(org, one["assignedTeams"])
    ).items()


def conversations_per_agent(org: Org) -> Iterable[Row]:
    agents = names(org, "user")
    counts = Counter(
        (week(one["createdAt"]), agent)
        for one in attributes(org, "conversation")
        for agent in named(one["assignedUsers"], agents, "(nobody)")
    )
    return [(*key, count) for key, count in counts.items()]


def first_response_time(org: Org) -> Iterable[Row]:
    waits: dict[Row, list[float]] = defaultdict(list)
    for one in attributes(org, "conversation"):
        answer = one["firstResponse"] or {}
        if "sentAt" in answer:
            start = (one["firstMessageIn"] or {}).get("sentAt", one["createdAt"])
            for team in teams_of(org, answer["assignedTeams"]):
                waits[week(one["createdAt"]), team].append(60 * hours(start, answer["sentAt"]))
    return [(*k, len(w), percentile(w, 0.5), percentile(w, 0.9)) for k, w in waits.items()]


def handle_time(org: Org) -> Iterable[Row]:
    kind, times = CHILDREN["conversation_time"], defaultdict(list)
    for parent in org.resources["conversation"].values():
        for made in kind.made(parent, "conversation_time", org.id, range(kind.count(parent))):
            own = made["attributes"]
            for team in teams_of(org, own["assignedTeams"]):
                times[week(own["handleAt"]), team].append((parent.id, own["handleTime"]))
    rows = []
    for key, handled in times.items():
        spent = [time for _, time in handled]
        minutes = [time / 60_000 for time in spent]
        total = rounded(sum(spent) / HOUR, "0.1")
        shares = (percentile(minutes, 0.5), percentile(minutes, 0.9))
        rows.append((*key, len({one for one, _ in handled}), len(handled), total, *shares))
    return rows


def satisfaction_by_team(org: Org) -> Iterable[Row]:
    surveys = defaultdict(list)
    for one in attributes(org, "conversation"):
        level = one["satisfactionLevel"] or {}
        if "status" in level:
            for team in teams_of(org, level["sentByTeams"]):
                surveys[team].append(level)
    for team, levels in surveys.items():
        scores, ratings = (
            [level[name] for level in levels if name in level] for name in ("score", "rating")
        )
        yield team, len(levels), len(ratings), mean(scores), mean(ratings)


def satisfaction_by_form(org: Org) -> Iterable[Row]:
    forms, ratings = names(org, "satisfaction"), defaultdict(list)
    for one in org.resources["satisfaction_response"].values():
        form = one.data["relationships"]["form"]["data"]["id"]
        own = one.data["attributes"]
        ratings[forms[form], week(own["createdAt"])].append(own["rating"])
    return [(*key, len(given), len(given), mean(given)) for key, given in ratings.items()]


def sets_held(org: Org) -> Iterator[tuple[dict[str, Any], str, str | None]]:
    """Every active agent's permission sets, each with the team it is held through, if any."""
    for user in attributes(org, "user"):
        for one in user["roleGroups"] or ():
            yield user, one, None
        for team in attributes(org, "team"):
            if user["id"] in team["members"]:
                for one in team["roleGroups"]:
                    yield user, one, team["name"]


def permission_sets_held(org: Org) -> Iterable[Row]:
    sets = names(org, "role_group")
    held: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for user, one, team in sets_held(org):
        own, through = held[user["name"]]
        if team is None:
            own.add(sets[one])
        else:
            through.add(f"{sets[one]} ({team})")
    return [(agent, ", ".join(own), ", ".join(through)) for agent, (own, through) in held.items()]


def effective_permissions(org: Org) -> Iterable[Row]:
    sets = {one["id"]: one for one in attributes(org, "role_group")}
    sources = defaultdict(set)
    for user, one, team in sets_held(org):
        for permission in sets[one]["roles"]:
            source = sets[one]["name"] + (f" ({team})" if team else "")
            sources[user["name"], permission].add(source)
    for user in attributes(org, "user"):
        for permission in user["roles"] or ():
            sources[user["name"], permission].add("directly")
    return [(*key, ", ".join(found)) for key, found in sources.items()]


def custom_attribute_use(org: Org) -> Iterable[Row]:
    for kind in ("conversation", "customer"):
        used = Counter(
            name
            for one in attributes(org, kind)
            for name, value in (one["custom"] or {}).items()
            if value is not None
        )
        (metadata,) = (
            one.data["attributes"]["properties"]
            for one in org.resources["metadata"].values()
            if one.data["links"]["self"] == f"/v1/metadata/{kind}"
        )
        for name in {*used, *metadata}:
            stands = "deleted" if metadata.get(name, {}).get("deletedAt") else "defined"
            yield kind, name, stands if name in metadata else "not defined", used[name]


def deleted_conversations(org: Org) -> Iterable[Row]:
    agents, ages = names(org, "user"), defaultdict(list)
    for one in attributes(org, "conversation", standing=False):
        if one["deleted"]:
            by = one["deletedById"]
            key = week(one["deletedAt"]), agents[by] if by else "(unknown)"
            ages[key].append(hours(one["createdAt"], one["deletedAt"]))
    return [(*key, len(found), percentile(found, 0.5)) for key, found in ages.items()]


ANSWERS: tuple[Callable[[Org], Iterable[Row]], ...] = (
    conversations_per_agent, custom_attribute_use, deleted_conversations, effective_permissions,
    first_response_time, handle_time, open_conversations, permission_sets_held,
    satisfaction_by_form, satisfaction_by_team,
)  # fmt: skip


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
