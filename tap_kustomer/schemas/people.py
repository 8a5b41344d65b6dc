"""People and what they may do: users, teams, permission sets, permissions."""

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
    to_one,
)

USER = Resource(
    attributes=(
        text("name", "Full name."),
        text("displayName", "Name that customers see."),
        text("email", "E-mail address used to sign in."),
        text("userType", "user, limited (a collaborator), hourly, or machine (an API key)."),
        text("mobile", "Mobile phone number."),
        text("avatarUrl", "Address of the picture."),
        text("emailSignature", "Signature under e-mails."),
        date_time("emailVerifiedAt", "When the e-mail address was last verified."),
        date_time("firstEmailVerifiedAt", "When it was first verified."),
        text("verifiedEmailStatus", "Status of that verification."),
        boolean("isEmailValid", "Whether the e-mail address is valid."),
        free_object("password", "When the password was changed and may be again; never a secret."),
        texts(
            "roleGroups", "Ids of the permission sets held directly.", refers_to="permission_sets"
        ),
        texts("roles", "Permissions held directly.", refers_to="permissions"),
        date_time("firstLoginAt", "First sign-in."),
        date_time("mostRecentLoginAt", "Latest sign-in."),
        date_time("createdAt", "When the user was created."),
        date_time("updatedAt", "When anything about the user last changed."),
        date_time("modifiedAt", "When someone last edited the user."),
        boolean("deleted", "Whether the user is deactivated."),
        date_time("deletedAt", "When the user was deactivated; null for an active one."),
        free_object("custom", "Custom attributes, by the org's own names, untouched."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("createdBy", "User who created this one.", refers_to="users"),
        to_one("modifiedBy", "User who last edited this one.", refers_to="users"),
        to_one("deletedBy", "User who deactivated this one.", refers_to="users"),
    ),
)

TEAM = Resource(
    attributes=(
        text("name", "Name."),
        text("displayName", "Name that customers see."),
        text("icon", "Icon."),
        text("externalId", "The org's own identifier for it."),
        texts("members", "Ids of the users in it.", refers_to="users"),
        texts(
            "roleGroups",
            "Ids of the permission sets its members hold through it.",
            refers_to="permission_sets",
        ),
        *DATES,
        date_time("importedAt", "When it was imported, if it was."),
        boolean("deleted", "Whether it is deleted."),
        date_time("deletedAt", "When it was deleted."),
    ),
    relationships=(
        *EDITORS,
        to_one("deletedBy", "User who deleted it.", refers_to="users"),
    ),
)

PERMISSION_SET = Resource(
    attributes=(
        text("name", "Name."),
        text("description", "What it is for."),
        boolean("display", "Whether the app shows it."),
        boolean("system", "Whether Kustomer made it, rather than the org."),
        texts("roles", "Names of the permissions it grants.", refers_to="permissions"),
        free_object("meta", "Whether it opens the web app, and how it maps to older permissions."),
        *DATES,
        integer("rev", "Grows with every revision of the record."),
    ),
    relationships=(
        *EDITORS,
        to_one("activeVersion", "Version in force; conversations name it in role_group_versions."),
    ),
)

PERMISSION = Resource(
    key="The permission's name.",
    attributes=(
        text("family", "First part of the name: org.permission, org.user or org.admin."),
        text("resource", "What it is about, such as conversation; null when about everything."),
        text("action", "read, write, create, update or delete; null when the name has none."),
    ),
)
