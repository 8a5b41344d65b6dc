"""Paths that name one resource: the resource itself, or what belongs to one conversation.

Chosen: deleted conversations keep what belongs to them; one that was removed answers 404.
"""

from dataclasses import dataclass, field

import msgspec
from flask import abort, request

from emulator.agent_time import first_timer
from emulator.children import CHILDREN
from emulator.faults import refuse_poison
from emulator.lists import Include, page_of
from emulator.pages import page_bytes
from emulator.parameters import PAGING, Parameters
from emulator.resource import Resource
from emulator.store import SEARCHED, Store
from emulator.switches import Switches

_WITH_METADATA = ("company", "conversation", "customer", "message")


@dataclass(frozen=True)
class Single:
    """One resource by its id.

    Attributes:
        type: of the resource; its roles open the path.
        conversation: where the id of its conversation is; it is hidden and gone with that one.
        parameters: of the query string.
        include: what comes with it.
    """

    type: str
    conversation: tuple[str, ...] = ()
    parameters: Parameters = field(default_factory=dict)
    include: Include | None = None

    def answer(self, store: Store, switches: Switches, key: str) -> bytes:
        """Return the resource."""
        if key in switches.hidden:
            abort(403, f"you may not see this {self.type}")
        found = store.resources[self.type].get(key) or abort(404, f"no {self.type} {key}")
        if self.conversation:
            _readable_conversation(store, switches, str(found.part(self.conversation)))
        return _single_bytes(found.raw, self.include and self.include.rows(store, {key}))


@dataclass(frozen=True)
class Children:
    """A list of what belongs to one conversation.

    Attributes:
        type: of the resources it lists; their roles open it.
        largest: largest page size.
        in_seconds: handle times are those of the first timer, which counts seconds.
    """

    type: str
    largest: int = 100
    in_seconds: bool = False
    parameters = PAGING

    def answer(self, store: Store, switches: Switches, key: str) -> bytes:
        """Return the page asked for."""
        if request.path.startswith("/v2/") and not switches.times_v2:
            abort(404, "no such version of the API")
        parent, child = _readable_conversation(store, switches, key), CHILDREN[self.type]
        if self.type in SEARCHED:
            ids = store.children(self.type)[key]
            part, head = page_of(len(ids), self.largest)
            made = [store.resources[self.type][one].data for one in ids[part]]
        else:
            numbers = range(child.count(parent))
            part, head = page_of(len(numbers), self.largest)
            made = child.made(parent, self.type, store.id, numbers[part])
        refuse_poison(switches, (resource["id"] for resource in made))
        if self.in_seconds:
            made = [first_timer(time) for time in made]
        return page_bytes(head, [msgspec.json.encode(resource) for resource in made])


@dataclass(frozen=True)
class Metadata:
    """The custom attributes of one resource or klass: an object, not a list (documented)."""

    type: str = "metadata"
    parameters: Parameters = field(default_factory=dict)

    def answer(self, store: Store, _: Switches, key: str) -> bytes:
        """Return the definitions; without any, an object of none."""
        for record in store.resources[self.type].values():
            if record.part(("links", "self")) == f"/v1/metadata/{key}":
                return _single_bytes(record.raw)
        klasses = store.resources["klass"].values()
        names = [klass.part(("attributes", "name")) for klass in klasses]
        if key not in (*_WITH_METADATA, *names):
            abort(404, f"no metadata of {key}")
        empty = {"type": "metadata", "id": key, "attributes": {"properties": {}}}
        return _single_bytes(msgspec.json.encode(empty))


def _readable_conversation(store: Store, switches: Switches, key: str) -> Resource:
    """Return a conversation; 403 when it is hidden, 404 when it is gone."""
    if key in switches.hidden:
        abort(403, "you may not see this conversation")
    return store.resources["conversation"].get(key) or abort(404, f"no conversation {key}")


def _single_bytes(raw: bytes, included: list[bytes] | None = None) -> bytes:
    more = b"" if included is None else b',"included":[' + b",".join(included) + b"]"
    return b'{"data":' + raw + more + b"}"
