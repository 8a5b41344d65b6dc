"""AI summaries of conversations, by the ids asked for.

None is stored: see ``children``. Chosen: half of all conversations have one, and at most 40 ids are
taken at a time; how many Kustomer takes is not documented.
"""

from dataclasses import dataclass, field
from zlib import crc32

import msgspec
from flask import abort, request

from emulator.children import child_id
from emulator.lists import page_of
from emulator.pages import page_bytes
from emulator.parameters import PAGING, Parameters
from emulator.resource import JsonObject, Resource
from emulator.store import Store
from emulator.switches import Switches
from emulator.times import to_text

MOST_IDS = 40


def has_summary(conversation: str) -> bool:
    """Return whether a conversation has a summary."""
    return crc32(f"{conversation}:summary".encode()) % 2 == 0


@dataclass(frozen=True)
class Summaries:
    """Those of the conversations named; others are left out without a word (documented)."""

    type: str = "ai_summary"
    parameters: Parameters = field(default_factory=lambda: {**PAGING, "resourceIds": ()})

    def answer(self, store: Store, switches: Switches, _: str) -> bytes:
        """Return the page asked for."""
        ids = request.args.get("resourceIds", "").split(",")
        if len(ids) > MOST_IDS:
            abort(400, "too many resourceIds")
        known = store.resources["conversation"]
        named = [key for key in ids if key in known and key not in switches.hidden]
        made = [_summary(known[key], store.id) for key in named if has_summary(key)]
        part, head = page_of(len(made), 100)
        return page_bytes(head, [msgspec.json.encode(one) for one in made[part]])


def _summary(parent: Resource, org: str) -> JsonObject:
    at = to_text(parent.updated)
    return {
        "type": "summary",
        "id": child_id(parent.id, parent.created, "summary", 0),
        "attributes": {
            "resourceId": parent.id, "resourceType": "conversation", "text": "Asks for a parcel.",
            "createdAt": to_text(parent.created), "updatedAt": at, "lastSummarizedAt": at,
        },
        "relationships": {"org": {"data": {"type": "org", "id": org}}},
    }  # fmt: skip
