from __future__ import annotations

import io
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import RecordMessage, StateMessage

from emulator import Emulator, Org, Switches
from tap_kustomer import instants
from tap_kustomer.api.errors import KeyRefusedError
from tap_kustomer.run import ClosedStreamsError
from tap_kustomer.settings import SettingsError
from tap_kustomer.streams.people import name_parts
from tap_kustomer.writer import Writer
from tests.support import Messages, client_for, scripted, sync, tap_for

MINUTE = 60 * instants.SECOND
FULL_TABLES = ["permission_sets", "permissions", "teams", "users"]
SEARCHED = ["companies", "conversations", "customers", "kobjects", "messages", "notes"]
STREAM_NAMES = sorted(FULL_TABLES + SEARCHED)


def wall() -> int:
    return int(time.time() * 1_000)


def emulated(**switches: Any) -> Emulator:  # noqa: ANN401  (switches of any type)
    # The last change was a moment ago, so that a run's end lies behind it.
    org = Org.sample(seed=1, now=wall() - 10 * instants.SECOND, conversations=300, days=60)
    return Emulator(org, Switches(search_limit=None, org_limit=None, **switches))


def searches(emulator: Emulator, context: str = "conversation") -> list[Any]:
    posted = [request for request in emulator.requests if request.method == "POST"]
    return [request for request in posted if request.json["queryContext"] == context]


def state_at(instant: int) -> dict[str, Any]:
    bookmark = {"replication_key": "updated_at", "replication_key_value": instants.text(instant)}
    return {"bookmarks": {name: dict(bookmark) for name in SEARCHED}}


def bookmark_of(messages: Messages) -> int:
    return instants.parse(messages.state["bookmarks"]["conversations"]["replication_key_value"])


def test_every_stream_is_read_whole_and_valid() -> None:
    emulator = emulated()
    messages = sync(emulator)
    schemas = {m["stream"]: m["schema"] for m in messages.of("SCHEMA")}
    assert sorted(schemas) == STREAM_NAMES
    for name, count in emulator.org.counts().items():
        rows = messages.records(name)
        assert len(rows) == len({row["id"] for row in rows}) == count
        validator = Draft202012Validator(schemas[name])
        for row in rows:
            validator.validate(row)
    assert emulator.writes_refused == 0


def test_conversations_come_in_order_and_keep_their_own_text() -> None:
    emulator = emulated()
    rows = sync(emulator).records("conversations")
    assert [row["updated_at"] for row in rows] == sorted(row["updated_at"] for row in rows)
    row = rows[0]
    sent = emulator.org.resources["conversation"][row["id"]].data
    assert row["created_at"] == sent["attributes"]["createdAt"]
    assert row["customer_id"] == sent["relationships"]["customer"]["data"]["id"]


def test_full_tables_are_activated_after_their_last_row() -> None:
    messages = sync(emulated())
    for name in FULL_TABLES:
        kinds = [m["type"] for m in messages.all if m.get("stream") == name]
        assert kinds == ["SCHEMA", *["RECORD"] * len(messages.records(name)), "ACTIVATE_VERSION"]
        versions = {m["version"] for m in messages.all if "version" in m and m["stream"] == name}
        assert len(versions) == 1
    assert not messages.of("ACTIVATE_VERSION", "conversations")


def test_a_second_run_reads_only_the_lookback_and_what_changed() -> None:
    emulator = emulated()
    org = emulator.org
    first = sync(emulator)
    emulator.requests.clear()
    changed = list(org.resources["conversation"])[:7]
    for index, one in enumerate(changed):
        org.touch("conversation", one, at=wall() - 5_000 + index, name="changed")
    second = sync(emulator, state=first.state, lookback_seconds=0)
    rows = second.records("conversations")
    assert {row["id"] for row in rows if row.get("name") == "changed"} == set(changed)
    others = {row["updated_at"] for row in rows if row["id"] not in changed}
    assert others <= {instants.text(bookmark_of(first))}  # what stands at the bookmark comes again
    assert len(searches(emulator)) == 1
    assert bookmark_of(second) > bookmark_of(first)


def test_the_lookback_finds_what_was_indexed_late_and_never_moves_the_bookmark_back() -> None:
    emulator = emulated()
    first = sync(emulator)
    bookmark = bookmark_of(first)
    late = next(iter(emulator.org.resources["conversation"]))
    emulator.org.touch("conversation", late, at=bookmark - 9 * MINUTE)
    second = sync(emulator, state=first.state)
    assert late in {row["id"] for row in second.records("conversations")}
    states = [m["value"]["bookmarks"]["conversations"] for m in second.of("STATE")]
    assert {s["replication_key_value"] for s in states} == {instants.text(bookmark)}


def test_a_first_run_leaves_a_bookmark_even_when_there_is_nothing() -> None:
    org = Org(now=wall())
    messages = sync(Emulator(org), start_date="2026-11-01", max_history_months=12)
    assert bookmark_of(messages) == instants.parse("2026-11-01")


def test_a_start_too_early_is_refused_before_any_request() -> None:
    emulator = emulated()
    with pytest.raises(SettingsError, match="max_history_months"):
        sync(emulator, start_date="2025-01-01")
    assert not emulator.requests


def test_a_bookmark_is_never_refused_and_start_date_does_not_skip_past_it() -> None:
    emulator = emulated()
    long_ago = wall() - 400 * instants.DAY
    messages = sync(emulator, state=state_at(long_ago), start_date="2025-01-01")
    assert len(messages.records("conversations")) == emulator.org.counts()["conversations"]
    today = instants.text(wall())[:10]
    messages = sync(emulator, state=state_at(wall() - 59 * instants.DAY), start_date=today)
    assert len(messages.records("conversations")) > 200


def test_a_broken_bookmark_is_named() -> None:
    state = state_at(0)
    state["bookmarks"]["conversations"]["replication_key_value"] = "soon"
    with pytest.raises(SettingsError, match="bookmark of 'conversations'"):
        sync(emulated(), state=state)


def test_end_date_bounds_the_run() -> None:
    emulator = emulated()
    end = instants.text(wall() - 20 * instants.DAY)
    rows = sync(emulator, end_date=end).records("conversations")
    assert rows
    assert max(row["updated_at"] for row in rows) <= end


def test_deleted_records_are_read_unless_told_not_to() -> None:
    emulator = emulated()
    with_deleted = sync(emulator).records("conversations")
    deleted = [row for row in with_deleted if row.get("deleted")]
    assert deleted
    assert all(row["deleted_at"] for row in deleted)
    without = sync(emulator, include_deleted=False).records("conversations")
    assert len(without) == len(with_deleted) - len(deleted)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_stream_is_left_out_and_the_others_go_on(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = emulated(forbidden={"team", "conversation"}, missing_role_status=status)
    messages = Messages()
    state = state_at(wall() - MINUTE)
    with pytest.raises(ClosedStreamsError) as caught:
        tap_for(emulator, messages, state=state).sync_all()
    for text in (str(caught.value), caplog.text):
        assert "org.permission.team.read" in text
        assert "org.permission.conversation.read" in text
        assert "org.user.read, org.permission.read and org.admin.read" in text
    assert "2 of the selected streams" in str(caught.value)
    assert not messages.records("teams")
    assert not messages.of("ACTIVATE_VERSION", "teams")
    assert len(messages.records("users")) == emulator.org.counts()["users"]
    assert messages.state["bookmarks"]["conversations"] == state["bookmarks"]["conversations"]


def test_a_dead_key_ends_the_run_before_any_stream() -> None:
    emulator = emulated(expired_key=True)
    messages = Messages()
    with pytest.raises(KeyRefusedError, match='expiration "Never"'):
        tap_for(emulator, messages).sync_all()
    assert not messages.of("SCHEMA")


def test_a_key_that_dies_during_the_run_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = emulated()
    messages = Messages()
    tap = tap_for(emulator, messages)

    def expire(_: object) -> list[Any]:
        emulator.switches.expired_key = True
        return []

    monkeypatch.setattr(tap.streams["conversations"], "get_records", expire)

    with pytest.raises(KeyRefusedError):
        tap.sync_all()
    assert not messages.of("ACTIVATE_VERSION")


def test_the_run_says_whose_key_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    sync(emulated())
    (line,) = [r.getMessage() for r in caplog.records if "Reading org" in r.getMessage()]
    assert "API key 'emulator'" in line
    assert "org.permission.conversation.read" in line


def test_too_many_records_of_one_instant_close_the_stream() -> None:
    org = Org(now=wall())
    instant = wall() - MINUTE
    for number in range(10_001):
        text = instants.text(instant)
        org.put(
            "conversation",
            {
                "type": "conversation",
                "id": f"{number:024x}",
                "attributes": {"createdAt": text, "updatedAt": text},
            },
        )
    messages = Messages()
    emulator = Emulator(org, Switches(search_limit=None, org_limit=None))
    state = state_at(instant - MINUTE)
    with pytest.raises(ClosedStreamsError, match=rf"10001 conversation.*{instants.text(instant)}"):
        tap_for(emulator, messages, state=state).sync_all()
    assert messages.state["bookmarks"]["conversations"] == state["bookmarks"]["conversations"]
    assert emulator.caps_touched == 0


def test_states_come_often() -> None:
    emulator = emulated()
    messages = sync(emulator, page_size=50)
    since = 0
    for message in messages.all:
        since = 0 if message["type"] == "STATE" else since + (message["type"] == "RECORD")
        assert since <= 300
    assert len({str(m["value"]) for m in messages.of("STATE")}) > 3


def test_an_odd_record_does_not_stop_the_run() -> None:
    org = Org(now=wall())
    text = instants.text(wall() - MINUTE)
    org.put(
        "conversation",
        {
            "type": "conversation",
            "id": "a" * 24,
            "attributes": {"updatedAt": text, "priority": "high", "deletedAt": ""},
            "relationships": None,
        },
    )
    (row,) = sync(Emulator(org)).records("conversations")
    assert row == {
        "id": "a" * 24,
        "updated_at": text,
        "additional_attributes": {"priority": "high", "deletedAt": ""},
    }


def test_forced_full_table_ignores_the_bookmark() -> None:
    emulator = emulated()
    catalog = tap_for(emulator, Messages()).catalog_dict
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] == "conversations":
            entry["replication_method"] = "FULL_TABLE"
            for metadata in entry["metadata"]:
                metadata["metadata"].pop("forced-replication-method", None)
    messages = sync(emulator, catalog=catalog, state=state_at(wall()))
    assert len(messages.records("conversations")) == emulator.org.counts()["conversations"]
    assert not messages.of("ACTIVATE_VERSION", "conversations")


def test_the_connection_test_fails_when_a_stream_is_refused() -> None:
    emulator = emulated()
    assert tap_for(emulator, Messages()).run_connection_test()
    emulator.switches.forbidden.add("user")
    with pytest.raises(ClosedStreamsError, match="users"):
        tap_for(emulator, Messages()).run_connection_test()


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


def test_a_clock_that_runs_ahead_does_not_move_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = emulated()
    ahead = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr("tap_kustomer.run.now", lambda: ahead)
    tap = tap_for(emulator, Messages())
    tap.sync_all()
    assert tap.run.end < wall()


def test_a_clock_that_runs_behind_only_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = emulated()
    behind = datetime.now(UTC) - timedelta(hours=2)
    monkeypatch.setattr("tap_kustomer.run.now", lambda: behind)
    tap = tap_for(emulator, Messages())
    tap.sync_all()
    assert tap.run.end == instants.of(behind) - 1


def selecting(emulator: Emulator, *left_out: tuple[str, ...]) -> dict[str, Any]:
    """A catalog with some properties of conversations deselected."""
    catalog = tap_for(emulator, Messages()).catalog_dict
    (entry,) = [e for e in catalog["streams"] if e["stream"] == "conversations"]
    for path in left_out:
        breadcrumb = [part for name in path for part in ("properties", name)]
        entry["metadata"] = [m for m in entry["metadata"] if m["breadcrumb"] != breadcrumb]
        entry["metadata"].append({"breadcrumb": breadcrumb, "metadata": {"selected": False}})
    return catalog


def test_deselected_columns_are_left_out_and_nothing_else() -> None:
    emulator = emulated()
    everything = {row["id"]: row for row in sync(emulator).records("conversations")}
    left_out = ("preview", "sla_id", "additional_attributes")
    messages = sync(emulator, catalog=selecting(emulator, *((name,) for name in left_out)))
    (schema,) = messages.of("SCHEMA", "conversations")
    assert not set(left_out) & set(schema["schema"]["properties"])
    for row in messages.records("conversations"):
        whole = everything.pop(row["id"])
        assert row == {name: value for name, value in whole.items() if name not in left_out}
    assert not everything


def test_members_of_a_column_can_be_deselected() -> None:
    emulator = emulated()
    messages = sync(emulator, catalog=selecting(emulator, ("custom", "orderNumberStr")))
    customs = [row["custom"] for row in messages.records("conversations") if row.get("custom")]
    assert customs
    assert not any("orderNumberStr" in custom for custom in customs)
    plain = [row.get("custom") for row in sync(emulator).records("conversations")]
    assert any("orderNumberStr" in custom for custom in plain if custom)


def test_columns_that_an_old_catalog_lacks_are_left_out() -> None:
    emulator = emulated()
    catalog = selecting(emulator)
    for entry in catalog["streams"]:
        entry["schema"]["properties"].pop("preview", None)
    rows = sync(emulator, catalog=catalog).records("conversations")
    assert rows
    assert not any("preview" in row for row in rows)


def test_rows_are_what_the_sdks_own_path_would_write() -> None:
    emulator = emulated()
    ours, theirs = Messages(), Messages()
    tap_for(emulator, ours).sync_all()
    tap = tap_for(emulator, theirs)
    for stream in tap.streams.values():
        stream.TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.ROOT_ONLY
        stream.__dict__["_selects_members"] = True
    tap.sync_all()
    for name in STREAM_NAMES:
        assert ours.records(name) == theirs.records(name)


def test_stream_maps_see_whole_values() -> None:
    emulator = emulated()
    names = {"id": "id", "sla_name": "sla['name'] if sla else None", "__else__": None}
    maps = {"conversations": names}
    rows = sync(emulator, stream_maps=maps).records("conversations")
    assert any(row["sla_name"] for row in rows)
    assert set(rows[0]) == {"id", "sla_name"}


def test_every_record_is_flushed_before_the_state_that_covers_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    stdout = io.TextIOWrapper(io.BufferedWriter(raw, 1 << 20))
    monkeypatch.setattr("sys.stdout", stdout)
    writer = Writer()
    writer.write_message(RecordMessage(stream="conversations", record={"id": "1"}))
    assert not raw.getvalue()
    writer.write_message(StateMessage(value={}))
    kinds = [json.loads(line)["type"] for line in raw.getvalue().splitlines()]
    assert kinds == ["RECORD", "STATE"]
    stdout.detach()


def old_record(kind: str, one: str, age: int) -> dict[str, Any]:
    text = instants.text(wall() - age)
    return {"type": kind, "id": one * 24, "attributes": {"createdAt": text, "updatedAt": text}}


AGES = {"a": 1, "b": 700, "c": 729, "d": 731, "e": 800, "f": 1_500, "9": 1_600}


@pytest.mark.parametrize(
    "kind", ["company", "conversation", "customer", "kobject", "message", "note"]
)
def test_history_beyond_two_years_is_read(kind: str) -> None:
    """Through the archive search, or, for notes, which no archive knows, from their list."""
    org = Org(now=wall())
    for one, days in AGES.items():
        org.put(kind, old_record(kind, one, days * instants.DAY + MINUTE))
    emulator = Emulator(org, Switches(search_limit=None, org_limit=None))
    start = instants.text(wall() - 1_550 * instants.DAY)
    messages = sync(emulator, start_date=start, max_history_months=0)
    (name,) = [name for name in SEARCHED if messages.records(name)]
    assert {row["id"][0] for row in messages.records(name)} == set(AGES) - {"9"}
    states = [m["value"]["bookmarks"].get(name, {}) for m in messages.of("STATE")]
    bookmarks = [state["replication_key_value"] for state in states if state]
    assert bookmarks == sorted(bookmarks)
    assert bookmarks[-1] == messages.records(name)[-1]["updated_at"]


def test_companies_are_read_whole_where_the_search_refuses_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    emulator = emulated(company_search=False)
    messages = sync(emulator)
    assert len(messages.records("companies")) == emulator.org.counts()["companies"]
    lines = [r.getMessage() for r in caplog.records if "/v1/companies whole" in r.getMessage()]
    assert len(lines) == 1
    bookmark = messages.state["bookmarks"]["companies"]["replication_key_value"]
    assert bookmark == max(row["updated_at"] for row in messages.records("companies"))


def test_a_request_that_is_refused_closes_its_stream_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    emulator = emulated()
    messages = Messages()
    tap = tap_for(emulator, messages)
    monkeypatch.setattr(type(tap.streams["teams"]), "lists", (("/v1/nowhere", {}),))
    with pytest.raises(ClosedStreamsError, match=r"\[teams\] .*status 404, not_found"):
        tap.sync_all()
    assert len(messages.records("users")) == emulator.org.counts()["users"]
    assert not messages.of("ACTIVATE_VERSION", "teams")


def test_records_without_an_id_close_the_stream_before_them() -> None:
    org = Org(now=wall())
    org.put("conversation", old_record("conversation", "a", 3 * MINUTE))
    org.put("conversation", {**old_record("conversation", "b", MINUTE), "id": ""})
    emulator = Emulator(org)
    messages = Messages()
    with pytest.raises(ClosedStreamsError, match=r"\[conversations\] A record has no id"):
        tap_for(emulator, messages).sync_all()
    assert [row["id"] for row in messages.records("conversations")] == ["a" * 24]


def test_batches_are_refused() -> None:
    with pytest.raises(ConfigValidationError) as caught:
        sync(emulated(), batch_config={"encoding": {"format": "jsonl"}})
    assert "batch_config is not supported" in caught.value.errors[0]


@pytest.mark.parametrize(
    "state", [{"bookmarks": None}, {"bookmarks": {"conversations": None}}, {"bookmarks": ["x"]}]
)
def test_a_state_of_another_shape_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="not one that this tap has written"):
        sync(emulated(), state=state)


def test_a_refused_first_run_leaves_no_bookmark() -> None:
    emulator = emulated(forbidden={"conversation"})
    messages = Messages()
    with pytest.raises(ClosedStreamsError):
        tap_for(emulator, messages).sync_all()
    assert "replication_key_value" not in messages.state["bookmarks"]["conversations"]


def test_the_connection_test_activates_nothing() -> None:
    messages = Messages()
    tap_for(Emulator(Org(now=wall())), messages).run_connection_test()
    assert not messages.of("ACTIVATE_VERSION")


def test_no_stream_is_ever_activated_before_its_rows() -> None:
    """Not even where the catalog forces a full table and the SDK is told to send versions."""
    emulator = emulated(forbidden={"conversation"})
    catalog = tap_for(emulator, Messages()).catalog_dict
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] == "conversations":
            entry["replication_method"] = "FULL_TABLE"
    messages = Messages()
    tap = tap_for(emulator, messages, catalog=catalog, emit_activate_version_messages=True)
    with pytest.raises(ClosedStreamsError):
        tap.sync_all()
    assert not messages.of("ACTIVATE_VERSION", "conversations")


@pytest.mark.parametrize(
    "token",
    [{"data": []}, {"data": {"attributes": []}}, {"data": {"attributes": {"roles": [1, None]}}}],
)
def test_an_odd_token_is_only_an_odd_log_line(token: dict[str, Any]) -> None:
    tap = tap_for(emulated(), Messages())
    transport = scripted((200, {}, json.dumps(token).encode()))
    tap.run.__dict__["client"] = client_for(transport)
    tap.run.check_access()
