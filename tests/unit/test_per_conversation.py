from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tap_kustomer import timestamps
from tap_kustomer.errors import ClosedStreamsError, KeyRefusedError, TransientError
from tap_kustomer.streams import GROUPS
from tap_kustomer.streams.per_conversation import BOOKMARK_EVERY, PerConversationStream
from tap_kustomer.walks.items import Item
from tests import emulated as orgs
from tests.emulated import bookmark_of, searches, state_at, wall, whole_catalog
from tests.support import Messages, sync, tap_for

if TYPE_CHECKING:
    from emulator import Emulator

STREAMS = GROUPS["per conversation"] + GROUPS["agent time"][1:]  # all but work sessions
NAMES = [stream.name for stream in STREAMS]
of_each = pytest.mark.parametrize("name", NAMES)


def emulated(conversations: int, **switches: Any) -> Emulator:
    """An org whose search knows conversations alone."""
    searched = {"conversation_time", "work_item"}
    switches = {"refused_contexts": searched, "open_items_only": True, **switches}
    return orgs.emulated(conversations, **switches)


def read(emulator: Emulator, *names: str, **options: Any) -> Messages:
    return sync(emulator, catalog=whole_catalog(emulator, *names), **options)


def try_to_read(emulator: Emulator, name: str, error: type[Exception], match: str) -> Messages:
    messages = Messages()
    tap = tap_for(emulator, messages, catalog=whole_catalog(emulator, name))
    with pytest.raises(error, match=match):
        tap.read()
    return messages


def asked_for(emulator: Emulator, name: str) -> list[str]:
    """Paths of the requests for children."""
    words = {"attachments": "/attachments", "conversation_events": "/events"}
    word = words.get(name, "/work-items")
    return [request.path for request in emulator.requests if request.path.endswith(word)]


def ids(messages: Messages, name: str) -> set[str]:
    return {row["id"] for row in messages.records(name)}


@of_each
def test_one_is_read_without_its_parent_and_keeps_one_bookmark(name: str) -> None:
    emulator = emulated(80)
    messages = read(emulator, name)
    assert {m["stream"] for m in messages.of("SCHEMA")} == {name}
    assert len(ids(messages, name)) == emulator.org.counts()[name]
    bookmark = messages.state["bookmarks"][name]
    assert set(bookmark) - {"read_by"} == {"replication_key", "replication_key_value"}
    newest = max(record.updated for record in emulator.org.resources["conversation"].values())
    assert bookmark_of(messages, name) == newest
    for row in messages.records(name):
        parent = emulator.org.resources["conversation"][row["conversation_id"]]
        if name not in {"conversation_times", "work_items"}:  # those have dates of their own
            assert row["conversation_updated_at"] == timestamps.text(parent.updated)
        assert "conversation" not in row.get("additional_relationships", {})


@of_each
def test_a_second_run_asks_about_changed_conversations_only(name: str) -> None:
    emulator = emulated(80)
    first = read(emulator, name)
    reached = bookmark_of(first, name)
    answered = emulator.org.resources["satisfaction_response"].values()
    named = ("relationships", "conversation", "data", "id")
    changed = {str(response.part(named)) for response in list(answered)[:5]}
    for position, one in enumerate(changed):
        emulator.org.touch("conversation", one, at=wall() - 5_000 + position)
    emulator.requests.clear()
    second = read(emulator, name, state=first.state, lookback_seconds=0)
    parents = {row["conversation_id"] for row in second.records(name)}
    conversations = emulator.org.resources["conversation"]
    # What stands at the bookmark is read again.
    again = {one for one, record in conversations.items() if record.updated == reached}
    assert parents <= changed | again
    others = {"/v1/auth/tokens/current", "/v1/routing/work-items"}
    gets = [r for r in emulator.requests if r.method == "GET" and r.path not in others]
    assert len(gets) <= len(changed | again)
    assert len(searches(emulator)) <= 1 + (name in {"conversation_times", "work_items"})
    assert bookmark_of(second, name) > reached


@of_each
def test_conversations_that_are_gone_or_hidden_are_passed_over(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = emulated(80)
    org = emulator.org
    every = ids(read(emulator, name), name)
    of = {row["id"]: row["conversation_id"] for row in read(emulator, name).records(name)}
    oldest = sorted(org.resources["conversation"].values(), key=lambda record: record.updated)
    gone, hidden = ({record.id for record in oldest[start:40:4]} for start in (0, 1))
    for one in gone:
        org.remove("conversation", one)
    emulator.switches.hidden |= hidden
    messages = read(emulator, name)
    assert ids(messages, name) == {one for one in every if of[one] not in gone | hidden}
    assert bookmark_of(messages, name) >= oldest[-1].updated
    assert "that this key may not read" in caplog.text


def test_the_only_change_may_be_of_a_hidden_conversation() -> None:
    emulator = emulated(80)
    first = read(emulator, "attachments")
    one = next(iter(emulator.org.resources["conversation"]))
    emulator.org.touch("conversation", one, at=wall() - 3_000)
    emulator.switches.hidden.add(one)
    state = first.state
    for _ in range(2):
        second = read(emulator, "attachments", state=state, lookback_seconds=0)
        assert one not in {row["conversation_id"] for row in second.records("attachments")}
        state = second.state
    assert bookmark_of(second, "attachments") > bookmark_of(first, "attachments")


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("attachments", "attachment"),
        ("conversation_times", "conversation_time"),
        ("conversation_events", "conversation_event"),
        ("satisfaction_responses", "satisfaction_response"),
        ("work_items", "work_item"),
    ],
)
def test_a_missing_permission_closes_the_stream_early(name: str, kind: str, status: int) -> None:
    emulator = emulated(80, forbidden={kind}, missing_role_status=status)
    messages = try_to_read(emulator, name, ClosedStreamsError, rf"\[{name}\] .* needs \(?org\.")
    assert not messages.records(name)
    assert "replication_key_value" not in messages.state["bookmarks"][name]
    assert len(emulator.requests) < 2 * BOOKMARK_EVERY


def test_hidden_conversations_prove_nothing_when_all_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither children nor conversations may be read: the permission is missing."""
    emulator = emulated(30, forbidden={"attachment"})
    emulator.switches.hidden |= set(emulator.org.resources["conversation"])
    # Hidden one by one, but the list of conversations is open: they are passed over.
    messages = read(emulator, "attachments")
    assert not messages.records("attachments")
    monkeypatch.setattr(PerConversationStream, "parent_path", "/v1/nowhere")
    try_to_read(emulator, "attachments", ClosedStreamsError, "org.permission.attachment.read")


def test_a_missing_endpoint_closes_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = emulated(60)
    stream = next(s for s in STREAMS if s.name == "work_items")
    monkeypatch.setattr(stream, "path", "/v1/nowhere/{}")
    messages = try_to_read(emulator, "work_items", ClosedStreamsError, "status 404")
    assert "replication_key_value" not in messages.state["bookmarks"]["work_items"]


def test_a_key_that_dies_meanwhile_moves_no_bookmark() -> None:
    emulator = emulated(200)
    messages = Messages()
    tap = tap_for(emulator, messages, catalog=whole_catalog(emulator, "attachments"), concurrency=1)
    stream = tap.streams["attachments"]
    assert isinstance(stream, PerConversationStream)
    ask, asked = stream.children, 0

    def children(conversation: Any) -> Any:  # noqa: ANN401  (as the method)
        nonlocal asked
        asked += 1
        emulator.switches.expired_key = asked > 110
        return ask(conversation)

    stream.__dict__["children"] = children
    with pytest.raises(KeyRefusedError):
        tap.read()
    order = sorted(record.updated for record in emulator.org.resources["conversation"].values())
    assert bookmark_of(messages, "attachments") == order[99]


def test_a_run_that_fails_goes_on_where_it_was() -> None:
    emulator = emulated(200)
    messages = Messages()
    tap = tap_for(emulator, messages, catalog=whole_catalog(emulator, "conversation_events"))
    stream = tap.streams["conversation_events"]
    assert isinstance(stream, PerConversationStream)
    order = sorted(record.updated for record in emulator.org.resources["conversation"].values())
    ask = stream.children

    def children(conversation: Any) -> Any:  # noqa: ANN401  (as the method)
        if conversation.instant >= order[130]:
            path = "/v1/conversations"
            raise TransientError(path, "status 500")
        return ask(conversation)

    stream.__dict__["children"] = children
    with pytest.raises(ClosedStreamsError, match="status 500"):
        tap.read()
    assert bookmark_of(messages, "conversation_events") == order[99]
    emulator.requests.clear()
    rest = read(emulator, "conversation_events", state=messages.state, lookback_seconds=0)
    every = ids(messages, "conversation_events") | ids(rest, "conversation_events")
    assert len(every) == emulator.org.counts()["conversation_events"]
    left = [updated for updated in order if updated >= order[99]]
    assert len(set(asked_for(emulator, "conversation_events"))) == len(left)


def test_what_is_written_does_not_depend_on_the_concurrency() -> None:
    emulator = emulated(80)
    one, several = (
        read(emulator, "conversation_events", concurrency=number).records("conversation_events")
        for number in (1, 5)
    )
    assert one == several


def test_requests_in_flight_are_bounded() -> None:
    emulator = emulated(80)
    messages = Messages()
    tap = tap_for(emulator, messages, catalog=whole_catalog(emulator, "attachments"), concurrency=3)
    lock, flying, most = threading.Lock(), 0, 0
    stream = tap.streams["attachments"]
    assert isinstance(stream, PerConversationStream)
    ask = stream.children

    def children(conversation: Any) -> Any:  # noqa: ANN401  (as the method)
        nonlocal flying, most
        with lock:
            flying += 1
            most = max(most, flying)
        try:
            return ask(conversation)
        finally:
            with lock:
                flying -= 1

    stream.__dict__["children"] = children
    tap.read()
    assert most <= 3


def test_only_responses_that_a_conversation_names_are_asked_for() -> None:
    emulator = emulated(80)
    read(emulator, "satisfaction_responses")
    asked = [r.path for r in emulator.requests if "satisfaction-responses" in r.path]
    assert len(asked) == emulator.org.counts()["satisfaction_responses"] < 120


def test_a_response_that_is_gone_is_told(caplog: pytest.LogCaptureFixture) -> None:
    emulator = emulated(80)
    one = next(iter(emulator.org.resources["satisfaction_response"]))
    emulator.org.remove("satisfaction_response", one)
    messages = read(emulator, "satisfaction_responses")
    assert one not in ids(messages, "satisfaction_responses")
    assert "The response of conversation " in caplog.text


def test_handle_times_are_milliseconds_in_both_versions_of_the_api() -> None:
    emulator = emulated(60)
    new = read(emulator, "conversation_times").records("conversation_times")
    emulator.switches.times_v2 = False
    emulator.requests.clear()
    old = read(emulator, "conversation_times").records("conversation_times")
    for first, second in zip(old, new, strict=True):
        assert first["created_at"] == second["created_at"]
        # Two timers: their times are not to be added up, so both must stay tellable apart.
        assert first["id"] != second["id"]
        assert (first.get("timer_version"), second["timer_version"]) == (None, "v2")
        for column in ("handle_time", "message_time", "note_time"):
            seconds = second[column] and round(second[column] / 1_000) * 1_000
            assert first[column] == seconds
    v2 = [r for r in emulator.requests if r.path.startswith("/v2/")]
    assert len(v2) <= 4 * 2  # asked until the first of the threads knew


def test_one_conversation_missing_from_the_second_version_does_not_switch_all() -> None:
    emulator = emulated(60)
    messages = Messages()
    catalog = whole_catalog(emulator, "conversation_times")
    tap = tap_for(emulator, messages, catalog=catalog, concurrency=1)
    stream = tap.streams["conversation_times"]
    client, asked = tap.session.client, 0
    get = client.get

    def sometimes(path: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  (as the method)
        nonlocal asked
        asked += path.startswith("/v2/")
        emulator.switches.times_v2 = asked != 20
        return get(path, *arguments, **options)

    client.__dict__["get"] = sometimes
    tap.read()
    assert stream.__dict__["_has_milliseconds"] is True
    assert len(ids(messages, "conversation_times")) == emulator.org.counts()["conversation_times"]


def test_another_conversation_named_by_a_child_is_kept() -> None:
    emulator = emulated(10)
    other = {"conversation": {"data": {"id": "other"}}}
    messages = Messages()
    tap = tap_for(emulator, messages, catalog=whole_catalog(emulator, "attachments"))
    stream = tap.streams["attachments"]

    def children(conversation: Any) -> list[Item]:  # noqa: ANN401  (as the method)
        return [Item(json.dumps({"id": conversation.id, "relationships": other}).encode())]

    stream.__dict__["children"] = children
    tap.read()
    for row in messages.records("attachments"):
        assert row["conversation_id"] == row["id"]
        assert row["additional_relationships"] == {"conversation": "other"}


def test_conversations_beyond_two_years_are_asked_about_too() -> None:
    emulator = emulated(20)
    one = next(iter(emulator.org.resources["conversation"]))
    emulator.org.touch("conversation", one, at=wall() - 900 * timestamps.DAY)
    state = state_at(wall() - 1_000 * timestamps.DAY)
    messages = read(emulator, "conversation_events", state=state)
    assert one in {row["conversation_id"] for row in messages.records("conversation_events")}


def test_progress_counts_conversations_that_have_no_children() -> None:
    emulator = emulated(30)
    catalog = whole_catalog(emulator, "satisfaction_responses")
    tap = tap_for(emulator, Messages(), catalog=catalog)
    tap.read()
    stream = tap.streams["satisfaction_responses"]
    assert isinstance(stream, PerConversationStream)
    progress = stream.progress
    assert progress.conversations == emulator.org.counts()["conversations"]
    assert progress.share is not None
    assert progress.share > 0.9
