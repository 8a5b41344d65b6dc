"""The body of a search request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_kustomer import timestamps
from tap_kustomer.api.client import SEARCH

if TYPE_CHECKING:
    from tap_kustomer.walks.page import Span

KOBJECT = "kobject"
# Limits of one query. See docs/BEHAVIOR.md.
MAX_PAGES = 100
MAX_RECORDS = 10_000


@dataclass
class Quirks:
    """Observed server quirks, shared by all threads that run the same query."""

    is_disordered: bool = False
    """It has ignored the sort order, so order proves nothing."""
    always_links: bool | None = None
    """It sends a `next` link even for an empty range; `None` until tested."""


@dataclass(frozen=True)
class Query:
    """A Kustomer query context, through one of the two search endpoints."""

    context: str
    path: str
    include_deleted: bool
    quirks: Quirks = field(default_factory=Quirks, compare=False)

    def body(self, span: Span, *, exact: bool = False) -> dict[str, Any]:
        """The search body for `span`.

        Each bound is its own criterion, as other connectors send them. Unless `exact`, the range is
        extended by one millisecond: an index that stores microseconds, or treats `lte` as `lt`,
        would otherwise miss a record between this span and the next.
        """
        prefix = self.context
        if self.path == SEARCH and prefix.startswith(f"{KOBJECT}_"):
            # The search uses the generic kobject fields for a single klass; the archive does not.
            prefix = KOBJECT
        updated, created = f"{prefix}_updated_at", f"{prefix}_created_at"
        criteria = [
            {updated: {"gte": timestamps.text(span.start)}},
            {updated: {"lte": timestamps.text(span.end + (not exact))}},
        ]
        if span.first is not None:
            criteria.append({created: {"gte": timestamps.text(span.first)}})
        if span.last is not None:
            criteria.append({created: {"lte": timestamps.text(span.last)}})
        return {
            "queryContext": self.context,
            "and": criteria,
            "sort": [{updated: "asc"}],
            "includeDeleted": self.include_deleted,
        }
