"""The audit log: who changed what in the org, and from where."""

from tap_kustomer.records import Resource
from tap_kustomer.schemas import date_time, free_object, text, to_one

AUDIT_LOG = Resource(
    replication_key="created_at",
    # Kustomer names the user twice: the relationship `user` would claim the column `user_id` too.
    attributes=(
        text("eventName", "What happened, such as kustomer.user.update."),
        text("eventVerb", "What was done, such as update."),
        text("org", "Id of the org."),
        text("userId", "Id of the user who did it.", refers_to="users"),
        text("userType", "user for a person, machine for an API key, and others."),
        text("objectId", "Id of what was changed."),
        text("objectType", "Type of what was changed, such as shortcut."),
        text("client", "App or program it was done with."),
        text("ip", "Internet address it was done from."),
        free_object("changes", "Attributes and relationships before and after."),
        date_time("createdAt", "When it happened; the replication key."),
        date_time("publishedAt", "When it was made known."),
        date_time("expiresAt", "When Kustomer removes the entry."),
    ),
    relationships=(
        to_one("conversation", "Conversation it is about.", refers_to="conversations"),
        to_one("customer", "Customer it is about.", refers_to="customers"),
    ),
)
