"""Plain lists."""

import pytest

from emulator import Org
from tests.emulator.world import NOW, World


def ids(world: World, path: str, **params: object) -> list[str]:
    return [row["id"] for row in world.rows(path, **params)]


@pytest.fixture
def store() -> World:
    return World(Org.sample(seed=1, now=NOW, conversations=230, days=40))


def test_pages_by_ascending_id(store: World) -> None:
    listed = ids(store, "/v1/conversations")
    assert listed == sorted(store.org.resources["conversation"])
    assert ids(store, "/v1/conversations", sort="desc") == listed[::-1]
    assert len(store.emulator.requests) == 6
    first = store.get("/v1/conversations", pageSize=500).json
    assert first["meta"] == {"pageSize": 100, "page": 1}
    assert first["links"] == {
        "self": "/v1/conversations?page=1&pageSize=100",
        "first": "/v1/conversations?page=1&pageSize=100",
        "prev": None,
        "next": "/v1/conversations?page=2&pageSize=100",
    }


@pytest.mark.parametrize("params", [{"page": 0}, {"pageSize": "x"}, {"sort": "updatedAt"}])
def test_refuses_parameters(store: World, params: dict[str, object]) -> None:
    assert store.get("/v1/conversations", **params).status_code == 400


def test_users_hide_deactivated_ones(store: World) -> None:
    active = ids(store, "/v1/users", pageSize=7)
    deactivated = ids(store, "/v1/users", deleted="true")
    assert (len(active), len(deactivated)) == (24, 2)
    assert len(ids(store, "/v1/users", userType="machine")) == 2
    assert len(ids(store, "/v1/users", pending="true")) == 2
    assert len(ids(store, "/v1/users", email="zo.martin@example.com")) == 1
    assert store.get("/v1/users", deleted="true", userType="user").status_code == 400


def test_role_groups_have_no_links_and_auth_roles_no_pages(store: World) -> None:
    groups = store.get("/v1/role-groups").json["data"]
    assert len(groups) == 5
    assert all("links" not in group for group in groups)
    roles = store.get("/v1/auth/roles").json
    assert set(roles) == {"data"}
    assert {frozenset(role) for role in roles["data"]} == {frozenset({"type", "id"})}
    assert len(ids(store, "/v1/teams", pageSize=2)) == 6
