"""How a sample org lives on: new, changed and deleted records, and staff changes."""

from random import Random

from emulator.sample.activity import add_audit_logs
from emulator.sample.conversations import Staff, conversation
from emulator.sample.timeline import Timeline
from emulator.store import Store

# Conversations per stretch of life.
CREATED, UPDATED, DELETED = 20, 40, 3
# Other records that change; the first of each type is deleted.
OTHERS = {"customer": 6, "message": 8, "note": 3, "company": 2, "kobject": 4}
LOGS = 4


def live_on(store: Store, *, at: int, seed: int) -> dict[str, int]:
    """Change the org between the last time it worked and ``at`` (epoch ms); returns counts."""
    rng = Random(f"{seed}:{at}")
    since = min(store.worked_until + 1, at)

    def some_time() -> int:
        return rng.randint(since, at)

    known = [record for record in store.resources["conversation"].values() if not record.deleted]
    chosen = rng.sample(known, min(UPDATED + DELETED, len(known)))
    doomed, changed = chosen[:DELETED], chosen[DELETED:]
    for record in changed:
        status = rng.choice(("open", "snoozed", "done"))
        store.touch("conversation", record.id, at=some_time(), status=status)
    for record in doomed:
        store.delete("conversation", record.id, at=some_time())
    staff = Staff.of(store)
    # A generator of their own: see `fill`.
    other = Random(f"{seed}:{at}:other")
    changed_others = sum(_change(store, other, kind, since, at) for kind in OTHERS)
    add_audit_logs(store, other, staff, between=(since, at), number=LOGS)
    timeline = Timeline(store, other, store.ids("company"))
    store.worked_until = at
    for _ in range(CREATED):
        moment = some_time()
        made = conversation(rng, staff, store.id, created=moment, updated=rng.randint(moment, at))
        store.put("conversation", made)
        timeline.add(made)
    deactivated = _deactivate_someone(store, rng, some_time())
    teams = sorted(store.resources["team"])
    if teams:
        members = rng.sample(staff.agents, min(4, len(staff.agents)))
        store.touch("team", rng.choice(teams), at=some_time(), members=members)
    return {
        "created": CREATED,
        "updated": len(changed),
        "deleted": len(doomed),
        "users_deactivated": deactivated,
        "teams_changed": int(bool(teams)),
        "others_changed": changed_others,
    }


def _change(store: Store, rng: Random, kind: str, since: int, at: int) -> int:
    """Change a few records of a type, delete the first of them, and return how many."""
    known = [record.id for record in store.resources[kind].values() if not record.deleted]
    chosen = rng.sample(known, min(OTHERS[kind], len(known)))
    for position, record_id in enumerate(chosen):
        happen = store.touch if position else store.delete
        happen(kind, record_id, at=rng.randint(since, at))
    return len(chosen)


def _deactivate_someone(store: Store, rng: Random, at: int) -> int:
    agents = Staff.of(store).agents
    if len(agents) == 1:
        return 0  # Somebody has to stay.
    store.delete("user", rng.choice(agents), at=at)
    return 1
