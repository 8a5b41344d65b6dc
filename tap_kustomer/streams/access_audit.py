"""Who and what can reach the org: full tables, read through Kustomer's lists, without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_kustomer import jsonapi
from tap_kustomer.allow_list import host_of
from tap_kustomer.schemas.access_audit import (
    API_KEY,
    CARD,
    INBOUND_HOOK,
    INSTALLED_APP,
    OUTBOUND_WEBHOOK,
    SPAM_SENDER,
)
from tap_kustomer.streams.optional import UNDOCUMENTED, OptionalList, UnpagedList
from tap_kustomer.walks.listing import read_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    Resources = Iterator[tuple[dict[str, Any], dict[str, Any]]]


class ApiKeys(OptionalList):
    """An API key, without any part of the key itself."""

    name = "api_keys"
    lists = (("/v1/auth/tokens", {"userType": "machine"}),)
    resource = API_KEY
    permissions = (("org.permission.security", "org.admin.security"),)


class OutboundWebhooks(UnpagedList):
    """A webhook that sends records to another system, without its keys and address."""

    name = "outbound_webhooks"
    lists = (("/v1/outbound-webhooks", {}),)
    resource = OUTBOUND_WEBHOOK
    permissions = (
        (
            "org.permission.outbound_webhook.read",
            "org.outbound_webhooks",
            "org.admin.outbound_webhooks",
        ),
    )

    @override
    def resources(self) -> Resources:
        """Each webhook, and the host of its address."""
        for webhook, _ in super().resources():
            yield webhook, {"host": host_of(jsonapi.attribute(webhook, "url"))}


class InstalledApps(OptionalList):
    """An app that the org has installed, without its settings."""

    name = "installed_apps"
    lists = (("/v1/apps", {}),)
    resource = INSTALLED_APP
    permissions = (("org.permission.apps.read", "org.user.apps.read", "org.admin.apps.read"),)


class InboundHooks(OptionalList):
    """A hook that takes data from outside, without the address that opens it."""

    name = "inbound_hooks"
    lists = tuple((f"/v1/hooks/{kind}", {}) for kind in ("web", "form", "email"))
    cost = "3 requests, for up to 100 hooks of each kind"
    resource = INBOUND_HOOK
    permissions = (("org.hooks",),)

    @override
    def resources(self) -> Resources:
        """The hooks of all three lists, each with its kind."""
        for path, params in self.lists:
            kind = path.rpartition("/")[2]
            for hook in self.readable(read_list(self.session.client, path, params)):
                yield hook, {"kind": kind}


class SpamSenders(OptionalList):
    """A sender that is blocked, or never is, former ones too."""

    name = "spam_senders"
    lists = (("/v1/spam/senders", {"includeDeleted": "true"}),)
    resource = SPAM_SENDER
    permissions = (("org.permission.spam.read", "org.admin.spam.read"),)


class Cards(OptionalList):
    """A web page that agents see beside records, without its whole address."""

    name = "cards"
    lists = (("/v1/cards", {}),)
    resource = CARD
    permissions = UNDOCUMENTED

    @override
    def resources(self) -> Resources:
        """Each card, and the host of its page."""
        for card, _ in super().resources():
            yield card, {"host": host_of(jsonapi.attribute(card, "url"))}
