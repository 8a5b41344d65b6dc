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
_ROUTING = ("org.permission.routing.read", "org.user.routing.read")
# An empty tuple: any valid key.
ROLES: dict[str, tuple[str, ...]] = {
    "search": _SEARCH,
    **{
        name: (f"org.permission.{name}.read", f"org.user.{name}.read")
        for name in ("conversation", "customer", "message", "note", "company", "kobject")
    },
    **{
        name: (f"org.permission.{name}.read", f"org.user.{name}.read")
        for name in ("attachment", "sla", "satisfaction")
    },
    **{
        name: tuple(f"org.{area}.{name}.read" for area in ("permission", "user", "admin"))
        for name in ("klass", "metadata", "brand", "tag", "schedule")
    },
    "shortcut": (
        "org.permission.shortcut.read",
        *(f"org.{area}.shortcut.read" for area in ("user", "admin")),
        *(f"org.{area}.content.shortcut.read" for area in ("user", "admin")),
    ),
    "satisfaction_response": (
        "org.permission.satisfaction.read",
        "org.permission.satisfaction_response.read",
        "org.user.satisfaction.read",
    ),
    "conversation_event": ("org.permission.event.read", "org.user.event.read"),
    "conversation_time": ("org.permission.conversation.read", "org.user.conversation.read"),
    "work_item": _ROUTING,
    "queue": ("org.permission.queue.read", *_ROUTING),
    "work_session": ("org.permission.work_session.read", *_ROUTING),
    "audit_log": ("org.permission.audit_logs.read", "org.user.audit_logs.read"),
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
    """Refuse with ``status`` unless the held roles open the resource.

    A resource ``kobject_<klass>`` also has a role of its own (documented).
    """
    general = "kobject" if resource.startswith("kobject_") else resource
    wanted = ROLES[general]
    if general != resource:
        wanted = (*wanted, f"org.permission.kobject.{resource}.read")
    opened = not wanted or any(covers(have, want) for have in held for want in wanted)
    if not {resource, general}.isdisjoint(forbidden) or not opened:
        code = "unauthorized" if status == HTTPStatus.UNAUTHORIZED else "forbidden"
        title = f"one of these roles is missing: {', '.join(wanted) or resource}"
        raise ApiError(status, code, title)
