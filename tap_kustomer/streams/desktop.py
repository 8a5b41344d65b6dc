"""What agents find on their desktop: full tables, read through Kustomer's lists."""

from __future__ import annotations

from tap_kustomer.schemas.desktop import (
    OUTBOUND_ACCOUNT,
    SAVED_SEARCH,
    SHORTCUT_CATEGORY,
    SNIPPET,
    SNOOZE,
)
from tap_kustomer.streams.configuration import Shortcuts
from tap_kustomer.streams.optional import UNDOCUMENTED, OptionalList, UnpagedList


class ShortcutCategories(OptionalList):
    """A category that shortcuts are filed under."""

    name = "shortcut_categories"
    lists = (("/v1/shortcuts/categories", {}),)
    resource = SHORTCUT_CATEGORY
    permissions = Shortcuts.permissions


class Snippets(OptionalList):
    """A piece of text that other texts use by its key, in all languages."""

    name = "snippets"
    lists = (("/v1/snippets", {}),)
    resource = SNIPPET
    permissions = (
        (
            "org.permission.snippet.read",
            "org.user.snippet.read",
            "org.user.content.snippet.read",
            "org.admin.snippet.read",
            "org.admin.content.snippet.read",
        ),
    )


class Snoozes(OptionalList):
    """A choice in the menu that snoozes conversations, not the snooze of one of them."""

    name = "snoozes"
    lists = (("/v1/snoozes", {"resource": "conversation"}),)
    resource = SNOOZE
    permissions = (("org.permission.snooze.read",),)


class OutboundAccounts(UnpagedList):
    """An address or number that the org sends from."""

    name = "outbound_accounts"
    lists = (("/v1/outboundAccounts", {}),)
    resource = OUTBOUND_ACCOUNT
    permissions = UNDOCUMENTED


class SavedSearches(OptionalList):
    """A search that users have saved."""

    name = "saved_searches"
    lists = (("/v1/customers/searches", {"filter": "all"}),)
    resource = SAVED_SEARCH
    permissions = (("org.permission.search.read",),)
