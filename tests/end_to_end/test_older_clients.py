"""Clients that ask for more than Singer's specification does: docs/CLIENTS.md says what, and how.

The real ones run where `make clients` has installed them. Stand-ins always do: each does what its
client does at the line it names, and no more.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from emulator import Org
from scripts import meltano
from scripts.tap import COMMAND, outcome

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.tap import Outcome, Tap

Json = dict[str, Any]

CLIENTS = meltano.ROOT / ".clients"
PAGE = meltano.ROOT / "docs" / "CLIENTS.md"
BIGQUERY = """
import json, singer, sys
from target_bigquery.schema import clean_and_validate, parse_schema
schemas, columns, refused = {}, {}, []
for line in sys.stdin:
    message = singer.parse_message(line)
    if isinstance(message, singer.SchemaMessage):
        schemas[message.stream] = message.schema
        for field in parse_schema(message.schema):
            columns[message.stream + "." + field.name] = [field.field_type, field.mode]
    elif isinstance(message, singer.RecordMessage):
        _, found = clean_and_validate(message, schemas)
        if not found["is_valid"]:
            refused.append(found["message"])
print(json.dumps([columns, refused]))
"""
AIRBYTE = """
import json, logging, sys
from airbyte_cdk.models import ConfiguredAirbyteCatalog
from airbyte_cdk.sources.singer import SingerHelper
command = sys.argv[1]
found = SingerHelper.get_catalogs(logging.getLogger(), command + " --discover", {}, {}, [])
streams = [json.loads(stream.json()) for stream in found.airbyte_catalog.streams]
modes = {stream["name"]: stream["supported_sync_modes"] for stream in streams}
chosen = [
    {"stream": stream, "sync_mode": modes[stream["name"]][0], "destination_sync_mode": "append"}
    for stream in streams
    if stream["name"] in {"teams", "conversations"}
]
configured = ConfiguredAirbyteCatalog.parse_obj({"streams": chosen})
path = SingerHelper.create_singer_catalog_with_selection(configured, found.singer_catalog)
messages = [json.loads(one.json()) for one in SingerHelper.read(
    logging.getLogger(), command + " --catalog " + path, lambda one: bool(one and "type" in one)
)]
rows = [one["record"]["stream"] for one in messages if one["type"] == "RECORD"]
states = [one["state"]["data"] for one in messages if one["type"] == "STATE"]
print(json.dumps([modes, {name: rows.count(name) for name in set(rows)}, states[-1]]))
"""
AVRO = """
import fastavro, json, pathlib
files = pathlib.Path().glob("out.*.avro")
print(json.dumps({file.name: len(list(fastavro.reader(file.open("rb")))) for file in files}))
"""


def client(name: str) -> pytest.MarkDecorator:
    """Mark a test of a client that `make clients` installs."""
    there = (CLIENTS / name / "bin" / "python").exists()
    return pytest.mark.skipif(not there, reason="`make clients` installs this client")


@pytest.fixture
def org() -> Org:
    """A smaller org than the neighbours': every stream of it is read."""
    return Org.sample(seed=3, now=time.time_ns() // 1_000_000 - 10_000, conversations=60, days=40)


@pytest.fixture
def whole(tap: Tap) -> Tap:
    """The tap with every stream selected."""
    catalog = json.loads(outcome([COMMAND, "--discover"]).out)
    tap.select(*(stream["tap_stream_id"] for stream in catalog["streams"]))
    tap.config["max_requests_per_minute"] = 2_000
    return tap


def settings() -> Json:
    """What docs/CLIENTS.md tells users of such clients to set."""
    (block,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found: Json = json.loads(block)
    return found


def read(tap: Tap, **config: Any) -> Outcome:
    tap.config |= config
    found = tap.run()
    assert found.code == 0, found.log[-2_000:]
    return found


def counts(run: Outcome) -> dict[str, int]:
    return dict(Counter(message["stream"] for message in run.of("RECORD")))


def feed(folder: Path, command: list[str], messages: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, input=messages, cwd=folder, capture_output=True, text=True, check=False
    )


# The real clients.


@client("json")
def test_target_json(whole: Tap) -> None:
    config = whole.folder / "target.json"
    config.write_text('{"delimiter": "\\n"}')
    command = [str(CLIENTS / "json" / "bin" / "target-json"), "--config", str(config)]
    assert (
        "Unknown message type ACTIVATE_VERSION"
        in feed(whole.folder, command, read(whole).out).stderr
    )

    folder = whole.folder / "loaded"
    folder.mkdir()
    run = read(whole, emit_activate_version_messages=False)
    done = feed(folder, command, run.out)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert json.loads(done.stdout.splitlines()[-1]) == run.state
    found = {file.name.split("-")[0]: file.read_text() for file in folder.glob("*.json")}
    assert {name: len(text.splitlines()) for name, text in found.items()} == counts(run)


@client("avro")
def test_target_avro(whole: Tap) -> None:
    config = whole.folder / "target.json"
    config.write_text('{"prefix": "./out", "disable_collection": true}')
    command = [str(CLIENTS / "avro" / "bin" / "target-avro"), "--config", str(config)]
    alone = read(whole, emit_activate_version_messages=False)
    assert "KeyError: 'properties'" in feed(whole.folder, command, alone.out).stderr

    run = read(whole, **settings())
    done = feed(whole.folder, command, run.out)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert json.loads(done.stdout.splitlines()[-1]) == run.state
    python = str(CLIENTS / "avro" / "bin" / "python")
    held = json.loads(feed(whole.folder, [python, "-c", AVRO], "").stdout)
    streams = [message["stream"] for message in run.of("SCHEMA")]
    expected = counts(run)
    assert held == {f"out.{name}.avro": expected.get(name, 0) for name in streams}


@client("bigquery")
def test_target_bigquery_partition(whole: Tap) -> None:
    """All but the upload: how it types columns, and whether it accepts records."""
    python = str(CLIENTS / "bigquery" / "bin" / "python")
    without = feed(whole.folder, [python, "-c", BIGQUERY], read(whole).out)
    assert "type must be given as string or list" in without.stderr

    run = read(whole, **settings())
    done = feed(whole.folder, [python, "-c", BIGQUERY], run.out)
    assert done.returncode == 0, done.stderr[-2_000:]
    columns, refused = json.loads(done.stdout)
    assert not refused
    assert columns["conversations.custom"] == ["STRING", "NULLABLE"]
    assert columns["customers.emails"] == ["STRING", "NULLABLE"]
    assert columns["conversations.created_at"] == ["TIMESTAMP", "NULLABLE"]
    check_rows_can_be_stored(run, columns)


@client("airbyte")
def test_the_bridge_of_airbyte(tap: Tap) -> None:
    config = tap.folder / "config.json"
    config.write_text(json.dumps(tap.config))
    python = str(CLIENTS / "airbyte" / "bin" / "python")
    command = [python, "-c", AIRBYTE, f"{COMMAND} --config {config}"]
    done = feed(tap.folder, command, "")
    assert done.returncode == 0, done.stderr[-2_000:]
    modes, rows, state = json.loads(done.stdout.splitlines()[-1])
    check_modes(modes)
    # The bridge leaves selected what discovery has selected.
    assert rows == counts(tap.run())
    assert state["bookmarks"]["conversations"]["replication_key_value"]


# Stand-ins.


def target_json(messages: list[Json]) -> None:
    """`target_json.py` 0.0.11, line 74."""
    for message in messages:
        if message["type"] not in {"RECORD", "STATE", "SCHEMA"}:
            raise ValueError(message["type"])


def target_avro(record: Json, properties: Json) -> None:
    """`str2datetime` in `target_avro/converter.py` 0.2.0, line 100."""
    for name, schema in properties.items():
        if "object" in schema["type"] and record.get(name) is not None:
            target_avro(record[name], schema["properties"])


def target_bigquery(schema: Json) -> tuple[str, str]:
    """`_get_schema_type_mode` in `target_bigquery/schema.py` 0.2.5, line 26; array items: 100."""
    kinds = schema["type"]
    if isinstance(kinds, str):
        return kinds, "NULLABLE"
    kind = kinds[0] if len(kinds) < 2 or kinds[1] == "null" else kinds[1]
    if kind == "array":
        return target_bigquery(schema["items"])[0], "REPEATED"
    return kind, "NULLABLE" if kinds[0] == "null" else "REQUIRED"


def airbyte(entry: Json) -> list[str] | None:
    """`set_sync_modes_from_metadata` in Airbyte's `singer_helpers.py` 0.1.60, lines 70 to 89."""
    (metadata,) = [one["metadata"] for one in entry["metadata"] if not one["breadcrumb"]]
    if metadata.get("valid-replication-keys"):
        return ["incremental"]
    forced = metadata.get("forced-replication-method")
    return {"INCREMENTAL": ["incremental"], "FULL_TABLE": ["full_refresh"], None: None}[forced]


def check_modes(modes: dict[str, list[str] | None]) -> None:
    """Of every stream it is known how it is read."""
    assert modes["conversations"] == ["incremental"]
    assert modes["teams"] == ["full_refresh"]
    assert None not in modes.values()


def check_rows_can_be_stored(run: Outcome, columns: dict[str, list[str]]) -> None:
    """No column is null that must not be."""
    for message in run.of("RECORD"):
        for name, value in message["record"].items():
            _, mode = columns[f"{message['stream']}.{name}"]
            assert value is not None or mode == "NULLABLE", (message["stream"], name)


def test_stand_ins_refuse_what_the_clients_refuse(whole: Tap) -> None:
    run = read(whole)
    with pytest.raises(ValueError, match="ACTIVATE_VERSION"):
        target_json(run.messages)
    schemas = {m["stream"]: m["schema"]["properties"] for m in run.of("SCHEMA")}
    with pytest.raises(KeyError, match="properties"):
        target_avro(run.rows("conversations")[0], schemas["conversations"])
    with pytest.raises(KeyError, match="type"):
        target_bigquery(schemas["customers"]["emails"])


def test_stand_ins_accept_what_the_settings_make_of_it(whole: Tap) -> None:
    run = read(whole, **settings())
    target_json(run.messages)
    schemas = {m["stream"]: m["schema"]["properties"] for m in run.of("SCHEMA")}
    columns = {
        f"{stream}.{name}": list(target_bigquery(schema))
        for stream, properties in schemas.items()
        for name, schema in properties.items()
    }
    for message in run.of("RECORD"):
        target_avro(message["record"], schemas[message["stream"]])
    check_rows_can_be_stored(run, columns)


def test_a_stand_in_finds_how_each_stream_is_read() -> None:
    catalog = json.loads(outcome([COMMAND, "--discover"]).out)["streams"]
    check_modes({entry["tap_stream_id"]: airbyte(entry) for entry in catalog})
