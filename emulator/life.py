"""A stretch of an org's life: new, changed and deleted conversations, staff changes."""

from random import Random

from emulator.conversations import Staff, conversation
from emulator.store import Store

CREATED, UPDATED, DELETED = 20, 40, 3


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
    for _ in range(CREATED):
        moment = some_time()
        made = conversation(rng, staff, store.id, created=moment, updated=rng.randint(moment, at))
        store.put("conversation", made)
    deactivated = _deactivate_someone(store, rng, some_time())
    teams = sorted(store.resources["team"])
    if teams:
        members = rng.sample(staff.agents, min(4, len(staff.agents)))
        store.touch("team", rng.choice(teams), at=some_time(), members=members)
    store.worked_until = at
    return {
        "created": CREATED,
        "updated": len(changed),
        "deleted": len(doomed),
        "users_deactivated": deactivated,
        "teams_changed": int(bool(teams)),
    }


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
