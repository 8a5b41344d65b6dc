"""What a search is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_kustomer import timestamps
from tap_kustomer.api.client import SEARCH

if TYPE_CHECKING:
    from tap_kustomer.walks.page import Span

KOBJECT = "kobject"
# What one question is asked for at most. See docs/BEHAVIOR.md.
MAX_PAGES = 100
MAX_RECORDS = 10_000


@dataclass
class Habits:
    """What answers have shown about the server; for all threads that ask the same query."""

    is_disordered: bool = False
    """It has ignored the order asked for: then order proves nothing."""
    always_links: bool | None = None
    """Even an empty answer has a link to the next page; `None` until it was asked."""


@dataclass(frozen=True)
class Query:
    """A Kustomer query context, through one of the two search endpoints."""

    context: str
    path: str
    include_deleted: bool
    habits: Habits = field(default_factory=Habits, compare=False)

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
