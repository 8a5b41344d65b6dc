"""How agents spend their time."""

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

# Times are in milliseconds, each with its `businessTime`. A time that still counts has `statusAt`,
# since when, and holds what was counted before that.
WORK_SESSION = Resource(
    replication_key="updated_at",
    attributes=(
        date_time("signedInAt", "When the agent began the shift."),
        date_time("signedOutAt", "When the agent ended the shift; null while it goes on."),
        text("statusType", "Kind of the agent's status: available, busy, unavailable, offline."),
        boolean("routable", "Whether work may be routed to the agent."),
        text("capacityStatus", "Whether the agent's capacity is used up."),
        integer("totalCapacity", "How much work the agent can hold at a time."),
        integer("capacityRemaining", "How much of that capacity is free."),
        free_list("capacity", "Capacity by priority: limit, and how much of it is free."),
        integer("workItemCount", "How many work items the agent holds."),
        integer("pausedWorkItemCount", "How many of those are set aside for now."),
        integer("handledItemCount", "How many work items were handled in the shift."),
        integer("handledConversationCount", "How many conversations were handled in the shift."),
        date_time("lastAssignedItemAt", "When a work item was last assigned."),
        free_object("totalTimeByStatus", "Milliseconds in each status, by the status's id."),
        free_object("totalAvailable", "Milliseconds available for work."),
        free_object("totalAvailableAtCapacity", "Milliseconds available with no capacity left."),
        free_object("totalAvailableNotAtCapacity", "Milliseconds available with capacity left."),
        free_object("totalAvailableIdleCapacity", "Milliseconds available without any work."),
        free_object("totalUnavailable", "Milliseconds away: not available for work."),
        free_object("totalUnavailableNotAtCapacity", "Milliseconds away with capacity left."),
        free_object("totalUnavailableIdleCapacity", "Milliseconds away without any work."),
        free_object("lastRevision", "Counts and times of its latest revision."),
        integer("rev", "Grows with every revision of the record."),
        date_time("createdAt", "When the record was created."),
        date_time("updatedAt", "When anything about it last changed; the replication key."),
        date_time("modifiedAt", "When someone last edited it."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("user", "The agent.", refers_to="users"),
        to_one("team", "Team whose capacity rules apply.", refers_to="teams"),
        to_one(
            "status",
            "The agent's status, of those the org defines.",
            refers_to="routing_statuses",
        ),
        to_one(
            "routingSettings",
            "Routing settings of the agent's team.",
            refers_to="team_routing_settings",
        ),
        to_many("queues", "Queues that work comes from.", refers_to="queues"),
        to_one("pendingItem", "Work item offered and not yet accepted.", refers_to="work_items"),
        to_one("lastRevision", "Record of its latest revision."),
        to_one("modifiedBy", "User who last edited it.", refers_to="users"),
    ),
)
