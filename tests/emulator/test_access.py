"""Keys, roles, methods and paths."""

import pytest

from emulator import Emulator, Org
from tests.emulator.world import KEY, NOW, SEARCH, Answer, World, search_body


def statuses(*roles: str) -> dict[str, int]:
    client = Emulator(Org(now=NOW), clock=lambda: NOW, roles=roles).app.test_client()
    answers = {
        path.rpartition("/")[2]: client.get(path, headers=KEY).status_code
        for path in (
            "/v1/auth/tokens/current",
            "/v1/auth/roles",
            "/v1/conversations",
            "/v1/users",
            "/v1/teams",
            "/v1/role-groups",
        )
    }
    found = client.post(SEARCH, json=search_body("conversation"), headers=KEY)
    return answers | {"search": found.status_code}


def test_three_short_roles_open_everything() -> None:
    opened = statuses("org.user.read", "org.permission.read", "org.admin.read")
    assert set(opened.values()) == {200}


@pytest.mark.parametrize(
    ("roles", "opened"),
    [
        ((), set()),
        (("org.permission.team.read",), {"teams"}),
        (("org.permission.search.create",), set()),
        (
            ("org.permission.search.update", "org.user.conversation.read"),
            {"search", "conversations"},
        ),
        (("org.user.read",), {"users", "conversations", "search"}),
    ],
)
def test_each_resource_wants_its_role(roles: tuple[str, ...], opened: set[str]) -> None:
    expected = opened | {"current", "roles", "role-groups"}
    assert {name for name, status in statuses(*roles).items() if status == 200} == expected


def test_forbidden_and_its_status(world: World) -> None:
    world.switches.forbidden = {"team", "search"}
    assert world.get("/v1/teams").status_code == 403
    assert world.search().status_code == 403
    world.switches.missing_role_status = 401
    assert world.get("/v1/teams").json["errors"][0]["code"] == "unauthorized"
    assert world.get("/v1/users").status_code == 200


@pytest.mark.parametrize("header", [None, "Bearer wrong", "emulator-key"])
def test_wrong_key(world: World, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = Answer.of(world.client.get("/v1/users", headers=headers))
    assert answer.status_code == 401
    assert answer.json["errors"][0]["code"] == "unauthorized"


def test_expired_key_and_wrong_pod(world: World) -> None:
    world.switches.expired_key = True
    assert "Expired token" in world.get("/v1/auth/tokens/current").text
    world.switches.pod = "prod2"
    answer = world.get("/v1/auth/tokens/current")
    assert answer.status_code == 401
    assert "associated with pod prod2 but request is being handled by prod1" in answer.text


def test_probe_shows_key(world: World) -> None:
    token = world.get("/v1/auth/tokens/current").json["data"]
    assert token["attributes"]["lastTokenChars"] == "-key"
    assert "org.user.read" in token["attributes"]["roles"]
    assert token["relationships"]["org"]["data"]["id"] == world.org.id


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_nothing_can_be_written(world: World, method: str) -> None:
    answer = world.client.open("/v1/conversations", method=method, headers=KEY)
    assert answer.status_code == 405
    assert world.emulator.writes_refused == 1


def test_unknown_paths(world: World) -> None:
    assert world.get("/v1/orgs/current").json["errors"][0]["code"] == "not_found"
    assert world.get("/").status_code == 404
    assert world.get(SEARCH).status_code == 404
    assert world.emulator.writes_refused == 0


def test_log_keeps_requests(world: World) -> None:
    world.search(params={"page": 2})
    request = world.emulator.requests[-1]
    assert (request.method, request.path, request.params) == ("POST", SEARCH, {"page": "2"})
    assert (request.at_ms, request.status) == (NOW, 200)
    assert request.json["queryContext"] == "conversation"
