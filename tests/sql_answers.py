"""What each file of docs/sql should answer, computed from the emulator's own data."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from emulator.children import CHILDREN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from emulator import Org

Row = tuple[Any, ...]

HOUR = 3_600_000


def attributes(org: Org, kind: str, *, standing: bool = True) -> list[dict[str, Any]]:
    """The attributes of a kind's resources, `id` and `deletedById` among them."""
    found = []
    for one in org.resources[kind].values():
        data = one.data
        by = ((data.get("relationships") or {}).get("deletedBy") or {}).get("data") or {}
        if not (standing and one.deleted):
            found.append({**data["attributes"], "id": one.id, "deletedById": by.get("id")})
    return found


def names(org: Org, kind: str) -> dict[str, str]:
    return {one["id"]: one["name"] for one in attributes(org, kind, standing=False)}


def named(ids: Iterable[str] | None, known: dict[str, str], otherwise: str) -> list[str]:
    return [known.get(one, one) for one in ids or ()] or [otherwise]


def teams_of(org: Org, ids: Iterable[str] | None) -> list[str]:
    return named(ids, names(org, "team"), "(no team)")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def hours(start: str, end: str) -> float:
    return (instant(end) - instant(start)) / timedelta(hours=1)


def week(text: str) -> date:
    day = instant(text).date()
    return day - timedelta(days=day.weekday())


def rounded(value: float | Decimal, digits: str) -> Decimal:
    return Decimal(f"{value:.15g}").quantize(Decimal(digits), ROUND_HALF_UP)


def percentile(values: Iterable[float], share: float) -> Decimal:
    ordered = sorted(values)
    whole, part = divmod((len(ordered) - 1) * share, 1)
    low = ordered[int(whole)]
    high = ordered[min(int(whole) + 1, len(ordered) - 1)]
    return rounded(low + (high - low) * part, "0.1")


def mean(values: list[int]) -> Decimal | None:
    return rounded(Decimal(sum(values)) / len(values), "0.01") if values else None


def open_conversations(org: Org) -> Iterable[Row]:
    return Counter(
        team
        for one in attributes(org, "conversation")
        if one["status"] == "open"
        for team in teams_of(org, one["assignedTeams"])
    ).items()


def conversations_per_agent(org: Org) -> Iterable[Row]:
    agents = names(org, "user")
    counts = Counter(
        (week(one["createdAt"]), agent)
        for one in attributes(org, "conversation")
        for agent in named(one["assignedUsers"], agents, "(nobody)")
    )
    return [(*key, count) for key, count in counts.items()]


def first_response_time(org: Org) -> Iterable[Row]:
    waits: dict[Row, list[float]] = defaultdict(list)
    for one in attributes(org, "conversation"):
        answer = one["firstResponse"] or {}
        if "sentAt" in answer:
            start = (one["firstMessageIn"] or {}).get("sentAt", one["createdAt"])
            for team in teams_of(org, answer["assignedTeams"]):
                waits[week(one["createdAt"]), team].append(60 * hours(start, answer["sentAt"]))
    return [(*k, len(w), percentile(w, 0.5), percentile(w, 0.9)) for k, w in waits.items()]


def handle_time(org: Org) -> Iterable[Row]:
    kind, times = CHILDREN["conversation_time"], defaultdict(list)
    for parent in org.resources["conversation"].values():
        for made in kind.made(parent, "conversation_time", org.id, range(kind.count(parent))):
            own = made["attributes"]
            for team in teams_of(org, own["assignedTeams"]):
                times[week(own["handleAt"]), own["timerVersion"], team].append(
                    (parent.id, own["handleTime"])
                )
    rows = []
    for key, handled in times.items():
        spent = [time for _, time in handled]
        minutes = [time / 60_000 for time in spent]
        total = rounded(sum(spent) / HOUR, "0.1")
        shares = (percentile(minutes, 0.5), percentile(minutes, 0.9))
        rows.append((*key, len({one for one, _ in handled}), len(handled), total, *shares))
    return rows


def satisfaction_by_team(org: Org) -> Iterable[Row]:
    surveys = defaultdict(list)
    for one in attributes(org, "conversation"):
        level = one["satisfactionLevel"] or {}
        if "status" in level:
            for team in teams_of(org, level["sentByTeams"]):
                surveys[team].append(level)
    for team, levels in surveys.items():
        scores, ratings = (
            [level[name] for level in levels if name in level] for name in ("score", "rating")
        )
        yield team, len(levels), len(ratings), mean(scores), mean(ratings)


def satisfaction_by_form(org: Org) -> Iterable[Row]:
    forms, ratings = names(org, "satisfaction"), defaultdict(list)
    for one in org.resources["satisfaction_response"].values():
        form = one.data["relationships"]["satisfaction"]["data"]["id"]
        own = one.data["attributes"]
        ratings[forms[form], week(own["createdAt"])].append(own["rating"])
    return [(*key, len(given), len(given), mean(given)) for key, given in ratings.items()]


def sets_held(org: Org) -> Iterator[tuple[dict[str, Any], str, str | None]]:
    """Every active agent's permission sets, each with the team it is held through, if any."""
    for user in attributes(org, "user"):
        for one in user["roleGroups"] or ():
            yield user, one, None
        for team in attributes(org, "team"):
            if user["id"] in team["members"]:
                for one in team["roleGroups"]:
                    yield user, one, team["name"]


def permission_sets_held(org: Org) -> Iterable[Row]:
    sets = names(org, "role_group")
    held: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for user, one, team in sets_held(org):
        own, through = held[user["name"]]
        if team is None:
            own.add(sets[one])
        else:
            through.add(f"{sets[one]} ({team})")
    return [(agent, ", ".join(own), ", ".join(through)) for agent, (own, through) in held.items()]


def effective_permissions(org: Org) -> Iterable[Row]:
    sets = {one["id"]: one for one in attributes(org, "role_group")}
    sources = defaultdict(set)
    for user, one, team in sets_held(org):
        for permission in sets[one]["roles"]:
            source = sets[one]["name"] + (f" ({team})" if team else "")
            sources[user["name"], permission].add(source)
    for user in attributes(org, "user"):
        for permission in user["roles"] or ():
            sources[user["name"], permission].add("directly")
    return [(*key, ", ".join(found)) for key, found in sources.items()]


def custom_attribute_use(org: Org) -> Iterable[Row]:
    for kind in ("conversation", "customer"):
        used = Counter(
            name
            for one in attributes(org, kind)
            for name, value in (one["custom"] or {}).items()
            if value is not None
        )
        (metadata,) = (
            one.data["attributes"]["properties"]
            for one in org.resources["metadata"].values()
            if one.data["links"]["self"] == f"/v1/metadata/{kind}"
        )
        for name in {*used, *metadata}:
            stands = "deleted" if metadata.get(name, {}).get("deletedAt") else "defined"
            yield kind, name, stands if name in metadata else "not defined", used[name]


def deleted_conversations(org: Org) -> Iterable[Row]:
    agents, ages = names(org, "user"), defaultdict(list)
    for one in attributes(org, "conversation", standing=False):
        if one["deleted"]:
            by = one["deletedById"]
            key = week(one["deletedAt"]), agents[by] if by else "(unknown)"
            ages[key].append(hours(one["createdAt"], one["deletedAt"]))
    return [(*key, len(found), percentile(found, 0.5)) for key, found in ages.items()]


ANSWERS: tuple[Callable[[Org], Iterable[Row]], ...] = (
    conversations_per_agent,
    custom_attribute_use,
    deleted_conversations,
    effective_permissions,
    first_response_time,
    handle_time,
    open_conversations,
    permission_sets_held,
    satisfaction_by_form,
    satisfaction_by_team,
)
