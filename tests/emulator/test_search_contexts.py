"""Searches of the other objects."""

from typing import Any

import pytest

from emulator import Emulator, Org
from emulator.times import DAY, to_text
from tests.emulator.world import ARCHIVE, KEY, NOW, SEARCH, World, search_body

STREAMS = {
    "customer": "customers",
    "message": "messages",
    "note": "notes",
    "company": "companies",
    "kobject": "kobjects",
}


@pytest.fixture(scope="module")
def sample() -> Org:
    """Not to be changed."""
    return Org.sample(seed=1, now=NOW, conversations=230, days=40)


@pytest.fixture
def store(sample: Org) -> World:
    return World(sample)


def everything(
    world: World, context: str, path: str = SEARCH, *, deleted: bool = True
) -> list[dict[str, Any]]:
    """Search page by page."""
    body = search_body(context, context if path == ARCHIVE else context.partition("_")[0])
    body["includeDeleted"] = deleted
    found: list[dict[str, Any]] = []
    url: str | None = path
    while url:
        answer = world.search(body, path=url)
        assert answer.status_code == 200, answer.text
        found += answer.json["data"]
        url = answer.json["links"]["next"]
    return found


def since(name: str, instant: str = "1970-01-01T00:00:00.000Z") -> dict[str, object]:
    """The criterion that a date is an instant or later."""
    return {"and": [{name: {"gte": instant}}]}


@pytest.mark.parametrize(("context", "stream"), STREAMS.items())
def test_finds_everything_in_order(store: World, context: str, stream: str) -> None:
    rows = everything(store, context)
    updates = [row["attributes"]["updatedAt"] for row in rows]
    assert updates == sorted(updates)
    assert all(to_text(NOW - 40 * DAY) <= at <= to_text(NOW) for at in updates)
    assert len({row["id"] for row in rows}) == len(rows) == store.org.counts()[stream]
    if context != "message":
        assert len(everything(store, context, deleted=False)) < len(rows)


def test_klasses_have_contexts_of_their_own(store: World) -> None:
    number = {}
    for klass in ("order", "subscription", "ecomm-return", "loyalty"):
        rows = everything(store, f"kobject_{klass}")
        assert {row["type"] for row in rows} <= {f"kobject.{klass}"}
        number[klass] = len(rows)
    assert number == {"order": 24, "subscription": 22, "ecomm-return": 11, "loyalty": 0}
    assert sum(number.values()) == len(everything(store, "kobject"))


def test_archive_of_a_klass(world: World) -> None:
    at = to_text(NOW - 800 * DAY)
    for number, klass in enumerate(("order", "ecomm-return")):
        attributes = {"createdAt": at, "updatedAt": at}
        one = {"type": f"kobject.{klass}", "id": f"{number:024x}", "attributes": attributes}
        world.org.put("kobject", one)
    assert everything(world, "kobject") == []
    assert len(everything(world, "kobject", ARCHIVE)) == 2
    (found,) = everything(world, "kobject_ecomm-return", ARCHIVE)
    assert found["id"] == f"{1:024x}"


@pytest.mark.parametrize("context", ["customer", "message", "company", "kobject"])
def test_archive_finds_what_is_old(world: World, context: str) -> None:
    for number, age in enumerate((1, 800)):
        at = to_text(NOW - age * DAY)
        attributes = {"createdAt": at, "updatedAt": at}
        one = {"type": context, "id": f"{number:024x}", "attributes": attributes}
        world.org.put(context, one)
    assert [row["id"] for row in everything(world, context)] == [f"{0:024x}"]
    assert [row["id"] for row in everything(world, context, ARCHIVE)] == [f"{1:024x}"]


def test_company_attributes_can_be_switched_off(store: World) -> None:
    assert everything(store, "company")
    store.switches.refused_contexts = {"company"}
    ranged = since("company_updated_at")
    assert store.search(search_body("company") | ranged).status_code == 400
    assert store.search(search_body("company")).status_code == 200


@pytest.mark.parametrize(
    ("context", "name"),
    [
        ("work_session", "work_session_updated_at"),
        ("work_item", "work_item_updated_at"),
        ("conversation_time", "conversation_time_created_at"),
    ],
)
def test_agent_time_can_be_searched_by_one_date(context: str, name: str) -> None:
    world = World(Org.sample(seed=1, now=NOW, conversations=40, days=20))
    body = search_body(context) | {"sort": [{name: "asc"}]}
    found = world.search(body, params={"pageSize": 500}).json
    assert found["meta"]["total"] == len(found["data"]) == len(world.org.resources[context]) > 0
    assert world.search(body, path=ARCHIVE).status_code == 400
    other = name.replace("updated", "x").replace("created", "updated").replace("_x_", "_created_")
    assert world.search(body | since(other)).status_code == 400
    world.switches.refused_sorts = {context}
    assert world.search(body).status_code == 400
    assert world.search(body | {"sort": []}).status_code == 200
    world.switches.refused_sorts = set()
    world.switches.ignored_ranges = {context}
    nothing = {**body, **since(name, "2099-01-01T00:00:00.000Z")}
    assert world.search(nothing).json["meta"]["total"] > 0
    world.switches.ignored_ranges, world.switches.matchless_ranges = set(), {context}
    assert world.search(body | since(name)).json["meta"]["total"] == 0


@pytest.mark.parametrize(
    ("role", "opened"),
    [
        ("org.permission.kobject.read", {"kobject", "kobject_order", "kobject_subscription"}),
        ("org.permission.kobject.kobject_order.read", {"kobject_order"}),
        ("org.user.note.read", {"note"}),
    ],
)
def test_contexts_want_the_role_of_what_they_find(role: str, opened: set[str]) -> None:
    roles = ("org.permission.search.create", role)
    client = Emulator(Org(now=NOW), clock=lambda: NOW, roles=roles).app.test_client()
    found = {
        context: client.post(
            SEARCH, json=search_body(context, context.partition("_")[0]), headers=KEY
        )
        for context in (*STREAMS, "kobject_order", "kobject_subscription")
    }
    assert {context for context, one in found.items() if one.status_code == 200} == opened


def test_forbidding_a_klass_or_all(world: World) -> None:
    def status(context: str) -> int:
        return world.search(search_body(context, "kobject")).status_code

    world.switches.forbidden = {"kobject_order"}
    assert [status(name) for name in ("kobject", "kobject_order", "kobject_x")] == [200, 403, 200]
    world.switches.forbidden = {"kobject"}
    assert [status(name) for name in ("kobject", "kobject_order")] == [403, 403]
