"""Row counts and query results of any PostgreSQL that target-postgres has loaded."""

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

LONGEST = 12  # rows shown of a query result
HEAD = re.compile(r"-- (?P<text>\S.*)\n-- tables: (?P<tables>\w+(, \w+)*)\n")
FOLDER = ROOT / "docs" / "sql"
SHOWN = ("open_conversations.sql", "permission_sets_held.sql")


@dataclass(frozen=True)
class Question:
    """A file of docs/sql: a question, the tables it needs, and the query that answers it."""

    text: str
    tables: frozenset[str]
    query: str


def read_question(file: Path) -> Question:
    """Read a file that begins with two comments, the question and its tables.

    Raises:
        ValueError: it does not.
    """
    query = file.read_text(encoding="utf-8")
    found = HEAD.match(query)
    if found is None:
        msg = f"{file.name} does not begin with its question and its tables."
        raise ValueError(msg)
    return Question(found["text"], frozenset(found["tables"].split(", ")), query)


@dataclass(frozen=True)
class Count:
    """Rows of a table that are not deleted, and those that this run inserted or updated."""

    rows: int
    written: int


def count(connection: psycopg.Connection, schema: str, since: int) -> dict[str, Count]:
    """Count the rows of every table that target-postgres has loaded into a schema.

    Args:
        connection: A connection to the database.
        schema: The schema.
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
    """A table of the counts, with the emulator's if there are any; and whether all are equal."""
    if expected is None:
        rows: list[tuple[Cell, ...]] = [(n, c.rows, c.written) for n, c in counts.items()]
        return table(("table", "rows", "this run"), rows), True
    rows = []
    agree = True
    for name in sorted({*expected, *counts}):
        found, own = counts.get(name, Count(0, 0)), expected.get(name, 0)
        agree = agree and found.rows == own
        rows.append((name, found.rows, own, "✓" if found.rows == own else "✗", found.written))
    return table(("table", "rows", "emulator", "", "this run"), rows), agree


def results(connection: psycopg.Connection, schema: str, tables: set[str]) -> list[str]:
    """The results of the queries in `SHOWN`, each under its question, if its tables exist."""
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
