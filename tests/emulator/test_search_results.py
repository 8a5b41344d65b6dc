"""What search finds, and in which order."""

from emulator.times import DAY, SECOND, to_text
from tests.emulator.world import ARCHIVE, NOW, World

AT = "conversation_updated_at"


def when(age_seconds: int) -> str:
    return to_text(NOW - age_seconds * SECOND)


def test_both_bounds_are_included(filled: World) -> None:
    assert filled.found({"and": [{AT: {"gte": when(2)}}]}) == [8, 9, 10]
    assert filled.found({"and": [{AT: {"lte": when(2)}}]}) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert filled.found({"and": [{AT: {"gte": when(2)}}, {AT: {"lte": when(2)}}]}) == [8]
    assert filled.found({"and": [{AT: {"gte": when(2)}}, {AT: {"lte": when(3)}}]}) == []


def test_the_narrowest_bounds_count(filled: World) -> None:
    wide = [{AT: {"gte": when(9)}}, {AT: {"lte": when(0)}}]
    narrow = [{AT: {"gte": when(5)}}, {AT: {"lte": when(4)}}]
    assert filled.found({"and": wide + narrow}) == filled.found({"and": narrow + wide}) == [5, 6]


def test_closed_range_and_meta(filled: World) -> None:
    both = [{AT: {"gte": when(5)}}, {AT: {"lte": when(2)}}]
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


def test_creation_is_a_second_range(world: World) -> None:
    for number in range(6):
        world.add(number, createdAt=when(number))
    world.add(6, createdAt=None)
    created = "conversation_created_at"
    both = [{created: {"gte": when(3)}}, {created: {"lte": when(1)}}]
    assert sorted(world.found({"and": both})) == [1, 2, 3]
    answer = world.search({"and": both}, params={"page": 2, "pageSize": 2}).json
    assert (answer["meta"]["total"], len(answer["data"])) == (3, 1)
    assert world.found({"and": [{created: {"lte": to_text(0)}}]}) == [6]
    assert world.found({"and": [*both, {AT: {"lte": when(1)}}]}) == []


def test_ties_come_in_another_order_each_time(world: World) -> None:
    world.add(1, age=DAY)
    for number in range(2, 52):
        world.add(number, age=SECOND)
    world.add(99)
    orders = [world.found() for _ in range(3)]
    assert len({tuple(order) for order in orders}) == 3
    for order in orders:
        assert sorted(order) == [1, *range(2, 52), 99]
        assert (order[0], order[-1]) == (1, 99)


def test_pages_cut_through_ties_are_full(world: World) -> None:
    for number in range(30):
        world.add(number, age=SECOND * (number // 10))
    for page in (1, 2, 3, 4):
        answer = world.search(params={"page": page, "pageSize": 8})
        times = [row["attributes"]["updatedAt"] for row in answer.json["data"]]
        assert len(times) == (8 if page < 4 else 6)
        assert times == sorted(times)


def test_an_unsorted_search_is_complete(filled: World) -> None:
    filled.switches.unsorted = True
    pages = [filled.search(params={"page": page, "pageSize": 5}).json["data"] for page in (1, 2)]
    found = [int(row["id"], 16) for page in pages for row in page]
    assert found != sorted(found) == list(range(1, 11))


def test_links_ignore_the_caps(world: World) -> None:
    for number in range(150):
        world.add(number, age=number)
    links = world.search(params={"page": 100, "pageSize": 1}).json["links"]
    assert links["next"] == "/v1/customers/search?page=101&pageSize=1"
    assert links["last"] == "/v1/customers/search?page=150&pageSize=1"


def test_two_years_divide_the_searches(world: World) -> None:
    world.add(1, age=730 * DAY)
    world.add(2, age=730 * DAY + 1)
    assert world.found() == [1]
    assert world.found(path=ARCHIVE) == [2]
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
    recent = filled.search({"and": [{AT: {"gte": to_text(filled.now)}}]})
    assert recent.json["meta"]["total"] == 2
