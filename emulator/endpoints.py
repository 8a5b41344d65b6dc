"""Every path that is read with GET: one line of the table each."""

from flask import request

from emulator.audit_logs import AuditLogs
from emulator.lists import Customers, Include, Listing, WorkItems
from emulator.resource import Resource
from emulator.search_schema import SearchSchema
from emulator.singles import Children, Metadata, Single

Endpoint = Listing | Single | Children | Metadata | AuditLogs | SearchSchema


def _is_listed(one: Resource) -> bool:
    """Deactivated users are in the list of ``deleted=true`` and in no other (documented).

    Chosen: so are deleted teams and shortcuts.
    """
    return one.deleted == ("deleted" in request.args)


def _is_in_use(queue: Resource) -> bool:
    """Chosen: deleted queues are listed with ``all=true`` only."""
    return not queue.deleted or "all" in request.args


def _has_status(klass: Resource) -> bool:
    """Enabled klasses are listed by default (documented)."""
    return klass.part(("attributes", "status")) == request.args.get("status", "enabled")


_DELETED = {"deleted": ("true",)}
_STATUS = {"status": ("enabled", "existing_only", "disabled")}
_VERSIONS = Include("versions", "sla_version", "sla")
_HOLIDAYS = Include("include", "holiday", "schedule")
_OWN_ID = ("id",)
_CONVERSATION_ID = ("relationships", "conversation", "data", "id")

ENDPOINTS: dict[str, Endpoint] = {
    "/v1/audit-logs": AuditLogs(),
    "/v1/auth/roles": Listing("auth_role", is_paged=False),
    "/v1/brands": Listing("brand"),
    "/v1/companies": Listing("company"),
    "/v1/conversations": Listing("conversation"),
    "/v1/customers": Customers("customer"),
    "/v1/customers/searches/schema": SearchSchema(),
    "/v1/conversations/<key>": Single("conversation", _OWN_ID, {"pageSize": ()}),
    "/v1/conversations/<key>/attachments": Children("attachment"),
    "/v1/conversations/<key>/events": Children("conversation_event"),
    "/v1/conversations/<key>/times": Children("conversation_time", in_seconds=True),
    "/v1/klasses": Listing("klass", options=_STATUS, keep=_has_status),
    "/v1/metadata/<key>": Metadata(),
    "/v1/notes": Listing("note"),
    "/v1/role-groups": Listing("role_group"),
    "/v1/routing/conversations/<key>/work-items": Children("work_item"),
    "/v1/routing/queues": Listing("queue", options={"all": ("true",)}, keep=_is_in_use),
    # The sort is documented for other lists only: ignored, unless switched on.
    "/v1/routing/work-items": WorkItems("work_item", options={"sort": ("desc",)}),
    "/v1/routing/work-sessions": Listing("work_session", options={"sort": ("desc",)}),
    "/v1/satisfaction": Listing("satisfaction"),
    "/v1/satisfaction-responses/<key>": Single("satisfaction_response", _CONVERSATION_ID),
    "/v1/schedules": Listing("schedule"),
    "/v1/schedules/<key>": Single("schedule", (), {"include": ("holidays",)}, _HOLIDAYS),
    "/v1/shortcuts": Listing("shortcut", options=_DELETED, keep=_is_listed),
    "/v1/slas": Listing("sla", options={"versions": ("all",)}, include=_VERSIONS),
    "/v1/tags": Listing("tag"),
    "/v1/teams": Listing("team", 500, _DELETED, _is_listed),
    "/v1/users": Listing("user", 500, _DELETED, _is_listed),
    "/v2/conversations/<key>/times": Children("conversation_time", largest=1_000),
}
