"""A believable org: people, settings, conversations, and what comes with them."""

from random import Random

from emulator.configuration import add_audit_logs, add_configuration, add_shifts
from emulator.conversations import Staff, conversation
from emulator.people import add_people
from emulator.related import Circle, add_companies, add_kobjects
from emulator.store import Store
from emulator.times import DAY, HOUR, to_text

# One conversation in so many is deleted; a bulk job changed so many in the same millisecond.
_DELETED_ONE_IN = 50
_BULK = 200


def fill(store: Store, *, seed: int, now: int, conversations: int, days: int) -> None:
    """Put sample data of the last ``days`` into a store, ending at ``now`` (epoch ms)."""
    rng = Random(seed)
    add_people(store, rng, now=now, days=days)
    staff = Staff.of(store)
    # The rest has chances of its own, so that conversations do not depend on it.
    other = Random(f"{seed}:other")
    add_configuration(store, other, staff, now=now)
    add_shifts(store, other, staff, now=now, days=days)
    since = now - days * DAY
    add_audit_logs(store, other, staff, between=(since, now), number=20 + conversations // 10)
    companies = add_companies(store, other, now=now, days=days, number=10 + conversations // 100)
    circle = Circle(store, other, companies)
    store.worked_until = now
    bulk_at = now - days * DAY // 3
    bulk_left = min(_BULK, conversations // 5)
    for _ in range(conversations):
        created = now - rng.randrange(1, days * DAY)
        if bulk_left and created < bulk_at:
            bulk_left -= 1
            updated = bulk_at
        else:
            updated = min(now, created + int(rng.expovariate(1 / (20 * HOUR))))
        made = conversation(rng, staff, store.id, created=created, updated=updated)
        if rng.randrange(_DELETED_ONE_IN) == 0:
            deleted_by = rng.choice(staff.agents)
            made["attributes"] |= {"deleted": True, "deletedAt": to_text(updated)}
            made["relationships"]["deletedBy"] = {
                "data": {"type": "user", "id": deleted_by},
                "links": {"self": f"/v1/users/{deleted_by}"},
            }
        store.put("conversation", made)
        circle.add(made)
    add_kobjects(store, circle, now=now, days=days, number=conversations // 4)
