"""The message: what a customer or the org sent, on whatever channel."""

from tap_kustomer.records import Resource
from tap_kustomer.schemas import (
    boolean,
    date_time,
    free_list,
    free_object,
    integer,
    text,
    texts,
    to_many,
    to_one,
)

MESSAGE = Resource(
    replication_key="updated_at",
    attributes=(
        text("externalId", "Identifier in the system it came through."),
        text("channel", "email, sms, chat, voice, form and others."),
        text("app", "App or integration that carried it."),
        integer("size", "Length of its content."),
        text("direction", "in from the customer, out to the customer."),
        text("directionType", "Role in the conversation, such as initial-in or response-out."),
        text("preview", "Its text, possibly cut; the API gives no other body."),
        text("subject", "Subject line, where the channel has one."),
        free_object("meta", "What the channel tells: sender, recipients, call times and so on."),
        text("status", "sent, received or error."),
        free_object("error", "Why it could not be sent."),
        date_time("errorAt", "When sending it failed."),
        boolean("auto", "Whether a workflow sent it; Kustomer's own reports leave those out."),
        text("source", "bulk or satisfaction, when sent for one of these."),
        text("related", "Identifier of what it refers to."),
        texts(
            "assignedTeams", "Ids of the teams its conversation was assigned to.", refers_to="teams"
        ),
        texts(
            "assignedUsers", "Ids of the users its conversation was assigned to.", refers_to="users"
        ),
        texts("createdByTeams", "Ids of the teams its author was in.", refers_to="teams"),
        integer("responseTime", "How long the sender took to respond."),
        integer("responseBusinessTime", "The same, counted in business hours."),
        free_list("reactions", "Reactions to it, each with who and when."),
        free_list("intentDetections", "Intents found in it, each with a confidence."),
        free_object("sentiment", "Polarity (-1, 0, 1) and the confidence in it."),
        text("lang", "Language it is written in."),
        free_object("location", "Where it was sent from."),
        free_object("firstCompany", "The customer's company when it was sent."),
        date_time("sentAt", "When it was sent; may lie before its creation."),
        date_time("createdAt", "When the record was created."),
        date_time("updatedAt", "When anything about it last changed; the replication key."),
        date_time("modifiedAt", "When a user, key or workflow last edited it."),
        date_time("importedAt", "When it was imported, if it was."),
        boolean("redacted", "Whether its content was blacked out."),
        date_time("redactedAt", "When its content was blacked out."),
        free_object("firstDelivered", "When and to which client it was first delivered."),
        free_object("firstRead", "When the recipient first read it."),
        boolean("deleted", "Whether it is deleted."),
        date_time("deletedAt", "When it was deleted."),
        integer("rev", "Grows with every revision of the record."),
        free_object("custom", "Custom attributes, by the org's own names, untouched."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("customer", "The customer.", refers_to="customers"),
        to_one("conversation", "Conversation it is part of.", refers_to="conversations"),
        to_one("createdBy", "User who wrote it, if one did.", refers_to="users"),
        to_one("modifiedBy", "User who last edited it.", refers_to="users"),
        to_one("deletedBy", "User who deleted it.", refers_to="users"),
        to_many("shortcuts", "Shortcuts used to write it.", refers_to="shortcuts"),
        to_many("kbArticles", "Knowledge base articles used to write it.", refers_to="kb_articles"),
        to_many("attachments", "Files sent with it.", refers_to="attachments"),
    ),
)
