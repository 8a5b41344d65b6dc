"""Lists that do not say where they end, or say it wrongly: whole, or nothing is retired."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hostile.harness import Outcome, run, told
from tests.hostile.records import row
from tests.hostile.server import Ask, Reply, Server, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile.records import Row

TAGS = "/v1/tags"
ALL = {f"{n}" for n in range(250)}


def org(change: Callable[[Ask, Reply], Reply | None], rows: int = 250) -> Server:
    """Brands, teams and users as they should be, and tags as changed."""
    server = Server(patience=400)
    for path in ("/v1/brands", "/v1/teams", "/v1/users", TAGS):
        server.lists[path] = [row(f"{n}") for n in range(rows)]

    def tags_only(ask: Ask, reply: Reply) -> Reply | None:
        return change(ask, reply) if ask.path == TAGS else None

    server.hooks.append(tags_only)
    return server


def read(server: Server) -> Outcome:
    """A run of three lists, of which the others must come whole."""
    outcome = run(server, "brands", "tags", "teams", "users")
    for name in ("brands", "teams", "users"):
        assert outcome.ids(name) == ALL
        assert outcome.retires(name)
    return outcome


def whole_or_told(outcome: Outcome) -> None:
    """All rows came, or the run says that they did not and retires none."""
    if outcome.retires("tags"):
        assert outcome.ids("tags") == ALL
        assert outcome.error is None
    else:
        told(outcome, "tags")


@pytest.mark.parametrize("links", [None, {}, {"self": "/v1/tags"}, {"next": None}, {"next": ""}])
@pytest.mark.parametrize("total", [250, "250", 251, 10_000], ids=repr)
def test_more_are_counted_than_linked(links: Row | None, total: object) -> None:
    def no_link(_: Ask, reply: Reply) -> None:
        reply.links, reply.meta = links, {"total": total}

    whole_or_told(read(org(no_link)))


@pytest.mark.parametrize("size", [100, 50, 33])
def test_pages_without_any_end(size: int) -> None:
    """Pages by number, of a size the server likes, without links and without a total."""

    def bare(ask: Ask, _: Reply) -> Reply:
        rows = [row(f"{n}") for n in range(250)]
        return Reply(rows[(ask.page - 1) * size : ask.page * size])

    whole_or_told(read(org(bare)))


@pytest.mark.parametrize("links", [None, {}, {"next": None}])
@pytest.mark.parametrize("count", [0, 1, 37, 100, 250])
def test_a_list_that_knows_no_pages(count: int, links: Row | None) -> None:
    def everything(_: Ask, __: Reply) -> Reply:
        return Reply([row(f"{n}") for n in range(count)], links=links)

    outcome = read(org(everything))
    assert outcome.error is None
    assert outcome.retires("tags")
    assert outcome.ids("tags") == {f"{n}" for n in range(count)}


def _same(ask: Ask) -> Reply:
    return Reply([row(f"{n}") for n in range(100)], links={"next": f"{TAGS}?page={ask.page + 1}"})


def _same_link(_: Ask) -> Reply:
    return Reply([row(f"{n}") for n in range(100)], links={"next": f"{TAGS}?page=1"})


def _circle(ask: Ask) -> Reply:
    rows = [row(f"{n}") for n in range(ask.page % 3 * 50, ask.page % 3 * 50 + 50)]
    return Reply(rows, links={"next": f"{TAGS}?page={ask.page + 1}"})


def _empty(ask: Ask) -> Reply:
    return Reply([], links={"next": f"{TAGS}?page={ask.page + 1}"})


def _fresh_links(ask: Ask) -> Reply:
    return Reply([row("1")], links={"next": f"{TAGS}?page={ask.page}&token={ask.number}"})


@pytest.mark.parametrize("answer", [_same, _same_link, _circle, _empty, _fresh_links])
def test_links_that_lead_on_for_ever(answer: Callable[[Ask], Reply]) -> None:
    outcome = read(org(lambda ask, _: answer(ask)))
    told(outcome, "tags")
    assert not outcome.retires("tags")


@pytest.mark.parametrize("gap", [1, 2, 3])
def test_an_empty_page_in_between(gap: int) -> None:
    def holed(ask: Ask, _: Reply) -> Reply:
        rows = [row(f"{n}") for n in range(250)]
        behind = ask.page - (ask.page > gap)
        found = [] if ask.page == gap else rows[(behind - 1) * 100 : behind * 100]
        more = f"{TAGS}?page={ask.page + 1}&pageSize=100" if behind < 3 or not found else None
        return Reply(found, links={"next": more})

    whole_or_told(read(org(holed)))


@pytest.mark.parametrize("link", ["http://[", "https://example.com/v1/tags", 7, {"href": TAGS}, []])
def test_links_that_are_none(link: object) -> None:
    def odd(_: Ask, reply: Reply) -> None:
        if reply.links and reply.links["next"]:
            reply.links["next"] = link

    whole_or_told(read(org(odd)))


@pytest.mark.parametrize("data", [{}, "", [[]], [1], None, 7])
def test_data_that_is_no_list(data: object) -> None:
    def odd(ask: Ask, reply: Reply) -> None:
        if ask.page == 2:
            reply.data = data

    whole_or_told(read(org(odd)))


def test_schedules_that_are_listed_but_not_found() -> None:
    server = Server(patience=400)
    server.lists["/v1/schedules"] = [row("1"), row("2"), row("3")]
    for one in ("1", "3"):
        server.items[f"/v1/schedules/{one}"] = row(one)
    outcome = run(server, "schedules")
    if outcome.retires("schedules"):
        assert outcome.ids("schedules") == {"1", "2", "3"}
    else:
        told(outcome, "schedules")


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_schedules_during_a_storm(status: int) -> None:
    server = Server(patience=400)
    server.lists["/v1/schedules"] = [row(f"{n}") for n in range(30)]
    for n in range(30):
        server.items[f"/v1/schedules/{n}"] = row(f"{n}")

    def storm(ask: Ask, _: Reply) -> Reply | None:
        by_id = ask.path.startswith("/v1/schedules/")
        return refusal(status) if by_id and ask.number > 12 else None

    server.hooks.append(storm)
    outcome = run(server, "schedules")
    assert not outcome.retires("schedules") or len(outcome.ids("schedules")) == 30
