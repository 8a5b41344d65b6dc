"""People and access: full tables, read through Kustomer's lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_kustomer import jsonapi
from tap_kustomer.schemas.people import PERMISSION, PERMISSION_SET, TEAM, USER
from tap_kustomer.streams.base import ListStream
from tap_kustomer.streams.deleted import ListWithDeleted
from tap_kustomer.walks.listing import read_list

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTIONS = {"create", "read", "update", "write", "delete"}


class Users(ListStream):
    """An agent, or the machine user of an API key, deactivated ones too.

    Only the second list holds deactivated users.
    """

    name = "users"
    lists = (("/v1/users", {"pageSize": 500}), ("/v1/users", {"pageSize": 500, "deleted": "true"}))
    cost = "2 requests, for up to 500 agents of each kind; a longer list is read twice"
    resource = USER
    permissions = (("org.permission.user.read", "org.user.read"),)


class Teams(ListWithDeleted):
    """A team, with its members and permission sets, deleted ones too."""

    name = "teams"
    lists = (("/v1/teams", {"pageSize": 500}),)
    deleted = ("/v1/teams", {"pageSize": 500, "deleted": "true"})
    cost = "2 requests, for up to 500 teams of each kind; a longer list is read twice"
    resource = TEAM
    permissions = (("org.permission.team.read",),)


class PermissionSets(ListStream):
    """A permission set, which the API calls a role group, with the permissions it grants."""

    name = "permission_sets"
    lists = (("/v1/role-groups", {}),)
    resource = PERMISSION_SET
    permissions = ()


class Permissions(ListStream):
    """The name of a permission, which the API calls a role, and its parts.

    All that Kustomer lists, and all that a permission set holds.
    """

    name = "permissions"
    lists = (("/v1/auth/roles", {}), ("/v1/role-groups", {}))
    cost = "2 requests, for up to 100 permission sets"
    resource = PERMISSION
    permissions = PermissionSets.permissions

    @override
    def resources(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """One resource per name, the parts of the name as its attributes."""
        (listed, _), (held, _) = self.lists
        client = self.session.client
        names: list[Any] = [r.get("id") for r in self.readable(read_list(client, listed))]
        for permission_set in self.readable(read_list(client, held)):
            roles = jsonapi.attribute(permission_set, "roles") or []
            names += roles if isinstance(roles, list) else [roles]
        known = dict.fromkeys(name for name in names if isinstance(name, str) and name)
        if odd := sum(not isinstance(name, str) or not name for name in names):
            self.skipped.append(f"{odd} permissions have no name.")
        for name in known:
            yield {"id": name, "attributes": name_parts(name)}, {}


def name_parts(name: object) -> dict[str, str | None]:
    """The parts of a permission's name, `org.permission.kobject.kobject_order.read` for one.

    Names have several shapes: with or without an action, and in some families without a resource.
    Whatever lies between family and action is the resource.
    """
    parts = name.split(".") if isinstance(name, str) else []
    family, rest = ".".join(parts[:2]), parts[2:]
    action = rest.pop() if rest and rest[-1] in ACTIONS else None
    return {"family": family or None, "resource": ".".join(rest) or None, "action": action}
