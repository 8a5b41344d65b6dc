"""People and access: full tables, read through Kustomer's lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_kustomer.schemas.people import PERMISSION, PERMISSION_SET, TEAM, USER
from tap_kustomer.streams.base import ListStream
from tap_kustomer.walks.listing import read_list

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTIONS = {"create", "read", "update", "write", "delete"}


class Users(ListStream):
    """Agents, API keys' machine users, and deactivated agents, who only a second list holds."""

    name = "users"
    lists = (("/v1/users", {"pageSize": 500}), ("/v1/users", {"pageSize": 500, "deleted": "true"}))
    resource = USER
    permissions = ("org.permission.user.read", "org.user.read")


class Teams(ListStream):
    """Teams and their members."""

    name = "teams"
    lists = (("/v1/teams", {"pageSize": 500}),)
    resource = TEAM
    permissions = ("org.permission.team.read",)


class PermissionSets(ListStream):
    """Permission sets, which the API calls role groups."""

    name = "permission_sets"
    lists = (("/v1/role-groups", {}),)
    resource = PERMISSION_SET
    permissions = ("org.permission.role_group.read", "org.admin.role_group.read")


class Permissions(ListStream):
    """Names of permissions, which the API calls roles: all listed, and all held by a set."""

    name = "permissions"
    lists = (("/v1/auth/roles", {}), ("/v1/role-groups", {}))
    resource = PERMISSION
    permissions = PermissionSets.permissions

    def resources(self) -> Iterator[dict[str, Any]]:
        """One resource per name, the parts of the name as its attributes."""
        (listed, _), (held, _) = self.lists
        names = [item.get("id") for item in read_list(self.run.client, listed)]
        for item in read_list(self.run.client, held):
            roles = (item.get("attributes") or {}).get("roles")
            names += roles if isinstance(roles, list) else []
        for name in dict.fromkeys(name for name in names if isinstance(name, str)):
            yield {"id": name, "attributes": name_parts(name)}


def name_parts(name: object) -> dict[str, str | None]:
    """The parts of a permission's name, `org.permission.kobject.kobject_order.read` for one.

    Names come in several shapes: with or without an action, and for some families without a
    resource; whatever lies between family and action is the resource.
    """
    parts = name.split(".") if isinstance(name, str) else []
    family, rest = ".".join(parts[:2]), parts[2:]
    action = rest.pop() if rest and rest[-1] in ACTIONS else None
    return {"family": family or None, "resource": ".".join(rest) or None, "action": action}
