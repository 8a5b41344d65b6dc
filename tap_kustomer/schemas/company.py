"""The company: an organisation that customers belong to."""

from tap_kustomer.records import Resource
from tap_kustomer.schemas import (
    EDITORS,
    boolean,
    date_time,
    free_list,
    free_object,
    integer,
    text,
    texts,
    to_one,
)

COMPANY = Resource(
    replication_key="updated_at",
    attributes=(
        text("name", "What it is called."),
        text("externalId", "The org's own identifier for it."),
        text("avatarUrl", "Address of its picture or logo."),
        date_time("createdAt", "When it was created."),
        date_time("updatedAt", "When anything about it last changed; the replication key."),
        date_time("modifiedAt", "When a user, key or workflow last edited it."),
        date_time("importedAt", "When it was imported, if it was."),
        texts("tags", "Ids of its tags.", refers_to="tags"),
        free_list("domains", "Internet domains, by which its customers are recognised."),
        free_list("emails", "E-mail addresses, with their type and whether they are verified."),
        free_list("phones", "Phone numbers, with their type and whether they are verified."),
        free_list("whatsapps", "Phone numbers used with WhatsApp."),
        free_list("socials", "Accounts with social networks."),
        free_list("urls", "Web addresses, each with its type."),
        free_list("locations", "Postal addresses, each with its type."),
        integer("employeeCount", "How many people work there."),
        text("defaultLang", "Language to write in."),
        boolean("deleted", "Whether it is deleted."),
        date_time("deletedAt", "When it was deleted."),
        integer("rev", "Grows with every revision of the record."),
        texts("roleGroupVersions", "Versions of the permission sets that may see it."),
        free_object("custom", "Custom attributes, by the org's own names, untouched."),
    ),
    relationships=(
        *EDITORS,
        to_one("deletedBy", "User who deleted it.", refers_to="users"),
    ),
)
