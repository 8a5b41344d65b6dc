"""What belongs to customers, and texts about conversations: the promises of children hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_kustomer import timestamps
from tap_kustomer.errors import ClosedStreamsError
from tap_kustomer.streams import GROUPS
from tests.emulated import bookmark_of, emulated, state_at, wall, whole_catalog
from tests.support import Messages, sync, tap_for

if TYPE_CHECKING:
    from emulator import Emulator

CUSTOMERS = [stream.name for stream in GROUPS["per customer"]]
TEXTS = [stream.name for stream in GROUPS["texts about conversations"]]
of_each = pytest.mark.parametrize("name", [*CUSTOMERS, *TEXTS])
BATCH = "/v1/ai/summaries/batch"


def read(emulator: Emulator, name: str, **options: Any) -> Messages:
    return sync(emulator, catalog=whole_catalog(emulator, name), **options)


def parent_of(name: str) -> str:
    return "customer" if name in CUSTOMERS else "conversation"


def ids(messages: Messages, name: str) -> set[str]:
    return {row["id"] for row in messages.records(name)}


@of_each
def test_each_is_read_whole_and_names_its_parent(name: str) -> None:
    emulator, parent = emulated(80), parent_of(name)
    messages = read(emulator, name)
    rows = messages.records(name)
    assert len(rows) == len(ids(messages, name)) == emulator.org.counts()[name] > 0
    for row in rows:
        found = emulator.org.resources[parent][row[f"{parent}_id"]]
        assert row[f"{parent}_updated_at"] == timestamps.text(found.updated)
        assert parent not in row.get("additional_relationships", {})
    newest = max(record.updated for record in emulator.org.resources[parent].values())
    assert bookmark_of(messages, name) == newest


@of_each
def test_only_parents_that_have_changed_are_asked_for(name: str) -> None:
    emulator, parent = emulated(80), parent_of(name)
    before = len(emulator.requests)
    state = state_at(wall())
    one = emulator.org.ids(parent)[0]
    emulator.org.touch(parent, one, at=wall() - 1_000)
    read(emulator, name, state=state, lookback_seconds=5)
    asked = list(emulator.requests)[before:]
    children = [r for r in asked if r.method == "GET" and "tokens" not in r.path]
    assert all(one in r.path or r.params.get("resourceIds") == one for r in children)
    assert children


@of_each
def test_a_hidden_parent_is_skipped(name: str, caplog: pytest.LogCaptureFixture) -> None:
    emulator, parent = emulated(80), parent_of(name)
    hidden = read(emulator, name).records(name)[0][f"{parent}_id"]
    emulator.switches.hidden.add(hidden)
    # A merge, say, is read with both customers; the one that is hidden takes only its own along.
    messages = read(emulator, name)
    assert hidden not in {row[f"{parent}_id"] for row in messages.records(name)}
    assert messages.records(name)
    assert name == "ai_summaries" or f"Skipped 1 {parent}s" in caplog.text


@of_each
def test_an_endpoint_that_fails_moves_no_bookmark(name: str) -> None:
    emulator, messages = emulated(80), Messages()
    catalog = whole_catalog(emulator, name)
    tap = tap_for(emulator, messages, catalog=catalog)
    client: Any = tap.session.client
    get = client.get

    def missing(path: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  (as the method)
        last = path.rpartition("/")[2]
        if last in {"merges", "sessions", "events", "forwards", "batch"}:
            path = "/v1/nowhere"
        return get(path, *arguments, **options)

    client.get = missing
    with pytest.raises(ClosedStreamsError, match=rf"\[{name}\] Kustomer does not answer"):
        tap.read()
    assert not messages.records(name)
    assert "replication_key_value" not in messages.state.get("bookmarks", {}).get(name, {})


def test_summaries_come_by_the_dozen() -> None:
    """The emulator takes 40 ids at a time, which nobody tells the tap."""
    emulator = emulated(200)
    read(emulator, "ai_summaries")
    asked = [r for r in emulator.requests if r.path == BATCH]
    assert [r.status for r in asked if r.status != 200] == [400]
    assert len(asked) <= 1 + 200 // 25 + 4
    wanted = [one for r in asked if r.status == 200 for one in r.params["resourceIds"].split(",")]
    assert len(wanted) == len(set(wanted)) == 200


def test_summaries_that_the_plan_lacks_are_told_from_a_missing_role() -> None:
    emulator = emulated(20, forbidden={"ai_summary"})
    with pytest.raises(ClosedStreamsError, match="The org's plan lacks AI Copilot"):
        read(emulator, "ai_summaries")


def test_a_killed_run_of_summaries_goes_on_where_it_was() -> None:
    emulator = emulated(200)
    catalog = whole_catalog(emulator, "ai_summaries")
    whole = read(emulator, "ai_summaries")
    states = [m["value"] for m in whole.of("STATE")]
    bookmarks = {s["bookmarks"]["ai_summaries"].get("replication_key_value") for s in states}
    assert len(bookmarks) > 4
    for state in states[1:4]:
        cut = whole.all.index(next(m for m in whole.all if m.get("value") == state))
        before = {m["record"]["id"] for m in whole.all[:cut] if m["type"] == "RECORD"}
        after = sync(emulator, catalog=catalog, state=state, lookback_seconds=0)
        assert before | ids(after, "ai_summaries") == ids(whole, "ai_summaries")
