"""Streams that can be read in several ways: which one is taken, and that each reads everything."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from tap_kustomer import timestamps
from tap_kustomer.walks.slices import Limits
from tests.emulated import emulated, searches, wall, whole_catalog
from tests.support import Messages, sync, tap_for

if TYPE_CHECKING:
    from emulator import Emulator

CONTEXTS = {
    "work_sessions": "work_session",
    "work_items": "work_item",
    "conversation_times": "conversation_time",
    "companies": "company",
}
KEYS = {"conversation_times": "created_at"}
# What each way sends for its rows.
LISTS = {"work_sessions": "/v1/routing/work-sessions", "companies": "/v1/companies"}
LIES = ["refused_contexts", "ignored_ranges", "matchless_ranges", "blind_contexts"]
of_each = pytest.mark.parametrize(("name", "context"), CONTEXTS.items())


def read(emulator: Emulator, *names: str, **options: Any) -> Messages:
    emulator.requests.clear()
    return sync(emulator, catalog=whole_catalog(emulator, *names), **options)


def ids(messages: Messages, name: str) -> set[str]:
    return {row["id"] for row in messages.records(name)}


def everything(emulator: Emulator, context: str) -> set[str]:
    emulator.org.counts()  # makes the children of conversations
    return set(emulator.org.resources[context])


def gets(emulator: Emulator) -> set[str]:
    return {r.path for r in emulator.requests if r.method == "GET" and "tokens" not in r.path}


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line for line in caplog.messages if "can't be read by" in line]


@of_each
def test_the_search_is_taken_where_it_works(
    name: str, context: str, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = emulated(200)
    first = read(emulator, name, page_size=100)
    wanted = everything(emulator, context)
    assert ids(first, name) == wanted
    assert not gets(emulator)
    assert len(searches(emulator, context)) <= 3 + len(wanted) / 100 * 1.1 + 10
    assert not refusals(caplog)
    bookmark = first.state["bookmarks"][name]
    assert bookmark["replication_key"] == KEYS.get(name, "updated_at")
    second = read(emulator, name, state=first.state, lookback_seconds=0)
    assert len(second.records(name)) < 5
    assert len(searches(emulator, context)) == 3 + 1


@of_each
@pytest.mark.parametrize(
    "lie", ["refused_contexts", "ignored_ranges", "matchless_ranges", "blind_contexts"]
)
def test_a_search_that_refuses_or_lies_is_left_for_another_way(
    name: str, context: str, lie: str, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = emulated(60, open_items_only=True, **{lie: {context}})
    messages = read(emulator, name)
    assert ids(messages, name) == everything(emulator, context)
    assert gets(emulator)
    assert f"{name} can't be read by the search of {context} (" in refusals(caplog)[0]
    assert len(refusals(caplog)) == (2 if name == "work_items" else 1)
    second = read(emulator, name, state=messages.state, lookback_seconds=0)
    assert ids(messages, name) | ids(second, name) == everything(emulator, context)


@of_each
def test_an_empty_context_is_believed_only_if_it_holds_nothing(name: str, context: str) -> None:
    emulator = emulated(0)
    for one in list(emulator.org.resources[context]):
        emulator.org.remove(context, one)
    messages = read(emulator, name)
    assert not messages.records(name) or name in {"companies", "work_sessions"}


@of_each
def test_a_search_that_refuses_to_sort_is_read_all_the_same(
    name: str, context: str, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = emulated(60, refused_sorts={context})
    messages = read(emulator, name, page_size=10)
    assert ids(messages, name) == everything(emulator, context)
    assert "refuses to sort" in caplog.text
    assert not refusals(caplog)


@of_each
def test_a_search_refused_midway_loses_nothing(name: str, context: str) -> None:
    emulator = emulated(120, open_items_only=True)
    messages = Messages()
    catalog = whole_catalog(emulator, name)
    tap = tap_for(emulator, messages, catalog=catalog, page_size=5, concurrency=1)
    client, asked = tap.session.client, 0
    search = client.search

    def sometimes(*arguments: Any, **options: Any) -> bytes:
        nonlocal asked
        asked += 1
        if asked == 3 + 4:
            emulator.switches.refused_contexts.add(context)
        return search(*arguments, **options)

    client.__dict__["search"] = sometimes
    tap.read()
    assert ids(messages, name) == everything(emulator, context)


def test_the_list_of_work_items_is_taken_if_it_reaches_back() -> None:
    emulator = emulated(300, refused_contexts={"work_item"}, sorted_sessions=True)
    first = read(emulator, "work_items")
    assert ids(first, "work_items") == everything(emulator, "work_item")
    one = next(r for r in emulator.org.resources["conversation"] if r)
    emulator.org.touch("conversation", one, at=wall() - 3_000)
    second = read(emulator, "work_items", state=first.state, lookback_seconds=0)
    assert gets(emulator) == {"/v1/routing/work-items"} or "work-items" in " ".join(gets(emulator))
    changed = {row["id"]: row["updated_at"] for row in second.records("work_items")}
    for made in emulator.org.children("work_item")[one]:
        assert changed[made] == timestamps.text(emulator.org.resources["work_item"][made].updated)


@pytest.mark.parametrize("is_searched", [True, False])
@pytest.mark.parametrize("name", ["work_items", "conversation_times"])
def test_a_state_of_an_earlier_version_goes_on_without_a_gap(
    name: str, *, is_searched: bool
) -> None:
    """It is an `updated_at` of conversations; everything before it has been read."""
    context = CONTEXTS[name]
    refused = set() if is_searched else {context}
    emulator = emulated(300, refused_contexts=refused, open_items_only=True)
    every = everything(emulator, context)
    order = sorted(r.updated for r in emulator.org.resources["conversation"].values())
    at = order[-40]
    read_before = {
        one
        for parent, found in emulator.org.children(context).items()
        if emulator.org.resources["conversation"][parent].updated < at
        for one in found
    }
    bookmark = {
        "replication_key": "conversation_updated_at",
        "replication_key_value": timestamps.text(at),
    }
    state: dict[str, Any] = {"bookmarks": {name: bookmark}}
    seen: set[str] = set()
    requests = 0
    for _ in range(3):
        messages = read(emulator, name, state=state, lookback_seconds=0)
        requests += len(emulator.requests)
        seen |= ids(messages, name)
        state = messages.state
        one = next(iter(emulator.org.resources["conversation"]))
        emulator.org.touch("conversation", one, at=wall() - 3_000)
        every = everything(emulator, context)
    messages = read(emulator, name, state=state, lookback_seconds=0)
    seen |= ids(messages, name)
    assert seen | read_before == every
    assert len(seen) < len(every), "it was not read from scratch"
    assert requests < 200
    if is_searched:
        assert not gets(emulator)
        assert state["bookmarks"][name]["replication_key"] == KEYS.get(name, "updated_at")


@pytest.mark.parametrize("is_searched", [True, False])
def test_work_sessions_of_an_earlier_version_go_on_without_a_gap(*, is_searched: bool) -> None:
    """The bookmark was when the oldest session began that went on."""
    refused = set() if is_searched else {"work_session"}
    emulator = emulated(10, refused_contexts=refused)
    sessions = emulator.org.resources["work_session"]
    began = sorted(one.created for one in sessions.values())
    at = began[len(began) // 2]
    bookmark = {"replication_key": "created_at", "replication_key_value": timestamps.text(at)}
    messages = read(emulator, "work_sessions", state={"bookmarks": {"work_sessions": bookmark}})
    wanted = {one.id for one in sessions.values() if one.created >= at}
    found = ids(messages, "work_sessions")
    assert wanted <= found <= set(sessions)
    assert not is_searched or found < set(sessions), "it was not read from scratch"
    assert messages.state["bookmarks"]["work_sessions"]["replication_key"] == "updated_at"


def test_a_catalog_of_an_earlier_version_is_read_by_the_new_key() -> None:
    emulator = emulated(60)
    catalog = whole_catalog(emulator, "work_items")
    (entry,) = [one for one in catalog["streams"] if one["tap_stream_id"] == "work_items"]
    text = {"type": ["string", "null"], "format": "date-time"}
    entry["schema"]["properties"]["conversation_updated_at"] = text
    entry["replication_key"] = "conversation_updated_at"
    for one in entry["metadata"]:
        if not one["breadcrumb"]:
            one["metadata"]["valid-replication-keys"] = ["conversation_updated_at"]
    first = sync(emulator, catalog=catalog)
    assert ids(first, "work_items") == everything(emulator, "work_item")
    second = sync(emulator, catalog=catalog, state=first.state, lookback_seconds=0)
    assert len(second.records("work_items")) < 5


def test_customers_have_a_second_way_and_a_third() -> None:
    emulator = emulated(60, refused_contexts={"customer"})
    start = timestamps.text(wall() - 20 * timestamps.DAY)
    messages = read(emulator, "customers", start_date=start)
    customers = emulator.org.resources["customer"].values()
    wanted = {one.id for one in customers if one.updated >= wall() - 20 * timestamps.DAY}
    assert ids(messages, "customers") == wanted
    assert gets(emulator) == {"/v1/customers"}
    assert any("filter[updatedAt][gte]" in r.params for r in emulator.requests)


def test_the_cheapest_streams_are_read_first() -> None:
    emulator = emulated(30, refused_contexts={"work_item"}, open_items_only=True)
    messages = read(emulator)
    order = [message["stream"] for message in messages.of("SCHEMA")]
    assert order.index("users") < order.index("conversations") < order.index("attachments")
    assert order.index("conversation_times") < order.index("attachments")
    assert order.index("work_items") > order.index("satisfaction_responses")
    for name in ("kb_article_versions", "ai_evaluations", "workflow_errors", "customer_merges"):
        assert order.index(name) > order.index("work_sessions"), name


def test_what_costs_a_request_per_conversation_says_so(caplog: pytest.LogCaptureFixture) -> None:
    emulator = emulated(120, refused_contexts={"conversation_time"})
    first = read(emulator, "conversation_times", max_requests_per_minute=40)
    (line,) = [line for line in caplog.messages if "with a request each takes" in line]
    assert "about 120 conversations" in line
    assert "about 3 minutes" in line
    assert "meltano select --exclude tap-kustomer conversation_times" in line
    caplog.clear()
    read(emulator, "conversation_times", state=first.state)
    assert "with a request each" not in caplog.text, "that is over in a moment"


def test_a_check_names_the_way_and_what_the_org_lists(capsys: pytest.CaptureFixture[str]) -> None:
    emulator = emulated(30, refused_contexts={"work_session"})
    assert tap_for(emulator, Messages()).check()
    text = capsys.readouterr().out.replace("\n  ", " ")
    assert "by the search of conversation_time" in text
    assert "by the list /v1/routing/work-sessions" in text
    assert "conversation_time_created_at searchable and sortable" in text
    assert "work_item_updated_at not listed" in text


def test_a_search_that_refuses_exact_totals_is_asked_without(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    emulator = emulated(60, refuses_exact_totals=True)
    messages = read(emulator, "conversations", page_size=10)
    assert len(messages.records("conversations")) == emulator.org.counts()["conversations"]
    assert [r.status for r in emulator.requests].count(400) == 1
    assert "refuses trackTotalHits" in caplog.text


@pytest.mark.parametrize("refused", [set(), {"company"}])
def test_what_is_unread_after_the_end_date_stays_unread(refused: set[str]) -> None:
    emulator = emulated(60, refused_contexts=refused)
    day, moment = timestamps.DAY, wall()
    later = timestamps.text(moment - day)
    bookmark = {
        "replication_key": "updated_at",
        "replication_key_value": timestamps.text(moment - 3 * day),
        "unread": [later],
    }
    state = {"bookmarks": {"companies": bookmark}}
    end = timestamps.text(moment - 2 * day)
    messages = read(emulator, "companies", state=state, end_date=end)
    held = messages.state["bookmarks"]["companies"].get("unread", [])
    # The search reads that instant, whatever the end; the list is read up to the end.
    assert held == ([later] if refused else [])


def test_conversations_are_asked_once_more_upwards_by_one_thread() -> None:
    """What changes meanwhile is met further on: not if other threads were there before."""
    emulator = emulated(300)
    order = sorted(r.updated for r in emulator.org.resources["conversation"].values())
    bookmark = {
        "replication_key": "conversation_updated_at",
        "replication_key_value": timestamps.text(order[0]),
    }
    tap = tap_for(
        emulator,
        Messages(),
        state={"bookmarks": {"work_items": bookmark}},
        catalog=whole_catalog(emulator, "work_items"),
        page_size=5,
        concurrency=4,
    )
    tap.session.limits = Limits(target=15)
    client, threads, ends = tap.session.client, set(), []
    search = client.search

    def watched(path: str, body: dict[str, Any], **options: Any) -> bytes:
        if body["queryContext"] == "conversation":
            threads.add(threading.get_ident())
            ends.append(body["and"][1]["conversation_updated_at"]["lte"])
        return search(path, body, **options)

    client.__dict__["search"] = watched
    tap.read()
    assert len(ends) > 300 / 5
    assert len(threads) == 1
    assert max(ends) > timestamps.text(wall())
