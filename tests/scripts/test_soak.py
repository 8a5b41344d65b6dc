"""A short soak passes, and a difference is reported."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from emulator import Org
from scripts.soak import Received, difference, expected, soak

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_780_000_000_000


def test_a_last_line_that_was_cut_off_is_ignored() -> None:
    received = Received()
    received.take([b'{"type":"STATE","value":{"a":1}}\n', b'{"type":"STATE","value":{"a'])
    assert received.state == {"a": 1}


def test_activate_version_removes_the_rows_of_older_versions() -> None:
    received = Received()
    for version, one in ((1, "old"), (2, "new")):
        line = f'{{"type":"RECORD","stream":"t","record":{{"id":"{one}"}},"version":{version}}}\n'
        received.take([line.encode()])
    assert set(received.rows["t"]) == {"old", "new"}
    received.take([b'{"type":"ACTIVATE_VERSION","stream":"t","version":2}\n'])
    assert set(received.rows["t"]) == {"new"}


@pytest.mark.parametrize("change", ["missing", "extra", "old"])
def test_a_difference_is_one_sentence_that_names_the_stream(change: str) -> None:
    org = Org.sample(seed=1, now=NOW, conversations=5, days=5)
    ids = expected(org)["conversations"]
    rows = {one: {"id": one, "updated_at": at} for one, at in ids.items()}
    if change == "missing":
        rows.popitem()
    elif change == "extra":
        rows["other"] = {"id": "other"}
    else:
        next(iter(rows.values()))["updated_at"] = "2020-01-01T00:00:00.000Z"
    sentence = difference(org, {"conversations": rows})
    assert sentence is not None
    assert sentence.startswith("Stream conversations differs")


@pytest.mark.end_to_end
def test_a_soak_of_fifteen_seconds(tmp_path: Path) -> None:
    found = soak(15, tmp_path, conversations=40)
    assert len(found.peaks) > 1
    assert "peak memory" in found.report()


@pytest.mark.end_to_end
def test_help_names_the_option() -> None:
    command = [sys.executable, "-m", "scripts.soak", "--help"]
    assert "--seconds" in subprocess.check_output(command, text=True)
