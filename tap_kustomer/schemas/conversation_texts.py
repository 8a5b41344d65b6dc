"""Texts about conversations: what was forwarded to others, and summaries by AI."""

from tap_kustomer.records import Resource
from tap_kustomer.schemas import date_time, free_list, free_object, text, to_many, to_one

# What the stream knows of the conversation that it asked about.
_PARENT = (
    text("conversationId", "Conversation it was found in.", refers_to="conversations"),
    date_time(
        "conversationUpdatedAt",
        "When that conversation last changed, as it was read; the replication key.",
    ),
)
_KEY = "conversation_updated_at"

FORWARD = Resource(
    replication_key=_KEY,
    extra_columns=_PARENT,
    attributes=(
        text("app", "App that sends it."),
        text("channel", "Channel it is sent through."),
        free_object("from", "Name and address that it is sent from."),
        free_list("to", "Names and addresses that it is sent to."),
        text("body", "Text above what is forwarded."),
        free_object("payload", "The same text with its format."),
        text("status", "How far it is: draft, scheduled, sent or failed."),
        date_time("createdAt", "When it was written."),
        date_time("updatedAt", "When anything about it last changed."),
        date_time("modifiedAt", "When someone last edited it."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("customer", "The customer.", refers_to="customers"),
        to_one("createdBy", "User who wrote it.", refers_to="users"),
        to_one("modifiedBy", "User who last edited it.", refers_to="users"),
        to_many("attachments", "Files sent with it."),
    ),
)

AI_SUMMARY = Resource(
    replication_key=_KEY,
    extra_columns=_PARENT,
    attributes=(
        text("resourceId", "What it sums up: the conversation.", refers_to="conversations"),
        text("resourceType", "Kind of record that it sums up."),
        text("text", "The summary, written by a model."),
        date_time("createdAt", "When it was first written."),
        date_time("updatedAt", "When anything about it last changed."),
        date_time("lastSummarizedAt", "When it was last written anew."),
    ),
    relationships=(to_one("org", "The org."),),
)
