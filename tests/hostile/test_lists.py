"""Lists that do not say where they end, or say it wrongly: whole, or nothing is retired."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.hostile.harness import BEGIN, Outcome, run, told
from tests.hostile.records import Record, row, text
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
@pytest.mark.parametrize("total", [250, "250", 251, 251.0, 10_000], ids=repr)
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


@pytest.mark.parametrize("second", [[], ["0"]])
def test_a_null_link_although_more_are_counted(second: list[str]) -> None:
    def cut(ask: Ask, _: Reply) -> Reply:
        found = ["0"] if ask.page == 1 else second
        return Reply([row(one) for one in found], {"total": 5}, {"next": None})

    outcome = read(org(cut))
    told(outcome, "tags")
    assert not outcome.retires("tags")


@pytest.mark.parametrize(
    "pages", [[["a", "a"]], [["a", "b"], ["b", "c"]], [["a", "b"], ["a", "b"]]], ids=str
)
def test_resources_that_come_twice_while_others_do_not(pages: list[list[str]]) -> None:
    """As many as are counted, but not as many different ones."""
    total = sum(map(len, pages))

    def unstable(ask: Ask, _: Reply) -> Reply:
        found = [row(one) for one in pages[ask.page - 1]]
        more = f"{TAGS}?page={ask.page + 1}" if ask.page < len(pages) else None
        return Reply(found, {"total": total}, {"next": more})

    outcome = read(org(unstable))
    told(outcome, "tags")
    assert not outcome.retires("tags")


@pytest.mark.parametrize(
    "body",
    [b'{"data":{"id":"a"},"meta":{"total":50}}', b'{"data":[],"meta":{"total":50.0}}'],
    ids=["an object", "nothing"],
)
def test_a_count_that_nothing_bears_out(body: bytes) -> None:
    outcome = read(org(lambda _, __: Reply(body=body)))
    told(outcome, "tags")
    assert not outcome.retires("tags")


SEVENTH = {name: text(BEGIN + 7) for name in ("createdAt", "updatedAt")}
WHOLE = json.dumps(row("7", **SEVENTH)).encode()
DEEP = {
    f"{depth} deep": WHOLE.replace(b"}", b',"x":%s}' % (b"[" * depth + b"]" * depth), 1)
    for depth in (201, 400, 940, 984, 2_000)
}
RUIN = {
    **DEEP,
    "deep and with U+0000": DEEP["984 deep"].replace(b"[]", b'["\\u0000"]'),
    "without an id": WHOLE.replace(b'"id"', b'"ID"'),
    "an id that is a number": WHOLE.replace(b'"7"', b"7"),
}


@pytest.mark.parametrize("ruin", RUIN.values(), ids=RUIN)
@pytest.mark.parametrize("stream", ["tags", "notes", "work_sessions", "audit_logs", "attachments"])
def test_one_resource_that_cannot_be_read_costs_itself(stream: str, ruin: bytes) -> None:
    path = {
        "tags": TAGS,
        "notes": "/v1/notes",
        "work_sessions": "/v1/routing/work-sessions",
        "audit_logs": "/v1/audit-logs",
        "attachments": "/v1/conversations/c/attachments",
    }[stream]
    rows = [row(f"{n}", createdAt=text(BEGIN + n), updatedAt=text(BEGIN + n)) for n in range(3)]
    parent = Record("c", BEGIN, BEGIN)
    server = Server([parent], context="conversation", patience=200)
    server.items["/v1/conversations/c"] = row("c")
    healed: list[bool] = []

    def ruined(ask: Ask, _: Reply) -> Reply | None:
        if ask.path != path:
            return refusal(400) if ask.is_search and stream == "notes" else None
        held = [] if "before" in ask.query else [json.dumps(one).encode() for one in rows[::-1]]
        held[:0] = [WHOLE if healed else ruin] if held else []
        return Reply(body=b'{"data":[%s],"links":{"next":null}}' % b",".join(held))

    server.hooks.append(ruined)
    outcome = run(server, stream)
    told(outcome, stream)
    assert outcome.ids(stream) == {"0", "1", "2"}
    assert not outcome.retires(stream)
    healed.append(True)
    again = run(server, stream, state=outcome.state)
    assert again.error is None
    assert "7" in again.ids(stream)


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


OTHERS: dict[str, Reply] = {
    "nothing": Reply([]),
    "an empty object": Reply({}),
    "another one": Reply(row("1")),
    "two": Reply([row("2"), row("3")]),
    "a holiday without an id": Reply(row("2"), more={"included": [{"id": ""}, row("h")]}),
    **{f"{status}": refusal(status) for status in (302, 400, 403, 410, 422, 500)},
}


@pytest.mark.parametrize("answer", OTHERS.values(), ids=OTHERS)
def test_one_schedule_that_its_address_does_not_hold(answer: Reply) -> None:
    server = Server(patience=100)
    server.lists["/v1/schedules"] = [row("1"), row("2"), row("3")]
    for one in ("1", "2", "3"):
        server.items[f"/v1/schedules/{one}"] = row(one)
    server.hooks.append(lambda ask, _: answer if ask.path == "/v1/schedules/2" else None)
    outcome = run(server, "schedules")
    told(outcome, "schedules", "2")
    assert not outcome.retires("schedules")
    assert outcome.ids("schedules") >= {"1", "3"}


def test_schedules_that_all_fail_do_not_take_five_minutes_each() -> None:
    server = Server(patience=100)
    server.lists["/v1/schedules"] = [row(f"{n}") for n in range(30)]
    server.hooks.append(
        lambda ask, _: refusal(500) if ask.path.startswith("/v1/schedules/") else None
    )
    told(run(server, "schedules"), "schedules")


@pytest.mark.parametrize("roles", [[{"id": "org.user.read"}, 5], {"id": "org.user.read"}, [None]])
def test_permissions_without_a_name(roles: object) -> None:
    server = Server(patience=20)
    server.lists["/v1/auth/roles"] = [row("org.x")]
    server.lists["/v1/role-groups"] = [row("set", roles=roles)]
    outcome = run(server, "permissions")
    told(outcome, "permissions")
    assert outcome.ids("permissions") == {"org.x"}
    assert not outcome.retires("permissions")


def test_permissions_that_the_list_does_not_name() -> None:
    server = Server(patience=20)
    server.lists["/v1/auth/roles"] = [{"type": "role", "attributes": {"name": "org.x"}}]
    server.lists["/v1/role-groups"] = []
    outcome = run(server, "permissions")
    told(outcome, "permissions")
    assert not outcome.retires("permissions")


@pytest.mark.parametrize("data", [[], {}])
def test_metadata_that_is_empty(data: object) -> None:
    server = Server(patience=50)
    server.lists["/v1/klasses"] = []
    server.hooks.append(lambda ask, _: Reply(data) if "/metadata/" in ask.path else None)
    outcome = run(server, "custom_attributes")
    told(outcome, "custom_attributes")
    assert not outcome.retires("custom_attributes")


def test_an_unread_note_is_not_forgotten_while_its_list_fails() -> None:
    server = Server(patience=200)
    server.lists["/v1/notes"] = [row("", updatedAt=text(BEGIN + 7))]
    broken: list[bool] = []

    def fail(ask: Ask, _: Reply) -> Reply | None:
        if ask.is_search:
            return refusal(400)
        return refusal(500) if ask.path == "/v1/notes" and broken else None

    server.hooks.append(fail)
    first = run(server, "notes")
    broken.append(True)
    second = run(server, "notes", state=first.state)
    told(first, "notes")
    told(second, "notes")
    broken.clear()
    server.lists["/v1/notes"] = [row("1", updatedAt=text(BEGIN + 7))]
    assert run(server, "notes", state=second.state).ids("notes") == {"1"}


@pytest.mark.parametrize("stream", ["tags", "attachments"])
def test_a_list_that_is_empty_once(stream: str) -> None:
    """A failing gateway may send it: no row is retired and no child is passed for that."""
    conversation = Record("c", BEGIN, BEGIN)
    server = Server([conversation], context="conversation")
    path = "/v1/tags" if stream == "tags" else "/v1/conversations/c/attachments"
    server.lists[path] = [row("one")]
    asked: list[Ask] = []

    def empty(ask: Ask, reply: Reply) -> Reply | None:
        del reply
        if ask.path != path:
            return None
        asked.append(ask)
        return Reply([]) if len(asked) == 1 else None

    server.hooks.append(empty)
    outcome = run(server, stream)
    assert outcome.error is None
    assert outcome.ids(stream) == {"one"}


def test_a_list_that_is_always_empty_without_a_proof() -> None:
    server = Server()
    server.lists["/v1/tags"] = []
    server.hooks.append(lambda ask, _: Reply([]) if ask.path == "/v1/tags" else None)
    outcome = run(server, "tags")
    assert outcome.error is None
    assert outcome.retires("tags")
    assert len(server.asked) == 3
