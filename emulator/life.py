"""A stretch of an org's life: conversations and what comes with them, staff changes."""

from random import Random

from emulator.configuration import add_audit_logs
from emulator.conversations import Staff, conversation
from emulator.related import Circle
from emulator.store import Store

CREATED, UPDATED, DELETED = 20, 40, 3
# How many of them change, and one of each is deleted.
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
    # The rest has chances of its own, so that conversations do not depend on it.
    other = Random(f"{seed}:{at}:other")
    changed_others = sum(_change(store, other, kind, since, at) for kind in OTHERS)
    add_audit_logs(store, other, staff, between=(since, at), number=LOGS)
    circle = Circle(store, other, store.ids("company"))
    store.worked_until = at
    for _ in range(CREATED):
        moment = some_time()
        made = conversation(rng, staff, store.id, created=moment, updated=rng.randint(moment, at))
        store.put("conversation", made)
        circle.add(made)
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
    """Change a few resources of a kind, and delete the first of them; returns how many."""
    known = [record.id for record in store.resources[kind].values() if not record.deleted]
    chosen = rng.sample(known, min(OTHERS[kind], len(known)))
    for position, one in enumerate(chosen):
        moment = rng.randint(since, at)
        if position:
            store.touch(kind, one, at=moment)
        else:
            store.delete(kind, one, at=moment)
    return len(chosen)


def _deactivate_someone(store: Store, rng: Random, at: int) -> int:
    agents = [
        record.id
        for record in store.resources["user"].values()
        if not record.deleted and record.data["attributes"].get("userType") == "user"
    ]
    if len(agents) == 1 or not agents:
        return 0  # Somebody has to stay.
    store.delete("user", rng.choice(sorted(agents)), at=at)
    return 1
