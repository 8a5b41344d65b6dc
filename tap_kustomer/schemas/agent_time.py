"""How agents spend their time: shifts, routed work, and handling of conversations."""

from tap_kustomer.records import Resource
from tap_kustomer.schemas import boolean, date_time, free_object, integer, text, texts, to_one

WORK_SESSION = Resource(
    attributes=(
        boolean("active", "Whether it is still going on."),
        date_time("signedInAt", "When the agent began the shift."),
        date_time("signedOutAt", "When the agent ended the shift; null while it goes on."),
        text("statusType", "Kind of the agent's status: available, busy or unavailable."),
        date_time("createdAt", "When the record was created."),
        date_time("updatedAt", "When anything about it last changed."),
        date_time("modifiedAt", "When someone last edited it."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("user", "The agent."),
        to_one("status", "The agent's status, of those the org defines."),
    ),
)

WORK_ITEM = Resource(
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
        free_object("ivr", "Time spent in the phone menu, overall and in business hours."),
        integer("resourceRev", "Revision of what is routed, at that time."),
        date_time("resourceCreatedAt", "When what is routed was created."),
        text("resourceDirection", "in when the customer began what is routed, out otherwise."),
        integer("resourceFirstQueueTime", "How long what is routed first waited in a queue."),
        free_object("lastRevision", "Its latest stay in a queue."),
        integer("rev", "Grows with every revision of the record."),
        date_time("createdAt", "When it was created."),
        date_time("updatedAt", "When anything about it last changed."),
        date_time("modifiedAt", "When someone last edited it."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("resource", "What is routed: the conversation."),
        to_one("queue", "Queue it is in, or was last in."),
        to_one("lastRevision", "Record of its latest stay in a queue."),
    ),
)

CONVERSATION_TIME = Resource(
    attributes=(
        date_time("createdAt", "When it was recorded."),
        date_time("handleAt", "When the agent handled the conversation."),
        integer("handleTime", "How long: seconds in version 1 of the API, milliseconds in 2."),
        date_time("messageAt", "When the agent wrote messages."),
        integer("messageTime", "How much of the handle time went into messages."),
        date_time("noteAt", "When the agent wrote notes."),
        integer("noteTime", "How much of the handle time went into notes."),
        integer("messagesSent", "How many messages the agent sent meanwhile."),
        integer("notesSent", "How many notes the agent wrote meanwhile."),
        boolean("touched", "Whether the agent did anything in the conversation."),
        boolean("reopened", "Whether the agent opened the conversation again."),
        boolean("snoozed", "Whether the agent snoozed the conversation."),
        boolean("resolved", "Whether the agent marked the conversation done."),
        texts("channels", "Channels of the conversation."),
        texts("createdByTeams", "Ids of the teams the agent was in."),
        texts("assignedUsers", "Ids of the users the conversation was assigned to."),
        texts("assignedTeams", "Ids of the teams the conversation was assigned to."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("customer", "The customer."),
        to_one("conversation", "Conversation that was handled."),
        to_one("createdBy", "The agent."),
    ),
)
