"""Both rate limits and their headers."""

from emulator.times import SECOND
from tests.emulator.world import NOW, World


def test_search_limit_slides(world: World) -> None:
    world.switches.search_limit = 3
    for _ in range(3):
        assert world.search().status_code == 200
        world.now += 10 * SECOND
    assert world.search().status_code == 429
    assert world.get("/v1/users").status_code == 200
    world.now = NOW + 59_999
    assert world.search().status_code == 429
    world.now = NOW + 60_000
    assert world.search().status_code == 200
    assert world.search().status_code == 429
    assert world.emulator.limited == 3


def test_searches_use_the_org_budget_too(world: World) -> None:
    world.switches.org_limit = 2
    world.search()
    answer = world.get("/v1/users")
    assert answer.headers["x-ratelimit-limit"] == "2"
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert "x-ratelimit-reset" not in answer.headers
    refused = world.get("/v1/users")
    assert refused.status_code == 429
    assert refused.json["errors"][0]["code"] == "too_many_requests"
    assert refused.headers["x-ratelimit-remaining"] == "0"


def test_a_refusal_says_when_it_ends(world: World) -> None:
    world.switches.search_limit = 1
    world.search()
    world.now += 20 * SECOND
    assert world.search().headers["x-ratelimit-reset"] == "1780000060"


def test_somebody_else_uses_the_budget(world: World) -> None:
    world.switches.search_limit = 10
    world.switches.other_use = 0.8
    assert [world.search().status_code for _ in range(3)] == [200, 200, 429]


def test_latency_is_slept(world: World) -> None:
    world.switches.latency = 0.25
    world.get("/v1/users")
    assert world.slept == [0.25]
