"""One sample conversation, with the shapes that make extraction hard.

Nested objects are filled, empty or null depending on channel and age; ``sla`` is an attribute and a
relationship; relationships are null, links only or with data; and one attribute is in no reference.
"""

from dataclasses import dataclass
from random import Random

from emulator.ids import BRAND, FORM, QUEUE, SLA, SLA_VERSION
from emulator.resource import JsonObject, json_resource, link, new_id
from emulator.store import Store
from emulator.times import HOUR, SECOND, to_text

_CHANNELS = ("email", "chat", "sms", "voice", "whatsapp", "instagram", "form")
_SUBJECTS = (
    "Where is my order?", "Réclamation: colis abîmé", "Refund for order", "Can't log in 🙁",
    "Change of address", "Wrong size delivered", "Invoice needed", "Größe umtauschen",
)  # fmt: skip
_REASONS = ("orders.late", "orders.damaged", "returns.size", "account.login", "billing.invoice")


@dataclass(frozen=True)
class Staff:
    """Ids that conversations refer to."""

    agents: list[str]
    teams: list[str]
    tags: list[str]

    @classmethod
    def of(cls, store: Store) -> "Staff":
        """Return the store's active agents and teams; the ids of tags are fixed."""
        agents = [
            record.id
            for record in store.resources["user"].values()
            if not record.deleted and record.data["attributes"].get("userType") == "user"
        ]
        tags = [f"{0x5F000000 + number:08x}{number:016x}" for number in range(12)]
        return cls(
            sorted(agents) or [store.id], sorted(store.resources["team"]) or [store.id], tags
        )


def conversation(
    rng: Random, staff: Staff, org_id: str, *, created: int, updated: int
) -> JsonObject:
    """Make up a conversation between two instants (epoch ms)."""
    record_id = new_id(rng, created)
    channel = rng.choice(_CHANNELS)
    status = rng.choices(("done", "open", "snoozed"), (7, 2, 1))[0]
    agent, team = rng.choice(staff.agents), rng.choice(staff.teams)
    customer = new_id(rng, created - rng.randrange(90 * 24 * HOUR))
    replied = min(updated, created + rng.randrange(60 * SECOND, 8 * HOUR))
    is_done = status == "done"
    attributes: JsonObject = {
        "name": f"{rng.choice(_SUBJECTS)} #{rng.randrange(10_000, 99_999)}",
        "preview": "Hello, I have a question about my last order.", "channels": [channel],
        "status": status, "direction": rng.choice(("in", "in", "in", "out")),
        "priority": rng.randrange(1, 6), "rev": rng.randrange(1, 30),
        "createdAt": to_text(created), "updatedAt": to_text(updated),
        "modifiedAt": to_text(rng.randint(created, updated)),
        "lastActivityAt": to_text(rng.randint(created, updated)),
        "lastMessageAt": to_text(replied), "open": {"statusAt": to_text(created)},
        "snooze": rng.choice((None, {}, {"status": "elapsed", "statusAt": to_text(replied)})),
        "totalOpen": {"time": replied - created, "businessTime": (replied - created) // 3},
        "totalDone": {"time": updated - replied, "businessTime": 0} if is_done else None,
        "totalSnooze": rng.choice((None, {}, {"time": 360_000, "businessTime": 0})),
        "doneCount": int(is_done), "reopenCount": rng.randrange(2),
        "ended": channel in {"chat", "voice"}, "spam": False, "deleted": False,
        "messageCount": rng.randrange(1, 15),
        "messageCountByChannel": {channel: rng.randrange(1, 15)}, "noteCount": rng.randrange(3),
        "outboundMessageCount": rng.randrange(5), "lastMessageDirection": "out",
        "satisfaction": 0, "satisfactionLevel": _satisfaction(rng, record_id, team, replied),
        "sentiment": rng.choice((None, {}, {"polarity": -1, "confidence": 0.875})),
        "tags": rng.sample(staff.tags, rng.randrange(4)),
        "assignedUsers": rng.choice(([agent], [agent], [])),
        "assignedTeams": rng.choice(([team], [])),
        "firstMessageIn": _message(rng, channel, created),
        "lastMessageIn": _message(rng, channel, replied) if _chance(rng, 0.5) else {},
        "lastMessageUnrespondedTo": {},
        "firstResponse": _response(rng, agent, team, created, replied),
        "lastDone": _done(agent, team, created, updated) if is_done else {},
        "sla": _sla(rng, created, replied),
        "modificationHistory": {"statusAt": to_text(updated), "nameAt": None},
        "linkedConversations": [], "defaultLang": rng.choice(("en_us", "fr_fr", "de_de")),
        "roleGroupVersions": [], "billingStatus": "no_messages" if channel == "form" else None,
        # In no reference: attributes turn up without notice.
        "aiTriage": {"intent": rng.choice(_REASONS), "score": round(rng.random(), 3)},
        "custom": _custom(rng, created),
    }  # fmt: skip
    relationships: JsonObject = {
        "org": link("org", org_id), "customer": link("customer", customer),
        "messages": {"links": {"self": f"/v1/conversations/{record_id}/messages"}},
        "createdBy": None, "modifiedBy": link("user", agent), "endedBy": None, "deletedBy": None,
    }  # fmt: skip
    # Of its own, so that the other sample data stays as it is.
    if channel == "chat" and Random(record_id).randrange(2):
        attributes["aiAgent"] = {"automationId": [f"5f00e{0:019}"]}
    if attributes["sla"]:
        relationships["sla"] = link("sla", SLA)
        relationships["slaVersion"] = link("sla_version", SLA_VERSION)
    if rng.randrange(3) == 0:
        relationships["queue"] = link("queue", QUEUE)
        relationships["brand"] = link("brand", BRAND)
    return json_resource("conversation", record_id, "conversations", attributes, relationships)


def _chance(rng: Random, probability: float) -> bool:
    return rng.random() < probability


def _custom(rng: Random, created: int) -> JsonObject | None:
    choices = {
        "orderNumberStr": str(rng.randrange(1_000, 99_999)),
        "orderTotalNum": rng.choice((12.5, 19.99, 40, 0)),
        "vipBool": _chance(rng, 0.1),
        "deliveryAt": to_text(created + 72 * HOUR),
        "reasonTree": rng.choice(_REASONS),
        "noteTxt": "line one\nline two — “quoted” \\ \t" if _chance(rng, 0.2) else None,
    }
    kept = {name: value for name, value in choices.items() if _chance(rng, 0.7)}
    return None if _chance(rng, 0.1) else kept


def _message(rng: Random, channel: str, at: int) -> JsonObject:
    address = f"shopper{rng.randrange(1_000)}@example.com"
    by_mail = channel in {"email", "form"}
    return {
        "id": new_id(rng, at), "sentAt": to_text(at), "createdAt": to_text(at), "channel": channel,
        "directionType": "initial-in",
        "meta": {
            "from": address if by_mail else "+15550100",
            # A list for e-mail, text for text messages (seen in payloads).
            "to": [{"email": "help@example.com"}] if by_mail else "+15550199",
            "attachmentNum": 0,
        },
    }  # fmt: skip


def _response(rng: Random, agent: str, team: str, created: int, replied: int) -> JsonObject:
    if _chance(rng, 0.15):
        return {"createdByTeams": [], "assignedTeams": [], "assignedUsers": []}
    return {
        "id": new_id(rng, replied), "time": replied - created,
        "businessTime": (replied - created) // 3, "responseTime": replied - created,
        "createdAt": to_text(replied), "sentAt": to_text(replied), "createdBy": agent,
        "createdByTeams": [team], "assignedTeams": [team], "assignedUsers": [agent],
    }  # fmt: skip


def _done(agent: str, team: str, created: int, at: int) -> JsonObject:
    return {
        "time": at - created, "businessTime": (at - created) // 3, "createdAt": to_text(at),
        "createdBy": agent, "assignedTeams": [team], "assignedUsers": [], "noteCount": 0,
    }  # fmt: skip


def _sla(rng: Random, created: int, replied: int) -> JsonObject | None:
    if _chance(rng, 0.4):
        return None
    due = created + 4 * HOUR
    breached = replied > due
    return {
        "name": "Standard", "version": 2, "status": "done", "breached": breached,
        "matchedAt": to_text(created),
        "metrics": {"firstResponse": {"breachAt": to_text(due), "satisfiedAt": to_text(replied)}},
        "breach": {"metric": "firstResponse", "at": to_text(due)} if breached else {},
    }  # fmt: skip


def _satisfaction(rng: Random, record_id: str, team: str, at: int) -> JsonObject:
    if _chance(rng, 0.7):
        return {"sentByTeams": []}
    return {
        "form": FORM, "formResponse": f"{at // SECOND:08x}{record_id[8:]}", "channel": "email",
        "status": "rated", "score": rng.randrange(1, 6), "rating": rng.randrange(1, 6),
        "answers": [], "createdAt": to_text(at), "sentByTeams": [team],
    }  # fmt: skip
