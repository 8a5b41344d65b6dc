"""Runs a parsed search against an index.

The standard search sees what was updated within two years, the archive what is older; that the two
are disjoint is inferred. Equal sort values come in another order in every answer, and records
without a sort value come last: not documented; the emulator chooses the least reliable order.
"""

from bisect import bisect_left
from dataclasses import dataclass
from random import Random
from zlib import crc32

from emulator.criteria import FOREVER, Span
from emulator.index import Index, Key
from emulator.query import Query
from emulator.resource import Resource
from emulator.times import DAY

HORIZON = 730 * DAY


@dataclass
class Found:
    """One page of a search's results, and how many there are on all pages."""

    records: list[Resource]
    total: int
    timed_out: bool = False


def visible_span(now: int, *, archive: bool) -> Span:
    """Return the range of ``updatedAt`` (epoch ms) that one of the two searches sees."""
    return (FOREVER[0], now - HORIZON) if archive else (now - HORIZON, FOREVER[1])


def run(index: Index, query: Query, visible: Span, ties: Random) -> Found:
    """Return the page asked for.

    Args:
        index: what the search sees.
        query: the request.
        visible: range of ``updatedAt`` of this kind of search.
        ties: decides about the order of equal sort values.
    """
    keys = index.keys(deleted=query.include_deleted)
    start = bisect_left(keys, (max(query.span[0], visible[0]), ""))
    stop = max(start, bisect_left(keys, (min(query.span[1], visible[1]), "")))
    skip, size = (query.page - 1) * query.page_size, query.page_size
    if query.sorts_by_update and query.sort and not query.is_filtered:
        rows = _page_of_keys(
            keys, start, stop, skip=skip, size=size, descending=query.sort[1], ties=ties
        )
        return Found([index.seen[one] for _, one in rows], stop - start)
    records = [index.seen[one] for _, one in keys[start:stop]]
    if query.is_filtered:
        records = [record for record in records if query.matches(record)]
    records = _ordered(records, query, ties)
    return Found(records[skip : skip + size], len(records))


def outsiders(index: Index, query: Query, few: int = 100) -> list[Resource]:
    """Return some records that lie before or after the span of a query."""
    keys = index.keys(deleted=query.include_deleted)
    start, stop = (bisect_left(keys, (bound, "")) for bound in query.span)
    around = keys[max(0, start - few) : start] + keys[stop : stop + few]
    return [index.seen[one] for _, one in around]


def _page_of_keys(
    keys: list[Key], start: int, stop: int, *, skip: int, size: int, descending: bool, ties: Random
) -> list[Key]:
    """Cut a page out of ``keys[start:stop]`` without looking at the rest of it."""
    first, end = start + skip, start + skip + size
    if descending:
        first, end = stop - skip - size, stop - skip
    first, end = max(first, start), min(end, stop)
    if first >= end:
        return []
    # Ties reach over the borders of the page: shuffle them whole, then cut.
    wide_start = max(start, bisect_left(keys, (keys[first][0], "")))
    wide_stop = min(stop, bisect_left(keys, (keys[end - 1][0] + 1, "")))
    wide = [(updated, ties.random(), one) for updated, one in keys[wide_start:wide_stop]]
    wide.sort()
    page = [(updated, one) for updated, _, one in wide[first - wide_start : end - wide_start]]
    return page[::-1] if descending else page


def _ordered(records: list[Resource], query: Query, ties: Random) -> list[Resource]:
    if query.sort is None:
        # Arbitrary, yet the same for every page.
        return sorted(records, key=lambda record: crc32(record.id.encode()))
    attribute, descending = query.sort
    ties.shuffle(records)
    valued = [(attribute.value(record), record) for record in records]
    present = [(value, record) for value, record in valued if isinstance(value, str | int | float)]
    absent = [record for value, record in valued if not isinstance(value, str | int | float)]
    present.sort(key=lambda pair: (isinstance(pair[0], str), pair[0]), reverse=descending)
    return [record for _, record in present] + absent
