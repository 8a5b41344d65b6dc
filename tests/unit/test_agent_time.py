from __future__ import annotations

import json
from typing import Any

import pytest

from emulator import Emulator, Org, Switches
from tap_kustomer import timestamps
from tap_kustomer.timestamps import DAY
from tests.emulated import MINUTE, bookmark_of, wall, whole_catalog
from tests.support import Answer, Messages, client_for, scripted, sync, tap_for

PATH = "/v1/routing/work-sessions"


def session(began: int, *, active: bool = False) -> dict[str, Any]:
    """A session that began at an instant; its id sorts by it, as Kustomer's do."""
    text = timestamps.text(began)
    return {
        "type": "work_session",
        "id": f"{began:024x}",
        "attributes": {
            "createdAt": text,
            "updatedAt": text,
            "active": active,
            "signedOutAt": None if active else text,
        },
    }


def org_of(*sessions: dict[str, Any]) -> Org:
    org = Org(now=wall())
    for one in sessions:
        org.put("work_session", one)
    return org


def read(org: Org, state: Any = None, **switches: Any) -> tuple[Messages, int]:  # noqa: ANN401  (as `sync`)
    """What a run writes where the search refuses sessions, and its requests for the list."""
    switches = {"refused_contexts": {"work_session"}, **switches}
    emulator = Emulator(org, Switches(search_limit=None, org_limit=None, **switches))
    messages = sync(emulator, catalog=whole_catalog(emulator, "work_sessions"), state=state)
    return messages, sum(request.path == PATH for request in emulator.requests)


def ids(messages: Messages) -> set[str]:
    return {row["id"] for row in messages.records("work_sessions")}


@pytest.mark.parametrize(("is_sorted", "pages"), [(True, 2), (False, 2 * 6)])
def test_the_list_ends_where_it_is_old_enough_if_it_comes_sorted(
    *, is_sorted: bool, pages: int
) -> None:
    began = [wall() - MINUTE - number * DAY // 10 for number in range(600)]
    org = org_of(*map(session, began))
    first, requests = read(org, sorted_sessions=is_sorted)
    assert len(ids(first)) == 600
    assert requests == 2 * 6  # six pages, read until a reading brings nothing new
    new = session(wall() - MINUTE // 2)
    org.put("work_session", new)
    second, requests = read(org, first.state, sorted_sessions=is_sorted)
    since = bookmark_of(first, "work_sessions") - 10 * MINUTE
    kept = {f"{one:024x}" for one in began if one >= since - 2 * DAY}
    assert ids(second) == {new["id"]} | kept
    assert requests in {pages, pages + 1, pages + 2}
    assert bookmark_of(second, "work_sessions") >= bookmark_of(first, "work_sessions")


@pytest.mark.parametrize("is_sorted", [True, False])
def test_a_session_that_goes_on_is_looked_for_until_it_has_ended(*, is_sorted: bool) -> None:
    long = session(wall() - 10 * DAY, active=True)
    later = [session(wall() - DAY - number * MINUTE) for number in range(300)]
    org = org_of(session(wall() - 30 * DAY), long, *later)
    state = None
    for _ in range(2):
        messages, _ = read(org, state, sorted_sessions=is_sorted)
        state = messages.state
        open_since = state["bookmarks"]["work_sessions"]["open_since"]
        assert timestamps.parse(open_since) == int(long["id"], 16)
    ended = session(int(long["id"], 16))
    ended["attributes"]["updatedAt"] = timestamps.text(wall() - MINUTE)
    org.put("work_session", ended)
    messages, _ = read(org, state, sorted_sessions=is_sorted)
    assert long["id"] in ids(messages)
    state = messages.state["bookmarks"]["work_sessions"]
    assert timestamps.parse(state["open_since"]) > wall() - MINUTE


def test_a_session_that_ended_is_read_again_for_two_days() -> None:
    org = org_of(session(wall() - DAY), session(wall() - 3 * DAY))
    first, _ = read(org)
    second, _ = read(org, first.state)
    assert len(ids(first)) == 2
    assert len(ids(second)) == 1


def test_sessions_before_the_first_start_are_left_out() -> None:
    emulator = Emulator(org_of(session(wall() - 20 * DAY), session(wall() - 10 * DAY)))
    start = timestamps.text(wall() - 15 * DAY)
    catalog = whole_catalog(emulator, "work_sessions")
    messages = sync(emulator, catalog=catalog, start_date=start)
    assert len(ids(messages)) == 1


def test_without_a_date_everything_is_read_and_told(caplog: pytest.LogCaptureFixture) -> None:
    odd = session(wall() - MINUTE)
    odd["attributes"] = {"active": False}
    messages, _ = read(org_of(odd, session(wall() - 5 * DAY)))
    assert len(ids(messages)) == 2
    assert all(row["updated_at"] for row in messages.records("work_sessions"))
    assert "has no usable updated_at" in caplog.text


def test_a_list_that_refuses_to_be_sorted_is_read_as_it_comes() -> None:
    emulator = Emulator(org_of())
    messages = Messages()
    tap = tap_for(emulator, messages, catalog=whole_catalog(emulator, "work_sessions"))
    page = json.dumps({"data": [session(wall() - MINUTE)], "links": {"next": None}}).encode()
    token = json.dumps({"data": {}}).encode()
    # Twice for the search, whose first request also asks for an exact total, and once unsorted.
    refused: list[Answer] = [(400, {}, b"{}")] * 5
    transport = scripted((200, {}, token), *refused, (200, {}, page))
    tap.session.__dict__["client"] = client_for(transport)
    tap.read()
    assert len(ids(messages)) == 1
    assert [request.path_url for request in transport.sent[-2:]] == [f"{PATH}?sort=desc", PATH]
