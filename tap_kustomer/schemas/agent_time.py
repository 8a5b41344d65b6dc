"""How agents spend their time."""

from tap_kustomer.records import Resource
from tap_kustomer.schemas import boolean, date_time, text, to_one

WORK_SESSION = Resource(
    replication_key="created_at",
    attributes=(
        boolean("active", "Whether it is still going on."),
        date_time("signedInAt", "When the agent began the shift."),
        date_time("signedOutAt", "When the agent ended the shift; null while it goes on."),
        text("statusType", "Kind of the agent's status: available, busy or unavailable."),
        date_time("createdAt", "When the record was created; the replication key."),
        date_time("updatedAt", "When anything about it last changed."),
        date_time("modifiedAt", "When someone last edited it."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("user", "The agent.", refers_to="users"),
        to_one(
            "status",
            "The agent's status, of those the org defines.",
            refers_to="routing_statuses",
        ),
    ),
)
