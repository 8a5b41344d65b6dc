"""States of singer-io's and MeltanoLabs' taps, in the forms those taps write."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_kustomer import timestamps
from tap_kustomer.errors import SettingsError
from tap_kustomer.legacy_state import FULL_TABLE, INCREMENTAL, KEY, taken_over
from tests.emulated import FULL_TABLES, KEYS, SEARCHED, emulated, state_at, wall
from tests.support import Messages, sync, tap_for

BEFORE = 20 * timestamps.DAY
LOOKBACK = 600 * timestamps.SECOND
SINGER_IO_NOTE = (
    "Took over the state of singer-io's tap-kustomer: the bookmarks of conversations, notes. "
    "Ignored: surveys, users."
)
MELTANO_LABS_NOTE = (
    "Took over the state of MeltanoLabs' tap-kustomer: the bookmarks of customers. "
    "Ignored: attachments, custom_attributes, resource, sla_versions, tags."
)
PARTITIONS = [{"context": {"id": "5f0c9b7a1d2e3f4a5b6c7d8e"}}]


def singer_io(text: str, *streams: str) -> dict[str, Any]:
    names = streams or ("conversations", "customers", "kobjects", "messages", "notes", *FULL_TABLE)
    return {"bookmarks": dict.fromkeys(names, text), "currently_syncing": "teams"}


def meltano_labs(text: str, *streams: str, key: str = KEY) -> dict[str, Any]:
    bookmark = {"replication_key": key, "replication_key_value": text}
    return {
        "bookmarks": {
            **{name: dict(bookmark) for name in streams or (*INCREMENTAL, *FULL_TABLE)},
            "attachments": {"partitions": PARTITIONS},
            "custom_attributes": {"partitions": [{"context": {"resource": "company"}}]},
            "resource": {},
            "sla_versions": {},
        }
    }


def taken(instant: int, *streams: str) -> dict[str, Any]:
    ours = state_at(instant)["bookmarks"]
    return {"bookmarks": {name: ours[name] for name in streams}}


def notes_of(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    lines = [r for r in caplog.records if r.getMessage().startswith("Took over")]
    return [(line.levelname, line.getMessage()) for line in lines]


def test_the_shared_streams_are_those_of_the_tap() -> None:
    assert set(INCREMENTAL) == set(SEARCHED)
    assert {KEYS[name] for name in INCREMENTAL} == {KEY}
    assert set(FULL_TABLE) <= set(FULL_TABLES)


@pytest.mark.parametrize("form", [singer_io, meltano_labs])
def test_a_run_goes_on_where_the_older_tap_stopped(form: Any) -> None:  # noqa: ANN401  (either form)
    emulator = emulated()
    bookmark = wall() - BEFORE
    messages = sync(emulator, state=form(timestamps.text(bookmark)))
    for name in ("conversations", "customers", "messages"):
        instants_read = [timestamps.parse(row[KEY]) for row in messages.records(name)]
        assert instants_read
        assert min(instants_read) >= bookmark - LOOKBACK
    expected = [
        one
        for one, resource in emulator.org.resources["conversation"].items()
        if timestamps.parse(resource.data["attributes"]["updatedAt"]) >= bookmark - LOOKBACK
    ]
    assert {row["id"] for row in messages.records("conversations")} == set(expected)
    assert len(expected) < len(emulator.org.resources["conversation"])
    assert len(messages.records("users")) == emulator.org.counts()["users"]
    written = messages.state["bookmarks"]["conversations"]
    assert written["replication_key"] == KEY
    assert timestamps.parse(written["replication_key_value"]) > bookmark


def test_streams_without_a_bookmark_there_start_anew() -> None:
    emulator = emulated()
    state = singer_io(timestamps.text(wall()), "conversations", "tags")
    messages = sync(emulator, state=state, lookback_seconds=0)
    assert not messages.records("conversations")
    assert len(messages.records("customers")) == emulator.org.counts()["customers"]


def test_one_line_names_the_tap_and_the_streams(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    state = singer_io("2026-05-01T00:00:00.000000Z", "users", "notes", "conversations", "surveys")
    tap_for(emulated(10), Messages(), state=state)
    state = meltano_labs("2026-05-01T00:00:00Z", "customers", "tags")
    tap_for(emulated(10), Messages(), state=state)
    assert notes_of(caplog) == [("INFO", SINGER_IO_NOTE), ("INFO", MELTANO_LABS_NOTE)]


@pytest.mark.parametrize(
    ("state", "ending"),
    [
        (singer_io("2026-05-01", "tags"), "the bookmarks of no stream. Ignored: tags."),
        (singer_io("2026-05-01", "notes"), "the bookmarks of notes. Ignored: nothing."),
    ],
)
def test_the_line_also_says_that_there_was_nothing(state: dict[str, Any], ending: str) -> None:
    assert taken_over(state)[1].endswith(ending)


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01T10:00:00",
        "2026-05-01T10:00:00.000000Z",
        "2026-05-01T12:00:00+02:00",
        "2026-05-01 10:00:00",
    ],
)
@pytest.mark.parametrize("form", [singer_io, meltano_labs])
def test_a_timestamp_without_an_offset_is_utc(form: Any, text: str) -> None:  # noqa: ANN401  (as above)
    state, _ = taken_over(form(text, "conversations", "tags"))
    assert state == taken(timestamps.parse("2026-05-01T10:00:00Z"), "conversations")


def test_the_first_replication_key_of_meltanolabs_is_understood() -> None:
    bookmark = {
        "replication_key": "attributes.modifiedAt",
        "replication_key_value": "2026-05-01T10:00:00Z",
    }
    state, note = taken_over({"bookmarks": {"messages": bookmark}})
    assert state == taken(timestamps.parse("2026-05-01T10:00:00Z"), "messages")
    assert "MeltanoLabs" in note


def test_what_an_interrupted_run_left_unfinished_is_no_bookmark() -> None:
    state = meltano_labs("2026-05-01T00:00:00Z", "customers")
    state["bookmarks"]["notes"] = {"progress_markers": {"replication_key": KEY}}
    kept, note = taken_over(state)
    assert list(kept["bookmarks"]) == ["customers"]
    assert "notes" in note.partition("Ignored")[2]


def test_a_broken_bookmark_of_meltanolabs_is_named() -> None:
    with pytest.raises(SettingsError, match="bookmark of 'conversations'"):
        sync(emulated(10), state=meltano_labs("soon", "conversations", "tags"))


@pytest.mark.parametrize(
    "bookmarks",
    [
        state_at(0)["bookmarks"],
        {},
        {"conversations": {}, "tags": {}, "users": {}},
        {"kobjects_order": {"replication_key": KEY, "replication_key_value": "2026-05-01"}},
        {"conversations": {"replication_key": KEY, "replication_key_value": "soon"}},
    ],
)
def test_states_of_this_tap_come_through_untouched(bookmarks: dict[str, Any]) -> None:
    state = {"bookmarks": bookmarks}
    before = copy.deepcopy(state)
    known, note = taken_over(state)
    assert known is state
    assert known == before
    assert not note


def test_a_whole_run_leaves_no_state_that_looks_older() -> None:
    state = sync(emulated(10)).state
    assert taken_over(state) == (state, "")


@pytest.mark.parametrize(
    "bookmarks",
    [
        {"conversations": "soon"},
        {"conversations": "2026-05-01", "users": 7},
        {"conversations": "2026-05-01", "users": {}},
        {"conversations": "0001-01-01T00:00:00+14:00", "users": None},
        {"surveys": "2026-05-01"},
    ],
)
def test_another_form_is_refused(bookmarks: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="not one that this tap has written"):
        tap_for(emulated(10), Messages(), state={"bookmarks": bookmarks})


@pytest.mark.parametrize(
    "state",
    [
        {"foo": 1},
        {"foo": 1, "bookmarks": {}},
        {"streams": []},
        {"type": "RECORD", "stream": "tags", "record": {}},
        {"type": "STATE"},
        {"type": "STATE", "value": ["x"]},
        {"type": "STATE", "value": {"foo": 1}},
        {"bookmarks": {"tags": {"partitions": 5}}},
        {"bookmarks": {"tags": {"partitions": [5]}}},
        {"bookmarks": {"tags": {"partitions": [{"progress_markers": 5}]}}},
        {"bookmarks": {"tags": {"progress_markers": [1]}}},
        {"bookmarks": {"issues": {"replication_key": KEY, "replication_key_value": "2026-05-01"}}},
    ],
)
def test_json_that_is_no_state_does_not_start_a_full_import(state: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="not one that this tap has written: give --state"):
        tap_for(emulated(10), Messages(), state=state)


@pytest.mark.parametrize("state", [{}, {"bookmarks": {}}, {"currently_syncing": "notes"}])
def test_a_state_without_bookmarks_is_that_of_a_start(state: dict[str, Any]) -> None:
    assert taken_over(state) == (state, "")


def test_a_whole_message_is_its_state() -> None:
    state = state_at(wall())
    assert taken_over({"type": "STATE", "value": state}) == (state, "")
    tap = tap_for(emulated(10), Messages(), state={"type": "STATE", "value": state})
    assert tap.state == state


NAMES = st.sampled_from([*INCREMENTAL, *FULL_TABLE, "attachments", "resource"]) | st.text(
    max_size=5
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.datetimes().map(str)
    | st.sampled_from([KEY, "attributes.modifiedAt", "9999-12-31T23:59:59-14:00", "2026-05-01"])
)
BOOKMARK_KEYS = st.sampled_from(
    ["replication_key", "replication_key_value", "partitions", "progress_markers"]
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | BOOKMARK_KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)
BOOKMARKS = st.dictionaries(NAMES, st.dictionaries(BOOKMARK_KEYS, LEAVES) | LEAVES, max_size=5)
EMULATOR = emulated(10)


@settings(deadline=None, max_examples=60)
@given(JSON | st.fixed_dictionaries({"bookmarks": BOOKMARKS | JSON}))
def test_any_json_is_a_state_or_a_settings_error(state: Any) -> None:  # noqa: ANN401  (any JSON)
    tap = tap_for(EMULATOR, Messages())
    try:
        tap.load_state(state)
        for name in INCREMENTAL:
            bookmark: Any = getattr(tap.streams[name], "bookmark")  # noqa: B009  (of the subclass)
            found = bookmark()
            assert found is None or isinstance(found, int)
    except SettingsError:
        return
    assert isinstance(tap.state["bookmarks"] if tap.state else {}, dict)
