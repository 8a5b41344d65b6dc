"""The customer's timeline: incremental streams, read through Kustomer's search."""

from tap_kustomer.schemas.conversation import CONVERSATION
from tap_kustomer.streams.incremental import SEARCH_ROLES, SearchStream


class Conversations(SearchStream):
    """Conversations."""

    name = "conversations"
    query_context = "conversation"
    resource = CONVERSATION
    permissions = ("org.permission.conversation.read", "org.user.conversation.read", *SEARCH_ROLES)
