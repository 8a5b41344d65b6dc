"""Children of a customer: merges, and visits to the org's web pages with their events.

None of them is stored: see ``children``. Chosen: every other customer was merged, and one in three
has visited, up to twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import msgspec
from flask import abort, request

from emulator.children import child_id
from emulator.lists import page_of
from emulator.pages import page_bytes
from emulator.parameters import PAGING
from emulator.resource import JsonObject, Resource, link
from emulator.store import Store
from emulator.switches import Switches
from emulator.times import to_text

_EVENTS = ("Page viewed", "Chat opened")


def _dice(customer: Resource, kind: str, sides: int) -> int:
    return crc32(f"{customer.id}:{kind}".encode()) % sides


def _made(
    customer: Resource, org: str, kind: str, number: int, attributes: JsonObject, **more: object
) -> JsonObject:
    related = {
        "org": {"data": {"type": "org", "id": org}},
        "customer": link("customer", customer.id),
    }
    record_id = child_id(customer.id, customer.created, kind, number)
    return {
        "type": kind,
        "id": record_id,
        "attributes": attributes,
        "relationships": related | more,
    }


def _merges(customer: Resource, org: str) -> list[JsonObject]:
    if _dice(customer, "merge", 2):
        return []
    at = to_text(customer.updated)
    source = link("customer", child_id(customer.id, customer.created, "source", 0))
    attributes = {"status": "completed", "createdAt": at, "updatedAt": at}
    related = {"source": source, "target": link("customer", customer.id), "createdBy": None}
    return [_made(customer, org, "customer_merge", 0, attributes, **related)]


def _sessions(customer: Resource, org: str) -> list[JsonObject]:
    visits = max(0, _dice(customer, "visits", 6) - 3)
    return [
        _made(customer, org, "session", number, {
            "sessionId": f"{customer.id}-{number}", "count": len(_EVENTS),
            "firstEventAt": to_text(customer.created), "lastEventAt": to_text(customer.updated),
        })
        for number in range(visits)
    ]  # fmt: skip


def _events(customer: Resource, org: str) -> list[JsonObject]:
    at = to_text(customer.created)
    return [
        _made(customer, org, "tracking_event", 10 * visit + number, {
            "name": name, "trackingEvent": name.lower(), "app": "web", "publishedAt": at,
            "createdAt": at, "location": {"countryCode": "FR"}, "meta": {"pageStr": "/help"},
            "sessionId": session["attributes"]["sessionId"], "realIp": "203.0.113.8",
        }, createdBy=None, modifiedBy=None)
        for visit, session in enumerate(_sessions(customer, org))
        for number, name in enumerate(_EVENTS)
    ]  # fmt: skip


CUSTOMER_CHILDREN: dict[str, Callable[[Resource, str], list[JsonObject]]] = {
    "customer_merge": _merges,
    "tracking_session": _sessions,
    "tracking_event": _events,
}


@dataclass(frozen=True)
class CustomerChildren:
    """A list of what belongs to one customer, or to the session named in the path."""

    type: str
    parameters = PAGING

    def answer(self, store: Store, switches: Switches, key: str) -> bytes:
        """Return the page asked for."""
        if key in switches.hidden:
            abort(403, "you may not see this customer")
        customer = store.resources["customer"].get(key) or abort(404, f"no customer {key}")
        made = CUSTOMER_CHILDREN[self.type](customer, store.id)
        session = (request.view_args or {}).get("session")
        if session:
            made = [one for one in made if one["attributes"]["sessionId"] == session]
        part, head = page_of(len(made), 100)
        return page_bytes(head, [msgspec.json.encode(one) for one in made[part]])
