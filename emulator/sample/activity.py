"""What sample agents do: work sessions and audit logs."""

from random import Random

from emulator.ids import QUEUE, STATUSES
from emulator.resource import JsonObject, json_resource, link, new_id
from emulator.sample.conversations import Staff
from emulator.store import Store
from emulator.times import DAY, HOUR, to_text

_KINDS = dict(zip(STATUSES, ("available", "busy", "unavailable"), strict=True))


def add_work_sessions(store: Store, rng: Random, staff: Staff, *, now: int, days: int) -> None:
    """Put the work sessions of the last days into a store; the latest may still be active."""
    for position, agent in enumerate(staff.agents):
        for back in range(min(days, 3)):
            start = now - back * DAY - rng.randrange(1, 9 * HOUR)
            end = start + rng.randrange(HOUR, 8 * HOUR)
            is_active = end > now
            record_id = new_id(rng, start)
            # Decides what the session contains; a change there leaves other sample data alone.
            own = Random(record_id)
            status = own.choice(STATUSES[:2])
            path = "routing/work-sessions"
            attributes = _session(own, start, end, now, status)
            related: JsonObject = {
                "org": link("org", store.id), "user": link("user", agent),
                "team": link("team", staff.teams[position % len(staff.teams)]),
                "status": link("status", status, "routing/statuses") if is_active else None,
                "queues": {"data": [{"type": "queue", "id": QUEUE}]},
                "workItems": {"links": {"self": f"/v1/{path}/{record_id}/work-items"}},
                "lastRevision": {"data": {"type": "work_session_revision",
                                          "id": new_id(own, start)}},
                "modifiedBy": None,
            }  # fmt: skip
            store.put(
                "work_session", json_resource("work_session", record_id, path, attributes, related)
            )


def _session(rng: Random, start: int, end: int, now: int, status: str) -> JsonObject:
    """Return a session's attributes. A status that still lasts has no time of its stretch yet."""
    is_active = end > now
    moved = rng.randint(start, now) if is_active else end
    spent = dict(zip(STATUSES, _shares(rng, moved - start), strict=True))
    by_status: JsonObject = {
        key: {"statusAt": to_text(start), "time": time, "businessTime": time // 2,
              "statusSelectedCount": rng.randrange(1, 9)}
        for key, time in spent.items()
    }  # fmt: skip
    if is_active:
        by_status[status] = {"statusAt": to_text(moved), "statusSelectedCount": 1}
    available = spent[STATUSES[0]]
    full = rng.randint(0, available)
    held, limit = (rng.randrange(3), 100) if is_active else (0, 100)
    return {
        "signedInAt": to_text(start), "signedOutAt": None if is_active else to_text(end),
        "statusType": _KINDS[status] if is_active else "offline",
        "routable": is_active and status == STATUSES[0],
        "capacityStatus": "not_at_capacity", "totalCapacity": limit,
        "capacityRemaining": limit - 50 * held, "workItemCount": held, "pausedWorkItemCount": 0,
        "capacity": [{"priority": 3, "limit": limit, "remaining": limit - 50 * held}],
        "handledItemCount": rng.randrange(20), "handledConversationCount": rng.randrange(20),
        "lastAssignedItemAt": rng.choice((None, to_text(moved))),
        "totalTimeByStatus": by_status, "totalAvailable": _spent(available),
        "totalAvailableAtCapacity": _spent(full),
        "totalAvailableNotAtCapacity": _spent(available - full),
        "totalAvailableIdleCapacity": rng.choice((None, {}, _spent(available - full))),
        "totalUnavailable": _spent(moved - start - available),
        "totalUnavailableNotAtCapacity": {}, "totalUnavailableIdleCapacity": {},
        "lastRevision": {"handledItemCount": 0, "totalAvailable": {"statusAt": to_text(start)}},
        "rev": rng.randrange(1, 60),
        "createdAt": to_text(start), "updatedAt": to_text(moved), "modifiedAt": to_text(moved),
    }  # fmt: skip


def _shares(rng: Random, whole: int) -> tuple[int, int, int]:
    """Divide a time into three parts."""
    first, second = sorted(rng.randint(0, whole) for _ in range(2))
    return first, second - first, whole - second


def _spent(time: int) -> JsonObject:
    return {"time": time, "businessTime": time // 2}


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
