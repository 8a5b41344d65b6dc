"""What agents find on their desktop: snippets, snoozes, saved searches, accounts to send from."""

from tap_kustomer.records import Resource
from tap_kustomer.schemas import (
    DATES,
    EDITORS,
    boolean,
    date_time,
    free_list,
    free_object,
    integer,
    number,
    text,
    texts,
    to_one,
)

SHORTCUT_CATEGORY = Resource(
    attributes=(
        text("name", "What it is called."),
        *DATES,
    ),
    relationships=(
        *EDITORS,
        to_one("parent", "Category above it.", refers_to="shortcut_categories"),
    ),
)

SNIPPET = Resource(
    attributes=(
        text("name", "What it is called."),
        text("key", "Name that texts use in its place, in double square brackets."),
        text("description", "What it is for."),
        text("category", "What it is filed under."),
        text("app", "App that it belongs to."),
        text("source", "Where it comes from."),
        free_object("langs", "The text in each language, and whether a translation is outdated."),
        date_time("createdAt", "When it was created."),
        date_time("updatedAt", "When anything about it last changed."),
    ),
    relationships=(to_one("org", "The org."),),
)

SNOOZE = Resource(
    attributes=(
        text("name", "What agents see."),
        boolean("enabled", "Whether agents can choose it."),
        text("type", "How its value is meant: relative, absolute or dynamic."),
        number(
            "value",
            "Milliseconds to wait if relative, milliseconds since 1970 if absolute; "
            "a dynamic one is in additional_attributes.",
        ),
        text("resource", "What it snoozes: conversation or kobject."),
        *DATES,
    ),
    relationships=EDITORS,
)

OUTBOUND_ACCOUNT = Resource(
    attributes=(
        text("channel", "Channel that it sends through, such as email."),
        text("name", "What it is called."),
        text("account", "The address or number that customers see."),
    ),
)

SAVED_SEARCH = Resource(
    attributes=(
        text("name", "What it is called."),
        free_object("data", "The search itself: what it looks for, and in which order."),
        text("dataHash", "Checksum of the search itself."),
        text("icon", "Icon."),
        boolean("showBadge", "Whether its number of hits is shown."),
        text("badgeColor", "Colour of that number."),
        integer("position", "Its place among the others."),
        boolean("private", "Whether only some users may use it."),
        boolean("cacheable", "Whether its hits may be kept for a while."),
        text("defaultVisibility", "Where it is shown to all others: all, search, autopilot, none."),
        free_list("teamVisibilities", "Where it is shown to single teams."),
        free_list("userVisibilities", "Where it is shown to single users."),
        texts("accessTeams", "Ids of the teams that may use it.", refers_to="teams"),
        texts("accessUsers", "Ids of the users who may use it.", refers_to="users"),
        *DATES,
    ),
    relationships=EDITORS,
)
