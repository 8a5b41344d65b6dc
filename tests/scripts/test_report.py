from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts.meltano import bookmark_in
from scripts.report import Count, Question, compare, read_question
from scripts.text import WIDEST, table

if TYPE_CHECKING:
    from pathlib import Path


def test_columns_line_up_and_numbers_are_right_aligned() -> None:
    assert table(("name", "rows"), [("a", 5), ("longer", 12_000)]) == (
        "  name      rows\n  a            5\n  longer  12,000"
    )


def test_a_table_without_rows_is_its_header() -> None:
    assert table(("name", "rows"), []) == "  name  rows"


def test_long_text_is_cut() -> None:
    assert table(("n",), [("x" * 200,)]).splitlines()[1].strip() == "x" * (WIDEST - 1) + "…"


def test_equal_counts_agree() -> None:
    text, agree = compare({"users": Count(26, 3)}, {"users": 26})
    assert agree
    assert text.splitlines()[1].split() == ["users", "26", "26", "✓", "3"]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param({"users": Count(25, 0)}, {"users": 26}, id="a row is missing"),
        pytest.param({}, {"users": 26}, id="the table is missing"),
        pytest.param({"users": Count(1, 0)}, {}, id="a table is too many"),
    ],
)
def test_unequal_counts_do_not(counts: dict[str, Count], expected: dict[str, int]) -> None:
    text, agree = compare(counts, expected)
    assert not agree
    assert "✗" in text


def test_without_the_emulators_counts_nothing_is_compared() -> None:
    text, agree = compare({"users": Count(26, 3)}, None)
    assert agree
    assert text.splitlines()[0].split() == ["table", "rows", "this", "run"]


@pytest.mark.parametrize(
    ("state", "bookmark"),
    [
        ({}, None),
        ({"singer_state": None}, None),
        ({"singer_state": {"bookmarks": {"teams": {}}}}, None),
        (
            {"singer_state": {"bookmarks": {"conversations": {"replication_key_value": "2026"}}}},
            "2026",
        ),
    ],
)
def test_the_bookmark_is_found_in_meltanos_state(
    state: dict[str, object], bookmark: str | None
) -> None:
    assert bookmark_in(state, "conversations") == bookmark


def test_a_question_is_read_with_its_tables(tmp_path: Path) -> None:
    file = tmp_path / "who.sql"
    file.write_text("-- Who is there?\n-- tables: teams, users\n-- More.\nSELECT 1;\n")
    assert read_question(file) == Question(
        "Who is there?", frozenset({"teams", "users"}), file.read_text()
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SELECT 1;\n", id="without comments"),
        pytest.param("-- Who is there?\nSELECT 1;\n", id="without its tables"),
        pytest.param("-- tables: users\nSELECT 1;\n", id="without its question"),
        pytest.param(
            "-- Who is there?\n-- tables: users teams\nSELECT 1;\n", id="tables without a comma"
        ),
    ],
)
def test_a_file_without_question_or_tables_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "who.sql"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"who\.sql does not begin"):
        read_question(file)
