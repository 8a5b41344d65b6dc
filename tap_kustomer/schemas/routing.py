"""How work finds its agent: statuses of agents, sub-statuses, teams' queues, queue rules."""

from tap_kustomer.records import Resource
from tap_kustomer.schemas import (
    DATES,
    EDITORS,
    boolean,
    date_time,
    free_object,
    integer,
    text,
    texts,
    to_many,
    to_one,
)

ROUTING_STATUS = Resource(
    attributes=(
        text("name", "What agents see, such as Lunch; work sessions count time by its id."),
        text("description", "What it is for."),
        text("statusType", "What routing looks at: available, busy, unavailable or offline."),
        boolean("selectable", "Whether agents may choose it themselves."),
        boolean("system", "Whether Kustomer made it, rather than the org."),
        boolean("enabled", "Whether it is in use."),
        boolean("routable", "Whether agents in it are given work."),
        date_time("createdAt", "When it was created."),
        date_time("updatedAt", "When anything about it last changed."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("createdBy", "User who created it.", refers_to="users"),
    ),
)

SUB_STATUS = Resource(
    attributes=(
        text("label", "What agents see."),
        text("description", "What it is for."),
        text("parentStatus", "Status that it divides: open, snoozed or done."),
        text("resourceType", "What has it: conversation or kobject."),
        boolean("default", "Whether it stands in where none is chosen."),
        date_time("createdAt", "When it was created."),
        date_time("updatedAt", "When anything about it last changed."),
    ),
    relationships=EDITORS,
)

TEAM_ROUTING_SETTINGS = Resource(
    attributes=(
        boolean("enabled", "Whether work is routed to the team."),
        integer("workItemCapacity", "How much work each member takes at a time."),
        free_object("capacity", "The same, by kind of work."),
        texts("externalQueues", "Queues outside Kustomer, such as amazon-connect."),
        date_time("createdAt", "When the settings were created."),
        date_time("updatedAt", "When anything about the settings last changed."),
        date_time("modifiedAt", "When someone last edited the settings."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("team", "Team whose settings these are.", refers_to="teams"),
        to_one("modifiedBy", "User who last edited them.", refers_to="users"),
        to_many("queues", "Queues that the team works on.", refers_to="queues"),
    ),
)

QUEUE_RULE = Resource(
    attributes=(
        text("name", "What it is called."),
        text("description", "What it is for."),
        free_object("criteria", "Which work it applies to."),
        boolean("enabled", "Whether it is in use."),
        *DATES,
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("queue", "Queue that it sends work to.", refers_to="queues"),
        to_one("createdBy", "User who created it.", refers_to="users"),
        to_one("modifiedBy", "User who last edited it.", refers_to="users"),
    ),
)
