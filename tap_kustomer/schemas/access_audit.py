"""Who and what can reach the org: API keys, webhooks, apps, hooks, cards, senders of spam.

Most of these hold secrets among ordinary attributes, so they are `listed_only`.
"""

from dataclasses import replace

from tap_kustomer.records import Resource
from tap_kustomer.schemas import (
    DATES,
    EDITORS,
    boolean,
    date_time,
    kept_members,
    text,
    texts,
    to_one,
)

_PARTS = ("status", "statusAt", "id")

API_KEY = Resource(
    listed_only=True,
    attributes=(
        text("name", "What it is called."),
        texts("roles", "Permissions it holds.", refers_to="permissions"),
        text("ipAddress", "Address that last used it."),
        text("userAgent", "Program that last used it."),
        date_time("createdAt", "When it was created."),
        date_time("updatedAt", "When anything about it last changed."),
        date_time("lastAccessedAt", "When it was last used."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("user", "Machine user that it acts as.", refers_to="users"),
    ),
)

OUTBOUND_WEBHOOK = Resource(
    listed_only=True,
    extra_columns=(text("host", "Host that it sends to; the rest of the address is a secret."),),
    attributes=(
        text("name", "What it is called."),
        boolean("enabled", "Whether it is in use."),
        boolean("isError", "Whether deliveries fail."),
        texts("events", "Events that it sends."),
        *DATES,
    ),
    relationships=EDITORS,
)

INSTALLED_APP = Resource(
    listed_only=True,
    attributes=(
        text("name", "What it is called."),
        # Not `version`: a target may keep that word for what ACTIVATE_VERSION names.
        replace(text("version", "Its version."), column="version_number"),
        text("current", "Its version in use."),
        text("installing", "Its version that is being installed."),
        text("status", "Whether it is installed."),
        date_time("statusAt", "When that status began."),
        kept_members("remote", "Status at the app's own server.", _PARTS[:2]),
        *(
            kept_members(name, f"Status of each of its {name}, by name.", _PARTS, is_map=True)
            for name in ("actions", "cards", "hooks", "klasses", "triggers", "workflows")
        ),
        date_time("createdAt", "When it was installed."),
        date_time("updatedAt", "When anything about it last changed."),
        date_time("modifiedAt", "When someone last edited it."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("createdBy", "User who installed it.", refers_to="users"),
        to_one("modifiedBy", "User who last edited it.", refers_to="users"),
    ),
)

INBOUND_HOOK = Resource(
    listed_only=True,
    extra_columns=(text("kind", "What it takes: web, form or email."),),
    attributes=(
        text("title", "What it is called."),
        text("description", "What it is for."),
        text("eventName", "Event that it starts."),
        *DATES,
    ),
    relationships=EDITORS,
)

SPAM_SENDER = Resource(
    attributes=(
        text("sender", "Address or number."),
        text("channel", "Channel that it writes through."),
        text("list", "blacklist if it is blocked, whitelist if it never is."),
        date_time("createdAt", "When it was put on the list."),
        date_time("updatedAt", "When anything about it last changed."),
        date_time("modifiedAt", "When someone last edited it."),
        boolean("deleted", "Whether it was taken off the list."),
        date_time("deletedAt", "When it was taken off the list."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("createdBy", "User who put it on the list.", refers_to="users"),
        to_one("modifiedBy", "User who last edited it.", refers_to="users"),
        to_one("deletedBy", "User who took it off the list.", refers_to="users"),
    ),
)

CARD = Resource(
    listed_only=True,
    extra_columns=(text("host", "Host of the page it shows; the rest may hold a secret."),),
    attributes=(
        text("name", "What it is called."),
        text("description", "What it is for."),
        texts("contexts", "Where it is shown, such as conversation."),
        *DATES,
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("app", "App that it belongs to.", refers_to="installed_apps"),
    ),
)
