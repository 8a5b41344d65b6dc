"""The note: what agents write about a conversation, for each other."""

from tap_kustomer.records import Resource
from tap_kustomer.schemas import (
    boolean,
    date_time,
    free_list,
    free_object,
    text,
    texts,
    to_many,
    to_one,
)

NOTE = Resource(
    replication_key="updated_at",
    attributes=(
        text("body", "Its text."),
        text("externalId", "The org's own identifier for it."),
        text("lang", "Language it is written in."),
        date_time("createdAt", "When it was written."),
        date_time("updatedAt", "When anything about it last changed; the replication key."),
        date_time("modifiedAt", "When a user, key or workflow last edited it."),
        date_time("importedAt", "When it was imported, if it was."),
        boolean("deleted", "Whether it is deleted."),
        date_time("deletedAt", "When it was deleted."),
        texts("createdByTeams", "Ids of the teams its author was in.", refers_to="teams"),
        free_list("userMentions", "Users and teams it calls on, where given as an attribute."),
        free_object("custom", "Custom attributes, by the org's own names, untouched."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("customer", "The customer.", refers_to="customers"),
        to_one("conversation", "Conversation it is about.", refers_to="conversations"),
        to_one("createdBy", "User who wrote it.", refers_to="users"),
        to_one("modifiedBy", "User who last edited it.", refers_to="users"),
        to_one("deletedBy", "User who deleted it.", refers_to="users"),
        to_many("userMentions", "Users and teams it calls on.", refers_to=("users", "teams")),
        to_many("attachments", "Files added to it.", refers_to="attachments"),
    ),
)
