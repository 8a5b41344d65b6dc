"""The audit logs: newest first, with cursors instead of pages.

Documented: the cursors. Seen in one answer of 2021: descending ids, ``next`` on a short last page
too, ``prev``, and ``meta``; the filter compares the id or ``publishedAt`` (here that one), not
``createdAt``. Chosen: ``before`` means lower ids, and ``filter[end]`` is not included.
"""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from flask import abort, request

from emulator.pages import page_bytes
from emulator.parameters import Parameters, number
from emulator.resource import Resource
from emulator.store import Store
from emulator.switches import Switches
from emulator.times import to_ms

_PARAMETERS = ("count", "before", "filter[start]", "filter[end]")


@dataclass(frozen=True)
class AuditLogs:
    """The list of audit logs."""

    type: str = "audit_log"
    parameters: Parameters = field(default_factory=lambda: dict.fromkeys(_PARAMETERS, ()))

    def answer(self, store: Store, _: Switches, __: str) -> bytes:
        """Return the ``count`` newest logs, or those just before an id."""
        params = request.args.to_dict()
        count, before = number("count", 100, 1_000), params.pop("before", None)
        start, end = _instant("filter[start]", 0), _instant("filter[end]", 1 << 62)
        known = store.resources[self.type]
        logs = [
            known[log_id]
            for log_id in reversed(store.ids(self.type))
            if (before is None or log_id < before) and start <= _published(known[log_id]) < end
        ][:count]

        def link(**cursor: str) -> str:
            return f"{request.path}?{urlencode(params | cursor)}"

        links = {
            "self": request.full_path.rstrip("?"),
            "next": link(before=logs[-1].id) if logs else None,
            "prev": link(after=logs[0].id) if logs and before else None,
        }
        meta = {"count": count, "total": len(logs), "cursorCount": len(logs)}
        return page_bytes({"meta": meta, "links": links}, [log.raw for log in logs])


def _published(log: Resource) -> int:
    text = log.part(("attributes", "publishedAt"))
    return to_ms(text) if isinstance(text, str) else log.created


def _instant(name: str, default: int) -> int:
    try:
        return to_ms(request.args[name]) if name in request.args else default
    except (ValueError, TypeError):
        abort(400, f"{name} is not an ISO date-time")
