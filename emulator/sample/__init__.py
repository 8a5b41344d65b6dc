"""Sample data: a believable org, made up from a seed, and how it lives on."""

from random import Random

from emulator.resource import link
from emulator.sample.activity import add_audit_logs, add_work_sessions
from emulator.sample.administration import add_administration
from emulator.sample.companies import add_companies
from emulator.sample.conversations import Staff, conversation
from emulator.sample.kobjects import add_kobjects
from emulator.sample.people import add_people
from emulator.sample.settings import Settings, add_settings
from emulator.sample.timeline import Timeline
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
    # A generator of their own, so that a new kind of data leaves the conversations as they are.
    other = Random(f"{seed}:other")
    add_settings(store, other, staff, now=now)
    add_work_sessions(store, other, staff, now=now, days=days)
    since = now - days * DAY
    add_audit_logs(store, other, staff, between=(since, now), number=20 + conversations // 10)
    companies = add_companies(store, other, now=now, days=days, number=10 + conversations // 100)
    timeline = Timeline(store, other, companies)
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
            made["attributes"] |= {"deleted": True, "deletedAt": to_text(updated)}
            made["relationships"]["deletedBy"] = link("user", rng.choice(staff.agents))
        store.put("conversation", made)
        timeline.add(made)
    administration = Settings(store, Random(f"{seed}:administration"), now)
    add_administration(administration, staff)
    number = conversations // 4
    add_kobjects(store, other, timeline.customers, now=now, days=days, number=number)
