"""What belongs to a conversation beside messages and notes: files, history, ratings."""

from tap_kustomer.records import Resource
from tap_kustomer.schemas import (
    boolean,
    date_time,
    free_list,
    free_object,
    integer,
    text,
    to_many,
    to_one,
)

ATTACHMENT = Resource(
    attributes=(
        text("name", "File name."),
        text("contentType", "Media type, such as image/png."),
        integer("contentLength", "Size in bytes."),
        boolean("redacted", "Whether the file was removed from view."),
        boolean("uploaded", "Whether the file has arrived at Kustomer."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("message", "Message it came with."),
        to_one("conversation", "Conversation it was found in."),
    ),
)

CONVERSATION_EVENT = Resource(
    attributes=(
        text("name", "What happened, such as kustomer.conversation.update."),
        text("type", "Kind of event."),
        date_time("publishedAt", "When it was made known."),
        date_time("createdAt", "When it happened."),
        date_time("updatedAt", "When anything about the record last changed."),
        date_time("modifiedAt", "When someone last edited the record."),
        free_object("changes", "Attributes and relationships before and after."),
        free_object("location", "Where it happened."),
        free_object("meta", "More about it, by kind of event."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("customer", "The customer."),
        to_one("conversation", "Conversation it happened to."),
        to_one("createdBy", "User who made it happen."),
        to_one("modifiedBy", "User who last edited the record."),
    ),
)

SATISFACTION_RESPONSE = Resource(
    attributes=(
        text("status", "scheduled, offered, unresponded, rated, commented or canceled."),
        text("channel", "Channel the survey was sent through."),
        integer("rating", "What the customer chose on the form's scale."),
        integer("score", "Score that the rating amounts to."),
        text("firstAnswer", "Answer to the first question after the rating."),
        free_list("answers", "Answers to the questions after the rating."),
        date_time("createdAt", "When it was created."),
        date_time("updatedAt", "When anything about it last changed."),
        date_time("scheduledFor", "When the survey was to be sent."),
        date_time("sentAt", "When the survey was sent."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("customer", "The customer."),
        to_one("conversation", "Conversation that is rated."),
        to_one("form", "Survey form that was sent."),
        to_one("sentBy", "User whose survey it is."),
        to_many("sentByTeams", "Teams that user was in."),
    ),
)
