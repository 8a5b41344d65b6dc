"""Searches of the other objects."""

from collections.abc import Mapping
from typing import Any

import pytest

from emulator import Emulator, Org
from emulator.times import DAY, to_text
from tests.emulator.world import ARCHIVE, KEY, NOW, SEARCH, World

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
    world: World, context: str, path: str = SEARCH, /, **more: object
) -> list[dict[str, Any]]:
    """Search page by page, deleted records included."""
    attribute = f"{context.partition('_')[0]}_updated_at"
    body = {"queryContext": context, "sort": [{attribute: "asc"}], "includeDeleted": True, **more}
    found: list[dict[str, Any]] = []
    url: str | None = path
    while url:
        answer = world.search(body, path=url)
        assert answer.status_code == 200, answer.text
        found += answer.json["data"]
        url = answer.json["links"]["next"]
    return found


def refused(world: World, body: Mapping[str, object], path: str = SEARCH) -> bool:
    return world.search({"sort": [], **body}, path=path).status_code == 400


@pytest.mark.parametrize(("context", "stream"), STREAMS.items())
def test_finds_everything_in_order(store: World, context: str, stream: str) -> None:
    rows = everything(store, context)
    updates = [row["attributes"]["updatedAt"] for row in rows]
    assert updates == sorted(updates)
    assert all(to_text(NOW - 40 * DAY) <= at <= to_text(NOW) for at in updates)
    assert len({row["id"] for row in rows}) == len(rows) == store.org.counts()[stream]
    if context != "message":
        assert len(everything(store, context, includeDeleted=False)) < len(rows)


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
    own = {"kobject_ecomm-return_id": {"equals": f"{1:024x}"}}
    assert len(everything(world, "kobject_ecomm-return", ARCHIVE, **{"and": [own]})) == 1
    assert refused(world, {"queryContext": "kobject", "and": [own]}, ARCHIVE)
    assert refused(world, {"queryContext": "kobject_ecomm-return", "and": [own]})
    body = {"queryContext": "kobject_ecomm-return", "sort": [{"kobject_ecomm-return_id": "asc"}]}
    assert refused(world, body, ARCHIVE)


@pytest.mark.parametrize("context", ["customer", "message", "company", "kobject"])
def test_archive_finds_what_is_old(world: World, context: str) -> None:
    for number, age in enumerate((1, 800)):
        at = to_text(NOW - age * DAY)
        attributes = {"createdAt": at, "updatedAt": at}
        one = {"type": context, "id": f"{number:024x}", "attributes": attributes}
        world.org.put(context, one)
    assert [row["id"] for row in everything(world, context)] == [f"{0:024x}"]
    assert [row["id"] for row in everything(world, context, ARCHIVE)] == [f"{1:024x}"]


@pytest.mark.parametrize(
    ("context", "attributes"),
    [
        ("customer", "id createdAt companyId"),
        ("message", "id modified_at conversation_id deleted"),
        ("note", "id sent_at"),
        ("company", "id created_at name"),
        ("kobject", "id modified_at customer_id order_updated_at"),
    ],
)
def test_standard_lists_are_closed(store: World, context: str, attributes: str) -> None:
    for name in attributes.split():
        criterion = {f"{context}_{name}": {"not_set": ""}}
        assert refused(store, {"queryContext": context, "and": [criterion]}), name


def test_parents_can_be_asked_for(store: World) -> None:
    note = everything(store, "note")[0]
    for parent in ("conversation", "customer"):
        one = note["relationships"][parent]["data"]["id"]
        rows = everything(store, "note", **{"and": [{f"note_{parent}_id": {"equals": one}}]})
        assert note in rows
    customer = everything(store, "customer", **{"not": [{"customer_name": {"equals": ""}}]})[0]
    external = {"customer_externalId": {"equals": customer["attributes"]["externalId"]}}
    assert customer in everything(store, "customer", **{"and": [external]})


def test_custom_attributes_of_a_klass(store: World) -> None:
    total = {"kobject_custom_ecomm-return_totalNum": {"gte": 40}}
    rows = everything(store, "kobject_ecomm-return", **{"and": [total]})
    assert {row["attributes"]["custom"]["totalNum"] for row in rows} == {40, 1_234.5}


def test_company_attributes_can_be_switched_off(store: World) -> None:
    since = {"company_updated_at": {"gte": "2020-01-01"}}
    body = {"queryContext": "company", "and": [since]}
    assert not refused(store, body)
    store.switches.company_search = False
    assert refused(store, body)
    assert refused(store, {"queryContext": "company", "sort": [{"company_updated_at": "asc"}]})
    assert refused(store, {"queryContext": "company", "and": [{"company_custom_aStr": {}}]})
    assert not refused(store, {"queryContext": "company"})
    assert not refused(store, body, ARCHIVE)


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
    statuses = {
        context: client.post(SEARCH, json={"queryContext": context}, headers=KEY).status_code
        for context in (*STREAMS, "kobject_order", "kobject_subscription")
    }
    assert {context for context, status in statuses.items() if status == 200} == opened


def test_forbidding_a_klass_or_all(world: World) -> None:
    def status(context: str) -> int:
        return world.search({"queryContext": context, "sort": []}).status_code

    world.switches.forbidden = {"kobject_order"}
    assert [status(name) for name in ("kobject", "kobject_order", "kobject_x")] == [200, 403, 200]
    world.switches.forbidden = {"kobject"}
    assert [status(name) for name in ("kobject", "kobject_order")] == [403, 403]
