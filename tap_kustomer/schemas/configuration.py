"""How the org is set up: what conversations refer to, and what routes and rates them."""

from dataclasses import replace

from tap_kustomer.records import Resource
from tap_kustomer.schemas import (
    DATES,
    EDITORS,
    boolean,
    date_time,
    free_list,
    free_object,
    integer,
    rows_of,
    text,
    texts,
    to_many,
    to_one,
)

TAG = Resource(
    attributes=(
        text("name", "What agents call it; records name it by id."),
        text("color", "Colour the app shows it in."),
        *DATES,
        boolean("deleted", "Whether it is deleted."),
        date_time("deletedAt", "When it was deleted."),
    ),
    relationships=(
        *EDITORS,
        to_one("deletedBy", "User who deleted it.", refers_to="users"),
    ),
)

BRAND = Resource(
    attributes=(
        text("name", "What it is called."),
        text("iconUrl", "Address of its picture."),
        boolean("default", "Whether it stands in where no brand is chosen."),
        *DATES,
    ),
    relationships=EDITORS,
)

SHORTCUT = Resource(
    attributes=(
        text("name", "What agents find it by."),
        free_object("draft", "Text that it writes, in Markdown."),
        free_object("conversation", "What it changes in the conversation, such as tags."),
        free_object("payload", "Text that it writes, as a rich-text document."),
        boolean("isPrivate", "Whether it is kept from the rest of the org."),
        boolean("appDisabled", "Whether the app that made it is switched off."),
        *DATES,
        boolean("deleted", "Whether it is deleted."),
        integer("rev", "Grows with every revision of the record."),
    ),
    relationships=(
        *EDITORS,
        to_one("parent", "Category it is filed under.", refers_to="shortcut_categories"),
        to_many("accessUsers", "Users who may use it.", refers_to="users"),
        to_many("accessTeams", "Teams that may use it.", refers_to="teams"),
        to_many("attachments", "Files it adds to the message."),
    ),
)

SLA = Resource(
    attributes=(
        integer("currentVersion", "Number of the version in force."),
        date_time("createdAt", "When it was created."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("createdBy", "User who created it.", refers_to="users"),
        to_many(
            "versions",
            "All its versions; conversations name theirs in sla_version_id.",
            refers_to="sla_versions",
        ),
    ),
)

SLA_VERSION = Resource(
    attributes=(
        text("name", "What the agreement was called in this version."),
        text("description", "What it is for."),
        # Not `version`: a target may keep that word for what ACTIVATE_VERSION names.
        replace(
            integer("version", "Counts the versions of one agreement."), column="version_number"
        ),
        text("hours", "Which hours count towards its times."),
        free_object("metrics", "What it promises, such as a first response, by priority."),
        free_object("criteria", "Which conversations it applies to."),
        date_time("createdAt", "When this version was created."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("createdBy", "User who created this version.", refers_to="users"),
        to_one("sla", "Service level agreement it is a version of.", refers_to="slas"),
    ),
)

KLASS = Resource(
    attributes=(
        text("name", "What the API calls it; part of search attributes and paths."),
        text("displayName", "What the app calls it."),
        text("icon", "Picture shown beside its kobjects."),
        text("color", "Colour the app shows it in."),
        text("klassSchema", "Schema that its definition follows."),
        text("appVersion", "App that defined it, and that app's version."),
        boolean("appDisabled", "Whether the app that defined it is switched off."),
        text("status", "enabled, existing_only (no new kobjects) or disabled."),
        texts("mixins", "What it allows: commentable, assignable, editable, creatable."),
        text("s3DataUrl", "Address of data that is stored outside the record."),
        date_time("createdAt", "When it was created."),
        date_time("updatedAt", "When anything about it last changed."),
    ),
    relationships=(to_one("org", "The org."),),
)

CUSTOM_ATTRIBUTE = Resource(
    key="What carries it and its name, such as conversation.orderNumberStr.",
    extra_columns=(
        text("resource", "What carries it: conversation, customer, a klass's name and so on."),
        text("name", "Its key in the column custom; the suffix tells its type."),
    ),
    attributes=(
        text("displayName", "What the app calls it."),
        text("type", "Type of its values, such as string, number or date-time."),
        boolean("array", "Whether it holds a list of values."),
        boolean("multi", "Whether it may refer to several records."),
        text("target", "What it refers to, where its values are ids."),
        texts("enumeration", "Values to choose from."),
        free_object("tree", "Nested values to choose from; one is chosen as a dotted path."),
        boolean("hasSensitiveAttributes", "Whether its values are masked for some users."),
        date_time("updatedAt", "When anything about the definition last changed."),
        date_time("modifiedAt", "When someone last edited the definition."),
        text("modifiedBy", "Id of the user who last edited the definition.", refers_to="users"),
        date_time("deletedAt", "When the definition was deleted; null for one in use."),
        text("deletedBy", "Id of the user who deleted the definition.", refers_to="users"),
    ),
    relationships=(to_one("org", "The org."),),
)

QUEUE = Resource(
    attributes=(
        text("name", "What rules call it; DEFAULT_QUEUE is Kustomer's own."),
        text("displayName", "What the app calls it."),
        text("description", "What it is for."),
        text("key", "Short name that it can be looked up by."),
        integer("priority", "Which queue is served first."),
        integer("itemSize", "How much of an agent's capacity each of its items takes."),
        boolean("restrictTransfersByUsers", "Whether agents are kept from transferring to it."),
        boolean("acceptsVoiceChannel", "Whether calls may enter it."),
        boolean("system", "Whether Kustomer made it, rather than the org."),
        boolean("deleted", "Whether it is deleted."),
        date_time("deletedAt", "When it was deleted."),
        *DATES,
    ),
    relationships=EDITORS,
)

HOLIDAY = Resource(
    attributes=(
        text("name", "What it is called."),
        text("description", "More about it."),
        text("startDate", "First day, as Kustomer writes it."),
        text("endDate", "Last day, as Kustomer writes it."),
        boolean("enabled", "Whether it is kept."),
        *DATES,
    ),
    relationships=(
        *EDITORS,
        to_one("schedule", "Schedule whose business hours it interrupts.", refers_to="schedules"),
    ),
)

SCHEDULE = Resource(
    extra_columns=(
        rows_of("holidays", HOLIDAY, "Days on which its business hours are suspended."),
    ),
    attributes=(
        text("name", "What it is called."),
        free_object("hours", "Start and end of business hours, by day of the week from 0 to 6."),
        text("timezone", "Where those hours are counted, such as America/New_York."),
        boolean("default", "Whether it applies where no other does."),
        *DATES,
    ),
    relationships=EDITORS,
)

SATISFACTION_FORM = Resource(
    attributes=(
        text("name", "What agents call it."),
        text("formType", "Kind of survey."),
        boolean("enabled", "Whether it is sent."),
        text("channel", "Channel it is sent through."),
        text("description", "What it is for."),
        free_object("from", "Account, app and channel it is sent from."),
        text("metaTitle", "Title of its web page."),
        text("metaDescription", "Summary of its web page."),
        integer("delayTime", "How long it waits before it is sent."),
        free_object("scale", "Kind and number of ratings, and what the ends are called."),
        text("introduction", "Text above the rating."),
        text("ratingPrompt", "Question that the rating answers."),
        free_list("questions", "Questions that follow the rating."),
        free_list("positiveQuestions", "Questions that follow a good rating."),
        free_list("negativeQuestions", "Questions that follow a bad rating."),
        free_list("allQuestions", "Questions that follow any rating."),
        text("followUpType", "How questions follow the rating."),
        free_object("criteria", "Which conversations it is sent for."),
        *DATES,
    ),
    relationships=(
        *EDITORS,
        to_one("template", "Template of the message it is sent in."),
    ),
)
