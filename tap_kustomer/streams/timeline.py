"""The customer's timeline: incremental streams, read through Kustomer's search."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from singer_sdk.singerlib.catalog import StreamMetadata
from typing_extensions import override

from tap_kustomer.names import klass_stream
from tap_kustomer.schemas.company import COMPANY
from tap_kustomer.schemas.conversation import CONVERSATION
from tap_kustomer.schemas.customer import CUSTOMER
from tap_kustomer.schemas.kobject import KOBJECT
from tap_kustomer.schemas.message import MESSAGE
from tap_kustomer.schemas.note import NOTE
from tap_kustomer.streams.lists import FilteredList, WholeList
from tap_kustomer.streams.search import SEARCH_ROLES, SearchStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.singerlib.catalog import MetadataMapping

    from tap_kustomer.records import Field
    from tap_kustomer.streams.ladder import Way
    from tap_kustomer.tap import TapKustomer

CONVERSATION_ROLES = ("org.permission.conversation.read", "org.user.conversation.read")
KOBJECT_ROLES = ("org.permission.kobject.read", "org.user.kobject.read")


class Conversations(SearchStream):
    """A conversation, with its tags, teams, SLA and custom attributes."""

    name = "conversations"
    query_context = "conversation"
    resource = CONVERSATION
    permissions = (CONVERSATION_ROLES, SEARCH_ROLES)


class Customers(SearchStream):
    """A customer, with names, addresses, company and custom attributes."""

    name = "customers"
    query_context = "customer"
    resource = CUSTOMER
    permissions = (("org.permission.customer.read", "org.user.customer.read"), SEARCH_ROLES)

    @override
    def ways(self) -> Sequence[Way]:
        """The list of customers can be filtered too."""
        path = "/v1/customers"
        return (*super().ways(), FilteredList(self, path), WholeList(self, path))


class Messages(SearchStream):
    """A message of a conversation, in or out, on whatever channel."""

    name = "messages"
    query_context = "message"
    resource = MESSAGE
    permissions = (("org.permission.message.read", "org.user.message.read"), SEARCH_ROLES)


class Notes(SearchStream):
    """An internal note about a conversation.

    The archive does not know notes, so old ones come from the plain list.
    """

    name = "notes"
    query_context = "note"
    archived = False
    list_path = "/v1/notes"
    resource = NOTE
    permissions = (("org.permission.note.read", "org.user.note.read"), SEARCH_ROLES)


class Companies(SearchStream):
    """A company, which customers belong to.

    That the search knows when companies were updated is in the vendor's example only.
    """

    is_promised = False

    name = "companies"
    query_context = "company"
    list_path = "/v1/companies"
    resource = COMPANY
    permissions = (("org.permission.company.read", "org.user.company.read"), SEARCH_ROLES)


class Kobjects(SearchStream):
    """A custom object of any klass, such as an order."""

    name = "kobjects"
    query_context = "kobject"
    resource = KOBJECT
    permissions = (KOBJECT_ROLES, SEARCH_ROLES)


@dataclass(slots=True)
class KlassMetadata(StreamMetadata):
    """The catalog metadata of a stream of one klass."""

    klass: str | None = None


class KlassKobjects(SearchStream):
    """A custom object of one klass."""

    permissions = Kobjects.permissions
    resource = KOBJECT

    def __init__(self, tap: TapKustomer, klass: str, custom: tuple[Field, ...]) -> None:
        """Publish the custom objects of `klass`."""
        self.klass = klass
        self.name = klass_stream(klass)
        self.query_context = f"kobject_{klass}"
        super().__init__(tap, custom)

    @override
    @property
    def metadata(self) -> MetadataMapping:
        """The metadata of the catalog or of the SDK, with the klass added."""
        found = super().metadata
        if not isinstance(found.root, KlassMetadata):
            defaults = {
                member.name: getattr(found.root, member.name) for member in fields(StreamMetadata)
            }
            found[()] = KlassMetadata(**defaults, klass=self.klass)
        return found
