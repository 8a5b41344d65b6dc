"""Which roles open which resource.

Every operation lists several roles and any one suffices; some list none (documented). Chosen: the
read role of cards, outbound accounts and the knowledge base; that a short role such as
``org.user.read`` covers the longer ones below it; and that a search also needs the read role of
what it finds.
"""

from collections.abc import Iterable

from flask import abort

from emulator.switches import Switches

# Without "org." in front. No role: any valid key.
_ROLES = {
    "ai_automation": "permission.assistant.read user.apps.read",
    "ai_evaluation": "permission.assistant.read user.apps.read",
    "ai_evaluation_result": "permission.assistant.read user.apps.read",
    "ai_evaluation_run": "permission.assistant.read user.apps.read",
    "ai_summary": "permission.conversation.read permission.customer.read user.conversation.read"
    " user.customer.read",
    "attachment": "permission.attachment.read user.attachment.read",
    "audit_log": "permission.audit_logs.read admin.audit_logs.read",
    "auth_role": "",
    "auth_token": "permission.security admin.security",
    "brand": "permission.brand.read user.brand.read admin.brand.read",
    "card": "permission.card.read",
    "company": "permission.company.read user.company.read",
    "conversation": "permission.conversation.read user.conversation.read",
    "conversation_event": "permission.event.read user.event.read",
    "conversation_time": "permission.conversation.read user.conversation.read",
    "customer": "permission.customer.read user.customer.read",
    "customer_merge": "permission.customer_merge.read",
    "email_hook": "hooks",
    "form_hook": "hooks",
    "forward": "permission.draft.read user.draft.read",
    "installed_app": "permission.apps.read user.apps.read admin.apps.read",
    "kb_article": "permission.kb.read",
    "kb_article_version": "permission.kb.read",
    "kb_category": "permission.kb.read",
    "kb_internal_category": "permission.kb.read",
    "kb_tag": "permission.kb.read",
    "klass": "permission.klass.read user.klass.read admin.klass.read",
    "kobject": "permission.kobject.read user.kobject.read",
    "message": "permission.message.read user.message.read",
    "metadata": "permission.metadata.read user.metadata.read admin.metadata.read",
    "note": "permission.note.read user.note.read",
    "outbound_account": "permission.outbound_account.read",
    "outbound_webhook": "permission.outbound_webhook.read outbound_webhooks"
    " admin.outbound_webhooks",
    "queue": "permission.queue.read permission.routing.read user.routing.read",
    "queue_rule": "permission.queue_rule.read permission.routing.read user.routing.read",
    "role_group": "",
    "routing_status": "permission.routing_status.read permission.routing.read user.routing.read",
    "satisfaction": "permission.satisfaction.read user.satisfaction.read",
    "satisfaction_response": "permission.satisfaction.read user.satisfaction.read"
    " permission.satisfaction_response.read",
    "saved_search": "permission.search.read",
    "schedule": "permission.schedule.read user.schedule.read admin.schedule.read",
    # Chosen: permission.read, so that the three short roles open everything.
    "search": "permission.search.create permission.search.update permission.search_global.create"
    " permission.search_preview.create user.search.read admin.search.read permission.read",
    # Chosen, as none is documented.
    "search_schema": "permission.search.read user.search.read",
    "shortcut": "permission.shortcut.read user.shortcut.read user.content.shortcut.read"
    " admin.shortcut.read admin.content.shortcut.read",
    "shortcut_category": "permission.shortcut.read user.shortcut.read user.content.shortcut.read"
    " admin.shortcut.read admin.content.shortcut.read",
    "sla": "permission.sla.read user.sla.read",
    "snippet": "permission.snippet.read user.snippet.read user.content.snippet.read"
    " admin.snippet.read admin.content.snippet.read",
    "snooze": "permission.snooze.read",
    "spam_sender": "permission.spam.read admin.spam.read",
    "sub_status": "permission.sub_status.read permission.conversation.read"
    " permission.kobject.read user.conversation.read user.kobject.read"
    " admin.sub_status.read admin.content.sub_status.read",
    "tag": "permission.tag.read user.tag.read admin.tag.read",
    "team": "permission.team.read",
    "team_routing_settings": "permission.routing.read user.routing.read",
    "tracking_event": "permission.event.read user.event.read",
    "tracking_session": "permission.event.read user.event.read",
    "user": "permission.user.read user.read",
    "web_hook": "hooks",
    "work_item": "permission.routing.read user.routing.read",
    "work_session": "permission.work_session.read permission.routing.read user.routing.read",
    "workflow": "permission.workflow.read admin.workflow.read",
    "workflow_error": "permission.workflow.read admin.workflow.read",
}
ROLES = {
    resource: tuple(f"org.{role}" for role in roles.split()) for resource, roles in _ROLES.items()
}
ALL_ROLES = tuple(sorted({role for roles in ROLES.values() for role in roles}))


def covers(held: str, wanted: str) -> bool:
    """Return whether holding one role is as good as holding another."""
    if held == wanted:
        return True
    area, _, action = held.rpartition(".")
    return action == "read" and wanted.startswith(f"{area}.") and wanted.endswith(".read")


def require(resource: str, held: Iterable[str], switches: Switches) -> None:
    """Refuse the request unless the held roles open the resource.

    A resource ``kobject_<klass>`` also has a role of its own (documented).
    """
    general = "kobject" if resource.startswith("kobject_") else resource
    wanted = ROLES[general]
    if general != resource:
        wanted = (*wanted, f"org.permission.kobject.{resource}.read")
    opened = not wanted or any(covers(have, want) for have in held for want in wanted)
    if not opened or not switches.forbidden.isdisjoint({resource, general}):
        title = f"one of these roles is missing: {', '.join(wanted) or resource}"
        abort(switches.missing_role_status, title)
