"""The org that the emulator serves: made up, saved, loaded, and counted."""

from pathlib import Path

import msgspec

from emulator.ai_summaries import has_summary
from emulator.children import CHILDREN
from emulator.customer_children import CUSTOMER_CHILDREN
from emulator.sample import fill
from emulator.sample.life import live_on
from emulator.store import SEARCHED, Store

# Stream of the tap -> type of the resources that are its rows.
STREAMS = {
    "conversations": "conversation", "customers": "customer", "messages": "message",
    "notes": "note", "companies": "company", "kobjects": "kobject", "users": "user",
    "teams": "team", "permission_sets": "role_group", "tags": "tag", "brands": "brand",
    "shortcuts": "shortcut", "slas": "sla", "sla_versions": "sla_version", "klasses": "klass",
    "queues": "queue", "schedules": "schedule", "satisfaction_forms": "satisfaction",
    "work_sessions": "work_session", "audit_logs": "audit_log",
    "routing_statuses": "routing_status", "sub_statuses": "sub_status",
    "team_routing_settings": "team_routing_settings", "queue_rules": "queue_rule",
    "shortcut_categories": "shortcut_category", "snippets": "snippet", "snoozes": "snooze",
    "outbound_accounts": "outbound_account", "saved_searches": "saved_search",
    "kb_articles": "kb_article", "kb_article_versions": "kb_article_version", "kb_tags": "kb_tag",
    "workflows": "workflow", "workflow_errors": "workflow_error",
    "ai_automations": "ai_automation", "ai_evaluations": "ai_evaluation",
    "ai_evaluation_runs": "ai_evaluation_run", "ai_evaluation_results": "ai_evaluation_result",
    "api_keys": "auth_token", "outbound_webhooks": "outbound_webhook",
    "installed_apps": "installed_app", "spam_senders": "spam_sender", "cards": "card",
    "conversation_times": "conversation_time", "work_items": "work_item",
}  # fmt: skip
# The same for children of customers.
CUSTOMER_STREAMS = {
    "customer_merges": "customer_merge", "tracking_sessions": "tracking_session",
    "tracking_events": "tracking_event",
}  # fmt: skip
# Streams of several lists, which hold resources of different types.
_SEVERAL = {
    "kb_categories": ("kb_category", "kb_internal_category"),
    "inbound_hooks": ("web_hook", "form_hook", "email_hook"),
}
# The same for children of conversations that are not stored.
CHILD_STREAMS = {
    "attachments": "attachment", "conversation_events": "conversation_event", "forwards": "forward",
}  # fmt: skip
_CONVERSATION_ID = ("relationships", "conversation", "data", "id")


class _File(msgspec.Struct):
    """A data file: the newest versions, all of which searches see at once."""

    id: str
    worked_until: int
    resources: dict[str, list[msgspec.Raw]]


class Org(Store):
    """A store that can be made up, saved and loaded."""

    @classmethod
    def sample(cls, *, seed: int, now: int, conversations: int = 2_000, days: int = 60) -> "Org":
        """Make up an org whose last ``days`` end at ``now`` (epoch ms); same seed, same data."""
        org = cls(now)
        fill(org, seed=seed, now=now, conversations=conversations, days=days)
        return org

    def work(self, *, at: int, seed: int = 0) -> dict[str, int]:
        """Let the org live on until ``at`` (epoch ms); return how much of what has changed."""
        with self.lock:
            return live_on(self, at=at, seed=seed)

    def counts(self) -> dict[str, int]:
        """Return how many rows a complete extract has, per stream.

        Deleted records count too. Permissions are the listed auth roles and the roles that
        permission sets hold. Children count if their conversation is still there, hidden or not.
        """
        with self.lock:
            for kind in SEARCHED:
                self.children(kind)
            conversations = self.resources["conversation"]
            customers = list(self.resources["customer"].values())
            permissions = set(self.resources["auth_role"])
            for group in self.resources["role_group"].values():
                permissions.update(group.data["attributes"].get("roles") or ())
            definitions = self.resources["metadata"].values()
            responses = self.resources["satisfaction_response"].values()
            return {
                **{stream: len(self.resources[kind]) for stream, kind in STREAMS.items()},
                **{
                    stream: sum(len(self.resources[kind]) for kind in kinds)
                    for stream, kinds in _SEVERAL.items()
                },
                "permissions": len(permissions),
                "custom_attributes": sum(
                    len(record.data["attributes"]["properties"]) for record in definitions
                ),
                **{
                    stream: sum(map(CHILDREN[kind].count, conversations.values()))
                    for stream, kind in CHILD_STREAMS.items()
                },
                **{
                    stream: sum(len(made(customer, self.id)) for customer in customers)
                    for stream, kind in CUSTOMER_STREAMS.items()
                    for made in (CUSTOMER_CHILDREN[kind],)
                },
                "ai_summaries": sum(map(has_summary, conversations)),
                "satisfaction_responses": sum(
                    response.part(_CONVERSATION_ID) in conversations for response in responses
                ),
            }

    def save(self, path: Path) -> None:
        """Write the data to a JSON file."""
        with self.lock:
            resources = {
                kind: [msgspec.Raw(record.raw) for record in records.values()]
                for kind, records in self.resources.items()
            }
            file = _File(self.id, self.worked_until, resources)
        path.write_bytes(msgspec.json.encode(file))

    @classmethod
    def load(cls, path: Path) -> "Org":
        """Read the data of a JSON file written by ``save``."""
        file = msgspec.json.decode(path.read_bytes(), type=_File)
        org = cls(file.worked_until, org_id=file.id)
        for kind, records in file.resources.items():
            for raw in records:
                org.put(kind, msgspec.json.decode(raw))
        return org
