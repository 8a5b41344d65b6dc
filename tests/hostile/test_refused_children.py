"""Conversations whose children are refused, all at once or one by one, and survey responses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.hostile.harness import PRESENT, run, told
from tests.hostile.records import DAY, SECOND, Record, Row, row, text
from tests.hostile.server import Ask, Reply, Server, refusal

CONVERSATIONS = "/v1/conversations"
RESPONSES = "/v1/satisfaction-responses"


def conversations(count: int, **attributes: Any) -> Server:
    """Conversations with an attachment each."""
    records = []
    for number in range(count):
        one = Record(f"c{number:03}", PRESENT - DAY // 2 + number * SECOND, PRESENT - DAY)
        moments = {"updatedAt": text(one.updated), "createdAt": text(one.created or 0)}
        one.raw = json.dumps(row(one.id, **moments, **attributes)).encode()
        records.append(one)
    server = Server(records, context="conversation")
    for one in records:
        path = f"{CONVERSATIONS}/{one.id}"
        server.items[path] = row(one.id, updatedAt=text(one.updated))
        server.lists[f"{path}/attachments"] = [row(f"attachment-{one.id}")]
    server.lists[CONVERSATIONS] = []
    return server


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("good", [0, 1, 60])
def test_everything_about_conversations_is_refused_from_now_on(good: int, status: int) -> None:
    """As while a gateway knows no way to them: that must not pass for so many deletions."""
    server = conversations(120)
    asked: list[str] = []

    def fail(ask: Ask, reply: Reply) -> Reply | None:
        del reply
        if not ask.path.startswith(CONVERSATIONS):
            return None
        asked.append(ask.path)
        return refusal(status) if len(asked) > good else None

    server.hooks.append(fail)
    first = run(server, "attachments")
    assert first.error is not None
    server.hooks.clear()
    second = run(server, "attachments", state=first.state)
    assert second.error is None
    delivered = first.ids("attachments") | second.ids("attachments")
    assert delivered == {f"attachment-c{number:03}" for number in range(120)}


@pytest.mark.parametrize("status", [403, 404])
def test_single_conversations_that_are_gone_are_skipped(status: int) -> None:
    server = conversations(120)
    gone = {f"{CONVERSATIONS}/c{number:03}" for number in range(0, 120, 7)}

    def fail(ask: Ask, reply: Reply) -> Reply | None:
        del reply
        is_gone = any(ask.path.startswith(path) for path in gone)
        return refusal(status) if is_gone else None

    server.hooks.append(fail)
    outcome = run(server, "attachments")
    assert outcome.error is None
    assert len(outcome.ids("attachments")) == 120 - len(gone)


@pytest.mark.parametrize("response", [{"id": "r"}, ["r"], 7, True])
def test_a_survey_response_in_a_form_nobody_knows(response: object) -> None:
    server = conversations(1, satisfactionLevel={"formResponse": response})
    told(run(server, "satisfaction_responses"), "Conversation c000", "form that this version")


@pytest.mark.parametrize("response", [None, "", {}])
def test_no_survey_response(response: object) -> None:
    server = conversations(1, satisfactionLevel={"formResponse": response})
    assert run(server, "satisfaction_responses").error is None


@pytest.mark.parametrize("answer", [{}, [], {"type": "thing", "id": "other"}])
def test_another_survey_response_than_the_one_requested(answer: Row | list[Row]) -> None:
    server = conversations(1, satisfactionLevel={"formResponse": "r"})

    def give(ask: Ask, reply: Reply) -> Reply | None:
        del reply
        return Reply(answer) if ask.path == f"{RESPONSES}/r" else None

    server.hooks.append(give)
    outcome = run(server, "satisfaction_responses")
    told(outcome, "Conversation c000", "different resource")
    assert outcome.state["bookmarks"]["satisfaction_responses"]["unread"] == ["c000"]
    server.hooks.clear()
    server.items[f"{RESPONSES}/r"] = row("r")
    server.items[f"{CONVERSATIONS}/c000"] = row("c000", satisfactionLevel={"formResponse": "r"})
    again = run(server, "satisfaction_responses", state=outcome.state)
    assert again.ids("satisfaction_responses") == {"r"}
    assert again.error is None
