"""Several runs, one after the other, with states that were edited or settings that were changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hostile.harness import PRESENT, run, told
from tests.hostile.records import DAY, Record, Row, parse, row, text
from tests.hostile.server import Ask, Reply, Server

CONVERSATIONS = "/v1/conversations"
SESSIONS = "/v1/routing/work-sessions"
LONG_AGO = PRESENT - 5 * DAY
FORMS = [
    text(LONG_AGO),
    text(LONG_AGO).replace("Z", "+00:00"),
    text(LONG_AGO).replace("Z", "000+00:00"),
    text(LONG_AGO).replace("T", " "),
]


def state_of(stream: str, key: str, *unread: str, at: int = PRESENT - DAY) -> dict[str, Any]:
    held = {"replication_key": key, "replication_key_value": text(at), "unread": list(unread)}
    return {"bookmarks": {stream: held}}


def with_attachments(*conversations: Record) -> Server:
    """Conversations with an attachment each, `attachment-<id>`."""
    server = Server(conversations, context="conversation")
    for one in conversations:
        path = f"{CONVERSATIONS}/{one.id}"
        server.items[path] = row(one.id, updatedAt=text(one.updated))
        server.lists[f"{path}/attachments"] = [row(f"attachment-{one.id}")]
    return server


@pytest.mark.parametrize("form", FORMS)
def test_an_unread_instant_may_be_written_in_another_form(form: str) -> None:
    record = Record("late", LONG_AGO, LONG_AGO)
    outcome = run(Server([record]), state=state_of("customers", "updated_at", form))
    assert outcome.ids() == {"late"}
    assert "unread" not in outcome.state["bookmarks"]["customers"]

    server = with_attachments(record)
    state = state_of("attachments", "conversation_updated_at", form)
    outcome = run(server, "attachments", state=state)
    assert outcome.ids("attachments") == {"attachment-late"}
    assert "unread" not in outcome.state["bookmarks"]["attachments"]

    server = Server()
    starts = [PRESENT - DAY, PRESENT - 4 * DAY, LONG_AGO]
    server.lists[SESSIONS] = [session(f"session-{at}", at) for at in starts]
    outcome = run(server, "work_sessions", state=state_of("work_sessions", "created_at", form))
    assert f"session-{LONG_AGO}" in outcome.ids("work_sessions")


def session(one: str, began: int) -> Row:
    return row(one, createdAt=text(began), signedOutAt=text(began + 1), active=False)


def test_an_unread_instant_that_stays_so_is_held_once() -> None:
    record = Record("bad", LONG_AGO, LONG_AGO)
    record.raw = record.raw.replace(b'"attributes": {', b'"attributes": {"a": ' + deep() + b", ")
    state = state_of("customers", "updated_at", FORMS[1])
    outcome = run(Server([record]), state=state)
    told(outcome, "Record bad can't be read")
    assert outcome.state["bookmarks"]["customers"]["unread"] == [FORMS[0]]


def deep() -> bytes:
    return b'{"a":' * 300 + b"1" + b"}" * 300


@pytest.mark.parametrize("lookback", [0, 600])
def test_deleted_records_are_wanted_after_a_long_pause(lookback: int) -> None:
    """The default start date is later than the bookmark by then."""
    moments = {"first": 150, "while paused": 120, "last": 1}
    server = Server(Record(one, PRESENT - days * DAY) for one, days in moments.items())
    settings: dict[str, Any] = {"lookback_seconds": lookback}
    end = PRESENT - 140 * DAY
    first = run(
        server,
        start_date=text(PRESENT - 160 * DAY),
        end_date=text(end),
        include_deleted=False,
        **settings,
    )
    assert first.ids() == {"first"}
    second = run(server, state=first.state, start_date=None, max_history_months=3, **settings)
    assert {"while paused", "last"} <= second.ids()
    assert "include_deleted" not in second.state["bookmarks"]["customers"]


def test_a_full_list_of_unread_conversations_is_tried_again() -> None:
    """Another that can't be read must not keep those from delivery that can be read by now."""
    old = [Record(f"c{n:02}", LONG_AGO + n, LONG_AGO) for n in range(20)]
    new = Record("new", PRESENT - 1_000, LONG_AGO)
    server = with_attachments(*old, new)
    server.lists[f"{CONVERSATIONS}/new/attachments"] = [{"type": "attachment", "attributes": {}}]
    state = state_of("attachments", "conversation_updated_at", *(one.id for one in old))
    outcome = run(server, "attachments", state=state)
    assert outcome.ids("attachments") == {f"attachment-{one.id}" for one in old}
    told(outcome, "Conversation new")
    assert outcome.state["bookmarks"]["attachments"]["unread"] == ["new"]
    assert outcome.bookmark("attachments") == new.updated


def test_a_full_list_of_unread_entries_is_tried_again() -> None:
    instants = [LONG_AGO + n for n in range(20)]
    held = [row(f"{at:024x}", createdAt=text(at)) for at in instants]
    held.append(row("", createdAt=text(PRESENT - 1_000)))
    server = Server()

    def answer(ask: Ask, reply: Reply) -> Reply | None:
        del reply
        if ask.path != "/v1/audit-logs":
            return None
        first, last = parse(ask.query["filter[start]"]), parse(ask.query["filter[end]"])
        found = [one for one in held if first <= parse(one["attributes"]["createdAt"]) <= last]
        before = ask.query.get("before", "g")
        return Reply([one for one in reversed(found) if one["id"] < before], {"count": 1_000})

    server.hooks.append(answer)
    state = state_of("audit_logs", "created_at", *map(text, instants))
    outcome = run(server, "audit_logs", state=state)
    assert outcome.ids("audit_logs") == {one["id"] for one in held if one["id"]}
    told(outcome, "no id")
    assert outcome.state["bookmarks"]["audit_logs"]["unread"] == [text(PRESENT - 1_000)]
