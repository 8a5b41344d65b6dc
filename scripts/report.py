"""What the tables say after a run. Reads any PostgreSQL that target-postgres has loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from scripts.meltano import ROOT
from scripts.text import Cell, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import psycopg

LONGEST = 12  # rows of a query result that are shown
HEAD = re.compile(r"-- (?P<text>\S.*)\n-- tables: (?P<tables>\w+(, \w+)*)\n")
FOLDER = ROOT / "docs" / "sql"
SHOWN = ("open_conversations.sql", "permission_sets_held.sql")


@dataclass(frozen=True)
class Question:
    """A file of docs/sql: what it asks, which tables that needs, and the SQL that answers it."""

    text: str
    tables: frozenset[str]
    query: str


def read_question(file: Path) -> Question:
    """The question of a file, whose first two lines are comments: question and tables.

    Raises:
        ValueError: they are not.
    """
    query = file.read_text(encoding="utf-8")
    found = HEAD.match(query)
    if found is None:
        msg = f"{file.name} does not begin with its question and its tables."
        raise ValueError(msg)
    return Question(found["text"], frozenset(found["tables"].split(", ")), query)


@dataclass(frozen=True)
class Count:
    """Rows of one table: those that stand, and those this run brought or brought up to date."""

    rows: int
    brought: int


def count(connection: psycopg.Connection, schema: str, since: int) -> dict[str, Count]:
    """Rows of every table that target-postgres keeps in a schema.

    Args:
        connection: Where to look.
        schema: Schema to look in.
        since: Start of the run, in ms since 1970.
    """
    names = connection.execute(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = %s AND column_name = '_sdc_sync_started_at' ORDER BY table_name",
        (schema,),
    ).fetchall()
    counts = {}
    for (name,) in names:
        query = sql.SQL(
            "SELECT count(*) FILTER (WHERE _sdc_deleted_at IS NULL),"
            " count(*) FILTER (WHERE _sdc_sync_started_at >= %s) FROM {}"
        ).format(sql.Identifier(schema, name))
        row = connection.execute(query, (since,)).fetchone()
        counts[name] = Count(*row) if row else Count(0, 0)
    return counts


def compare(counts: Mapping[str, Count], expected: Mapping[str, int] | None) -> tuple[str, bool]:
    """The counts as a table, beside the emulator's own when those are known; and if all agree."""
    if expected is None:
        rows: list[tuple[Cell, ...]] = [(n, c.rows, c.brought) for n, c in counts.items()]
        return table(("table", "rows", "this run"), rows), True
    rows = []
    agree = True
    for name in sorted({*expected, *counts}):
        found, own = counts.get(name, Count(0, 0)), expected.get(name, 0)
        agree = agree and found.rows == own
        rows.append((name, found.rows, own, "✓" if found.rows == own else "✗", found.brought))
    return table(("table", "rows", "emulator", "", "this run"), rows), agree


def results(connection: psycopg.Connection, schema: str, tables: set[str]) -> list[str]:
    """The query results worth a look, each with its heading, where the tables for it exist."""
    connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
    texts = []
    for file in SHOWN:
        question = read_question(FOLDER / file)
        if missing := question.tables - tables:
            texts.append(f"{question.text}\n  not loaded ({', '.join(sorted(missing))})")
            continue
        cursor = connection.execute(question.query.encode())
        names = tuple(column.name for column in cursor.description or ())
        rows = cursor.fetchall()
        more = f"\n  … and {len(rows) - LONGEST} more" if len(rows) > LONGEST else ""
        texts.append(f"{question.text}\n{table(names, rows[:LONGEST])}{more}")
    return texts
