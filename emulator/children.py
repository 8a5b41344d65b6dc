"""Children of a conversation: attachments, handle times, events, work items.

None of them is stored. They follow from the conversation's id, revision and dates, so they cost
nothing until asked for and are the same after saving and loading. Chosen: a conversation has one
event per revision, the newest at its ``updatedAt``, and one more handle time every eight revisions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from zlib import crc32

from emulator.agent_time import handle_time, work_item
from emulator.resource import JsonObject, Resource, json_resource
from emulator.times import SECOND, to_text

_STEP = 420 * SECOND
_STATUSES = ("open", "snoozed", "open", "done")
_FILES = (
    ("receipt.pdf", "application/pdf"),
    ("photo Größe.jpg", "image/jpeg"),
    ("voice note.m4a", None),
)


def child_id(conversation: str, created: int, kind: str, number: int) -> str:
    """Return the id of a conversation's nth child; ``created`` is the conversation's, epoch ms."""
    tail = crc32(f"{conversation}:{kind}:{number}".encode())
    return f"{created // SECOND + number:08x}{tail:08x}{crc32(conversation.encode()):08x}"


def attachment_count(conversation: str) -> int:
    """Return how many attachments a conversation has; they are those of its first message."""
    return max(0, crc32(conversation.encode()) % 4 - 1)


@dataclass(frozen=True)
class Draft:
    """A child about to be made.

    Attributes:
        parent: its conversation.
        number: its position among its siblings; 0 is the oldest.
        id: its own.
        at: when it happened, epoch ms.
        org: id of the org.
        rng: decides about the rest.
    """

    parent: Resource
    number: int
    id: str
    at: int
    org: str
    rng: Random

    def resource(self, kind: str, attributes: JsonObject, **relationships: object) -> JsonObject:
        """Return the JSON:API resource, related to the conversation and its customer."""
        related: JsonObject = {
            "org": {"data": {"type": "org", "id": self.org}},
            "conversation": {
                "data": {"type": "conversation", "id": self.parent.id},
                "links": {"self": f"/v1/conversations/{self.parent.id}"},
            },
            "customer": self.parent.part(("relationships", "customer")),
        }
        return {
            "type": kind,
            "id": self.id,
            "attributes": attributes,
            "relationships": related | relationships,
        }

    def ids(self, attribute: str) -> list[str]:
        """Return the ids in an attribute of the conversation."""
        found = self.parent.part(("attributes", attribute))
        return found if isinstance(found, list) else []

    def first(self, kind: str, attribute: str) -> JsonObject | None:
        """Return a relationship with the first id in an attribute of the conversation."""
        found = self.ids(attribute)
        return {"data": {"type": kind, "id": found[0]}} if found else None


@dataclass(frozen=True)
class Child:
    """One kind of children: how many a conversation has, and how one is made."""

    count: Callable[[Resource], int]
    make: Callable[[Draft], JsonObject]

    def made(self, parent: Resource, kind: str, org: str, numbers: range) -> list[JsonObject]:
        """Make those with the given numbers."""
        drafts = []
        for number in numbers:
            record_id = child_id(parent.id, parent.created, kind, number)
            is_newest = number == self.count(parent) - 1
            at = parent.updated if is_newest else parent.created + number * _STEP
            drafts.append(
                Draft(parent, number, record_id, min(at, parent.updated), org, Random(record_id))
            )
        return [self.make(draft) for draft in drafts]


def _revision(parent: Resource) -> int:
    rev = parent.part(("attributes", "rev"))
    return rev if isinstance(rev, int) else 1


def _attachment(draft: Draft) -> JsonObject:
    """Attachments have no timestamps, and a signed address that does not last (documented)."""
    name, content = _FILES[draft.number]
    message = draft.parent.part(("attributes", "firstMessageIn", "id"))
    attributes = {
        "name": name, "contentType": content, "contentLength": draft.rng.randrange(1 << 22),
        "redacted": draft.rng.randrange(9) == 0, "uploaded": True,
    }  # fmt: skip
    relationships = {
        "org": {"data": {"type": "org", "id": draft.org}},
        "message": message and {"data": {"type": "message", "id": message}},
    }
    made = json_resource("attachment", draft.id, "attachments", attributes, relationships)
    signature = f"{draft.rng.getrandbits(64):016x}"
    made["links"]["related"] = f"https://files.example.com/{draft.id}?signature={signature}"
    return made


def _event(draft: Draft) -> JsonObject:
    """Make a change with its values before and after; the first one is the creation."""
    number, text = draft.number, to_text(draft.at)
    before, after = (_STATUSES[step % len(_STATUSES)] for step in (number - 1, number))
    status: JsonObject = {"op": "replace", "before": before, "after": after}
    if number == 0:
        status = {"op": "add", "before": None, "after": after}
    changes: JsonObject = {"attributes": {"status": status}, "relationships": {}}
    users = draft.ids("assignedUsers")
    if number % 3 == 1 and users:
        assignee = {"op": "replace", "before": None, "after": {"type": "user", "id": users[0]}}
        changes["relationships"]["assignedUser"] = assignee
    return draft.resource(
        "event",
        {
            "name": f"kustomer.conversation.{'update' if number else 'create'}", "type": "tracking",
            "publishedAt": text, "createdAt": text, "updatedAt": text, "modifiedAt": text,
            "changes": changes, "location": draft.rng.choice((None, {}, "web")),
            "meta": draft.rng.choice((None, {}, "bulk")),
        },
        createdBy=None,
        modifiedBy={"data": {"type": "user", "id": users[0]}} if users else None,
    )  # fmt: skip


def _forward(draft: Draft) -> JsonObject:
    """Make a conversation that was sent on."""
    text = to_text(draft.at)
    return draft.resource(
        "forward",
        {
            "app": "postmark", "channel": "email", "body": "See below.", "status": "sent",
            "from": {"name": "Help", "email": "help@example.com"},
            "to": [{"name": "Carrier", "email": "claims@example.net"}],
            "payload": {"draftJs": {"blocks": []}},
            "createdAt": text, "updatedAt": text, "modifiedAt": text,
        },
        attachments={"data": []},
    )  # fmt: skip


CHILDREN = {
    "attachment": Child(lambda parent: attachment_count(parent.id), _attachment),
    "conversation_time": Child(lambda parent: 1 + _revision(parent) // 8, handle_time),
    "conversation_event": Child(_revision, _event),
    "forward": Child(lambda parent: int(crc32(parent.id.encode()) % 9 == 0), _forward),
    "work_item": Child(lambda parent: crc32(parent.id[::-1].encode()) % 2, work_item),
}
