"""Failures of workflows: read once, whatever the filter does, and none is lost with a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_kustomer import timestamps
from tap_kustomer.errors import ClosedStreamsError, KeyRefusedError
from tests.emulated import MINUTE, emulated, state_at, wall, whole_catalog
from tests.support import Messages, tap_for

if TYPE_CHECKING:
    from emulator import Emulator
    from tap_kustomer.tap import TapKustomer

NAME = "workflow_errors"
YEARS: dict[str, Any] = {"start_date": "2020-01-01", "max_history_months": 0}


def tap_of(emulator: Emulator, messages: Messages, state: Any = None) -> TapKustomer:  # noqa: ANN401  (JSON)
    catalog = whole_catalog(emulator, NAME)
    return tap_for(emulator, messages, catalog=catalog, state=state, **YEARS)


def add(emulator: Emulator, workflow: str, key: str, at: int) -> None:
    text = timestamps.text(at)
    related = {"workflow": {"data": {"type": "workflow", "id": workflow}}}
    attributes = {"error": "Odd.", "createdAt": text, "updatedAt": text}
    item = {"type": NAME, "id": key, "attributes": attributes, "relationships": related}
    emulator.org.put("workflow_error", item)


def ids(messages: Messages) -> set[str]:
    return {row["id"] for row in messages.records(NAME)}


def test_a_second_run_reads_only_the_last_day() -> None:
    emulator, first, second = emulated(10), Messages(), Messages()
    tap_of(emulator, first).read()
    assert len(ids(first)) == emulator.org.counts()[NAME] > 4
    assert {row["workflow_id"] for row in first.records(NAME)} == set(emulator.org.ids("workflow"))
    add(emulator, emulator.org.ids("workflow")[0], "new", wall() - 2_000)
    tap_of(emulator, second, first.state).read()
    assert ids(second) == {"new"}
    (asked,) = {
        r.params["createdAtFrom"]
        for r in emulator.requests
        if "createdAtFrom" in r.params and r.params["createdAtFrom"] > "2021"
    }
    day_before = timestamps.parse(first.state["bookmarks"][NAME]["replication_key_value"])
    assert timestamps.parse(asked) == day_before - timestamps.DAY - 1


def test_a_filter_that_is_ignored_costs_no_record_and_brings_none() -> None:
    emulator, messages = emulated(10), Messages()
    one = emulator.org.ids("workflow")[0]
    add(emulator, one, "old", wall() - 2 * timestamps.DAY)
    add(emulator, one, "new", wall() - MINUTE)
    add(emulator, one, "later", wall() + MINUTE)
    tap = tap_of(emulator, messages, state_at(wall() - 2 * MINUTE))
    client: Any = tap.session.client
    get = client.get

    def deaf(path: str, params: Any = None, **options: Any) -> Any:  # noqa: ANN401  (as the method)
        kept = {k: v for k, v in (params or {}).items() if not k.startswith("createdAt")}
        return get(path, kept, **options)

    client.get = deaf
    tap.read()
    assert "new" in ids(messages)
    assert not {"old", "later"} & ids(messages)


def refusing(tap: TapKustomer, workflow: str) -> None:
    client: Any = tap.session.client
    get = client.get

    def refuse(path: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  (as the method)
        return get("/v1/nowhere" if workflow in path else path, *arguments, **options)

    client.get = refuse


def test_a_workflow_that_fails_costs_itself_and_is_read_whole_by_the_next_run() -> None:
    emulator, messages = emulated(10), Messages()
    one, other = emulator.org.ids("workflow")
    tap = tap_of(emulator, messages)
    refusing(tap, one)
    with pytest.raises(ClosedStreamsError, match=rf"Failures of workflow {one}: .*404"):
        tap.read()
    assert {row["workflow_id"] for row in messages.records(NAME)} == {other}
    assert messages.state["bookmarks"][NAME]["unread"] == [one]

    again = Messages()
    tap_of(emulator, again, messages.state).read()
    assert {row["workflow_id"] for row in again.records(NAME)} == {one}
    assert len(ids(again) | ids(messages)) == emulator.org.counts()[NAME]
    assert "unread" not in again.state["bookmarks"][NAME]


def test_a_record_that_can_not_be_read_holds_its_workflow() -> None:
    emulator, messages = emulated(10), Messages()
    one = emulator.org.ids("workflow")[0]
    add(emulator, one, "", wall() - MINUTE)
    add(emulator, one, "new", wall() - MINUTE)
    with pytest.raises(ClosedStreamsError, match="no id"):
        tap_of(emulator, messages).read()
    assert "new" in ids(messages)
    assert messages.state["bookmarks"][NAME]["unread"] == [one]


def test_a_key_that_dies_meanwhile_moves_no_bookmark() -> None:
    emulator, messages = emulated(10), Messages()
    tap = tap_of(emulator, messages)
    client: Any = tap.session.client
    get = client.get

    def dying(path: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  (as the method)
        emulator.switches.expired_key = "processes" in path or emulator.switches.expired_key
        return get(path, *arguments, **options)

    client.get = dying
    with pytest.raises(KeyRefusedError):
        tap.read()
    assert "replication_key_value" not in messages.state.get("bookmarks", {}).get(NAME, {})
