from __future__ import annotations

import json
from typing import Any

import pytest

from emulator import Emulator, Org, Switches
from tap_kustomer import timestamps
from tap_kustomer.errors import ClosedStreamsError
from tap_kustomer.timestamps import DAY
from tests.emulated import MINUTE, bookmark_of, wall, whole_catalog
from tests.support import Messages, client_for, scripted, sync, tap_for


def entry(at: int, one: int = 0) -> dict[str, Any]:
    return {
        "type": "audit_log",
        "id": f"{at:018x}{one:06x}",
        "attributes": {"createdAt": timestamps.text(at), "eventName": "kustomer.user.update"},
    }


def emulator_of(*entries: dict[str, Any]) -> Emulator:
    org = Org(now=wall())
    for one in entries:
        org.put("audit_log", one)
    return Emulator(org, Switches(search_limit=None, org_limit=None))


def read(emulator: Emulator, **options: Any) -> Messages:
    return sync(emulator, catalog=whole_catalog(emulator, "audit_logs"), **options)


def ids(messages: Messages) -> list[str]:
    return [row["id"] for row in messages.records("audit_logs")]


def test_every_entry_comes_once_also_at_the_borders_of_weeks() -> None:
    start = wall() // DAY * DAY - 21 * DAY
    borders = [start + 7 * DAY * week + offset for week in range(3) for offset in (-1, 0, 1)]
    emulator = emulator_of(*map(entry, borders), entry(start - 1, 1))
    messages = read(emulator, start_date=timestamps.text(start))
    expected = [f"{at:018x}{0:06x}" for at in borders if at >= start]
    assert sorted(ids(messages)) == expected
    states = [m["value"]["bookmarks"].get("audit_logs", {}) for m in messages.of("STATE")]
    reached = {state["replication_key_value"] for state in states if state}
    assert timestamps.text(start + 7 * DAY - 1) in reached
    # The last week has no entry, and this machine's clock proves nothing.
    assert bookmark_of(messages, "audit_logs") == start + 21 * DAY


def test_pages_are_followed_by_cursor() -> None:
    emulator = emulator_of(*(entry(wall() - MINUTE - one % 7, one) for one in range(2_500)))
    messages = read(emulator, start_date=timestamps.text(wall() - DAY))
    assert len(ids(messages)) == len(set(ids(messages))) == 2_500
    asked = [r.params for r in emulator.requests if r.path == "/v1/audit-logs"]
    assert len(asked) == 4
    assert ["before" in params for params in asked] == [False, True, True, True]


def test_a_second_run_reads_the_lookback_and_what_is_new() -> None:
    emulator = emulator_of(entry(wall() - 5 * DAY), entry(wall() - 5 * MINUTE))
    first = read(emulator)
    emulator.org.put("audit_log", entry(wall() - MINUTE // 2, 9))
    second = read(emulator, state=first.state)
    assert len(ids(first)) == 2
    assert len(ids(second)) == 2
    third = read(emulator, state=second.state, lookback_seconds=0)
    assert set(ids(third)) <= set(ids(second)), "only what the overlap brings again"


def test_a_page_that_comes_again_and_again_closes_the_stream() -> None:
    emulator = emulator_of()
    messages = Messages()
    tap = tap_for(
        emulator,
        messages,
        catalog=whole_catalog(emulator, "audit_logs"),
        start_date=timestamps.text(wall() - DAY),
    )
    page = json.dumps({"data": [entry(wall() - MINUTE, one) for one in range(1_000)]}).encode()
    token = json.dumps({"data": {}}).encode()
    tap.session.__dict__["client"] = client_for(
        scripted((200, {}, token), (200, {}, page), (200, {}, page), (200, {}, token))
    )
    with pytest.raises(ClosedStreamsError, match="the cursor does not advance"):
        tap.read()
    assert "replication_key_value" not in messages.state["bookmarks"]["audit_logs"]
