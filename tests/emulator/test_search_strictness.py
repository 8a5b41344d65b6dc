"""What search refuses: everything that is not documented."""

import pytest

from tests.emulator.world import ARCHIVE, KEY, SEARCH, World

AT = "conversation_updated_at"
INSTANT = "2026-05-01T10:30:00.123Z"

REFUSED_BODIES = {
    "unknown key": {"filter": []},
    "unknown context": {"queryContext": "ticket"},
    "no context": {"queryContext": None},
    "unknown attribute": {"and": [{"conversation_colour": {"equals": "red"}}]},
    "own id": {"and": [{"conversation_id": {"equals": "1"}}]},
    "response name": {"and": [{"updatedAt": {"gte": INSTANT}}]},
    "other object's attribute": {"and": [{"customer_updated_at": {"gte": INSTANT}}]},
    "two operators": {"and": [{AT: {"gte": INSTANT, "lt": INSTANT}}]},
    "two attributes": {"and": [{AT: {"gte": INSTANT}, "conversation_status": {"equals": "open"}}]},
    "no operator": {"and": [{AT: INSTANT}]},
    "unknown operator": {"and": [{AT: {"after": INSTANT}}]},
    "operator of another kind": {"and": [{"conversation_status": {"gte": "open"}}]},
    "criterion is text": {"and": ["open"]},
    "local instant": {"and": [{AT: {"gte": "2026-05-01T10:30:00"}}]},
    "offset instant": {"and": [{AT: {"gte": "2026-05-01T10:30:00+02:00"}}]},
    "epoch": {"and": [{AT: {"gte": 1_780_000_000_000}}]},
    "no such day": {"and": [{AT: {"gte": "2026-02-30"}}]},
    "microseconds": {"and": [{AT: {"gte": "2026-05-01T10:30:00.123456Z"}}]},
    "text for a number": {"and": [{"conversation_priority": {"equals": "3"}}]},
    "true for a number": {"and": [{"conversation_priority": {"equals": True}}]},
    "in without array": {"and": [{"conversation_status": {"in": "open"}}]},
    "not_set with value": {"and": [{"conversation_status": {"not_set": True}}]},
    "sort by unknown": {"sort": [{"conversation_colour": "asc"}]},
    "sort by own id": {"sort": [{AT: "asc"}, {"conversation_id": "asc"}]},
    "sort direction": {"sort": [{AT: "ascending"}]},
    "sort as text": {"sort": AT},
    "two keys in a sort": {"sort": [{AT: "asc", "conversation_created_at": "asc"}]},
    "includeDeleted as text": {"includeDeleted": "true"},
    "time zone": {"timeZone": "Mars/Olympus"},
}


@pytest.mark.parametrize("body", REFUSED_BODIES.values(), ids=REFUSED_BODIES.keys())
def test_refuses_body(world: World, body: dict[str, object]) -> None:
    answer = world.search(body)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["code"] == "bad_request"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"text"'])
def test_refuses_what_is_no_json_object(world: World, body: bytes) -> None:
    assert world.client.post(SEARCH, data=body, headers=KEY).status_code == 400


@pytest.mark.parametrize(
    "params",
    [
        *({"page": page} for page in (0, -1, "", "x", "9" * 30)),
        *({"pageSize": size} for size in (0, 501, "all", "²")),
        {"idsOnly": "yes"},
    ],
)
def test_refuses_parameters(world: World, params: dict[str, object]) -> None:
    assert world.search(params=params).status_code == 400


@pytest.mark.parametrize(
    ("page", "size", "status"),
    [
        (20, 500, 200),
        (21, 500, 400),
        (100, 100, 200),
        (101, 1, 400),
        (33, 300, 200),
        (34, 300, 400),
    ],
)
def test_caps(world: World, page: int, size: int, status: int) -> None:
    assert world.search(params={"page": page, "pageSize": size}).status_code == status
    assert world.emulator.caps_touched == (status == 400)


def test_body_too_large(world: World) -> None:
    assert world.search({"searchHash": "x" * 100_000}).status_code == 413


@pytest.mark.parametrize("context", ["conversation", "customer", "message", "kobject", "company"])
def test_archive_contexts(world: World, context: str) -> None:
    body = {"queryContext": context, "sort": {f"{context}_updated_at": "asc"}}
    assert world.search(body, path=ARCHIVE).status_code == 200
    assert world.search(body).status_code == 200


def test_contexts_of_one_search_only(world: World) -> None:
    note = {"queryContext": "note", "sort": {"note_updated_at": "asc"}}
    assert world.search(note).status_code == 200
    assert world.search(note, path=ARCHIVE).status_code == 400
    kobject = {"queryContext": "kobject_ecomm-order", "sort": {"kobject_updated_at": "asc"}}
    assert world.search(kobject).status_code == 200


@pytest.mark.parametrize("key", ["fields", "aggs", "searchHash"])
def test_archive_takes_fewer_keys(world: World, key: str) -> None:
    assert world.search({key: []}).status_code == 200
    assert world.search({key: []}, path=ARCHIVE).status_code == 400


def test_archive_attributes(world: World) -> None:
    by_id = [{"conversation_id": {"equals": "1"}}]
    by_status = [{"conversation_status": {"equals": "open"}}]
    assert world.search({"and": by_id}, path=ARCHIVE).status_code == 200
    assert world.search({"and": by_status}, path=ARCHIVE).status_code == 400
    assert world.search({"sort": {"conversation_id": "asc"}}, path=ARCHIVE).status_code == 400
