"""Pages as JSON: ``meta`` and ``links``, with the stored records joined behind them."""

from urllib.parse import urlencode

import msgspec
from flask import request

from emulator.query import Query
from emulator.resource import JsonObject
from emulator.search import Found
from emulator.switches import Switches


def search_bytes(query: Query, found: Found, switches: Switches) -> bytes:
    """Return the answer of a search.

    ``links.next`` and ``links.last`` ignore the caps on pages and records (seen by others).
    """
    rows = [record.raw for record in found.records]
    if switches.bare_search:
        return page_bytes({}, rows)
    served = min(query.page_size, switches.clamp or query.page_size)
    total = found.total if switches.total_cap is None else min(found.total, switches.total_cap)
    pages = -(-total // served)
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


def page_links(page: int, size: int, *, more: bool = False) -> JsonObject:
    """Return the relative links of a page; ``prev`` and ``next`` are null at the ends."""
    others = {name: value for name, value in request.args.items() if not name.startswith("page")}

    def link(number: int) -> str:
        return f"{request.path}?{urlencode({'page': number, 'pageSize': size} | others)}"

    return {
        "self": link(page),
        "first": link(1),
        "prev": link(page - 1) if page > 1 else None,
        "next": link(page + 1) if more else None,
    }


def page_bytes(head: JsonObject, rows: list[bytes], included: list[bytes] | None = None) -> bytes:
    """Return ``head`` with ``data`` and ``included`` added; the rows are JSON already."""
    opening = msgspec.json.encode(head)[:-1] + (b"," if head else b"")
    more = (b'],"included":[', b",".join(included)) if included is not None else ()
    return b"".join((opening, b'"data":[', b",".join(rows), *more, b"]}"))
