"""What the tables say after a run. Reads any PostgreSQL that target-postgres has loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from scripts.text import Cell, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

LONGEST = 12  # rows of a query result that are shown

# Arrays arrive as text[] or jsonb, absent ones as NULL or JSON null: this reads all of them.
ITEMS = """CASE jsonb_typeof(to_jsonb({0})) WHEN 'array' THEN to_jsonb({0}) ELSE '[]' END"""

OPEN_PER_TEAM = f"""
    SELECT coalesce(teams.name, team_id, '(no team)') AS team, count(*) AS open
    FROM conversations
    LEFT JOIN LATERAL
        jsonb_array_elements_text({ITEMS.format("conversations.assigned_teams")}) AS team_id ON true
    LEFT JOIN teams ON teams.id = team_id
    WHERE conversations.status = 'open' AND conversations.deleted IS NOT TRUE
    GROUP BY 1 ORDER BY 2 DESC, 1
"""  # noqa: S608 - built from the constants above

PERMISSION_SETS = f"""
    WITH held AS (
        SELECT users.id AS user_id, set_id, NULL AS team
        FROM users, jsonb_array_elements_text({ITEMS.format("users.role_groups")}) AS set_id
        UNION
        SELECT user_id, set_id, coalesce(teams.name, teams.id)
        FROM teams,
            jsonb_array_elements_text({ITEMS.format("teams.members")}) AS user_id,
            jsonb_array_elements_text({ITEMS.format("teams.role_groups")}) AS set_id
        WHERE teams._sdc_deleted_at IS NULL
    ),
    named AS (
        SELECT user_id, team, coalesce(permission_sets.name, set_id) AS name
        FROM held LEFT JOIN permission_sets ON permission_sets.id = set_id
    )
    SELECT coalesce(users.name, users.email, users.id) AS agent,
        coalesce(string_agg(DISTINCT named.name, ', ') FILTER (WHERE team IS NULL), '') AS own,
        coalesce(string_agg(DISTINCT named.name || ' (' || team || ')', ', ')
            FILTER (WHERE team IS NOT NULL), '') AS "through a team"
    FROM users JOIN named ON named.user_id = users.id
    WHERE users._sdc_deleted_at IS NULL AND users.deleted_at IS NULL
    GROUP BY users.id, agent ORDER BY agent, users.id
"""  # noqa: S608 - built from the constants above

QUERIES = (
    ("Open conversations per team", OPEN_PER_TEAM, {"conversations", "teams"}),
    ("Who holds which permission sets", PERMISSION_SETS, {"users", "teams", "permission_sets"}),
)


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
    for heading, query, needed in QUERIES:
        if missing := needed - tables:
            texts.append(f"{heading}: not loaded ({', '.join(sorted(missing))})")
            continue
        cursor = connection.execute(query.encode())
        names = tuple(column.name for column in cursor.description or ())
        rows = cursor.fetchall()
        more = f"\n  … and {len(rows) - LONGEST} more" if len(rows) > LONGEST else ""
        texts.append(f"{heading}\n{table(names, rows[:LONGEST])}{more}")
    return texts
