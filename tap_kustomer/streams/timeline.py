"""The customer's timeline: incremental streams, read through Kustomer's search."""

from tap_kustomer.schemas.company import COMPANY
from tap_kustomer.schemas.conversation import CONVERSATION
from tap_kustomer.schemas.customer import CUSTOMER
from tap_kustomer.schemas.kobject import KOBJECT
from tap_kustomer.schemas.message import MESSAGE
from tap_kustomer.schemas.note import NOTE
from tap_kustomer.streams.incremental import SEARCH_ROLES, SearchStream


class Conversations(SearchStream):
    """Conversations."""

    name = "conversations"
    query_context = "conversation"
    resource = CONVERSATION
    permissions = ("org.permission.conversation.read", "org.user.conversation.read", *SEARCH_ROLES)


class Customers(SearchStream):
    """Customers."""

    name = "customers"
    query_context = "customer"
    resource = CUSTOMER
    permissions = ("org.permission.customer.read", "org.user.customer.read", *SEARCH_ROLES)


class Messages(SearchStream):
    """Messages of conversations, in and out."""

    name = "messages"
    query_context = "message"
    resource = MESSAGE
    permissions = ("org.permission.message.read", "org.user.message.read", *SEARCH_ROLES)


class Notes(SearchStream):
    """Internal notes; the archive does not know them, so old ones come from the plain list."""

    name = "notes"
    query_context = "note"
    archived = False
    list_path = "/v1/notes"
    resource = NOTE
    permissions = ("org.permission.note.read", "org.user.note.read", *SEARCH_ROLES)


class Companies(SearchStream):
    """Companies; that the search knows when they were updated is not documented."""

    name = "companies"
    query_context = "company"
    list_path = "/v1/companies"
    resource = COMPANY
    permissions = ("org.permission.company.read", "org.user.company.read", *SEARCH_ROLES)


class Kobjects(SearchStream):
    """Custom objects of all klasses."""

    name = "kobjects"
    query_context = "kobject"
    resource = KOBJECT
    permissions = (
        "org.permission.kobject.read",
        "org.user.kobject.read",
        "org.permission.klass.read",
        *SEARCH_ROLES,
    )
