from __future__ import annotations

import io
import json
import os
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import RecordMessage, SchemaMessage, StateMessage

from tap_kustomer.errors import SettingsError
from tap_kustomer.streams import STREAMS
from tap_kustomer.streams.people import name_parts
from tap_kustomer.tap import TapKustomer
from tap_kustomer.writer import Writer
from tests.emulated import (
    DEFAULT,
    FULL_TABLES,
    emulated,
    whole_catalog,
)
from tests.support import CONFIG, Messages, sync, tap_for

if TYPE_CHECKING:
    from pathlib import Path


def test_every_stream_is_read_whole_and_valid() -> None:
    emulator = emulated(100)
    messages = sync(emulator, catalog=whole_catalog(emulator))
    schemas = {m["stream"]: m["schema"] for m in messages.of("SCHEMA")}
    assert set(schemas) == {stream.name for stream in STREAMS} == set(emulator.org.counts())
    for name, count in emulator.org.counts().items():
        rows = messages.records(name)
        assert len(rows) == len({row["id"] for row in rows}) == count > 0, name
        validator = Draft202012Validator(schemas[name], format_checker=FormatChecker())
        for row in rows:
            validator.validate(row)
    assert emulator.writes_refused == emulator.caps_touched == 0


def test_what_costs_a_request_per_parent_is_off_by_default() -> None:
    messages = sync(emulated())
    assert {m["stream"] for m in messages.of("SCHEMA")} == set(DEFAULT)
    off = {stream.name for stream in STREAMS} - set(DEFAULT)
    assert off == {
        *("attachments", "audit_logs", "conversation_events", "satisfaction_responses"),
        *("kb_article_versions", "workflow_errors"),
        *("ai_evaluations", "ai_evaluation_runs", "ai_evaluation_results"),
        *("forwards", "ai_summaries", "customer_merges", "tracking_sessions", "tracking_events"),
    }


def test_full_tables_are_activated_after_their_last_row() -> None:
    emulator = emulated()
    messages = sync(emulator, catalog=whole_catalog(emulator, *FULL_TABLES, "conversations"))
    for name in FULL_TABLES:
        kinds = [m["type"] for m in messages.all if m.get("stream") == name]
        assert kinds == ["SCHEMA", *["RECORD"] * len(messages.records(name)), "ACTIVATE_VERSION"]
        versions = {m["version"] for m in messages.all if "version" in m and m["stream"] == name}
        assert len(versions) == 1
    assert not messages.of("ACTIVATE_VERSION", "conversations")


@pytest.mark.parametrize(
    ("name", "family", "resource", "action"),
    [
        ("org.permission.conversation.read", "org.permission", "conversation", "read"),
        (
            "org.permission.kobject.kobject_order.read",
            "org.permission",
            "kobject.kobject_order",
            "read",
        ),
        ("org.user.content.shortcut.read", "org.user", "content.shortcut", "read"),
        ("org.user.read", "org.user", None, "read"),
        ("org.permission.security", "org.permission", "security", None),
        ("org.admin", "org.admin", None, None),
        ("org.tracking", "org.tracking", None, None),
        ("custom", "custom", None, None),
        ("", None, None, None),
        (None, None, None, None),
    ],
)
def test_parts_of_a_permission(
    name: str | None, family: str | None, resource: str | None, action: str | None
) -> None:
    assert name_parts(name) == {"family": family, "resource": resource, "action": action}


def test_rows_are_what_the_sdks_own_path_would_write() -> None:
    emulator = emulated()
    ours, theirs = Messages(), Messages()
    tap_for(emulator, ours).read()
    tap = tap_for(emulator, theirs)
    for stream in tap.streams.values():
        stream.TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.ROOT_ONLY
        stream.__dict__["_selects_members"] = True
    tap.read()
    for name in DEFAULT:
        assert ours.records(name) == theirs.records(name)


@pytest.mark.parametrize("buffering", [0, 1 << 20], ids=["PYTHONUNBUFFERED", "buffered"])
def test_every_record_is_flushed_before_the_state_that_covers_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, buffering: int
) -> None:
    path = tmp_path / "messages"
    with path.open("wb", buffering) as file, io.TextIOWrapper(file) as stdout:
        monkeypatch.setattr("sys.stdout", stdout)
        writer = Writer()
        writer.write_message(RecordMessage(stream="conversations", record={"id": "1"}))
        assert not path.read_bytes()
        writer.write_message(StateMessage(value={}))
        kinds = [json.loads(line)["type"] for line in path.read_bytes().splitlines()]
        assert kinds == ["RECORD", "STATE"]
        monkeypatch.undo()


def test_the_last_records_are_flushed_however_the_run_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "messages"
    with path.open("wb", 0) as file, io.TextIOWrapper(file) as stdout:
        monkeypatch.setattr("sys.stdout", stdout)
        tap = TapKustomer(config=CONFIG, message_writer=Writer())
        with suppress(SettingsError), tap.flushed():
            tap.write_message(RecordMessage(stream="conversations", record={"id": "1"}))
            raise SettingsError
        assert json.loads(path.read_bytes())["type"] == "RECORD"
        monkeypatch.undo()


def test_null_is_the_first_type_wherever_the_sdk_puts_it() -> None:
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "sla": {"type": ["string", "null"]},
            "rows": {"type": ["null", "array"], "items": {"type": ["object", "string", "null"]}},
        },
        "required": ["id"],
    }
    written = json.loads(Writer().serialize_message(SchemaMessage("conversations", schema, ["id"])))
    assert written["schema"]["properties"] == {
        "id": {"type": "string"},
        "sla": {"type": ["null", "string"]},
        "rows": {"type": ["null", "array"], "items": {"type": ["null", "object", "string"]}},
    }
    assert written["schema"]["required"] == ["id"]


def test_a_record_whose_writing_is_interrupted_arrives_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Under `PYTHONUNBUFFERED`; the signal comes while the pipe is full and nobody reads yet."""
    text = "x" * 1_000_000
    arrived: list[bytes] = []
    reading, writing = os.pipe()

    def read() -> None:
        with io.FileIO(reading) as pipe:
            arrived.append(pipe.read())

    reader = threading.Thread(target=read)
    before = signal.signal(signal.SIGALRM, lambda *_: reader.start())
    try:
        with io.TextIOWrapper(io.FileIO(writing, "w")) as stdout:
            monkeypatch.setattr("sys.stdout", stdout)
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            writer = Writer()
            writer.write_message(RecordMessage(stream="messages", record={"id": text}))
            writer.write_message(StateMessage(value={}))
            monkeypatch.undo()
    finally:
        signal.signal(signal.SIGALRM, before)
    reader.join(10)
    record, _ = arrived[0].splitlines()
    assert json.loads(record)["record"] == {"id": text}


def test_batches_are_refused() -> None:
    with pytest.raises(ConfigValidationError) as caught:
        sync(emulated(), batch_config={"encoding": {"format": "jsonl"}})
    assert "batch_config is not supported" in caught.value.errors[0]
