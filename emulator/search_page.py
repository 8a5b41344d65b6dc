"""Answers a parsed search with a page, and with the oddities that are switched on."""

from dataclasses import replace
from random import Random

from emulator import search
from emulator.faults import SEARCH, refuse_poison, spoil
from emulator.index import Index
from emulator.pages import page_bytes, page_links
from emulator.query import FOREVER, Query
from emulator.store import Store
from emulator.switches import Switches


def search_page(
    store: Store, switches: Switches, query: Query, fault: str, rng: Random, now: int
) -> bytes:
    """Return the JSON answer at ``now`` (epoch ms); ``rng`` decides about ties and faults."""
    index = store.index(query.context, now)
    size = min(query.page_size, switches.clamp or query.page_size)
    visible = search.visible_span(now - query.archive * switches.crossing, archive=query.archive)
    if query.has_range and query.context in switches.ignored_ranges:
        query = replace(query, updated=FOREVER, created=FOREVER)
    is_matchless = query.has_range and query.context in switches.matchless_ranges
    if is_matchless or query.context in switches.blind_contexts:
        index = Index()
    unsorted = switches.unsorted or not query.is_sorted
    found = search.run(index, replace(query, page_size=size), visible, rng, unsorted=unsorted)
    if switches.max_served is not None and len(found.records) > switches.max_served:
        fault = "timed_out"
    if fault in SEARCH:
        found = spoil(found, fault, rng, search.outsiders(index, query))
    sent = [record for record in found.records if record.id not in switches.unsent]
    refuse_poison(switches, (record.id for record in sent))
    rows = [record.raw for record in sent]
    if switches.bare_search:
        return page_bytes({}, rows)
    total = found.total if switches.total_cap is None else min(found.total, switches.total_cap)
    pages = -(-total // size)
    # ``next`` and ``last`` ignore the caps on pages and records (seen by others).
    links = page_links(query.page, query.page_size, more=query.page < pages)
    links["last"] = page_links(max(1, pages), query.page_size)["self"]
    meta = {
        "pageSize": query.page_size,
        "page": query.page,
        "total": total,
        "totalPages": pages,
        "aggregations": {},
        "timed_out": found.timed_out,
    }
    return page_bytes({"meta": meta, "links": links}, rows)
