"""What belongs to a customer: merges, and visits to the org's web pages."""

from tap_kustomer.records import Resource
from tap_kustomer.schemas import date_time, free_object, integer, text, to_one

# What the stream knows of the customer that it asked about.
_PARENT = (
    text("customerId", "Customer it was found with.", refers_to="customers"),
    date_time(
        "customerUpdatedAt",
        "When that customer last changed, as it was read; the replication key.",
    ),
)
_KEY = "customer_updated_at"

CUSTOMER_MERGE = Resource(
    replication_key=_KEY,
    extra_columns=_PARENT,
    attributes=(
        text("status", "How far it is."),
        date_time("createdAt", "When it was begun."),
        date_time("updatedAt", "When anything about it last changed."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("source", "Customer that went into the other.", refers_to="customers"),
        to_one("target", "Customer that remains.", refers_to="customers"),
        to_one("createdBy", "User who merged them.", refers_to="users"),
    ),
)

TRACKING_SESSION = Resource(
    replication_key=_KEY,
    extra_columns=_PARENT,
    attributes=(
        text("sessionId", "Its name in events."),
        date_time("firstEventAt", "When the customer came."),
        date_time("lastEventAt", "When the customer was last seen in it."),
        integer("count", "Number of its events."),
    ),
    relationships=(to_one("org", "The org."),),
)

TRACKING_EVENT = Resource(
    replication_key=_KEY,
    extra_columns=_PARENT,
    attributes=(
        text("name", "What happened."),
        text("trackingEvent", "The same, as the web page calls it."),
        text("app", "App that told Kustomer."),
        text("sessionId", "Visit it belongs to.", refers_to="tracking_sessions.session_id"),
        text("realIp", "Network address of the customer."),
        free_object("location", "Where that address is."),
        free_object("meta", "More about it, by the org's own names."),
        date_time("publishedAt", "When it was made known."),
        date_time("createdAt", "When it happened."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("createdBy", "User who made it happen.", refers_to="users"),
        to_one("modifiedBy", "User who last edited the record.", refers_to="users"),
    ),
)
