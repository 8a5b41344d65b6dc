"""Links that carry a page and nothing else, on a server that believes its query string."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.hostile.harness import BEGIN, PRESENT, run
from tests.hostile.records import Row, row, text
from tests.hostile.server import Ask, Reply, Server

if TYPE_CHECKING:
    from collections.abc import Callable


def forget(ask: Ask, reply: Reply) -> None:
    """Cut every link down to its page and page size."""
    if reply.links and reply.links.get("next"):
        kept = re.findall(r"(?:page|pageSize)=\d+", reply.links["next"])
        reply.links["next"] = f"{ask.path}?{'&'.join(kept)}"


def forgetful(path: str, rows: Callable[[Ask], list[Row]]) -> Server:
    server = Server(patience=400)
    server.lists[path] = rows
    server.hooks.append(forget)
    return server


@pytest.mark.parametrize("count", [499, 500, 501, 1_200])
def test_deactivated_users(count: int) -> None:
    active = [row(f"a{n}") for n in range(count)]
    gone = [row(f"d{n}", deleted=True) for n in range(count)]

    def users(ask: Ask) -> list[Row]:
        return gone if ask.query.get("deleted") == "true" else active

    outcome = run(forgetful("/v1/users", users), "users")
    assert outcome.error is None
    assert outcome.ids("users") == {one["id"] for one in active + gone}


@pytest.mark.parametrize("count", [99, 101, 250])
def test_klasses_of_every_status(count: int) -> None:
    def klasses(ask: Ask) -> list[Row]:
        status = ask.query.get("status", "enabled")
        return [row(f"{status}{n}", name=f"{status}{n}") for n in range(count)]

    outcome = run(forgetful("/v1/klasses", klasses), "klasses")
    assert outcome.error is None
    assert len(outcome.ids("klasses")) == 3 * count


@pytest.mark.parametrize("count", [99, 101, 450])
def test_work_sessions_newest_first(count: int) -> None:
    step = (PRESENT - BEGIN) // (count + 1)
    sessions = [
        row(f"{n:024x}", createdAt=text(BEGIN + n * step), signedOutAt=text(BEGIN + n * step + 1))
        for n in range(count)
    ]

    def listed(ask: Ask) -> list[Row]:
        return sessions[::-1] if ask.query.get("sort") == "desc" else sessions

    outcome = run(forgetful("/v1/routing/work-sessions", listed), "work_sessions")
    assert outcome.error is None
    assert outcome.ids("work_sessions") == {one["id"] for one in sessions}


def test_versions_of_agreements() -> None:
    server = forgetful("/v1/slas", lambda _: [row(f"{n}") for n in range(250)])

    def include(ask: Ask, reply: Reply) -> None:
        if ask.path == "/v1/slas":
            kinds = ("old", "new") if ask.query.get("versions") == "all" else ("new",)
            named = [row(f"{kind}{one['id']}") for one in reply.data for kind in kinds]
            reply.more["included"] = named

    server.hooks.append(include)
    outcome = run(server, "sla_versions")
    assert outcome.error is None
    assert len(outcome.ids("sla_versions")) == 500


def test_custom_attributes_of_every_klass() -> None:
    def klasses(ask: Ask) -> list[Row]:
        status = ask.query.get("status", "enabled")
        return [row(f"{status}{n}", name=f"{status}{n}") for n in range(150)]

    server = forgetful("/v1/klasses", klasses)
    server.patience = 1_000
    for one in ("company", "conversation", "customer", "message"):
        server.items[f"/v1/metadata/{one}"] = row(one, properties={})
    for status in ("enabled", "existing_only", "disabled"):
        for n in range(150):
            properties: Row = {"sizeNum": {}}
            server.items[f"/v1/metadata/{status}{n}"] = row(f"{n}", properties=properties)
    outcome = run(server, "custom_attributes")
    assert outcome.error is None
    assert len(outcome.ids("custom_attributes")) == 450
