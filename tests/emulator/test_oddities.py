"""Answers that nobody promised and nobody rules out, one by one."""

from collections import deque
from typing import Any

import pytest

from emulator.children import child_id
from emulator.times import DAY, HOUR, SECOND
from tests.emulator.world import ARCHIVE, NOW, SEARCH, World

TWO_YEARS = 730 * DAY


@pytest.mark.parametrize("method", ["search", "list", "single"])
def test_an_error_body_is_a_good_status_without_data(filled: World, method: str) -> None:
    filled.switches.fault_plan = deque(["error_bodies", ""])
    asks: dict[str, Any] = {
        "search": filled.search,
        "list": lambda: filled.get("/v1/users"),
        "single": lambda: filled.get(f"/v1/conversations/{1:024x}"),
    }
    answer = asks[method]()
    assert answer.status_code == 200
    assert answer.json["errors"]
    assert answer.json["data"] == []
    assert "errors" not in asks[method]().json


def test_unsent_records_are_counted_and_take_their_place_on_a_page(filled: World) -> None:
    filled.switches.unsent = {f"{number:024x}" for number in (2, 9)}
    answer = filled.search(params={"pageSize": 5}).json
    assert [int(row["id"], 16) for row in answer["data"]] == [1, 3, 4, 5]
    assert answer["meta"]["total"] == 10
    assert answer["links"]["next"]


def test_poison_spoils_each_page_that_it_is_on(filled: World) -> None:
    filled.switches.poison = {f"{7:024x}"}
    assert filled.search().status_code == 500
    assert filled.search(params={"pageSize": 6}).status_code == 200
    assert filled.search(params={"pageSize": 6, "page": 2}).status_code == 500
    assert filled.get(f"/v1/conversations/{7:024x}").status_code == 200


def test_poison_spoils_a_list_of_children(filled: World) -> None:
    one = f"{1:024x}"
    created = filled.org.resources["conversation"][one].created
    filled.switches.poison = {child_id(one, created, "conversation_event", 0)}
    assert filled.get(f"/v1/conversations/{one}/events").status_code == 500
    assert filled.get(f"/v1/conversations/{2:024x}/events").status_code == 200


@pytest.mark.parametrize("status", ["403", "404"])
def test_a_storm_refuses_what_belongs_to_conversations_that_can_be_read(
    filled: World, status: str
) -> None:
    path = f"/v1/conversations/{1:024x}"
    filled.switches.fault_plan = deque([status] * 3)
    for part in ("attachments", "events", "times"):
        assert filled.get(path).status_code == 200
        assert filled.search().status_code == 200
        assert filled.get(f"{path}/{part}").status_code == int(status)
    assert filled.get(f"{path}/attachments").status_code == 200


def test_a_bare_search_answers_data_alone(filled: World) -> None:
    filled.switches.bare_search = True
    answer = filled.search().json
    assert set(answer) == {"data"}
    assert len(answer["data"]) == 10


def test_clamped_pages_are_smaller_and_do_not_say_so(filled: World) -> None:
    filled.switches.clamp = 3
    pages = [filled.search(params={"pageSize": 5, "page": number}).json for number in (1, 2, 4)]
    found = [[int(row["id"], 16) for row in page["data"]] for page in pages]
    assert found == [[1, 2, 3], [4, 5, 6], [10]]
    assert pages[0]["meta"]["pageSize"] == 5
    assert [bool(page["links"]["next"]) for page in pages] == [True, True, False]


def test_a_record_may_be_in_neither_search_while_it_ages(world: World) -> None:
    world.add(1, age=TWO_YEARS + HOUR)
    assert (world.found(), world.found(path=ARCHIVE)) == ([], [1])
    world.switches.crossing = 2 * HOUR
    assert (world.found(), world.found(path=ARCHIVE)) == ([], [])
    world.now += HOUR + SECOND
    assert (world.found(), world.found(path=ARCHIVE)) == ([], [1])


def test_the_index_may_hold_a_record_twice_until_it_changes(filled: World) -> None:
    one = f"{3:024x}"
    filled.org.index("conversation", NOW).double(one)
    assert filled.found() == [1, 2, 3, 3, *range(4, 11)]
    assert filled.search(path=SEARCH).json["meta"]["total"] == 11
    filled.org.touch("conversation", one, at=NOW + SECOND)
    assert sorted(filled.found()) == list(range(1, 11))
