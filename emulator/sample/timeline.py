"""What comes with sample conversations: customers, messages, notes, satisfaction responses.

They have the shapes that make extraction hard: recipients as text, list or object, empty and null
objects, links without data, and one attribute per type that is in no reference. Three customers in
ten are there; the others were merged away.
"""

from random import Random

from emulator.children import attachment_count, child_id
from emulator.resource import JsonObject, json_resource, link, new_id
from emulator.sample.kobjects import KLASSES
from emulator.sample.people import FIRST_NAMES, LAST_NAMES
from emulator.store import Store
from emulator.times import DAY, SECOND, to_ms, to_text

_TEXTS = (
    "Hello, where is my parcel?", "Thank you! 🙏", "Ça ne marche toujours pas.",
    'They said "tomorrow", \\ again\ttoday.', "Line one\nline two", "",
)  # fmt: skip


class Timeline:
    """Puts what comes with conversations into a store.

    Attributes:
        customers: ids of the customers put so far.
    """

    def __init__(self, store: Store, rng: Random, companies: list[str]) -> None:
        """Start without customers; they belong to some of the ``companies``."""
        self.customers: list[str] = []
        self._store = store
        self._rng = rng
        self._companies = companies
        self._org = link("org", store.id)

    def add(self, conversation: JsonObject) -> None:
        """Put the objects of one conversation."""
        own, rng = conversation["attributes"], self._rng
        customer = conversation["relationships"]["customer"]
        updated = to_ms(own["updatedAt"])
        if rng.random() < 0.3:  # noqa: PLR2004  (a share)
            self._customer(customer["data"]["id"], own, updated)
        shared = {
            "org": self._org,
            "customer": customer,
            "conversation": link("conversation", conversation["id"]),
        }
        self._messages(conversation, shared)
        if rng.random() < 0.3:  # noqa: PLR2004  (a share)
            self._note(own, shared, rng.randint(to_ms(own["createdAt"]), updated))
        if "formResponse" in own["satisfactionLevel"]:
            self._response(own["satisfactionLevel"], shared)

    def _messages(self, conversation: JsonObject, shared: JsonObject) -> None:
        """Put the messages that the conversation names, and sometimes one more."""
        own, rng = conversation["attributes"], self._rng
        first, answer, last = own["firstMessageIn"], own["firstResponse"], own["lastMessageIn"]
        record_id, created = conversation["id"], to_ms(own["createdAt"])
        updated = to_ms(own["updatedAt"])
        attached = [
            {"type": "attachment", "id": child_id(record_id, created, "attachment", number)}
            for number in range(attachment_count(record_id))
        ]
        self._message(own, shared, first["id"], created, "initial-in", attached)
        if "id" in answer:
            self._message(own, shared, answer["id"], to_ms(answer["sentAt"]), "response-out", [])
        if last:
            self._message(own, shared, last["id"], to_ms(last["sentAt"]), "followup-in", [])
        if rng.random() < 0.65:  # noqa: PLR2004  (a share)
            at = rng.randint(created, updated)
            self._message(own, shared, new_id(rng, at), at, "followup-out", [])

    def _message(
        self,
        own: JsonObject,
        shared: JsonObject,
        record_id: str,
        sent: int,
        kind: str,
        attached: list[JsonObject],
    ) -> None:
        rng, text = self._rng, to_text(sent)
        is_out = kind.endswith("out")
        agents = own["assignedUsers"] if is_out else []
        attributes: JsonObject = {
            "externalId": None, "channel": own["channels"][0], "app": "postmark", "size": 42,
            "direction": "out" if is_out else "in", "directionType": kind,
            "preview": rng.choice(_TEXTS), "subject": own["name"], "meta": _meta(rng, is_out),
            "status": "sent" if is_out else "received", "error": rng.choice((None, {})),
            "auto": is_out and not agents, "assignedTeams": own["assignedTeams"],
            "assignedUsers": own["assignedUsers"], "createdByTeams": [],
            "reactions": [], "intentDetections": [], "sentiment": rng.choice((
                None, {}, {"polarity": 1, "confidence": 0.5})), "lang": own["defaultLang"],
            "location": {}, "sentAt": text, "createdAt": text, "modifiedAt": text,
            "updatedAt": to_text(sent + 350 if sent + 350 < self._store.worked_until else sent),
            "redacted": False, "rev": 1, "custom": rng.choice((None, {"orderIdStr": "4417"})),
            # In no reference.
            "spamScore": rng.randrange(100) / 100,
        }  # fmt: skip
        relationships: JsonObject = {
            **shared, "createdBy": link("user", agents[0]) if agents else None,
            "modifiedBy": None, "attachments": {"data": attached}, "shortcuts": {"data": []},
        }  # fmt: skip
        self._put("message", record_id, "messages", attributes, relationships)

    def _note(self, own: JsonObject, shared: JsonObject, at: int) -> None:
        rng, text, record_id = self._rng, to_text(at), new_id(self._rng, at)
        agents, is_deleted = own["assignedUsers"], rng.randrange(8) == 0
        mentioned = [{"type": "user", "id": agent} for agent in agents]
        mentioned += [{"type": "team", "id": team} for team in own["assignedTeams"]]
        attributes = {
            "body": f"Note: {rng.choice(_TEXTS)}", "lang": own["defaultLang"],
            "createdAt": text, "updatedAt": text, "modifiedAt": text,
            "createdByTeams": own["assignedTeams"], "deleted": is_deleted,
            "pinnedForTeam": rng.choice((None, False)),
        }  # fmt: skip
        if is_deleted:
            attributes["deletedAt"] = text
        relationships: JsonObject = {
            **shared, "createdBy": link("user", agents[0]) if agents else None,
            "deletedBy": None, "userMentions": {"data": mentioned},
        }  # fmt: skip
        self._put("note", record_id, "notes", attributes, relationships)

    def _response(self, level: JsonObject, shared: JsonObject) -> None:
        """Put a satisfaction response; the conversation shows some of its attributes."""
        kept = ("channel", "status", "score", "rating", "answers", "createdAt")
        attributes = {name: level[name] for name in kept} | {
            "updatedAt": level["createdAt"],
            "scheduledFor": None,
            "sentAt": level["createdAt"],
            "formType": "csat",
            "app": "postmark",
            "firstReadAt": level["createdAt"],
            "submittedAt": level["createdAt"],
            "completedAt": None,
            "lockedAt": to_text(to_ms(level["createdAt"]) + DAY),
            "modifiedAt": level["createdAt"],
        }
        relationships = {**shared, "satisfaction": link("satisfaction", level["form"])}
        kind, path = "satisfaction_response", "satisfaction-responses"
        self._put(kind, level["formResponse"], path, attributes, relationships)

    def _customer(self, record_id: str, own: JsonObject, updated: int) -> None:
        rng, created = self._rng, int(record_id[:8], 16) * SECOND
        text, first, last = to_text(updated), rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
        number = rng.randrange(10_000)
        seen = {"updatedAt": text, "location": {"countryName": "France", "cityName": "Orléans"}}
        attributes: JsonObject = {
            "name": f"{first} {last}", "displayName": f"{first} {last}", "firstName": first,
            "lastName": last, "username": None, "displayColor": "blue", "displayIcon": "fish",
            "externalId": f"shop-{number}", "externalIds": [{"externalId": f"shop-{number}",
                                                            "verified": True}],
            "sharedExternalIds": [], "emails": [{"email": f"shopper{number}@example.com",
                                                "type": "home", "verified": False}],
            "sharedEmails": [], "phones": rng.choice(([], [{"phone": "+15550100"}])),
            "sharedPhones": [], "whatsapps": [], "facebookIds": [], "socials": [], "urls": [],
            "locations": rng.choice(([], [{"type": "home", "address": "1 rue de l'Été"}])),
            "activeUsers": [], "watchers": own["assignedUsers"],
            "recentLocation": rng.choice((None, None, seen)), "timeZone": None, "gender": None,
            "defaultLang": own["defaultLang"], "createdAt": to_text(created), "updatedAt": text,
            "modifiedAt": to_text(rng.randint(created, updated)), "lastActivityAt": text,
            "lastSeenAt": None, "lastMessageAt": own["lastMessageAt"], "signedUpAt": None,
            "deleted": False, "verified": True, "rev": rng.randrange(1, 40), "tags": own["tags"],
            "progressiveStatus": rng.choice((None, "open", "done")),
            "sentiment": rng.choice((None, {}, {"polarity": 0, "confidence": 0.25})),
            "lastMessageIn": {"sentAt": text, "sentiment": rng.choice((None, "neutral", {}))},
            "lastMessageOut": {}, "lastMessageUnrespondedTo": {},
            "lastConversation": {"channels": own["channels"], "tags": own["tags"]},
            "conversationCounts": {"open": 0, "snoozed": 0, "done": 1, "all": 1},
            "preview": {"text": rng.choice(_TEXTS)}, "recentItems": [], "satisfactionLevel": {},
            "roleGroupVersions": [], "accessOverride": [],
            # In no reference.
            "loyaltyTier": rng.choice(("bronze", "silver", None)),
            "custom": rng.choice((None, {}, {"lifetimeValueNum": number / 100, "vipBool": True},
                                  {"lifetimeValueNum": "n/a", "birthdayAt": to_text(0)})),
        }  # fmt: skip
        if rng.randrange(60) == 0:
            attributes |= {"deleted": True, "deletedAt": text}
        company = rng.choice(self._companies) if self._companies and rng.randrange(4) == 0 else None
        relationships: JsonObject = {
            "org": self._org,
            "messages": {"links": {"self": f"/v1/customers/{record_id}/messages"}},
            "company": company and link("company", company, "companies"),
            "createdBy": None,
        }
        for klass in KLASSES:
            kobjects = {"self": f"/v1/customers/{record_id}/klasses/{klass}"}
            relationships[f"{klass}s"] = {"links": kobjects, "meta": {"kobject": True}}
        self.customers.append(record_id)
        self._put("customer", record_id, "customers", attributes, relationships)

    def _put(
        self,
        kind: str,
        record_id: str,
        path: str,
        attributes: JsonObject,
        relationships: JsonObject,
    ) -> None:
        self._store.put(kind, json_resource(kind, record_id, path, attributes, relationships))


def _meta(rng: Random, is_out: bool) -> JsonObject:  # noqa: FBT001  (a direction)
    """Return a message's ``meta``: recipients are text, a list or an object, as seen by others."""
    person = {"email": f"shopper{rng.randrange(1_000)}@example.com", "name": None}
    ours = "help@example.com" if is_out else person
    recipients = rng.choice(("+15550199", [person], person, None))
    return {"from": ours, "to": recipients, "cc": rng.choice(([], None)), "attachmentNum": 0}
