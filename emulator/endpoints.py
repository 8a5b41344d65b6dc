"""Every path that is read with GET: one line of the table each."""

from collections.abc import Callable

from flask import request

from emulator.ai_summaries import Summaries
from emulator.audit_logs import AuditLogs
from emulator.customer_children import CustomerChildren
from emulator.lists import Customers, Include, Listing, WorkItems
from emulator.parameters import Parameters
from emulator.resource import Resource
from emulator.search_schema import SearchSchema
from emulator.singles import Children, Metadata, Single

Endpoint = (
    Listing | Single | Children | CustomerChildren | Summaries | Metadata | AuditLogs | SearchSchema
)


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


def _has_resource(sub_status: Resource) -> bool:
    """Sub-statuses are listed for the resource asked for (documented)."""
    return sub_status.part(("attributes", "resourceType")) == request.args.get("resource")


def _is_shown(sender: Resource) -> bool:
    """Former senders of spam are listed when asked for (documented)."""
    return not sender.deleted or "includeDeleted" in request.args


def _belongs(*path: str, parameter: str = "") -> Callable[[Resource], bool]:
    """Whether what is listed belongs to the parent in the path, or in a parameter."""

    def belongs(found: Resource) -> bool:
        parent = request.args.get(parameter) if parameter else (request.view_args or {}).get("key")
        return found.part(path) == parent

    return belongs


def _has_lang(version: Resource) -> bool:
    """Versions are listed per article and language (documented)."""
    lang = (request.view_args or {}).get("lang")
    return _OF_ARTICLE(version) and version.part(("attributes", "lang")) == lang


def _is_created_within(error: Resource) -> bool:
    """Failures of a workflow have bounds (documented); chosen: both are inclusive."""
    start, end = request.args.get("createdAtFrom", ""), request.args.get("createdAtTo", "~")
    created = str(error.part(("attributes", "createdAt")))
    return _OF_WORKFLOW(error) and start <= created <= end


_OF_ARTICLE = _belongs("relationships", "article", "data", "id")
_OF_WORKFLOW = _belongs("relationships", "workflow", "data", "id")
_OF_AUTOMATION = _belongs("attributes", "automationId")
_OF_EVALUATION = _belongs("attributes", "evaluationId", parameter="evaluationIds")
_OF_RUN = _belongs("attributes", "evaluationRunId", parameter="evaluationRunIds")
_BOUNDS: Parameters = {"createdAtFrom": (), "createdAtTo": (), "sort": ("asc", "desc")}
_STATUS = {"status": ("enabled", "existing_only", "disabled")}
_VERSIONS = Include("versions", "sla_version", "sla")
_HOLIDAYS = Include("include", "holiday", "schedule")
_OWN_ID = ("id",)
_CONVERSATION_ID = ("relationships", "conversation", "data", "id")

ENDPOINTS: dict[str, Endpoint] = {
    "/v1/ai/automations": Listing("ai_automation"),
    "/v1/ai/automations/<key>/evaluations": Listing("ai_evaluation", keep=_OF_AUTOMATION),
    "/v1/ai/evaluation-runs": Listing(
        "ai_evaluation_run", options={"evaluationIds": ()}, keep=_OF_EVALUATION
    ),
    "/v1/ai/evaluation-testcase-results": Listing(
        "ai_evaluation_result", options={"evaluationRunIds": ()}, keep=_OF_RUN
    ),
    "/v1/ai/summaries/batch": Summaries(),
    "/v1/apps": Listing("installed_app"),
    "/v1/audit-logs": AuditLogs(),
    "/v1/auth/roles": Listing("auth_role", is_paged=False),
    "/v1/auth/tokens": Listing("auth_token", options={"userType": ("machine",)}),
    "/v1/brands": Listing("brand"),
    "/v1/cards": Listing("card"),
    "/v1/companies": Listing("company"),
    "/v1/conversations": Listing("conversation"),
    "/v1/customers": Customers("customer"),
    "/v1/customers/searches/schema": SearchSchema(),
    "/v1/conversations/<key>": Single("conversation", _OWN_ID, {"pageSize": ()}),
    "/v1/conversations/<key>/attachments": Children("attachment"),
    "/v1/conversations/<key>/events": Children("conversation_event"),
    "/v1/conversations/<key>/forwards": Children("forward"),
    "/v1/conversations/<key>/times": Children("conversation_time", in_seconds=True),
    "/v1/customers/<key>": Single("customer", (), {"pageSize": ()}),
    "/v1/customers/<key>/merges": CustomerChildren("customer_merge"),
    "/v1/customers/<key>/sessions": CustomerChildren("tracking_session"),
    "/v1/customers/<key>/sessions/<session>/events": CustomerChildren("tracking_event"),
    "/v1/customers/searches": Listing("saved_search", options={"filter": ("all",)}),
    "/v1/hooks/email": Listing("email_hook"),
    "/v1/hooks/form": Listing("form_hook"),
    "/v1/hooks/web": Listing("web_hook"),
    "/v1/kb/articles": Listing("kb_article"),
    "/v1/kb/articles/<key>/versions/<lang>": Listing(
        "kb_article_version", options={"withBody": ("none",)}, keep=_has_lang
    ),
    "/v1/kb/categories": Listing("kb_category"),
    "/v1/kb/internal/categories": Listing("kb_internal_category"),
    "/v1/klasses": Listing("klass", options=_STATUS, keep=_has_status),
    "/v1/metadata/<key>": Metadata(),
    "/v1/notes": Listing("note"),
    "/v1/outbound-webhooks": Listing("outbound_webhook", is_paged=False),
    "/v1/outboundAccounts": Listing("outbound_account", is_paged=False),
    "/v1/role-groups": Listing("role_group"),
    "/v1/routing/conversations/<key>/work-items": Children("work_item"),
    "/v1/routing/queue-rules": Listing("queue_rule", is_paged=False),
    "/v1/routing/queues": Listing("queue", options={"all": ("true",)}, keep=_is_in_use),
    "/v1/routing/settings": Listing("team_routing_settings"),
    "/v1/routing/statuses": Listing("routing_status"),
    # The sort is documented for other lists only: ignored, unless switched on.
    "/v1/routing/work-items": WorkItems("work_item", options={"sort": ("desc",)}),
    "/v1/routing/work-sessions": Listing("work_session", options={"sort": ("desc",)}),
    "/v1/satisfaction": Listing("satisfaction"),
    "/v1/satisfaction-responses/<key>": Single("satisfaction_response", _CONVERSATION_ID),
    "/v1/schedules": Listing("schedule", options={"include": ("holidays",)}, include=_HOLIDAYS),
    "/v1/schedules/<key>": Single("schedule", (), {"include": ("holidays",)}, _HOLIDAYS),
    "/v1/shortcuts": Listing("shortcut", options=_DELETED, keep=_is_listed),
    "/v1/shortcuts/categories": Listing("shortcut_category"),
    "/v1/slas": Listing("sla", options={"versions": ("all",)}, include=_VERSIONS),
    "/v1/snippets": Listing("snippet"),
    "/v1/snoozes": Listing("snooze", options={"resource": ("conversation",)}),
    "/v1/spam/senders": Listing(
        "spam_sender", options={"includeDeleted": ("true",)}, keep=_is_shown
    ),
    "/v1/sub-statuses": Listing(
        "sub_status", options={"resource": ("conversation", "kobject")}, keep=_has_resource
    ),
    "/v1/tags": Listing("tag"),
    "/v1/teams": Listing("team", 500, _DELETED, _is_listed),
    "/v1/users": Listing("user", 500, _DELETED, _is_listed),
    "/v1/workflows": Listing("workflow"),
    "/v1/workflows/<key>/processes": Listing(
        "workflow_error", options=_BOUNDS, keep=_is_created_within
    ),
    "/v2/conversations/<key>/times": Children("conversation_time", largest=1_000),
    "/v3/kb/tags": Listing("kb_tag"),
}
