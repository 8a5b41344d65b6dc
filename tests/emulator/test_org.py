"""Sample data, life, files."""

from pathlib import Path

from emulator import Org
from emulator.times import DAY, HOUR, to_ms
from tests.emulator.world import NOW

COUNTS = {"conversations": 300, "users": 26, "teams": 6, "permission_sets": 5, "permissions": 35}


def sample() -> Org:
    return Org.sample(seed=7, now=NOW, conversations=300, days=30)


def test_same_seed_same_data() -> None:
    first, second = sample(), sample()
    assert first.resources == second.resources
    assert first.counts().items() >= COUNTS.items()
    assert first.counts() == second.counts()


def test_sample_is_within_its_days_and_has_ties() -> None:
    rows = [record.data for record in sample().resources["conversation"].values()]
    for row in rows:
        created, updated = (
            to_ms(row["attributes"][f"{name}At"]) for name in ("created", "updated")
        )
        assert NOW - 30 * DAY <= created <= updated <= NOW
        assert int(row["id"][:8], 16) == created // 1000
    updates = [row["attributes"]["updatedAt"] for row in rows]
    assert max(map(updates.count, set(updates))) == 60


def test_sample_has_the_awkward_shapes() -> None:
    rows = [record.data for record in sample().resources["conversation"].values()]
    attributes = [row["attributes"] for row in rows]
    snoozes = [one["snooze"] for one in attributes]
    assert None in snoozes
    assert {} in snoozes
    recipients = {type(one["firstMessageIn"]["meta"]["to"]) for one in attributes}
    assert recipients == {str, list}
    assert {one["custom"] is None for one in attributes} == {True, False}
    assert any(one["deleted"] for one in attributes)
    assert all("aiTriage" in one for one in attributes)
    assert all(bool(row["attributes"]["sla"]) == ("sla" in row["relationships"]) for row in rows)


def test_life_goes_on() -> None:
    org = sample()
    before = dict(org.resources["conversation"])
    done = org.work(at=NOW + HOUR)
    assert done == {
        "created": 20,
        "updated": 40,
        "deleted": 3,
        "users_deactivated": 1,
        "teams_changed": 1,
        "others_changed": 23,
    }
    after = org.resources["conversation"]
    changed = [record for one, record in after.items() if before.get(one) is not record]
    assert len(changed) == 63
    assert all(NOW < record.updated <= NOW + HOUR for record in changed)
    assert org.counts().items() >= (COUNTS | {"conversations": 320}).items()
    assert sum(record.deleted for record in org.resources["user"].values()) == 3


def test_an_empty_org_lives_too() -> None:
    org = Org(now=NOW)
    assert org.work(at=NOW + HOUR)["created"] == 20
    assert org.counts()["conversations"] == 20


def test_touch_moves_update_and_revision() -> None:
    org = sample()
    one = min(org.resources["conversation"])
    before = org.resources["conversation"][one].data["attributes"]
    org.touch("conversation", one, at=NOW + 5, status="snoozed")
    after = org.resources["conversation"][one].data["attributes"]
    assert to_ms(after["updatedAt"]) == NOW + 5
    assert after["rev"] == before["rev"] + 1
    assert after["status"] == "snoozed"
    assert after["modifiedAt"] == before["modifiedAt"]


def test_saves_and_loads(tmp_path: Path) -> None:
    org = sample()
    org.work(at=NOW + HOUR)
    org.save(tmp_path / "org.json")
    again = Org.load(tmp_path / "org.json")
    assert (again.id, again.worked_until) == (org.id, NOW + HOUR)
    assert {
        kind: {one: record.raw for one, record in records.items()}
        for kind, records in again.resources.items()
    } == {
        kind: {one: record.raw for one, record in records.items()}
        for kind, records in org.resources.items()
    }


def test_counts_have_every_stream() -> None:
    assert set(sample().counts()) == set(COUNTS) | {
        *("customers", "messages", "notes", "companies", "kobjects", "tags", "brands"),
        *("shortcuts", "slas", "sla_versions", "klasses", "custom_attributes", "queues"),
        *("schedules", "satisfaction_forms", "work_sessions", "attachments"),
        *("conversation_times", "conversation_events", "satisfaction_responses", "work_items"),
        *("audit_logs", "routing_statuses", "sub_statuses", "team_routing_settings"),
        *("queue_rules", "shortcut_categories", "snippets", "snoozes", "outbound_accounts"),
        *("saved_searches", "kb_articles", "kb_article_versions", "kb_categories", "kb_tags"),
        *("workflows", "workflow_errors", "ai_automations", "ai_evaluations", "ai_evaluation_runs"),
        *("ai_evaluation_results", "api_keys", "outbound_webhooks", "installed_apps"),
        *("inbound_hooks", "spam_senders", "cards", "forwards", "ai_summaries"),
        *("customer_merges", "tracking_sessions", "tracking_events"),
    }


def test_what_comes_with_conversations_has_the_awkward_shapes() -> None:
    resources = {
        kind: [record.data for record in records.values()]
        for kind, records in sample().resources.items()
    }
    recipients = {type(row["attributes"]["meta"]["to"]) for row in resources["message"]}
    assert recipients == {str, list, dict, type(None)}
    for row in resources["customer"]:
        assert set(row["relationships"]["orders"]) == {"links", "meta"}
    locations = [row["attributes"]["recentLocation"] for row in resources["customer"]]
    assert None in locations
    assert any(locations)
    domains = {type(row["attributes"]["domains"][0]) for row in resources["company"]}
    assert domains == {str, dict}
    for kind in ("customer", "message", "company", "kobject"):
        assert {row["attributes"]["custom"] is None for row in resources[kind]} == {True, False}


def test_what_comes_with_conversations_refers_to_them() -> None:
    org = sample()
    conversations = org.resources["conversation"]
    for kind in ("message", "note", "satisfaction_response"):
        for record in org.resources[kind].values():
            related = record.data["relationships"]
            parent = conversations[related["conversation"]["data"]["id"]].data
            assert related["customer"] == parent["relationships"]["customer"]
    known = {one for kind in ("queue", "sla", "sla_version", "brand") for one in org.ids(kind)}
    for record in conversations.values():
        related = record.data["relationships"]
        named = {
            related[kind]["data"]["id"] for kind in ("queue", "sla", "brand") if kind in related
        }
        assert named <= known
        assert set(record.data["attributes"]["tags"]) <= set(org.ids("tag"))


def test_life_changes_the_rest_too() -> None:
    org, same = sample(), sample()
    before = {kind: dict(records) for kind, records in org.resources.items()}
    for one in (org, same):
        one.work(at=NOW + HOUR, seed=3)
    assert org.resources == same.resources
    for kind in ("customer", "message", "note", "company", "kobject"):
        changed = [
            record
            for one, record in org.resources[kind].items()
            if before[kind].get(one) is not record
        ]
        assert changed
        assert all(NOW < record.updated <= NOW + HOUR for record in changed)
        assert any(record.deleted for record in changed)
    assert len(org.resources["message"]) > len(before["message"])
    assert len(org.resources["audit_log"]) == len(before["audit_log"]) + 4


def test_loads_what_belongs_to_conversations(tmp_path: Path) -> None:
    org = sample()
    org.save(tmp_path / "org.json")
    again = Org.load(tmp_path / "org.json")
    assert again.counts() == org.counts()
    orders = again.index("kobject_order", NOW).keys(deleted=True)
    assert orders == org.index("kobject_order", NOW).keys(deleted=True)
