"""docs/MIGRATING.md is right about this tap."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tap_kustomer.legacy_state import FULL_TABLE, INCREMENTAL, taken_over
from tap_kustomer.settings import EXAMPLE_URL
from tap_kustomer.tap import TapKustomer

PAGE = (Path(__file__).parents[2] / "docs" / "MIGRATING.md").read_text()
CATALOG = {
    stream["tap_stream_id"]: set(stream["schema"]["properties"])
    for stream in TapKustomer(config={"api_key": "none", "base_url": EXAMPLE_URL}).catalog_dict[
        "streams"
    ]
}
SINGER_IO = {*INCREMENTAL, *FULL_TABLE} - {"companies"}
MELTANO_LABS = {
    *INCREMENTAL,
    *FULL_TABLE,
    "slas",
    "sla_versions",
    "attachments",
    "custom_attributes",
}


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def tables(heading: str) -> list[list[str]]:
    """The rows of the tables under a heading, without the header."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def covered(cell: str, streams: set[str]) -> set[str]:
    """The streams that a row is about: those named, or all except those named."""
    return streams - set(words(cell)) if cell.startswith("every") else set(words(cell))


@pytest.mark.parametrize(
    ("heading", "streams"),
    [
        ("Columns from singer-io's tap", SINGER_IO),
        ("Columns from MeltanoLabs' tap", MELTANO_LABS),
    ],
)
def test_every_column_named_exists(heading: str, streams: set[str]) -> None:
    rows = tables(heading)
    named = {
        (stream, column)
        for cell, _, here, _ in rows
        for stream in covered(cell, streams)
        for column in words(here)
    }
    assert named
    assert [(s, c) for s, c in sorted(named) if c not in CATALOG[s]] == []
    about = [words(cell) for cell, *_ in rows if not cell.startswith("every")]
    assert {stream for names in about for stream in names} == streams


def test_every_stream_and_setting_named_exists() -> None:
    streams = tables("Streams")
    assert {name for _, _, here, _ in streams for name in words(here)} == MELTANO_LABS
    assert {name for there, *_ in streams for name in words(there)} == SINGER_IO
    settings = {name for _, _, here, _ in tables("Settings") for name in words(here)}
    assert settings <= set(TapKustomer.config_jsonschema["properties"])


def test_the_line_shown_is_the_one_logged() -> None:
    (line,) = re.findall(r"```text\n(.+)\n```", PAGE)
    assert line == taken_over({"bookmarks": dict.fromkeys(SINGER_IO, "2026-05-01")})[1]


def test_rows_have_a_cell_for_each_column() -> None:
    for table in re.findall(r"(?:^\|.*\|\n)+", PAGE, re.MULTILINE):
        assert len({row.count("|") for row in table.splitlines()}) == 1
