"""Full tables that an org may lack: then the stream is left out, which is no error."""

from __future__ import annotations

from tap_kustomer.streams.base import ListStream

# In place of roles where no document names any.
UNDOCUMENTED = (("a permission that Kustomer does not document",),)


class OptionalList(ListStream):
    """A full table whose endpoint answers 404 in an org that does not have it."""

    org_may_lack = True


class UnpagedList(OptionalList):
    """The same, of a list that is documented without pages.

    See docs/BEHAVIOR.md, "Lists without pages".
    """

    is_paged = False
    cost = "1 request, and 1 more for the next page if the list does not say that it ends"
