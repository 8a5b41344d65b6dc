"""What a search is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_kustomer import timestamps
from tap_kustomer.api.client import SEARCH

if TYPE_CHECKING:
    from tap_kustomer.walks.page import Span

KOBJECT = "kobject"


@dataclass(frozen=True)
class Query:
    """A Kustomer query context, through one of the two search endpoints."""

    context: str
    path: str
    include_deleted: bool

    def body(self, span: Span, *, exact: bool = False) -> dict[str, Any]:
        """The search body for `span`.

        Two bounds are two criteria, as other connectors send them. Unless it must be `exact`, one
        millisecond more is asked for: an index that holds microseconds, or takes `lte` for `lt`,
        would otherwise leave out a record between this span and the next.
        """
        prefix = self.context
        if self.path == SEARCH and prefix.startswith(f"{KOBJECT}_"):
            # One klass is searched by the attributes of all, and archived under its own.
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
