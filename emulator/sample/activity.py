"""What sample agents do: work sessions and audit logs."""

from random import Random

from emulator.resource import json_resource, link, new_id
from emulator.sample.conversations import Staff
from emulator.store import Store
from emulator.times import DAY, HOUR, to_text


def add_work_sessions(store: Store, rng: Random, staff: Staff, *, now: int, days: int) -> None:
    """Put the work sessions of the last days into a store; the latest may still be active."""
    for agent in staff.agents:
        for back in range(min(days, 3)):
            start = now - back * DAY - rng.randrange(1, 9 * HOUR)
            end = start + rng.randrange(HOUR, 8 * HOUR)
            is_active = end > now
            record_id = new_id(rng, start)
            moved = to_text(start if is_active else end)
            attributes = {
                "active": is_active, "signedInAt": to_text(start),
                "signedOutAt": None if is_active else to_text(end),
                "statusType": rng.choice(("available", "busy")) if is_active else "unavailable",
                "createdAt": to_text(start), "updatedAt": moved, "modifiedAt": moved,
                "timeByStatus": {"available": 3_600_000},
            }  # fmt: skip
            related = {
                "org": link("org", store.id),
                "user": link("user", agent),
                "workItems": {"links": {}},
            }
            path = "routing/work-sessions"
            store.put(
                "work_session", json_resource("work_session", record_id, path, attributes, related)
            )


def add_audit_logs(
    store: Store, rng: Random, staff: Staff, *, between: tuple[int, int], number: int
) -> None:
    """Put so many audit logs, published between two instants (epoch ms), into a store."""
    for _ in range(number):
        published = rng.randint(*between)
        # Created up to 1.5 s after it was published (seen), but never in the future.
        created = min(published + rng.randrange(1_500), between[1])
        record_id, agent = new_id(rng, published), rng.choice(staff.agents)
        kind = rng.choice(("user", "shortcut", "business_rule"))
        store.put("audit_log", {
            "type": "audit_log", "id": record_id,
            "attributes": {
                "eventName": f"kustomer.{kind}.update", "eventVerb": "update", "org": store.id,
                "userId": agent, "userType": rng.choice(("user", "machine")),
                "objectId": rng.choice(staff.agents), "objectType": kind, "client": None,
                "ip": "203.0.113.7", "createdAt": to_text(created),
                "publishedAt": to_text(published),
                "expiresAt": to_text(created + 365 * DAY),
                "changes": rng.choice(({}, {"attributes": {"name": {"before": "a"}}})),
            },
            "relationships": {"user": link("user", agent)},
        })  # fmt: skip
