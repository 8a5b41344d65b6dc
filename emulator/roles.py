"""Which roles open which resource.

Every operation lists several roles and any one suffices; the names are documented but for role
groups, whose read role the emulator guesses, and the auth roles, for which none is listed.

That a short role such as ``org.user.read`` covers the longer ones below it, and that a search also
needs the read role of what it finds, is not documented by Kustomer: the emulator chooses both.
"""

from collections.abc import Iterable
from http import HTTPStatus

from emulator.errors import ApiError

_SEARCH = (
    "org.permission.search.create",
    "org.permission.search.update",
    "org.permission.search_global.create",
    "org.permission.search_preview.create",
    "org.user.search.read",
    "org.admin.search.read",
    # Chosen: the three short roles alone must open everything readable.
    "org.permission.read",
)
# An empty tuple: any valid key.
ROLES: dict[str, tuple[str, ...]] = {
    "search": _SEARCH,
    **{
        name: (f"org.permission.{name}.read", f"org.user.{name}.read")
        for name in ("conversation", "customer", "message", "note", "company", "kobject")
    },
    "user": ("org.permission.user.read", "org.user.read"),
    "team": ("org.permission.team.read",),
    "role_group": (
        "org.permission.role_group.read",
        "org.permission.role_group.write",
        "org.admin.role_group.write",
    ),
    "auth_role": (),
}
ALL_ROLES = tuple(sorted({role for roles in ROLES.values() for role in roles}))


def covers(held: str, wanted: str) -> bool:
    """Return whether holding one role is as good as holding another."""
    if held == wanted:
        return True
    area, _, action = held.rpartition(".")
    return action == "read" and wanted.startswith(f"{area}.") and wanted.endswith(".read")


def check(held: Iterable[str], resource: str, forbidden: Iterable[str], status: int) -> None:
    """Refuse with ``status`` unless the held roles open the resource."""
    wanted = ROLES[resource]
    opened = not wanted or any(covers(have, want) for have in held for want in wanted)
    if resource in forbidden or not opened:
        code = "unauthorized" if status == HTTPStatus.UNAUTHORIZED else "forbidden"
        title = f"one of these roles is missing: {', '.join(wanted) or resource}"
        raise ApiError(status, code, title)
