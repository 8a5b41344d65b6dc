"""Every path that is read with GET: one line of the table each.

Documented: the paths and parameters, seconds in the first version of handle times and milliseconds
in the second, the cursors of audit logs. Seen in one answer of 2021: audit logs in descending order
of id, ``next`` on a short last page too, ``prev``, and ``meta``; ``filter`` compares the id or
``publishedAt`` (here that one), not ``createdAt``. Chosen: deleted conversations keep what belongs
to them, one that was removed answers 404; ``before`` an id are lower ones, and ``filter[end]`` is
not included.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from emulator.children import CHILDREN
from emulator.errors import bad_request, forbidden, not_found, refuse_poison
from emulator.lists import LISTINGS, Asked
from emulator.pages import page_bytes
from emulator.query import positive
from emulator.resource import JsonObject, Resource
from emulator.times import SECOND, to_ms

_WITH_METADATA = ("company", "conversation", "customer", "message")
_TIMES = ("handleTime", "messageTime", "noteTime")
_AUDIT_FILTERS = ("objectType", "objectId", "userId")
_LARGEST_COUNT = 1_000


class Endpoint(Protocol):
    """Answers the requests of one path."""

    @property
    def resource(self) -> str:
        """What the roles are asked about."""

    def answer(self, asked: Asked) -> bytes:
        """Return the JSON answer or refuse."""


@dataclass(frozen=True)
class Children:
    """A list of what belongs to the conversation that the path names.

    Attributes:
        resource: the kind listed.
        largest: page size that a larger one is cut to.
        is_sortable: whether it takes ``sort=desc``.
        version: of the API.
    """

    resource: str
    largest: int = 100
    is_sortable: bool = False
    version: int = 1

    def answer(self, asked: Asked) -> bytes:
        """Return a page; 404 for a conversation that is gone, 403 for a hidden one."""
        if self.version > 1 and not asked.switches.times_v2:
            title = f"no such resource: {asked.path}"
            raise not_found(title)
        parent, child = conversation_of(asked, asked.one), CHILDREN[self.resource]
        numbers = range(child.count(parent))
        if self.is_sortable and asked.descends:
            numbers = numbers[::-1]
        part, head = asked.page(len(numbers), self.largest)
        made = child.made(parent, self.resource, asked.store.id, numbers[part])
        refuse_poison(asked.switches.poison, (one["id"] for one in made))
        if self.resource == "conversation_time" and self.version == 1:
            made = [_in_seconds(one) for one in made]
        return page_bytes(head, [msgspec.json.encode(one) for one in made])


def conversation_of(asked: Asked, one: str) -> Resource:
    """Return a conversation; 403 when it is hidden, 404 when it is gone."""
    if one in asked.switches.hidden:
        title = "you may not see this conversation"
        raise forbidden(title)
    found = asked.store.resources["conversation"].get(one)
    if found is None:
        title = f"no conversation {one}"
        raise not_found(title)
    return found


def _in_seconds(time: JsonObject) -> JsonObject:
    own = time["attributes"]
    rounded = {name: own[name] and round(own[name] / SECOND) for name in _TIMES}
    return time | {"attributes": own | rounded}


@dataclass(frozen=True)
class Conversation:
    """One conversation; it may be hidden as what belongs to it may (chosen)."""

    resource: str = "conversation"

    def answer(self, asked: Asked) -> bytes:
        """Return the conversation of that id."""
        return _single(conversation_of(asked, asked.one).raw)


@dataclass(frozen=True)
class SatisfactionResponse:
    """One answer to a survey, hidden and gone with its conversation (chosen)."""

    resource: str = "satisfaction_response"

    def answer(self, asked: Asked) -> bytes:
        """Return the response of that id."""
        found = asked.store.resources[self.resource].get(asked.one)
        if found is None:
            title = f"no satisfaction response {asked.one}"
            raise not_found(title)
        conversation_of(asked, str(found.part(("relationships", "conversation", "data", "id"))))
        return _single(found.raw)


@dataclass(frozen=True)
class Schedule:
    """One schedule, with its holidays when ``include=holidays`` asks for them (documented)."""

    resource: str = "schedule"

    def answer(self, asked: Asked) -> bytes:
        """Return the schedule of that id, or the default one."""
        known = asked.store.resources[self.resource]
        for record in known.values():
            is_default = record.part(("attributes", "default"))
            if record.id == asked.one or (asked.one == "default" and is_default):
                break
        else:
            title = f"no schedule {asked.one}"
            raise not_found(title)
        if asked.params.get("include") != "holidays":
            return _single(record.raw)
        of = ("relationships", "schedule", "data", "id")
        holidays = asked.store.resources["holiday"].values()
        return _single(record.raw, [one.raw for one in holidays if one.part(of) == record.id])


@dataclass(frozen=True)
class Metadata:
    """The custom attributes of one resource or klass: an object, not a list (documented)."""

    resource: str = "metadata"

    def answer(self, asked: Asked) -> bytes:
        """Return the definitions; none for a resource that nobody added any to."""
        for record in asked.store.resources[self.resource].values():
            if record.part(("links", "self")) == f"/v1/metadata/{asked.one}":
                return _single(record.raw)
        klasses = asked.store.resources["klass"].values()
        names = [klass.part(("attributes", "name")) for klass in klasses]
        if asked.one not in (*_WITH_METADATA, *names):
            title = f"no metadata of {asked.one}"
            raise not_found(title)
        empty = {"type": "metadata", "id": asked.one, "attributes": {"properties": {}}}
        return _single(msgspec.json.encode(empty))


@dataclass(frozen=True)
class AuditLogs:
    """The audit logs, the highest id first, with cursors instead of pages."""

    resource: str = "audit_log"

    def answer(self, asked: Asked) -> bytes:
        """Return the ``count`` logs nearest to an id that are before or after it."""
        params = asked.params
        count = positive(params, "count", 100, _LARGEST_COUNT)
        since, until = (_instant(params, f"filter[{name}]") for name in ("start", "end"))
        known = asked.store.resources[self.resource]
        ids = asked.store.ids(self.resource)[::-1]
        logs = [
            log
            for log in map(known.__getitem__, ids)
            if (since or 0) <= _published(log) < (until or 1 << 62)
        ]
        for name in _AUDIT_FILTERS:
            if wanted := params.get(f"filter[{name}]"):
                logs = [log for log in logs if log.part(("attributes", name)) == wanted]
        if "before" in params:
            logs = [log for log in logs if log.id < params["before"]]
        if "after" in params:
            shown = [log for log in logs if log.id > params["after"]][-count:]
        else:
            shown = logs[:count]
        kept = {name: value for name, value in params.items() if name not in {"after", "before"}}

        def link(**cursor: str) -> str:
            return f"{asked.path}?{urlencode(kept | cursor)}"

        links = {
            "self": f"{asked.path}?{urlencode(params)}" if params else asked.path,
            "next": link(before=shown[-1].id) if shown else None,
            "prev": link(after=shown[0].id) if shown and kept != params else None,
        }
        meta = {"count": count, "total": len(shown), "cursorCount": len(shown)}
        return page_bytes({"meta": meta, "links": links}, [log.raw for log in shown])


def _published(log: Resource) -> int:
    text = log.part(("attributes", "publishedAt"))
    return to_ms(text) if isinstance(text, str) else log.created


def _instant(params: Mapping[str, str], name: str) -> int | None:
    if name not in params:
        return None
    try:
        return to_ms(params[name])
    except (ValueError, TypeError):
        title = f"{name} is not an ISO date-time"
        raise bad_request(title) from None


def _single(raw: bytes, included: list[bytes] | None = None) -> bytes:
    more = b"" if included is None else b',"included":[' + b",".join(included) + b"]"
    return b'{"data":' + raw + more + b"}"


ENDPOINTS: dict[str, Endpoint] = {
    **LISTINGS,
    "/v1/audit-logs": AuditLogs(),
    "/v1/conversations/{}": Conversation(),
    "/v1/conversations/{}/attachments": Children("attachment"),
    "/v1/conversations/{}/events": Children("conversation_event", is_sortable=True),
    "/v1/conversations/{}/times": Children("conversation_time"),
    "/v1/metadata/{}": Metadata(),
    "/v1/routing/conversations/{}/work-items": Children("work_item"),
    "/v1/satisfaction-responses/{}": SatisfactionResponse(),
    "/v1/schedules/{}": Schedule(),
    "/v2/conversations/{}/times": Children("conversation_time", largest=1_000, version=2),
}
_PATTERNS = [
    (re.compile(re.escape(path).replace(r"\{\}", "([^/]+)")), endpoint)
    for path, endpoint in ENDPOINTS.items()
    if "{}" in path
]


def find_endpoint(path: str) -> tuple[Endpoint, str]:
    """Return the endpoint of a path and what stands at the place of its ``{}``; 404 if none."""
    if "{" not in path and path in ENDPOINTS:
        return ENDPOINTS[path], ""
    for pattern, endpoint in _PATTERNS:
        if match := pattern.fullmatch(path):
            return endpoint, match[1]
    title = f"no such resource: {path}"
    raise not_found(title)
