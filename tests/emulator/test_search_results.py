"""What search finds, and in which order."""

from itertools import pairwise

import pytest

from emulator.times import DAY, SECOND, to_text
from tests.emulator.world import ARCHIVE, NOW, World

AT = "conversation_updated_at"


def when(age_seconds: int) -> str:
    return to_text(NOW - age_seconds * SECOND)


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("gte", [8, 9, 10]),
        ("gt", [9, 10]),
        ("lte", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("lt", [1, 2, 3, 4, 5, 6, 7]),
        ("equals", [8]),
    ],
)
def test_date_operators(filled: World, operator: str, expected: list[int]) -> None:
    assert filled.found({"and": [{AT: {operator: when(2)}}]}) == expected


def test_closed_range_and_meta(filled: World) -> None:
    both = [{AT: {"gte": when(5)}}, {AT: {"lt": when(1)}}]
    answer = filled.search({"and": both}, params={"pageSize": 2, "page": 2})
    assert answer.json["meta"] == {
        "pageSize": 2,
        "page": 2,
        "total": 4,
        "totalPages": 2,
        "aggregations": {},
        "timed_out": False,
    }
    assert [int(row["id"], 16) for row in answer.json["data"]] == [7, 8]
    path = "/v1/customers/search?page="
    assert answer.json["links"] == {
        "self": f"{path}2&pageSize=2",
        "first": f"{path}1&pageSize=2",
        "prev": f"{path}1&pageSize=2",
        "next": None,
        "last": f"{path}2&pageSize=2",
    }


def test_days_follow_the_time_zone(world: World) -> None:
    world.now = 1_780_012_800_000  # 2026-05-29T00:00:00Z
    world.add(1, age=1)
    world.add(2)
    assert world.found({"and": [{AT: {"equals": "2026-05-29"}}]}) == [2]
    assert world.found({"and": {AT: {"equals": "2026-05-29"}}, "timeZone": "Asia/Tokyo"}) == [
        1,
        2,
    ]


def test_groups_combine(filled: World) -> None:
    filled.add(11, status="done", priority=3, tags=["a", "b"], custom={"sizeNum": 12.5})
    filled.add(12, status="snoozed", priority=5, name="Große order, late")
    status = "conversation_status"
    either = [{status: {"equals": "done"}}, {status: {"in": ["snoozed"]}}]
    assert sorted(filled.found({"or": either})) == [11, 12]
    assert filled.found({"not": {status: {"in": ["open", "done"]}}}) == [12]
    assert filled.found({"and": {"conversation_tags": {"equals": "b"}}}) == [11]
    assert filled.found({"and": {"conversation_custom_sizeNum": {"gte": 12}}}) == [11]
    assert filled.found({"and": {"conversation_name": {"contains": "late ORDER"}}}) == [12]
    assert filled.found({"and": {"conversation_name": {"contains": "lat"}}}) == []
    assert filled.found({"and": {"conversation_priority": {"not_set": ""}}}) == list(range(1, 11))
    assert 10 in filled.found({"or": {AT: {"gte": when(0)}}})


@pytest.mark.parametrize("attribute", [AT, "conversation_created_at", "conversation_ended_at"])
def test_sorts(world: World, attribute: str) -> None:
    for number in (3, 1, 2):
        world.add(number, age=(9 - number) * DAY, endedAt=to_text(NOW + number))
    world.add(4, age=0) if attribute != "conversation_ended_at" else world.add(4)
    assert world.found({"sort": [{attribute: "asc"}]}) == [1, 2, 3, 4]
    missing_last = [3, 2, 1, 4] if attribute == "conversation_ended_at" else [4, 3, 2, 1]
    assert world.found({"sort": [{attribute: "desc"}]}) == missing_last


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_ties_come_in_another_order_each_time(world: World, direction: str) -> None:
    world.add(1, age=DAY)
    for number in range(2, 52):
        world.add(number, age=SECOND)
    world.add(99)
    sort = [{AT: direction}, {"conversation_created_at": "asc"}]
    orders = [world.found({"sort": sort}) for _ in range(3)]
    assert len({tuple(order) for order in orders}) == 3
    for order in orders:
        assert sorted(order) == [1, *range(2, 52), 99]
        assert {order[0], order[-1]} == {1, 99}


def test_pages_cut_through_ties_are_full(world: World) -> None:
    for number in range(30):
        world.add(number, age=SECOND * (number // 10))
    for page in (1, 2, 3, 4):
        answer = world.search({"sort": {AT: "desc"}}, params={"page": page, "pageSize": 8})
        times = [row["attributes"]["updatedAt"] for row in answer.json["data"]]
        assert len(times) == (8 if page < 4 else 6)
        assert all(before >= after for before, after in pairwise(times))


def test_no_sort_is_arbitrary_but_complete(filled: World) -> None:
    pages = []
    for page in (1, 2):
        answer = filled.search({"sort": []}, params={"page": page, "pageSize": 5})
        pages += [int(row["id"], 16) for row in answer.json["data"]]
    assert sorted(pages) == list(range(1, 11))
    assert pages != sorted(pages)


def test_links_ignore_the_caps(world: World) -> None:
    for number in range(150):
        world.add(number, age=number)
    links = world.search(params={"page": 100, "pageSize": 1}).json["links"]
    assert links["next"] == "/v1/customers/search?page=101&pageSize=1"
    assert links["last"] == "/v1/customers/search?page=150&pageSize=1"


def test_ids_only(filled: World) -> None:
    answer = filled.search(params={"idsOnly": "true", "pageSize": 3})
    assert [set(row) for row in answer.json["data"]] == [{"type", "id"}] * 3
    assert "idsOnly=true" in answer.json["links"]["next"]


def test_two_years_divide_the_searches(world: World) -> None:
    world.add(1, age=730 * DAY)
    world.add(2, age=730 * DAY + 1)
    assert world.found() == [1]
    assert world.found(path=ARCHIVE) == [2]
    assert world.found({"and": {"conversation_id": {"equals": f"{2:024x}"}}}, path=ARCHIVE) == [2]
    world.now += 1
    assert world.found(path=ARCHIVE) == [2, 1]


def test_deleted_only_on_demand(filled: World) -> None:
    filled.now += SECOND
    filled.org.delete("conversation", f"{4:024x}", at=filled.now)
    assert filled.found() == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert filled.found({"includeDeleted": True})[-1] == 4
    assert filled.search().json["meta"]["total"] == 9


def test_index_delay_shows_the_previous_version(filled: World) -> None:
    filled.switches.index_delay = 3 * SECOND
    filled.now += SECOND
    filled.org.touch("conversation", f"{1:024x}", at=filled.now, status="done")
    new = filled.add(11)
    assert filled.found() == list(range(1, 11))
    assert [row["id"] for row in filled.get("/v1/conversations").json["data"]][-1] == new
    filled.now += 3 * SECOND
    assert set(filled.found()[-2:]) == {1, 11}


def test_a_late_old_version_does_not_win(world: World) -> None:
    one = world.add(1)
    world.org.touch("conversation", one, at=NOW + 1, indexed_at=NOW + 50, status="snoozed")
    world.org.touch("conversation", one, at=NOW + 2, status="done")
    world.now += 100
    assert world.search().json["data"][0]["attributes"]["status"] == "done"
    assert world.search().json["meta"]["total"] == 1


def test_total_cap(filled: World) -> None:
    filled.switches.total_cap = 7
    assert filled.search().json["meta"]["total"] == 7


def test_moving_updates_after_each_search(filled: World) -> None:
    filled.switches.moving = 2
    filled.now += SECOND
    filled.search()
    recent = filled.search({"and": {AT: {"gte": to_text(filled.now)}}})
    assert recent.json["meta"]["total"] == 2
