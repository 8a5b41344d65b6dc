"""What agents do in one conversation: handle times of two timers, and work items."""

from typing import TYPE_CHECKING

from emulator.ids import QUEUE
from emulator.resource import JsonObject
from emulator.times import HOUR, SECOND, to_text

if TYPE_CHECKING:
    from emulator.children import Draft

_QUEUE_LINK = {"data": {"type": "queue", "id": QUEUE}}
_TIMES = ("handleTime", "messageTime", "noteTime")
_SECOND_ONLY = {
    "timerVersion", "handleBy", "handlePauseAt", "handlePauseBy", "isFocused",
    "isInitialFocusSession", "agentActionTrigger", "conversationStatus",
}  # fmt: skip


def handle_time(draft: "Draft") -> JsonObject:
    """Make a handle time of the second timer, in milliseconds."""
    rng, text = draft.rng, to_text(draft.at)
    noted = rng.randrange(3) == 0
    users = draft.ids("assignedUsers")
    return draft.resource(
        "conversation_time",
        {
            "createdAt": text, "handleAt": text, "handleTime": rng.randrange(5_000, 900_000),
            "messageAt": text, "messageTime": rng.randrange(1_000, 300_000),
            "noteAt": text if noted else None,
            "noteTime": rng.randrange(1_000, 60_000) if noted else None,
            "messagesSent": rng.randrange(3), "notesSent": int(noted), "touched": True,
            "reopened": draft.number > 0, "snoozed": False, "resolved": rng.randrange(2) == 0,
            "channels": draft.ids("channels"), "createdByTeams": [], "assignedUsers": users,
            "assignedTeams": draft.ids("assignedTeams"),
            "timerVersion": "v2", "handleBy": users[0] if users else None,
            "handlePauseAt": text if noted else None, "handlePauseBy": "idle" if noted else None,
            "isFocused": True, "isInitialFocusSession": draft.number == 0,
            "agentActionTrigger": "note_sent" if noted else "reply_sent",
            "conversationStatus": draft.parent.part(("attributes", "status")),
        },
        createdBy={"data": {"type": "user", "id": users[0]}} if users else None,
        handleBy={"data": {"type": "user", "id": users[0]}} if users else None,
    )  # fmt: skip


def first_timer(time: JsonObject) -> JsonObject:
    """Return what the first timer counted beside the second: a record of its own, in seconds."""
    own = {name: value for name, value in time["attributes"].items() if name not in _SECOND_ONLY}
    own |= {name: own[name] and round(own[name] / SECOND) for name in _TIMES}
    related = {name: one for name, one in time["relationships"].items() if name != "handleBy"}
    record_id = f"{time['id'][:8]}{time['id'][:7:-1]}"
    return time | {"id": record_id, "attributes": own, "relationships": related}


def work_item(draft: "Draft") -> JsonObject:
    """Make one pass through routing; only the latest may be not completed (documented).

    Chosen: what nobody is assigned to was abandoned, else it is handled after waiting in a queue.
    """
    parent, rng = draft.parent, draft.rng
    is_open = draft.number == 0 and parent.part(("attributes", "status")) == "open"
    entered = min(draft.at, max(parent.created, draft.at - rng.randrange(HOUR)))
    routed, accepted, handled = sorted(rng.randint(entered, draft.at) for _ in range(3))
    user, team = draft.first("user", "assignedUsers"), draft.first("team", "assignedTeams")
    stay: JsonObject = {"enteredQueueAt": to_text(entered)}
    steps: JsonObject = {}
    links: JsonObject = {"queue": parent.part(("relationships", "queue")) or _QUEUE_LINK}
    if user:
        stay |= {
            "routedAt": to_text(routed), "acceptedAt": to_text(accepted), "timedout": False,
            **_spent("queueTime", "queueBusinessTime", routed - entered),
        }  # fmt: skip
        steps["resourceFirstRouteTime"] = routed - parent.created
        steps["resourceFirstAssignTime"] = accepted - parent.created
        links |= {"routedTo": user, "acceptedBy": user, "assignedTo": user}
        links |= {"team": team} if team else {}
    if user and not is_open:
        steps["handle"] = {**_spent("time", "businessTime", handled - accepted),
                           "completedAt": to_text(handled)}  # fmt: skip
        steps["wrapUp"] = {**_spent("time", "businessTime", draft.at - handled),
                           "enteredAt": to_text(handled)}  # fmt: skip
    if not is_open:
        steps["completedAt"] = to_text(draft.at)
    status = ("assigned" if user else "queued") if is_open else "completed"
    made = draft.resource(
        "work_item",
        {
            "resourceType": "conversation", "status": status,
            "paused": False, "channel": next(iter(draft.ids("channels")), None), "priority": 3,
            "itemSize": 50, "workItemNumber": 1, "queuedCount": rng.randrange(1, 4),
            "firstEnterQueueAt": to_text(entered),
            "ivr": rng.choice((None, {}, _spent("time", "businessTime", 4_100))),
            "resourceRev": parent.part(("attributes", "rev")),
            "resourceCreatedAt": to_text(parent.created),
            "resourceDirection": "in", "resourceFirstQueueTime": entered - parent.created,
            "abandoned": {}, "firstRoutedResponse": {}, "lastRevision": stay,
            "rev": 1 + rng.randrange(9), "createdAt": to_text(entered),
            "updatedAt": to_text(draft.at), "modifiedAt": to_text(draft.at), **steps,
        },
        **links,
    )  # fmt: skip
    made["relationships"]["resource"] = made["relationships"].pop("conversation")
    return made


def _spent(name: str, business: str, time: int) -> JsonObject:
    return {name: time, business: time // 2}
