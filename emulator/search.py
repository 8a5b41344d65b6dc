"""Runs a parsed search against an index.

The search sees what was updated within two years, the archive search what is older; that the two
are disjoint is inferred. The order of equal instants differs in every answer: not documented, and
chosen as the least reliable order.
"""

from bisect import bisect_left
from dataclasses import dataclass
from random import Random
from zlib import crc32

from emulator.index import Index, Key
from emulator.query import FOREVER, Query, Span
from emulator.resource import Resource
from emulator.times import DAY

HORIZON = 730 * DAY


@dataclass
class Found:
    """One page of a search, and how many records are on all pages."""

    records: list[Resource]
    total: int
    timed_out: bool = False


def visible_span(now: int, *, archive: bool) -> Span:
    """Return the range of the first date that the search, or the archive search, sees."""
    line = now - HORIZON
    return (FOREVER[0], line - 1) if archive else (line, FOREVER[1])


def run(
    index: Index, query: Query, visible: Span, ties: Random, *, unsorted: bool = False
) -> Found:
    """Return the page asked for.

    Args:
        index: what the search sees.
        query: the request.
        visible: range of ``updatedAt`` of this search.
        ties: decides about the order of equal timestamps.
        unsorted: ignore the sort; the order is arbitrary, yet the same for every page.
    """
    keys = index.keys(deleted=query.include_deleted)
    start = _position(keys, max(query.updated[0], visible[0]))
    stop = _position(keys, min(query.updated[1], visible[1]) + 1)
    if query.created != FOREVER:
        first, last = query.created
        keys = [key for key in keys[start:stop] if first <= index.seen[key[1]].created <= last]
        start, stop = 0, len(keys)
    begin = start + (query.page - 1) * query.page_size
    end = min(begin + query.page_size, stop)
    if unsorted:
        arbitrary = sorted(keys[start:stop], key=lambda key: crc32(key[1].encode()))
        page = arbitrary[begin - start : end - start]
    else:
        page = _shuffled_ties(keys, start, stop, begin, end, ties)
    return Found([index.seen[record_id] for _, record_id in page], max(stop - start, 0))


def outsiders(index: Index, query: Query, few: int = 100) -> list[Resource]:
    """Return some records just before and after the range of a query."""
    keys = index.keys(deleted=query.include_deleted)
    start, stop = _position(keys, query.updated[0]), _position(keys, query.updated[1] + 1)
    around = keys[max(0, start - few) : start] + keys[stop : stop + few]
    return [index.seen[record_id] for _, record_id in around]


def _position(keys: list[Key], instant: int) -> int:
    """Return the position of the first key at or after an instant."""
    return bisect_left(keys, (instant, ""))


def _shuffled_ties(
    keys: list[Key], start: int, stop: int, begin: int, end: int, ties: Random
) -> list[Key]:
    """Return ``keys[begin:end]``, a page of ``keys[start:stop]``, with ties in random order."""
    if begin >= end:
        return []
    # Ties reach over the borders of the page: shuffle them whole, then cut.
    low = max(start, _position(keys, keys[begin][0]))
    high = min(stop, _position(keys, keys[end - 1][0] + 1))
    wide = sorted((updated, ties.random(), record_id) for updated, record_id in keys[low:high])
    return [(updated, record_id) for updated, _, record_id in wide[begin - low : end - low]]
