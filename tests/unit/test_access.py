from __future__ import annotations

import json
from typing import Any

import pytest

from emulator import Emulator, Org
from tap_kustomer.errors import ClosedStreamsError, KeyRefusedError
from tests.emulated import (
    MINUTE,
    emulated,
    state_at,
    wall,
)
from tests.support import Messages, client_for, scripted, sync, tap_for


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_stream_is_left_out_and_the_others_go_on(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = emulated(forbidden={"team", "conversation"}, missing_role_status=status)
    messages = Messages()
    state = state_at(wall() - MINUTE)
    with pytest.raises(ClosedStreamsError) as caught:
        tap_for(emulator, messages, state=state).read()
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
        tap_for(emulator, messages).read()
    assert not messages.of("SCHEMA")


def test_a_key_that_dies_during_the_run_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = emulated()
    messages = Messages()
    tap = tap_for(emulator, messages)

    def expire(_: object) -> list[Any]:
        emulator.switches.expired_key = True
        return []

    monkeypatch.setattr(tap.streams["brands"], "get_records", expire)

    with pytest.raises(KeyRefusedError):
        tap.read()
    assert not messages.of("SCHEMA", "conversations")


def test_the_run_says_whose_key_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    sync(emulated())
    (line,) = [r.getMessage() for r in caplog.records if "Reading org" in r.getMessage()]
    assert "API key 'emulator'" in line
    assert "org.permission.conversation.read" in line


def test_the_connection_test_fails_when_a_stream_is_refused() -> None:
    emulator = emulated()
    tap_for(emulator, Messages()).test()
    emulator.switches.forbidden.add("user")
    with pytest.raises(ClosedStreamsError, match="users"):
        tap_for(emulator, Messages()).test()


def test_a_request_that_is_refused_closes_its_stream_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    emulator = emulated()
    messages = Messages()
    tap = tap_for(emulator, messages)
    monkeypatch.setattr(type(tap.streams["teams"]), "lists", (("/v1/nowhere", {}),))
    with pytest.raises(ClosedStreamsError, match=r"\[teams\] .*status 404, not_found"):
        tap.read()
    assert len(messages.records("users")) == emulator.org.counts()["users"]
    assert not messages.of("ACTIVATE_VERSION", "teams")


def test_a_refused_first_run_leaves_no_bookmark() -> None:
    emulator = emulated(forbidden={"conversation"})
    messages = Messages()
    with pytest.raises(ClosedStreamsError):
        tap_for(emulator, messages).read()
    assert "replication_key_value" not in messages.state["bookmarks"]["conversations"]


def test_the_connection_test_activates_nothing() -> None:
    messages = Messages()
    tap_for(Emulator(Org(now=wall())), messages).test()
    assert not messages.of("ACTIVATE_VERSION")


def test_no_stream_is_ever_activated_before_its_rows() -> None:
    """Not even where the catalog forces a full table."""
    emulator = emulated(forbidden={"conversation"})
    catalog = tap_for(emulator, Messages()).catalog_dict
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] == "conversations":
            entry["replication_method"] = "FULL_TABLE"
    messages = Messages()
    tap = tap_for(emulator, messages, catalog=catalog)
    with pytest.raises(ClosedStreamsError):
        tap.read()
    assert not messages.of("ACTIVATE_VERSION", "conversations")


@pytest.mark.parametrize(
    "token",
    [{"data": []}, {"data": {"attributes": []}}, {"data": {"attributes": {"roles": [1, None]}}}],
)
def test_an_odd_token_is_only_an_odd_log_line(token: dict[str, Any]) -> None:
    tap = tap_for(emulated(), Messages())
    transport = scripted((200, {}, json.dumps(token).encode()))
    tap.session.__dict__["client"] = client_for(transport)
    tap.access.describe_key()
