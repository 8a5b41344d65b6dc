"""Faults, one by one."""

from collections import deque

import pytest

from emulator.times import DAY, SECOND, to_text
from tests.emulator.world import NOW, World


def plan(world: World, *kinds: str) -> None:
    world.switches.fault_plan = deque(kinds)


@pytest.mark.parametrize("kind", ["429", "500", "503"])
def test_statuses(filled: World, kind: str) -> None:
    plan(filled, kind, "")
    answer = filled.search()
    assert answer.status_code == int(kind)
    assert ("x-ratelimit-reset" in answer.headers) == (kind == "429")
    assert filled.emulator.limited == (kind == "429")
    assert filled.search().status_code == 200
    assert not filled.switches.fault_plan


def test_reset_reaches_the_caller(filled: World) -> None:
    plan(filled, "reset")
    with pytest.raises(ConnectionResetError):
        filled.search()
    assert filled.emulator.requests[-1].status == 0


def test_truncated_promises_more_than_it_sends(filled: World) -> None:
    plan(filled, "truncated")
    answer = filled.search()
    promised = int(answer.headers["Content-Length"])
    assert len(answer.data) == promised // 2


def test_html(filled: World) -> None:
    plan(filled, "html")
    answer = filled.search()
    assert (answer.status_code, answer.content_type) == (200, "text/html")


def test_timed_out_is_partial(filled: World) -> None:
    plan(filled, "timed_out")
    answer = filled.search().json
    assert answer["meta"]["timed_out"] is True
    assert answer["meta"]["total"] == len(answer["data"]) < 10


def test_short_keeps_the_total(filled: World) -> None:
    plan(filled, "short")
    answer = filled.search().json
    assert answer["meta"]["total"] == 10 > len(answer["data"])
    assert answer["meta"]["timed_out"] is False


def test_disorder(filled: World) -> None:
    plan(filled, "disorder")
    found = filled.found()
    assert found != sorted(found) == list(range(1, 11))


def test_outside_of_the_range(filled: World) -> None:
    filled.add(99, age=DAY)
    plan(filled, "outside")
    recent = {"and": [{"conversation_updated_at": {"gte": to_text(NOW - 9 * SECOND)}}]}
    assert sorted(filled.found(recent)) == [*range(1, 11), 99]


def test_max_served(filled: World) -> None:
    filled.switches.max_served = 5
    assert filled.search().json["meta"]["timed_out"] is True
    assert filled.search(params={"pageSize": 5}).json["meta"]["timed_out"] is False


def test_planned_faults_wait_for_a_request_they_fit(filled: World) -> None:
    plan(filled, "html", "short")
    assert filled.get("/v1/auth/tokens/current").json["data"]
    assert filled.get("/v1/users").content_type == "text/html"
    assert filled.get("/v1/users").status_code == 200
    assert len(filled.search().json["data"]) < 10


def test_probabilities(filled: World) -> None:
    filled.switches.faults = {"500": 0.3}
    answers = [filled.search().status_code for _ in range(100)]
    assert 10 < answers.count(500) < 60
    filled.switches.faults = {"truncated": 1.0}
    assert filled.get("/v1/auth/tokens/current").json["data"]


def test_misspelt_faults_are_told(filled: World) -> None:
    filled.switches.faults = {"5OO": 1.0}
    with pytest.raises(ValueError, match="5OO"):
        filled.search()
