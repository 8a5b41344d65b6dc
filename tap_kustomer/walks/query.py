"""The body of a search request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_kustomer import timestamps
from tap_kustomer.api.client import SEARCH

if TYPE_CHECKING:
    from tap_kustomer.walks.page import Span

KOBJECT = "kobject"
# Limits of one query. See docs/BEHAVIOR.md.
MAX_PAGES = 100
MAX_RECORDS = 10_000


class Key(NamedTuple):
    """What the records of a context are read in order of.

    `criterion` is the end of the name that the search knows it by, `attribute` its name in a
    record. `is_split_by_creation` is whether a range of `created_at` splits an instant further.
    """

    criterion: str
    attribute: str
    is_split_by_creation: bool


UPDATED = Key("updated_at", "updatedAt", is_split_by_creation=True)
# For contexts whose creation is not known to the search.
UPDATED_ONLY = Key("updated_at", "updatedAt", is_split_by_creation=False)
CREATED = Key("created_at", "createdAt", is_split_by_creation=False)


@dataclass
class Quirks:
    """Observed server quirks, shared by all threads that run the same query."""

    is_disordered: bool = False
    """It has ignored the sort order, so order proves nothing."""
    always_links: bool | None = None
    """It sends a `next` link even for an empty range; `None` until tested."""
    is_sort_refused: bool = False
    """It answers 400 to the sort, so none is sent."""


@dataclass(frozen=True)
class Query:
    """A Kustomer query context, through one of the two search endpoints."""

    context: str
    path: str
    include_deleted: bool
    key: Key = UPDATED
    quirks: Quirks = field(default_factory=Quirks, compare=False)

    def name_of(self, criterion: str) -> str:
        """The name of one of the context's attributes in a search."""
        prefix = self.context
        if self.path == SEARCH and prefix.startswith(f"{KOBJECT}_"):
            # The search uses the generic kobject fields for a single klass; the archive does not.
            prefix = KOBJECT
        return f"{prefix}_{criterion}"

    def body(self, span: Span, *, exact: bool = False) -> dict[str, Any]:
        """The search body for `span`.

        Each bound is its own criterion, as other connectors send them. Unless `exact`, the range is
        extended by one millisecond: an index that stores microseconds, or treats `lte` as `lt`,
        would otherwise miss a record between this span and the next.
        """
        key, created = self.name_of(self.key.criterion), self.name_of(CREATED.criterion)
        criteria = [
            {key: {"gte": timestamps.text(span.start)}},
            {key: {"lte": timestamps.text(span.end + (not exact))}},
        ]
        if span.first is not None:
            criteria.append({created: {"gte": timestamps.text(span.first)}})
        if span.last is not None:
            criteria.append({created: {"lte": timestamps.text(span.last)}})
        body = {**self.everything, "and": criteria}
        return body if self.quirks.is_sort_refused else {**body, "sort": [{key: "asc"}]}

    @property
    def everything(self) -> dict[str, Any]:
        """The body of a search for all that the context holds, in any order."""
        return {"queryContext": self.context, "includeDeleted": self.include_deleted}
