"""One stream that can't be read costs itself; a key or a host that is gone ends the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from tests.hostile.harness import BEGIN, Outcome, run, spread, told
from tests.hostile.records import row, text
from tests.hostile.server import Ask, Reply, Server, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

LISTS = {"brands": "/v1/brands", "tags": "/v1/tags", "teams": "/v1/teams"}
OTHERS = ("brands", "customers", "tags", "teams")


def org() -> Server:
    """Customers and three lists."""
    server = Server(spread(700), patience=900)
    for path in LISTS.values():
        server.lists[path] = [row("1"), row("2")]
    return server


def others_came(outcome: Outcome) -> None:
    assert len(outcome.ids("customers")) == 700
    for name in LISTS:
        assert outcome.ids(name) == {"1", "2"}


def _reset(_: Ask) -> Reply:
    raise requests.ConnectionError


FAILURES: dict[str, Callable[[Ask], Reply]] = {
    "500": lambda _: refusal(500),
    "503": lambda _: refusal(503),
    "html": lambda _: Reply(body=b"<html></html>"),
    "empty": lambda _: Reply(body=b""),
    "array": lambda _: Reply(body=b"[]"),
    "text": lambda _: Reply(body=b'{"data":"none"}'),
    "numbers": lambda _: Reply([1, 2]),
    "no json": lambda _: Reply(body=b'{"data":['),
    "not utf-8": lambda _: Reply(body=b'{"data":[{"id":"\xff"}]}'),
    "reset": _reset,
    "418": lambda _: refusal(418),
    "302": lambda _: Reply(status=302, headers={"Location": "https://example.com"}),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("stream", ["audit_logs", "companies", "queues", "work_sessions"])
def test_one_stream_fails_for_ever(stream: str, failure: str) -> None:
    server = org()
    paths = {
        "audit_logs": "/v1/audit-logs",
        "queues": "/v1/routing/queues",
        "work_sessions": "/v1/routing/work-sessions",
    }

    def fail(ask: Ask, _: Reply) -> Reply | None:
        companies = ask.is_search and ask.body["queryContext"] == "company"
        concerned = companies if stream == "companies" else ask.path == paths[stream]
        return FAILURES[failure](ask) if concerned else None

    server.hooks.append(fail)
    outcome = run(server, stream, *OTHERS)
    told(outcome, stream)
    others_came(outcome)


@pytest.mark.parametrize("within", [0, 45, 90])
def test_a_search_that_ignores_its_filter(within: int) -> None:
    """`company_updated_at` is in no document: the search may answer everything, always."""
    server = org()
    everything = spread(90, begin=BEGIN - (90 - within) * 9_000)

    def ignore(ask: Ask, _: Reply) -> Reply | None:
        if not ask.is_search or ask.body["queryContext"] != "company":
            return None
        return Reply(everything[: ask.size], {"total": 90}, {"next": None})

    server.hooks.append(ignore)
    server.lists["/v1/companies"] = [row(one.id, updatedAt=text(one.updated)) for one in everything]
    outcome = run(server, "companies", *OTHERS)
    if outcome.error is None:
        assert {one.id for one in everything if one.updated >= BEGIN} <= outcome.ids("companies")
    else:
        told(outcome, "companies")
    others_came(outcome)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("good", [2, 6, 12])
def test_a_key_that_is_revoked_midway(good: int, status: int) -> None:
    server = Server(spread(9_000), patience=150)
    for path in LISTS.values():
        server.lists[path] = [row(f"{n}") for n in range(250)]
    server.hooks.append(lambda ask, _: refusal(status) if ask.number > good else None)
    outcome = run(server, *OTHERS)
    told(outcome, "key")
    assert outcome.requests <= good + 10


def _timeout(_: Ask) -> Reply:
    raise requests.ReadTimeout


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("good", [2, 6, 12])
@pytest.mark.parametrize("fail", [_reset, _timeout, FAILURES["503"]], ids=["reset", "slow", "503"])
def test_a_host_that_is_gone_midway(
    fail: Callable[[Ask], Reply], good: int, concurrency: int
) -> None:
    """What is under way is tried for as long as ever, and after it no stream is."""
    server = Server(spread(9_000), patience=good + 12 * (concurrency + 2))
    for path in LISTS.values():
        server.lists[path] = [row(f"{n}") for n in range(250)]
    server.hooks.append(lambda ask, _: fail(ask) if ask.number > good else None)
    outcome = run(server, *OTHERS, "users", "queues", "slas", concurrency=concurrency)
    told(outcome)
