"""What an admin sets up besides: routing, texts, knowledge base, automation, doors into the org.

Some of it holds secrets among ordinary attributes, as the real thing does (documented): each has
``SECRET`` in it, so that a test can look for it.
"""

from emulator.ids import QUEUE, STATUSES
from emulator.resource import JsonObject, link
from emulator.sample.conversations import Staff
from emulator.sample.settings import Settings
from emulator.times import DAY, to_text

SECRET = "s3cr3t-of-the-org"  # noqa: S105  (made up)
SUB_STATUS, QUEUE_RULE, ARTICLE, AUTOMATION = (f"5f00b{letter}{0:018}" for letter in "bcde")
_STATUSES = (("Available", "available"), ("Meeting", "busy"), ("Lunch", "unavailable"),
             ("Signed out", "offline"))  # fmt: skip
_SUB_STATUSES = (
    ("Waiting for parcel", "snoozed", "conversation"),
    ("Solved by bot", "done", "conversation"),
    ("In repair", "open", "kobject"),
)
_NO_EDITOR = "createdAt updatedAt"


def add_administration(settings: Settings, staff: Staff) -> None:
    """Put all of it into the store."""
    _routing(settings, staff)
    _desktop(settings, staff)
    _knowledge_base(settings)
    _automation(settings, staff)
    _doors(settings, staff)


def _routing(settings: Settings, staff: Staff) -> None:
    for (name, kind), own in zip(_STATUSES, (*STATUSES, ""), strict=True):
        settings.put("routing_status", "routing/statuses", {
            "name": name, "description": None, "statusType": kind, "selectable": kind != "offline",
            "system": name != "Lunch", "enabled": True, "routable": kind == "available",
        }, own, dates=_NO_EDITOR)  # fmt: skip
    for label, parent, resource in _SUB_STATUSES:
        settings.put("sub_status", "sub-statuses", {
            "label": label, "description": "", "parentStatus": parent, "resourceType": resource,
            "default": False,
        }, SUB_STATUS if parent == "snoozed" else "", dates=_NO_EDITOR)  # fmt: skip
    for number, team in enumerate(staff.teams):
        settings.put("team_routing_settings", "routing/settings", {
            "enabled": True, "workItemCapacity": 100, "capacity": {"chat": {"max": 3}},
            "externalQueues": ["amazon-connect"] if number == 0 else [],
        }, relationships={"team": link("team", team), "queues": {
            "data": [{"type": "queue", "id": QUEUE}]}})  # fmt: skip
    for name in ("VIP first", "Everything else"):
        settings.put("queue_rule", "routing/queue-rules", {
            "name": name, "description": None, "enabled": True, "criteria": {
                "and": [{"conversation_priority": {"operator": "gte", "value": 4}}], "or": []},
        }, QUEUE_RULE if name == "VIP first" else "", {
            "queue": link("queue", QUEUE, "routing/queues"), "modifiedBy": None})  # fmt: skip


def _desktop(settings: Settings, staff: Staff) -> None:
    top = settings.put("shortcut_category", "shortcuts/categories", {"name": "Returns"})
    settings.put("shortcut_category", "shortcuts/categories", {"name": "Refunds"},
                 relationships={"parent": link("shortcut_category", top)})  # fmt: skip
    settings.put("snippet", "snippets", {
        "name": "Signature", "key": "signature", "app": "kustomer", "description": None,
        "source": "user", "category": "general", "langs": {
            "en_us": {"value": "Kind regards", "outdated": False},
            "de": {"value": "Mit freundlichen Grüßen", "outdated": True}},
    }, dates=_NO_EDITOR)  # fmt: skip
    dynamic = {"day": {"type": "relative", "value": 1}, "time": "09:00 am"}
    for name, kind, value in (("1 hour", "relative", 3_600_000), ("Tomorrow", "dynamic", dynamic)):
        settings.put("snooze", "snoozes", {
            "name": name, "enabled": True, "type": kind, "value": value, "resource": "conversation",
        })  # fmt: skip
    for channel, account in (("email", "help@example.com"), ("sms", "+18005550100")):
        settings.put("outbound_account", "outboundAccounts", {
            "channel": channel, "name": f"Main {channel}", "account": account,
        }, dates="")  # fmt: skip
    settings.put("saved_search", "customers/searches", {
        "name": "Unassigned", "icon": "inbox", "showBadge": True, "badgeColor": None, "position": 1,
        "private": False, "cacheable": True, "defaultVisibility": "all", "dataHash": "c0ffee",
        "data": {"queryContext": "conversation", "and": [
            {"conversation_assigned_users": {"not_set": True}}]},
        "teamVisibilities": [{"id": staff.teams[0], "visibility": "search"}],
        "userVisibilities": [], "accessTeams": staff.teams[:1], "accessUsers": [],
    })  # fmt: skip


def _knowledge_base(settings: Settings) -> None:
    tag = settings.put("kb_tag", "kb/tags", {"name": "parcels"})
    root = settings.put("kb_category", "kb/categories", {
        "hash": SECRET, "langs": {"en_us": {"title": "Help", "slug": "help", "disabled": False}},
        "published": True, "root": True, "positions": [], "categoryPositions": [],
    }, relationships={"knowledgeBase": link("knowledge_base", settings.store.id)},
        dates=_NO_EDITOR)  # fmt: skip
    settings.put("kb_internal_category", "kb/internal/categories", {
        "hash": SECRET, "langs": {"en_us": {"title": "Staff only"}}, "published": False,
        "root": False, "positions": [], "categoryPositions": [],
    }, dates=_NO_EDITOR)  # fmt: skip
    for title in ("Where is my parcel?", "How to send it back"):
        is_first = title.startswith("Where")
        langs = {"en_us": {"status": "published", "outdated": False}}
        langs |= {"de": {"status": "draft", "outdated": True}} if is_first else {}
        article = settings.put("kb_article", "kb/articles", {
            "hash": SECRET, "title": title, "source": "kustomer", "status": "published",
            "scope": "public", "publishedAt": to_text(settings.now - 9 * DAY),
            "deleted": not is_first, "deletedAt": None if is_first else to_text(settings.now - DAY),
            "tags": [tag], "categories": [{"id": root, "knowledgeBase": settings.store.id}],
            "knowledgeBases": [{"id": settings.store.id, "featured": is_first}],
            "metaTitle": title, "metaDescription": "", "metaKeywords": [], "latestLangs": langs,
        }, ARTICLE if is_first else "", {
            "category": link("kb_category", root, "kb/categories"), "accessUsers": [],
            "published_en_us": link("kb_version", f"{title[0]}1")})  # fmt: skip
        for lang in langs:
            for number in (1, 2):
                settings.put("kb_article_version", "kb/versions", {
                    "lang": lang, "title": title, "slug": "parcel", "htmlBody": "<p>Hi</p>",
                    "metaDescription": "", "metaKeywords": [], "advanced": False,
                    "version": number, "rev": 1, "status": "published", "scope": "public",
                    "tags": [tag], "categories": [{"id": root}], "publishedAt": None,
                }, relationships={
                    "article": link("kb_article", article, "kb/articles")})  # fmt: skip


def _automation(settings: Settings, staff: Staff) -> None:
    for name in ("Route VIPs", "Close old ones"):
        workflow = settings.put("workflow", "workflows", {
            "name": name, "description": "", "lastError": {"message": SECRET}, "enabled": True,
            "editable": True, "containsVariables": True,
            "trigger": {"id": "t1", "eventName": "kustomer.conversation.create",
                        "transitions": [{"value": SECRET}]},
            "steps": [{"id": "s1", "action": "kustomer.rest-api.request", "errorCases": [],
                       "params": {"headers": {"Authorization": SECRET}}}],
        }, dates=_NO_EDITOR)  # fmt: skip
        for days in range(1, 4):
            at = to_text(settings.now - days * DAY)
            settings.put("workflow_error", f"workflows/{workflow}/processes", {
                "error": "The request timed out.", "status": "error", "createdAt": at,
                "updatedAt": at, "event": {"data": {"text": SECRET}},
                "meta": {"context": SECRET, "attempt": 1, "retry": False, "workflowRev": 2},
            }, relationships={"workflow": link("workflow", workflow), "workflowRunner": None},
                dates="")  # fmt: skip
    owner = staff.agents[0]
    automation = settings.put("ai_automation", "ai/automations", {
        "name": "Parcel helper", "description": "Finds parcels.", "machineUserId": owner,
        "version": 0, "type": "customer",
    }, AUTOMATION, {"user": link("user", owner)})  # fmt: skip
    evaluation = settings.put("ai_evaluation", "ai/evaluations", {
        "name": "Parcels", "orgId": settings.store.id, "automationId": automation,
        "createdBy": owner,
    }, dates=_NO_EDITOR)  # fmt: skip
    for score in (50, 87.5):
        run = settings.put("ai_evaluation_run", "ai/evaluation-runs", {
            "orgId": settings.store.id, "evaluationId": evaluation, "status": "completed",
            "score": score, "scoreByTestCase": {"c1": score}, "durationInNanos": 4_000_000_000,
            "runsPerTestCase": 1, "createdBy": owner,
        }, dates=_NO_EDITOR)  # fmt: skip
        settings.put("ai_evaluation_result", "ai/evaluation-testcase-results", {
            "orgId": settings.store.id, "evaluationRunId": run, "testCaseId": "c1",
            "traceId": "tr1", "input": "Where is it?", "output": "On its way.", "error": None,
            "outputMetadata": {}, "toolCalls": [{"id": "x", "toolType": "http"}],
            "status": "completed", "assertionResult": {"assertionFailed": score < 60},  # noqa: PLR2004  (chosen: a passing score)
            "durationInNanos": 2_000_000_000, "createdBy": owner, "endedAt": None,
        }, dates=_NO_EDITOR)  # fmt: skip


def _doors(settings: Settings, staff: Staff) -> None:
    for name in ("Key of the export", "Key of the shop"):
        settings.put("auth_token", "auth/tokens", {
            "name": name, "roles": ["org.permission.search.create"], "ipAddress": "203.0.113.9",
            "lastTokenChars": SECRET, "userAgent": "python-requests/2",
            "lastAccessedAt": to_text(settings.now - DAY),
        }, relationships={"user": link("user", staff.agents[0])}, dates=_NO_EDITOR)  # fmt: skip
    settings.put("outbound_webhook", "outbound-webhooks", {
        "name": "Shop", "enabled": True, "isError": False, "token": SECRET,
        "url": f"https://user:{SECRET}@shop.example.com/{SECRET}?key={SECRET}",
        "headers": [{"name": "X-Key", "value": SECRET}],
        "events": ["kustomer.conversation.update", "kustomer.message.create"],
    })  # fmt: skip
    part: JsonObject = {"status": "installed", "statusAt": to_text(settings.now - DAY), "id": "p1"}
    app = settings.put("installed_app", "apps", {
        "name": "shop", "current": "1.2.0", "version": "1.2.0", "status": "installed",
        "statusAt": to_text(settings.now - DAY), "remote": part | {"settings": {"key": SECRET}},
        "hooks": {"orders": part | {"url": SECRET}}, "cards": {"orders": part}, "actions": {},
        "klasses": {"order": part}, "triggers": {}, "workflows": None, "installing": None,
        "settings": {"default": {"apiKey": SECRET}},
    })  # fmt: skip
    for kind in ("web", "form", "email"):
        settings.put(f"{kind}_hook", f"hooks/{kind}", {
            "title": None if kind == "web" else f"Orders by {kind}", "description": "New orders",
            "eventName": f"orders.{kind}", "hash": SECRET,
            **({"email": f"{SECRET}@example.com", "key": SECRET} if kind == "email" else
               {"url": f"https://api.kustomerapp.com/v1/hooks/{SECRET}"}),
        })  # fmt: skip
    for sender, is_deleted in (("spam@example.net", False), ("friend@example.org", True)):
        settings.put("spam_sender", "spam/senders", {
            "sender": sender, "channel": "email",
            "list": "whitelist" if is_deleted else "blacklist",
            "deleted": is_deleted, "deletedAt": to_text(settings.now) if is_deleted else None,
        })  # fmt: skip
    settings.put("card", "cards", {
        "name": "Orders", "description": None, "contexts": ["conversation", "customer"],
        "url": f"https://cards.example.com/{SECRET}?token={SECRET}",
    }, relationships={"app": link("app", app)})  # fmt: skip
