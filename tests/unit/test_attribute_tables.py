"""Every attribute and relationship that Kustomer documents has a column, or a reason.

Kustomer's tables of attributes are no part of this project: they are compared if at hand, in the
directory that `KUSTOMER_ATTRIBUTE_TABLES` names or beside the checkout.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_kustomer.schemas.configuration import HOLIDAY
from tap_kustomer.streams import STREAMS

if TYPE_CHECKING:
    from tap_kustomer.records import Resource

BESIDE = Path(__file__).parents[3] / "shared" / "reference" / "objects"
TABLES = Path(os.environ.get("KUSTOMER_ATTRIBUTE_TABLES") or BESIDE)
RESOURCES: dict[str, Resource] = {stream.name: stream.resource for stream in STREAMS}
RESOURCES["holidays of schedules"] = HOLIDAY

# Table → stream: another stream is one line.
STREAM_OF = {
    "attachment": "attachments",
    "audit_log": "audit_logs",
    "auth_role": "permissions",
    "brand": "brands",
    "business_holiday": "holidays of schedules",
    "business_schedule": "schedules",
    "company": "companies",
    "conversation": "conversations",
    "conversation_event": "conversation_events",
    "conversation_time": "conversation_times",
    "custom_attribute_metadata": "custom_attributes",
    "customer": "customers",
    "klass": "klasses",
    "kobject": "kobjects",
    "message": "messages",
    "note": "notes",
    "queue": "queues",
    "role_group": "permission_sets",
    "satisfaction": "satisfaction_forms",
    "satisfaction_response": "satisfaction_responses",
    "shortcut": "shortcuts",
    "sla": "slas",
    "sla_version": "sla_versions",
    "tag": "tags",
    "team": "teams",
    "user": "users",
    "work_item": "work_items",
    "work_session": "work_sessions",
    "ai_automation": "ai_automations",
    "ai_evaluation": "ai_evaluations",
    "ai_evaluation_result": "ai_evaluation_results",
    "ai_evaluation_run": "ai_evaluation_runs",
    "ai_summary": "ai_summaries",
    "auth_token": "api_keys",
    "card": "cards",
    "customer_merge": "customer_merges",
    "forward": "forwards",
    "installed_app": "installed_apps",
    "kb_article": "kb_articles",
    "kb_article_version": "kb_article_versions",
    "kb_category": "kb_categories",
    "kb_tag": "kb_tags",
    "outbound_account": "outbound_accounts",
    "outbound_webhook": "outbound_webhooks",
    "queue_rule": "queue_rules",
    "routing_status": "routing_statuses",
    "saved_search": "saved_searches",
    "shortcut_category": "shortcut_categories",
    "snippet": "snippets",
    "snooze": "snoozes",
    "spam_sender": "spam_senders",
    "sub_status": "sub_statuses",
    "team_routing_settings": "team_routing_settings",
    "tracking_event": "tracking_events",
    "tracking_session": "tracking_sessions",
    "web_hook": "inbound_hooks",
    "workflow": "workflows",
    "workflow_process": "workflow_errors",
}

LINKS_ONLY = "a relationship with links only, which tells no id"
PARENT = "conversation_id has it; the relationship is kept in additional_relationships"
CUSTOMER = "customer_id has it"
SENSITIVE = "may hold a secret or what customers wrote"
BY_LANGUAGE = "its name depends on the language, so it is kept in additional_attributes"
# Table → attribute or relationship → why it has no column.
REASONS = {
    "audit_log": {"user": "user_id has it; the relationship is kept in additional_relationships"},
    "conversation": {"messages": LINKS_ONLY},
    "conversation_event": {"conversation": PARENT},
    "conversation_time": {"conversation": PARENT},
    "custom_attribute_metadata": {"properties": "a row for each of its members"},
    "customer": {"messages": LINKS_ONLY, "<klass-name-plural>": LINKS_ONLY},
    "klass": {"kobjects": LINKS_ONLY},
    "satisfaction_response": {"conversation": PARENT},
    "work_session": {"workItems": LINKS_ONLY},
    "ai_evaluation": {"org": "no id of its own: every row is of one org"},
    "auth_token": {"lastTokenChars": SENSITIVE},
    "card": {"url": SENSITIVE},
    "forward": {"conversation": PARENT},
    "kb_article": {
        "hash": SENSITIVE,
        "published_<lang>": BY_LANGUAGE,
        "unpublished_<lang>": BY_LANGUAGE,
    },
    "kb_article_version": {"article": "article_id has it", "htmlBody": "the body once more"},
    "kb_category": {"hash": SENSITIVE},
    "outbound_webhook": {
        "headers": SENSITIVE,
        "token": SENSITIVE,
        "url": "host has what is no secret",
    },
    "tracking_event": {"customer": CUSTOMER},
    "tracking_session": {"customer": CUSTOMER},
    "web_hook": {"hash": SENSITIVE, "url": SENSITIVE},
    "workflow": {"lastError": SENSITIVE},
    "workflow_process": {"event": SENSITIVE, "workflow": "workflow_id has it"},
}

# The type in a table, up to the first space or bracket → the column's.
TYPES = {
    "string": {"string"},
    "string|object": {"string"},  # documents disagree; objects are kept in additional_attributes
    "date-time": {"date-time"},
    "integer": {"integer"},
    "number": {"number"},
    "number|object": {"number"},  # documents disagree; the other is kept in additional_attributes
    "boolean": {"boolean"},
    "object": {"object"},
    "array": {"array"},
}

at_hand = pytest.mark.skipif(
    not TABLES.is_dir(),
    reason="Kustomer's tables of attributes are not at hand (KUSTOMER_ATTRIBUTE_TABLES)",
)
of_each = pytest.mark.parametrize(("table", "stream"), STREAM_OF.items(), ids=STREAM_OF)


def read(table: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((TABLES / f"{table}.json").read_text(encoding="utf-8"))
    return found


def documented(table: str, part: str) -> set[str]:
    """Names in a part of a table; a remark may follow one."""
    return {name.partition(" ")[0] for name in read(table).get(part) or ()}


def test_each_stream_has_a_table() -> None:
    assert sorted(RESOURCES) == sorted(STREAM_OF.values())


@at_hand
@of_each
def test_each_documented_attribute_has_a_column_or_a_reason(table: str, stream: str) -> None:
    resource, reasons = RESOURCES[stream], REASONS.get(table, {})
    attributes = {field.source for field in (*resource.attributes, *resource.extra_columns)}
    relationships = {field.source for field in resource.relationships}
    missing = documented(table, "attributes") - attributes
    missing |= documented(table, "relationships") - relationships
    missing |= documented(table, "to_many_relationships") - relationships
    assert missing == set(reasons)


@at_hand
@of_each
def test_each_column_has_the_documented_type(table: str, stream: str) -> None:
    kinds = read(table).get("attributes") or {}
    for field in RESOURCES[stream].attributes:
        if field.source in kinds:
            kind = kinds[field.source].partition(" ")[0].partition("<")[0]
            (_, json_type) = field.json_type["type"]
            assert field.json_type.get("format", json_type) in TYPES[kind], field.source


@at_hand
@of_each
def test_to_many_relationships_have_a_list_for_a_column(table: str, stream: str) -> None:
    many = documented(table, "to_many_relationships")
    for field in RESOURCES[stream].relationships:
        if field.source in many:
            assert "array" in field.json_type["type"], field.source
