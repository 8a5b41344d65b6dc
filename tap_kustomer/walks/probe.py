"""Tests whether a search filters by an attribute that no document promises.

A search may refuse such an attribute (400), ignore it (everything comes, whatever the range), or
match nothing by it (no error, no records). Only the first shows by itself. So the whole context is
counted without a range, and by the attribute from the beginning of time, and a range before any
record is asked for.
See docs/BEHAVIOR.md, "Attributes that no document promises".
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_kustomer import jsonapi
from tap_kustomer.api.document import parse
from tap_kustomer.errors import BadRequestError, UnprovenError
from tap_kustomer.walks.ask import EMPTY
from tap_kustomer.walks.page import Span

if TYPE_CHECKING:
    from tap_kustomer.api.client import Client
    from tap_kustomer.walks.query import Query

LOGGER = logging.getLogger("tap-kustomer")


def probe(client: Client, query: Query, end: int) -> int:
    """Check that `query` finds what its context holds up to `end`, and only what it asks for.

    Returns how many records it finds.

    If the search refuses the sort but not the filter, the query goes on without a sort.

    Raises:
        BadRequestError: the search refuses the context or the attribute.
        UnprovenError: the search ignores the attribute, or matches nothing by it.
        KustomerError: as the client does.
    """
    name = query.name_of(query.key.criterion)
    everything = Span(EMPTY.start, end)
    try:
        found = _count(client, query, query.body(everything))
    except BadRequestError:
        unsorted = replace(query.quirks, is_sort_refused=True)
        found = _count(client, query, replace(query, quirks=unsorted).body(everything))
        query.quirks.is_sort_refused = query.quirks.is_disordered = True
        LOGGER.warning("Search refuses to sort by %s (400): reading takes more requests", name)
    if _count(client, query, query.body(EMPTY)):
        fault = f"the search ignores {name}"
        raise UnprovenError(query.path, fault)
    try:
        held = _count(client, query, query.everything)
    except BadRequestError:
        held = None
    if not found and held != 0:
        fault = f"the search matches nothing by {name}"
        raise UnprovenError(query.path, fault)
    if held and found < held:
        LOGGER.warning(
            "Search holds %s of context %s, but finds only %s by %s: the others can't be read",
            f"{held:,}",
            query.context,
            f"{found:,}",
            name,
        )
    return found


def _count(client: Client, query: Query, body: dict[str, Any]) -> int:
    """How many records a search reports; at least those that it sends."""

    def attempt() -> int:
        answer = parse(client.search(query.path, body, page=1, size=1), query.path)
        total = jsonapi.count_in(jsonapi.object_in(answer, "meta").get("total"))
        return max(total or 0, len(jsonapi.data_in(answer, query.path)))

    return client.retry(query.path, attempt)
