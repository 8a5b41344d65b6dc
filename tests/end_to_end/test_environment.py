"""Settings from the environment and `.env`, as `--config ENV` reads them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import singer_sdk

from scripts.tap import COMMAND, Outcome, Tap, outcome

if TYPE_CHECKING:
    from emulator import Emulator


def run(tap: Tap, *options: str, dotenv: str = "", **variables: str) -> Outcome:
    """A run in a folder of its own, with a `.env` in it if there is something to write."""
    folder = tap.folder / "project"
    folder.mkdir(exist_ok=True)
    if dotenv:
        (folder / ".env").write_text(dotenv)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAP_")}
    return outcome([COMMAND, "--config", "ENV", *options], cwd=folder, env={**kept, **variables})


def dotenv(tap: Tap, **more: str) -> str:
    settings: dict[str, Any] = {**tap.config, **more}
    return "\n".join(f"TAP_KUSTOMER_{name.upper()}={value}" for name, value in settings.items())


def page_sizes(emulator: Emulator) -> set[str]:
    """Of all searches but those that only test whether a context is known."""
    return {r.params["pageSize"] for r in emulator.requests if r.method == "POST"} - {"1"}


def test_the_environment_wins_over_the_dotenv_of_the_working_directory(
    tap: Tap, emulator: Emulator
) -> None:
    written = dotenv(tap, page_size="50", include_deleted="off", typed_custom_attributes="yes")
    result = run(tap, dotenv=written, TAP_KUSTOMER_PAGE_SIZE="100")
    assert result.code == 0, result.log
    assert page_sizes(emulator) == {"100"}
    rows = result.rows("conversations")
    assert not any(row.get("deleted") for row in rows)
    assert any(name.startswith("custom__") for row in rows for name in row)


@pytest.mark.parametrize("option", [None, "--check", "--test", "--discover"])
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("page_size", "Variable TAP_KUSTOMER_PAGE_SIZE must be a whole number from 1 to 500."),
        ("include_deleted", "Variable TAP_KUSTOMER_INCLUDE_DELETED must be true or false."),
        (
            "flattening_max_depth",
            "Variable TAP_KUSTOMER_FLATTENING_MAX_DEPTH must be a whole number.",
        ),
        ("stream_maps", "Variable TAP_KUSTOMER_STREAM_MAPS must be a JSON object such as {}."),
    ],
)
def test_a_wrong_value_is_one_sentence(
    tap: Tap, emulator: Emulator, option: str | None, name: str, sentence: str
) -> None:
    result = run(tap, *filter(None, [option]), dotenv=dotenv(tap, **{name: "jane@example.org"}))
    assert result.code == 1
    assert sentence in result.log
    assert "Traceback" not in result.log
    assert "jane@example.org" not in result.log + result.out
    assert not emulator.requests


def test_no_dotenv_of_another_folder_is_read(tap: Tap, emulator: Emulator) -> None:
    """Neither one above the working directory, nor one above the SDK, where the SDK would look."""
    (tap.folder / ".env").write_text(dotenv(tap))
    packages = tap.folder / "packages"
    packages.mkdir()
    (packages / "singer_sdk").symlink_to(Path(singer_sdk.__file__).parent)
    result = run(tap, PYTHONPATH=f"{packages}:{os.environ.get('PYTHONPATH', '')}")
    assert result.code == 1
    assert "api_key is missing" in result.log
    assert not emulator.requests


def test_a_dotenv_that_is_no_text_is_one_sentence(tap: Tap) -> None:
    (tap.folder / "project").mkdir()
    (tap.folder / "project" / ".env").write_bytes(b"\xff\xfe")
    result = run(tap)
    assert result.code == 1
    assert "The file .env can't be read" in result.log
    assert "Traceback" not in result.log
