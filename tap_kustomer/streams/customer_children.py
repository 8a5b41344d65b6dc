"""What the API offers per customer only: merges, and visits to the org's web pages."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import quote

from typing_extensions import override

from tap_kustomer import jsonapi
from tap_kustomer.schemas.customer_children import (
    CUSTOMER_MERGE,
    TRACKING_EVENT,
    TRACKING_SESSION,
)
from tap_kustomer.streams.per_conversation import Children, Conversation, PerConversationStream
from tap_kustomer.streams.search import SEARCH_ROLES, SearchStream
from tap_kustomer.streams.timeline import Customers
from tap_kustomer.walks.listing import read_list


class PerCustomerStream(PerConversationStream):
    """A stream of the children of customers, with the promises of those of conversations."""

    parents: ClassVar[type[SearchStream]] = Customers
    parent = "customer"
    parent_path = "/v1/customers"
    replication_key = "customer_updated_at"
    cost = "1 request per customer updated, and the searches that find them"


class CustomerMerges(PerCustomerStream):
    """A merge of two customers into one."""

    name = "customer_merges"
    path = "/v1/customers/{}/merges"
    resource = CUSTOMER_MERGE
    permissions = (("org.permission.customer_merge.read",), SEARCH_ROLES)


class TrackingSessions(PerCustomerStream):
    """A customer's visit to a web page of the org."""

    name = "tracking_sessions"
    path = "/v1/customers/{}/sessions"
    resource = TRACKING_SESSION
    permissions = (("org.permission.event.read", "org.user.event.read"), SEARCH_ROLES)


class TrackingEvents(PerCustomerStream):
    """What a customer did in a visit."""

    name = "tracking_events"
    path = TrackingSessions.path
    resource = TRACKING_EVENT
    permissions = TrackingSessions.permissions
    cost = "1 request per customer updated, 1 for each of their visits, and the searches"

    @override
    def children(self, conversation: Conversation) -> Children | None:
        """The events of all visits of a customer."""
        found: Children = []
        for session in super().children(conversation) or ():
            key = jsonapi.attribute(session.resource, "sessionId")
            if not isinstance(key, str) or not key:
                key = session.id
            path = f"{self.path.format(quote(conversation.id, safe=''))}/{quote(key, safe='')}"
            found += read_list(self.session.client, f"{path}/events")
        return found
