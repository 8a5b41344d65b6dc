"""What belongs to a conversation beside messages and notes: files, handling, history, ratings."""

from tap_kustomer.records import Resource
from tap_kustomer.schemas import (
    boolean,
    date_time,
    free_list,
    free_object,
    integer,
    text,
    texts,
    to_one,
)

# What the stream knows of the conversation that it asked about.
_PARENT = (
    text("conversationId", "Conversation it was found in.", refers_to="conversations"),
    date_time(
        "conversationUpdatedAt",
        "When that conversation last changed, as it was read; the replication key.",
    ),
)
_KEY = "conversation_updated_at"
# What a search says of it too.
_PARENT_ID = (text("conversationId", "Conversation it belongs to.", refers_to="conversations"),)

ATTACHMENT = Resource(
    replication_key=_KEY,
    extra_columns=_PARENT,
    attributes=(
        text("name", "File name."),
        text("contentType", "Media type, such as image/png."),
        integer("contentLength", "Size in bytes."),
        boolean("redacted", "Whether the file was removed from view."),
        boolean("uploaded", "Whether the file has arrived at Kustomer."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("message", "Message it came with.", refers_to="messages"),
    ),
)

CONVERSATION_EVENT = Resource(
    replication_key=_KEY,
    extra_columns=_PARENT,
    attributes=(
        text("name", "What happened, such as kustomer.conversation.update."),
        text("type", "Kind of event."),
        date_time("publishedAt", "When it was made known."),
        date_time("createdAt", "When it happened."),
        date_time("updatedAt", "When anything about the record last changed."),
        date_time("modifiedAt", "When someone last edited the record."),
        free_object("changes", "Attributes and relationships before and after."),
        text("location", "Where it happened."),
        text("meta", "More about it, by kind of event."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("customer", "The customer.", refers_to="customers"),
        to_one("createdBy", "User who made it happen.", refers_to="users"),
        to_one("modifiedBy", "User who last edited the record.", refers_to="users"),
    ),
)

SATISFACTION_RESPONSE = Resource(
    replication_key=_KEY,
    extra_columns=_PARENT,
    attributes=(
        text("status", "scheduled, offered, unresponded, rated, commented or canceled."),
        text("formType", "Kind of survey."),
        text("channel", "Channel the survey was sent through."),
        text("app", "App or integration that carried it."),
        integer("rating", "What the customer chose on the form's scale."),
        integer("score", "Score that the rating amounts to."),
        free_list("answers", "Answers to the questions after the rating."),
        date_time("createdAt", "When it was created."),
        date_time("updatedAt", "When anything about it last changed."),
        date_time("scheduledFor", "When the survey was to be sent."),
        date_time("sentAt", "When the survey was sent."),
        date_time("firstReadAt", "When the customer first opened it."),
        date_time("submittedAt", "When the customer sent the rating."),
        date_time("completedAt", "When the customer completed it."),
        date_time("lockedAt", "When it was closed to further answers."),
        date_time("modifiedAt", "When it was last edited."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("customer", "The customer.", refers_to="customers"),
        to_one("satisfaction", "Survey form that was sent.", refers_to="satisfaction_forms"),
    ),
)

WORK_ITEM = Resource(
    replication_key="updated_at",
    extra_columns=_PARENT_ID,
    attributes=(
        text("resourceType", "Type of what is routed, such as conversation."),
        text("status", "ivr, queued, routed and further, up to completed."),
        boolean("paused", "Whether it is set aside for now."),
        text("channel", "Channel it came in through."),
        integer("priority", "Which item of a queue is routed first."),
        integer("itemSize", "How much of an agent's capacity it takes."),
        integer("workItemNumber", "Counts the work items of one conversation."),
        integer("queuedCount", "How often it entered a queue."),
        date_time("firstEnterQueueAt", "When it first entered a queue."),
        free_object("ivr", "Milliseconds in the phone menu, overall and in business hours."),
        free_object("handle", "Milliseconds from acceptance to the end of handling, and that end."),
        free_object("wrapUp", "Milliseconds in wrap-up, and when it began."),
        free_object("abandoned", "When and how it was given up, if it was."),
        free_object("firstRoutedResponse", "Milliseconds to the first response, and its message."),
        date_time("completedAt", "When it was completed, after any wrap-up."),
        integer("resourceRev", "Revision of what is routed, at that time."),
        date_time("resourceCreatedAt", "When what is routed was created."),
        text("resourceDirection", "in when the customer began what is routed, out otherwise."),
        integer("resourceFirstQueueTime", "Milliseconds until what is routed entered a queue."),
        integer("resourceFirstRouteTime", "Milliseconds until what is routed was first routed."),
        integer("resourceFirstAssignTime", "Milliseconds until what is routed was first assigned."),
        free_object("lastRevision", "Its latest stay in a queue: entered, routed, accepted when."),
        integer("rev", "Grows with every revision of the record."),
        date_time("createdAt", "When it was created."),
        date_time("updatedAt", "When anything about it last changed; the replication key."),
        date_time("modifiedAt", "When someone last edited it."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("resource", "What is routed: the conversation.", refers_to="conversations"),
        to_one("queue", "Queue it is in, or was last in.", refers_to="queues"),
        to_one("lastRevision", "Record of its latest stay in a queue."),
        to_one("rule", "Queue rule that put it there.", refers_to="queue_rules"),
        to_one("team", "Team of the agent it was routed to.", refers_to="teams"),
        to_one("routedTo", "User it was last routed to.", refers_to="users"),
        to_one("acceptedBy", "User who accepted it.", refers_to="users"),
        to_one("assignedTo", "User it is assigned to.", refers_to="users"),
        to_one("routedToSession", "Work session it was routed to.", refers_to="work_sessions"),
        to_one("workSession", "Work session it is handled in.", refers_to="work_sessions"),
        to_one("modifiedBy", "User who last edited it.", refers_to="users"),
    ),
)

# Kustomer has two timers, whose times may not be added up; `timerVersion` tells which one it was.
CONVERSATION_TIME = Resource(
    replication_key="created_at",
    extra_columns=_PARENT_ID,
    attributes=(
        date_time("createdAt", "When it was recorded; the replication key."),
        date_time("handleAt", "When the agent handled the conversation."),
        integer("handleTime", "How long the agent handled it, in milliseconds."),
        date_time("messageAt", "When the agent wrote messages."),
        integer("messageTime", "How much of that went into messages, in milliseconds."),
        date_time("noteAt", "When the agent wrote notes."),
        integer("noteTime", "How much of that went into notes, in milliseconds."),
        integer("messagesSent", "How many messages the agent sent meanwhile."),
        integer("notesSent", "How many notes the agent wrote meanwhile."),
        text("timerVersion", "v2 for the second of two timers, which may not be added up."),
        text("handleBy", "Id of the agent whose time it is.", refers_to="users"),
        date_time("handlePauseAt", "When the timer was paused."),
        text("handlePauseBy", "What paused the timer."),
        boolean("isFocused", "Whether the agent had the conversation in view."),
        boolean("isInitialFocusSession", "Whether it was the agent's first look at it."),
        text("agentActionTrigger", "What ended it: reply_sent, note_sent and others."),
        text("conversationStatus", "Status of the conversation at that time."),
        boolean("touched", "Whether the agent did anything in the conversation."),
        boolean("reopened", "Whether the agent opened the conversation again."),
        boolean("snoozed", "Whether the agent snoozed the conversation."),
        boolean("resolved", "Whether the agent marked the conversation done."),
        texts("channels", "Channels of the conversation."),
        texts("createdByTeams", "Ids of the teams the agent was in.", refers_to="teams"),
        texts(
            "assignedUsers", "Ids of the users the conversation was assigned to.", refers_to="users"
        ),
        texts(
            "assignedTeams", "Ids of the teams the conversation was assigned to.", refers_to="teams"
        ),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("customer", "The customer.", refers_to="customers"),
        to_one("createdBy", "The agent.", refers_to="users"),
        to_one("handleBy", "The agent, where given as a relationship.", refers_to="users"),
    ),
)
