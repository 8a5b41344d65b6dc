from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import reduce
from typing import Any

import pytest

from emulator import Emulator, Org, Switches
from tap_kustomer import timestamps
from tap_kustomer.errors import ClosedStreamsError, SettingsError
from tap_kustomer.streams.incremental import MAX_UNREAD, IncrementalStream
from tests.emulated import (
    MINUTE,
    SEARCHED,
    bookmark_of,
    emulated,
    old_record,
    searches,
    state_at,
    wall,
)
from tests.support import Messages, sync, tap_for


def test_conversations_come_in_order_and_keep_their_own_text() -> None:
    emulator = emulated()
    rows = sync(emulator).records("conversations")
    assert [row["updated_at"] for row in rows] == sorted(row["updated_at"] for row in rows)
    row = rows[0]
    sent = emulator.org.resources["conversation"][row["id"]].data
    assert row["created_at"] == sent["attributes"]["createdAt"]
    assert row["customer_id"] == sent["relationships"]["customer"]["data"]["id"]


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
    # What stands at the bookmark comes again.
    assert others <= {timestamps.text(bookmark_of(first))}
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
    assert {s["replication_key_value"] for s in states} == {timestamps.text(bookmark)}


def test_a_first_run_leaves_a_bookmark_even_when_there_is_nothing() -> None:
    org = Org(now=wall())
    messages = sync(Emulator(org), start_date="2026-11-01", max_history_months=12)
    assert bookmark_of(messages) == timestamps.parse("2026-11-01")


def test_a_start_too_early_is_refused_before_any_request() -> None:
    emulator = emulated()
    with pytest.raises(SettingsError, match="max_history_months"):
        sync(emulator, start_date="2025-01-01")
    assert not emulator.requests


def test_a_bookmark_is_never_refused_and_start_date_does_not_skip_past_it() -> None:
    emulator = emulated()
    long_ago = wall() - 400 * timestamps.DAY
    messages = sync(emulator, state=state_at(long_ago), start_date="2025-01-01")
    assert len(messages.records("conversations")) == emulator.org.counts()["conversations"]
    today = timestamps.text(wall())[:10]
    messages = sync(emulator, state=state_at(wall() - 59 * timestamps.DAY), start_date=today)
    assert len(messages.records("conversations")) > 200


def test_a_broken_bookmark_is_named() -> None:
    state = state_at(0)
    state["bookmarks"]["conversations"]["replication_key_value"] = "soon"
    with pytest.raises(SettingsError, match="bookmark of 'conversations'"):
        sync(emulated(), state=state)


def test_end_date_bounds_the_run() -> None:
    emulator = emulated()
    end = timestamps.text(wall() - 20 * timestamps.DAY)
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


def test_too_many_records_of_one_instant_close_the_stream() -> None:
    org = Org(now=wall())
    instant = wall() - MINUTE
    for number in range(10_001):
        text = timestamps.text(instant)
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
    with pytest.raises(
        ClosedStreamsError, match=rf"10001 conversation.*{timestamps.text(instant)}"
    ):
        tap_for(emulator, messages, state=state).read()
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
    text = timestamps.text(wall() - MINUTE)
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


def test_a_clock_that_runs_ahead_does_not_move_the_end() -> None:
    emulator = emulated()
    ahead = datetime.now(UTC) + timedelta(hours=2)
    tap = tap_for(emulator, Messages(), now=lambda: ahead)
    tap.read()
    assert tap.session.cutoff < wall()


@pytest.mark.parametrize("days", [-400, -2, 2, 20_000])
def test_a_date_that_no_clock_shows_is_not_believed(
    days: int, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = emulated()
    tap = tap_for(emulator, Messages())
    date = datetime.now(UTC) + timedelta(days=days)
    tap.session.client.server_date = format_datetime(date, usegmt=True)
    assert tap.session.cutoff == tap.session.began - 1
    (line,) = caplog.messages
    assert "more than a day off from this machine's clock" in line


def test_a_clock_that_runs_behind_only_delays() -> None:
    emulator = emulated()
    behind = datetime.now(UTC) - timedelta(hours=2)
    tap = tap_for(emulator, Messages(), now=lambda: behind)
    tap.read()
    assert tap.session.cutoff == timestamps.of(behind) - 1


DEEP: list[Any] = reduce(lambda inner, _: [inner], range(300), [])
AGES = {"a": 1, "b": 700, "c": 729, "d": 731, "e": 800, "f": 1_500, "9": 1_600}


@pytest.mark.parametrize(
    "kind", ["company", "conversation", "customer", "kobject", "message", "note"]
)
def test_history_beyond_two_years_is_read(kind: str) -> None:
    """Through the archive search, or, for notes, which no archive knows, from their list."""
    org = Org(now=wall())
    for one, days in AGES.items():
        org.put(kind, old_record(kind, one, days * timestamps.DAY + MINUTE))
    emulator = Emulator(org, Switches(search_limit=None, org_limit=None))
    start = timestamps.text(wall() - 1_550 * timestamps.DAY)
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
    emulator = emulated(refused_contexts={"company"})
    messages = sync(emulator)
    assert len(messages.records("companies")) == emulator.org.counts()["companies"]
    lines = [line for line in caplog.messages if "reading by the list /v1/companies" in line]
    assert len(lines) == 1
    bookmark = messages.state["bookmarks"]["companies"]["replication_key_value"]
    assert bookmark == max(row["updated_at"] for row in messages.records("companies"))


def test_a_record_that_cannot_be_read_costs_itself_and_is_tried_again() -> None:
    org = Org(now=wall())
    org.put("conversation", old_record("conversation", "a", 30 * MINUTE))
    bad = old_record("conversation", "b", 25 * MINUTE)
    org.put("conversation", {**bad, "attributes": {**bad["attributes"], "deep": DEEP}})
    org.put("conversation", old_record("conversation", "c", MINUTE))
    emulator = Emulator(org)
    messages = Messages()
    with pytest.raises(ClosedStreamsError, match=r"\[conversations\] .* Record b+ can't"):
        tap_for(emulator, messages).read()
    assert [row["id"][0] for row in messages.records("conversations")] == ["a", "c"]
    bookmark = messages.state["bookmarks"]["conversations"]
    assert bookmark["unread"] == [bad["attributes"]["updatedAt"]]
    again = Messages()
    with pytest.raises(ClosedStreamsError, match=r"Record b+ can't be read"):
        tap_for(emulator, again, state=messages.state, lookback_seconds=0).read()
    assert [row["id"][0] for row in again.records("conversations")] == ["c"]
    org.put("conversation", bad)
    mended = sync(emulator, state=again.state, lookback_seconds=0)
    assert [row["id"][0] for row in mended.records("conversations")] == ["b", "c"]
    assert "unread" not in mended.state["bookmarks"]["conversations"]


def test_a_stream_with_too_many_such_records_is_closed() -> None:
    org = Org(now=wall())
    for number in range(MAX_UNREAD + 1):
        record = old_record("conversation", "a", (number + 1) * MINUTE)
        record["id"] = f"{number:024x}"
        record["attributes"]["deep"] = DEEP
        org.put("conversation", record)
    messages = Messages()
    with pytest.raises(ClosedStreamsError, match="More than 20 records can't be read"):
        tap_for(Emulator(org), messages).read()
    assert "replication_key_value" not in messages.state["bookmarks"]["conversations"]


@pytest.mark.parametrize("hours", [2, 24 * 365])
def test_a_bookmark_in_the_future_is_named(hours: int) -> None:
    ahead = state_at(wall() + hours * 60 * MINUTE)
    with pytest.raises(SettingsError, match="lies in the future"):
        sync(emulated(), state=ahead)


def test_a_bookmark_a_little_ahead_is_mentioned(caplog: pytest.LogCaptureFixture) -> None:
    messages = sync(emulated(), state=state_at(wall() + 30 * MINUTE), lookback_seconds=0)
    assert not messages.records("conversations")
    assert any(line.startswith("Nothing to read: the bookmark") for line in caplog.messages)


def test_deleted_records_left_out_before_arrive_once_they_are_asked_for() -> None:
    emulator = emulated()
    without = sync(emulator, include_deleted=False)
    assert without.state["bookmarks"]["conversations"]["include_deleted"] is False
    same = sync(emulator, include_deleted=False, state=without.state, lookback_seconds=0)
    assert len(same.records("conversations")) < 10
    everything = sync(emulator, state=same.state)
    ids = {row["id"] for row in everything.records("conversations")}
    assert ids == set(emulator.org.resources["conversation"])
    assert "include_deleted" not in everything.state["bookmarks"]["conversations"]
    after = sync(emulator, state=everything.state, lookback_seconds=0)
    assert len(after.records("conversations")) < 10


@pytest.mark.parametrize(
    "state", [{"bookmarks": None}, {"bookmarks": {"conversations": None}}, {"bookmarks": ["x"]}]
)
def test_a_state_of_another_shape_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="not one that this tap has written"):
        sync(emulated(), state=state)


@pytest.mark.parametrize("kept", [{}, {"updatedAt": None}, {"updatedAt": ""}, {"updatedAt": 7}])
def test_a_record_without_a_usable_update_instant_gets_that_of_its_slice(
    kept: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    stream = tap_for(emulated(10), Messages()).streams["notes"]
    assert isinstance(stream, IncrementalStream)
    instant = wall()
    for one in ("a", "b"):
        row = stream.row({"id": one, "attributes": kept}, instant)
        assert row["updated_at"] == timestamps.text(instant)
    lines = [line for line in caplog.messages if "has no usable updated_at" in line]
    assert len(lines) == 1
