"""The org that the emulator serves: its data, where it comes from and how it lives on."""

from pathlib import Path

import msgspec

from emulator.children import CHILDREN
from emulator.life import live_on
from emulator.sample import fill
from emulator.store import Store

_STREAMS = {
    "conversations": "conversation", "customers": "customer", "messages": "message",
    "notes": "note", "companies": "company", "kobjects": "kobject", "users": "user",
    "teams": "team", "permission_sets": "role_group", "tags": "tag", "brands": "brand",
    "shortcuts": "shortcut", "slas": "sla", "sla_versions": "sla_version", "klasses": "klass",
    "queues": "queue", "schedules": "schedule", "satisfaction_forms": "satisfaction",
    "work_sessions": "work_session", "audit_logs": "audit_log",
}  # fmt: skip
_OF_CONVERSATIONS = {
    "attachments": "attachment",
    "conversation_times": "conversation_time",
    "conversation_events": "conversation_event",
    "work_items": "work_item",
}


class _File(msgspec.Struct):
    """What is kept in a data file: the newest versions, not what searches lag behind."""

    id: str
    name: str
    worked_until: int
    resources: dict[str, list[msgspec.Raw]]


class Org(Store):
    """A store that can be made up, saved and loaded."""

    @classmethod
    def sample(cls, *, seed: int, now: int, conversations: int = 2_000, days: int = 60) -> "Org":
        """Make up an org whose last ``days`` end at ``now`` (epoch ms); same seed, same data."""
        org = cls(now)
        fill(org, seed=seed, now=now, conversations=conversations, days=days)
        return org

    def work(self, *, at: int, seed: int = 0) -> dict[str, int]:
        """Let life go on until ``at`` (epoch ms); returns how much of what was done."""
        with self.lock:
            return live_on(self, at=at, seed=seed)

    def counts(self) -> dict[str, int]:
        """Return how many rows a complete extract has, per stream.

        Deleted conversations count, deactivated users, klasses of every status and deleted
        definitions of custom attributes. Permissions are the listed auth roles together with the
        role names that permission sets hold. Of what belongs to conversations, that of those still
        listed counts, hidden ones included.
        """
        with self.lock:
            permissions = set(self.resources["auth_role"])
            for group in self.resources["role_group"].values():
                permissions.update(group.data["attributes"].get("roles") or ())
            parents = self.resources["conversation"].values()
            responses = self.resources["satisfaction_response"].values()
            of = ("relationships", "conversation", "data", "id")
            return {
                **{stream: len(self.resources[kind]) for stream, kind in _STREAMS.items()},
                "permissions": len(permissions),
                "custom_attributes": sum(
                    len(record.data["attributes"]["properties"])
                    for record in self.resources["metadata"].values()
                ),
                **{
                    stream: sum(map(CHILDREN[kind].count, parents))
                    for stream, kind in _OF_CONVERSATIONS.items()
                },
                "satisfaction_responses": sum(
                    one.part(of) in self.resources["conversation"] for one in responses
                ),
            }

    def save(self, path: str | Path) -> None:
        """Write the data to a JSON file."""
        with self.lock:
            resources = {
                kind: [msgspec.Raw(record.raw) for record in records.values()]
                for kind, records in self.resources.items()
            }
            file = _File(self.id, self.name, self.worked_until, resources)
        Path(path).write_bytes(msgspec.json.encode(file))

    @classmethod
    def load(cls, path: str | Path) -> "Org":
        """Read the data of a JSON file written by ``save``."""
        file = msgspec.json.decode(Path(path).read_bytes(), type=_File)
        org = cls(file.worked_until, org_id=file.id, name=file.name)
        for kind, records in file.resources.items():
            for raw in records:
                org.put(kind, msgspec.json.decode(raw))
        return org
