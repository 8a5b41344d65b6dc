"""Sample users, teams and permission sets, with role names of both generations."""

from dataclasses import dataclass
from random import Random

from emulator.resource import JsonObject, json_resource, link, new_id
from emulator.store import Store
from emulator.times import DAY, to_text

_NAMES = (
    "Zoë Martin", "Łukasz Nowak", "Minh Nguyễn", "José Álvarez", "Søren Dahl", "Chloé Lefèvre",
    "Anna Schmidt", "Priya Nair", "Tom Baker", "Grace Okafor", "Yuki Tanaka", "Omar Haddad",
    "Elif Çelik", "Liam Murphy", "Marta Kovács", "Ivan Petrov", "Sofia Rossi", "Noah Cohen",
    "Ama Mensah", "Lucas Silva", "Ingrid Øverli", "Dana Popescu", "Ruth Adler", "李 娜",
)  # fmt: skip
FIRST_NAMES = ("Nora", "Hugo", "Zoé", "Mateo", "Ayşe", "Jürgen", "Mei", "Olu", "Siân", "Björk")
LAST_NAMES = ("O'Brien", "Müller", "Da Silva", "Ng", "Łaski", "Dupont", "Smith-Jones", "García")
_TEAMS = ("Tier 1", "Tier 2", "Returns & Refunds", "Social média", "VIP", "Night shift")
_READABLE = ("conversation", "customer", "message", "note", "company", "team", "user", "search")
# Name, whether Kustomer's own, role names.
_SETS: tuple[tuple[str, bool, tuple[str, ...]], ...] = (
    ("Administrator", True, ("org.admin", "org.user", "org.permission.security", "org.hooks")),
    ("Agent", True, (*(f"org.user.{name}.read" for name in _READABLE),
                     *(f"org.user.{name}.write" for name in ("conversation", "message", "note")))),
    ("Team lead", False, (*(f"org.permission.{name}.read" for name in _READABLE),
                          "org.permission.conversation.update",
                          "org.permission.kobject.kobject_order.read")),
    ("Reporting", False, ("org.permission.search.create", "org.permission.conversation.read",
                          "org.permission.team.read", "org.user.read")),
    ("Legacy integrations", False, ("org.tracking", "org.hooks", "org.user.hook.write")),
)  # fmt: skip
_LISTED_ONLY = (
    "org.admin.security", "org.admin.user.read", "org.permission.audit_logs.read",
    "org.permission.outbound_webhook", "org.permission.queue.read", "org.user.routing.read",
)  # fmt: skip
# Permission sets hold these, but the list of auth roles lacks them.
_HELD_ONLY = {"org.user.hook.write", "org.permission.kobject.kobject_order.read"}


def add_people(store: Store, rng: Random, *, now: int, days: int) -> None:
    """Put users, teams, permission sets and auth roles into the store."""
    people = _People(store, rng, now - (days + 300) * DAY, now)
    sets = [people.permission_set(*described) for described in _SETS]
    users = [people.user(name, sets[:4]) for name in _NAMES]
    for name in ("Data export", "Web shop"):
        people.user(name, [])
    for position, name in enumerate(_TEAMS):
        team = people.team(name, users[position::5], sets[2:3] if position == 1 else [])
    store.delete("team", team, at=now - DAY)  # the last of them
    for record_id in users[-2:]:
        store.delete("user", record_id, at=now - rng.randrange(1, DAY))
    held = {role for _, _, roles in _SETS for role in roles}
    for role in sorted((held - _HELD_ONLY).union(_LISTED_ONLY)):
        store.put("auth_role", {"type": "auth_role", "id": role})


@dataclass(frozen=True)
class _People:
    """Puts resources made between two instants (epoch ms) into a store."""

    store: Store
    rng: Random
    since: int
    now: int

    def permission_set(self, name: str, system: bool, roles: tuple[str, ...]) -> str:  # noqa: FBT001  (a row of the table above)
        return self._put("role_group", {
            "name": name, "description": f"{name} permissions", "display": True,
            "system": system, "roles": roles, "meta": {"webAccess": True}, "rev": 1,
        })  # fmt: skip

    def user(self, name: str, sets: list[str]) -> str:
        """Put a user with one of the permission sets; without sets, a machine user."""
        handle = name.encode("ascii", "ignore").decode().lower().replace(" ", ".").strip(".")
        is_human = bool(sets)
        return self._put("user", {
            "name": name, "displayName": name.partition(" ")[0],
            "email": f"{handle or 'agent'}@example.com",
            "userType": "user" if is_human else "machine", "mobile": None, "avatarUrl": None,
            "emailSignature": f"<p>{name}</p>" if is_human else None,
            "emailVerifiedAt": to_text(self.since) if is_human else None,
            "password": {"allowNew": True, "forceNew": False} if is_human else {},
            "roleGroups": self.rng.sample(sets, 1) if is_human else [],
            "roles": ["org.user"] if is_human else ["org.permission.search.create"],
            "firstLoginAt": to_text(self.since + DAY) if is_human else None, "rev": 1,
        })  # fmt: skip

    def team(self, name: str, members: list[str], sets: list[str]) -> str:
        return self._put("team", {
            "name": name, "displayName": name if sets else None, "icon": "wave",
            "members": sorted(members), "roleGroups": sets, "deleted": False, "rev": 1,
        })  # fmt: skip

    def _put(self, kind: str, attributes: JsonObject) -> str:
        created = self.rng.randrange(self.since, self.now - 30 * DAY)
        updated = self.rng.randrange(created, self.now - DAY)
        record_id = new_id(self.rng, created)
        stamps = {"createdAt": created, "updatedAt": updated, "modifiedAt": updated}
        attributes |= {name: to_text(at) for name, at in stamps.items()}
        relationships: JsonObject = {"org": link("org", self.store.id), "createdBy": None}
        made = json_resource(kind, record_id, f"{kind}s", attributes, relationships)
        if kind == "role_group":
            # Role groups have no links of their own (documented).
            del made["links"]
            version = new_id(self.rng, updated)
            relationships["activeVersion"] = link("role_group_version", version)
        self.store.put(kind, made)
        return record_id
