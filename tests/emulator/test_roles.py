"""Which role opens which endpoint."""

from dataclasses import replace

import pytest

from emulator import Emulator, Org
from emulator.endpoints import ENDPOINTS
from emulator.roles import ALL_ROLES, ROLES
from tests.emulator.world import KEY, NOW


def statuses(roles: tuple[str, ...], *, forbidden: str = "") -> dict[str, int]:
    """Ask for every endpoint; "none" stands for what is named in a path."""
    emulator = Emulator(Org(now=NOW), clock=lambda: NOW, roles=roles)
    emulator.switches = replace(emulator.switches, forbidden={forbidden})
    client = emulator.app.test_client()
    return {
        path: client.get(path.replace("<key>", "none"), headers=KEY).status_code
        for path in ENDPOINTS
    }


@pytest.mark.parametrize("resource", sorted({one.type for one in ENDPOINTS.values()}))
def test_each_resource_wants_one_of_its_roles(resource: str) -> None:
    mine = {path for path, one in ENDPOINTS.items() if one.type == resource}
    for role in ROLES[resource]:
        opened = {path for path, status in statuses((role,)).items() if status != 403}
        assert mine <= opened
    others = tuple(set(ALL_ROLES) - set(ROLES[resource]) - {"org.user.read", "org.permission.read"})
    if ROLES[resource]:
        assert {statuses(others)[path] for path in mine} == {403}
    refused = {
        path for path, status in statuses(ALL_ROLES, forbidden=resource).items() if status == 403
    }
    assert refused == mine


def test_without_a_role_only_roles_and_role_groups_open() -> None:
    opened = {path for path, status in statuses(()).items() if status != 403}
    assert opened == {"/v1/auth/roles", "/v1/role-groups"}
