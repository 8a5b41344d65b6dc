"""What search refuses: everything that the tap does not send."""

import pytest

from tests.emulator.world import ARCHIVE, KEY, SEARCH, World, search_body

AT = "conversation_updated_at"
INSTANT = "2026-05-01T10:30:00.123Z"
ORDER = "kobject_ecomm-order"


def criterion(name: str, operator: str = "gte", value: object = INSTANT) -> dict[str, object]:
    return {"and": [{name: {operator: value}}]}


REFUSED_BODIES = {
    "unknown member": {"filter": []},
    **{name: {name: []} for name in ("or", "not", "timeZone", "fields", "aggs", "searchHash")},
    "unknown context": {"queryContext": "ticket"},
    "no context": {"queryContext": None},
    "klass of no kobject": {"queryContext": "conversation_order"},
    "one criterion without a list": {"and": {AT: {"gte": INSTANT}}},
    "unknown attribute": criterion("conversation_colour"),
    "documented attribute": criterion("conversation_modified_at"),
    "own id": criterion("conversation_id", "equals", "1"),
    "response name": criterion("updatedAt"),
    "other object's attribute": criterion("customer_updated_at"),
    **{name: criterion(AT, name) for name in ("gt", "lt", "equals", "not_set", "after")},
    "two operators": {"and": [{AT: {"gte": INSTANT, "lte": INSTANT}}]},
    "two attributes": {"and": [{AT: {"gte": INSTANT}, "conversation_created_at": {}}]},
    "no attribute": {"and": [{}]},
    "no operator": {"and": [{AT: INSTANT}]},
    "criterion is text": {"and": ["open"]},
    "day": criterion(AT, value="2026-05-01"),
    "local instant": criterion(AT, value="2026-05-01T10:30:00"),
    "offset instant": criterion(AT, value="2026-05-01T10:30:00.123+02:00"),
    "seconds": criterion(AT, value="2026-05-01T10:30:00Z"),
    "microseconds": criterion(AT, value="2026-05-01T10:30:00.123456Z"),
    "no such day": criterion(AT, value="2026-02-30T10:30:00.123Z"),
    "epoch": criterion(AT, value=1_780_000_000_000),
    "sort as text": {"sort": AT},
    "descending": {"sort": [{AT: "desc"}]},
    "sort by creation": {"sort": [{"conversation_created_at": "asc"}]},
    "second sort key": {"sort": [{AT: "asc"}, {"conversation_created_at": "asc"}]},
    "two keys in a sort": {"sort": [{AT: "asc", "conversation_created_at": "asc"}]},
    "includeDeleted as text": {"includeDeleted": "true"},
}


@pytest.mark.parametrize("path", [SEARCH, ARCHIVE])
@pytest.mark.parametrize("body", REFUSED_BODIES.values(), ids=REFUSED_BODIES.keys())
def test_refuses_body(world: World, body: dict[str, object], path: str) -> None:
    answer = world.search(body, path=path)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["code"] == "bad_request"


@pytest.mark.parametrize("missing", ["queryContext", "includeDeleted"])
def test_refuses_a_body_without_a_member(world: World, missing: str) -> None:
    body = {name: one for name, one in search_body("conversation").items() if name != missing}
    assert world.client.post(SEARCH, json=body, headers=KEY).status_code == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"text"', b"\xff"])
def test_refuses_what_is_no_json_object(world: World, body: bytes) -> None:
    assert world.client.post(SEARCH, data=body, headers=KEY).status_code == 400


@pytest.mark.parametrize(
    "params",
    [
        *({"page": page} for page in (0, -1, "", "x", "9" * 30)),
        *({"pageSize": size} for size in (0, 501, "all", "²", [1, 2])),
        *({name: "true"} for name in ("idsOnly", "id")),
        {"trackTotalHits": "false"},
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


@pytest.mark.parametrize(
    ("context", "prefix", "archived"),
    [
        *((name, name, name) for name in ("conversation", "customer", "message", "company")),
        ("note", "note", None),
        ("kobject", "kobject", "kobject"),
        (ORDER, "kobject", ORDER),
    ],
)
def test_attributes_of_contexts(
    world: World, context: str, prefix: str, archived: str | None
) -> None:
    """The archive knows no notes, and one klass by attributes of its own."""
    for name in {prefix, archived or "note", "kobject", context}:
        body = search_body(context, name)
        assert (world.search(body).status_code == 200) == (name == prefix)
        found = world.search(body, path=ARCHIVE)
        assert (found.status_code == 200) == (name == archived)
