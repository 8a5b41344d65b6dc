"""The installed command as a user runs it, over real HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from scripts.tap import COMMAND, Tap, outcome
from tap_kustomer import streams
from tests.emulated import DEFAULT

if TYPE_CHECKING:
    from emulator import Emulator

STREAMS = sorted(stream.name for stream in streams.STREAMS)


def test_a_run_brings_every_record_once(tap: Tap, emulator: Emulator) -> None:
    result = tap.run()
    assert result.code == 0
    counts = emulator.org.counts()
    for name in DEFAULT:
        ids = [row["id"] for row in result.rows(name)]
        assert len(ids) == len(set(ids)) == counts[name]
    assert "progress_markers" not in str(result.state)
    assert emulator.writes_refused == emulator.caps_touched == emulator.limited == 0


@pytest.mark.parametrize("config", [None, {}, {"base_url": "https://nowhere.kustomerapp.com"}])
def test_discovery_needs_no_settings_and_no_network(
    tap: Tap, emulator: Emulator, config: dict[str, Any] | None
) -> None:
    if config is None:
        result = outcome([COMMAND, "--discover"])
    else:
        tap.config = config
        result = tap.run("--discover")
    assert result.code == 0
    assert [s["tap_stream_id"] for s in json.loads(result.out)["streams"]] == STREAMS
    assert not emulator.requests


def test_about_names_every_setting() -> None:
    about = json.loads(outcome([COMMAND, "--about", "--format", "json"]).out)
    properties = about["settings"]["properties"]
    assert properties["api_key"]["secret"]
    assert {"base_url", "start_date", "lookback_seconds", "request_timeout"} <= set(properties)
    for name, setting in properties.items():
        assert setting["title"], name
        assert setting["description"], name
    markdown = outcome([COMMAND, "--about", "--format", "markdown"])
    assert markdown.code == 0
    assert "max_history_months" in markdown.out


def test_the_connection_test(tap: Tap, emulator: Emulator) -> None:
    assert tap.run("--test").code == 0
    emulator.switches.forbidden.add("team")
    result = tap.run("--test")
    assert result.code == 1
    assert "org.permission.team.read" in result.log


def test_two_runs_bring_what_changed(tap: Tap, emulator: Emulator) -> None:
    first = tap.run()
    emulator.org.work(at=emulator.clock() - 1_000)
    second = tap.run(state=first.state)
    latest = {row["id"]: row for row in first.rows("conversations") + second.rows("conversations")}
    stored = emulator.org.resources["conversation"]
    assert {one: row["updated_at"] for one, row in latest.items()} == {
        one: record.data["attributes"]["updatedAt"] for one, record in stored.items()
    }
    assert len(second.rows("conversations")) < 150


def fails_with(tap: Tap, sentence: str) -> str:
    """A run that ends with one clear sentence."""
    result = tap.run()
    assert result.code == 1
    assert sentence in result.log
    assert "Traceback" not in result.log
    assert "emulator-key" not in result.log + result.out
    return result.log


def test_a_wrong_key(tap: Tap) -> None:
    tap.config["api_key"] = "wrong-key"
    assert "wrong-key" not in fails_with(tap, 'with expiration "Never"')


def test_the_wrong_region(tap: Tap, emulator: Emulator) -> None:
    emulator.switches.pod = "prod2"
    fails_with(tap, "set base_url to https://api.prod2.kustomerapp.com")


def test_a_missing_permission(tap: Tap, emulator: Emulator) -> None:
    emulator.switches.forbidden.add("user")
    log = fails_with(tap, "Stream 'users' is left out")
    assert "1 of the selected streams could not be read completely: [users]" in log


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "base_url",
            "https://kustomerapp.com.evil.org",
            "Setting base_url does not name a Kustomer org",
        ),
        ("base_url", "http://acme.kustomerapp.com", "Setting base_url does not start with https"),
        ("api_key", "", "Setting api_key is missing"),
        ("start_date", "last week", "Setting start_date is not a date"),
        ("start_date", "2024-01-01", "Setting start_date is 2024-01-01, earlier than"),
        ("page_size", 501, "Setting page_size must be a whole number from 1 to 500"),
    ],
)
def test_a_wrong_setting(
    tap: Tap, emulator: Emulator, name: str, value: object, sentence: str
) -> None:
    tap.config[name] = value
    fails_with(tap, sentence)
    tested = tap.run("--test")
    assert tested.code == 1
    assert sentence in tested.log
    assert "Traceback" not in tested.log
    assert not emulator.requests


def test_settings_from_the_environment(
    tap: Tap, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (*tap.config.items(), ("page_size", 100), ("include_deleted", "false")):
        monkeypatch.setenv(f"TAP_KUSTOMER_{name.upper()}", str(value))
    assert outcome([COMMAND, "--config", "ENV"]).code == 0
    sizes = {r.params["pageSize"] for r in emulator.requests if r.method == "POST"}
    assert sizes == {"1", "100"}  # 1 where a search is only tested


def test_a_target_that_dies_ends_the_run_quietly(tap: Tap) -> None:
    with subprocess.Popen(
        tap.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        log = process.stderr.read()
    assert process.returncode == 1
    assert "The target has stopped reading" in log
    assert "Traceback" not in log
    assert "BrokenPipe" not in log


@pytest.mark.parametrize("unbuffered", ["1", ""])
def test_the_last_records_are_written_although_no_state_follows_them(
    tap: Tap, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, unbuffered: str
) -> None:
    """A catalog may ask for a full table: then no bookmark is written behind the records."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    tap.select("work_sessions")
    assert tap.catalog
    catalog = json.loads(tap.catalog.read_text())
    for entry in catalog["streams"]:
        entry["replication_method"] = "FULL_TABLE"
    tap.catalog.write_text(json.dumps(catalog))
    # At the end of a module run so, Python does not write what is left in a buffer of our own.
    result = outcome([sys.executable, "-m", "tap_kustomer", *tap.command()[1:]])
    assert result.code == 0
    assert result.out.endswith("\n")
    assert len(result.rows("work_sessions")) == emulator.org.counts()["work_sessions"] > 0


def test_a_catalog_that_names_another_klass(tap: Tap) -> None:
    """The klass stands in the file only: the SDK's own form of a catalog does not keep it."""
    tap.config["kobject_streams"] = True
    catalog = json.loads(tap.run("--discover").out)
    for entry in catalog["streams"]:
        (own,) = [m["metadata"] for m in entry["metadata"] if not m["breadcrumb"]]
        own["selected"] = entry["tap_stream_id"] == "kobjects_order"
        if own["selected"]:
            own["klass"] = "Order"
    tap.catalog = tap.folder / "catalog.json"
    tap.catalog.write_text(json.dumps(catalog))
    result = tap.run()
    assert result.code == 1
    assert "The catalog has this stream for klass 'Order'" in result.log
