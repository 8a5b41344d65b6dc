"""Pages as JSON: ``meta``, ``links`` and the stored records joined behind them."""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from emulator.query import Query
from emulator.resource import JsonObject
from emulator.search import Found
from emulator.switches import Switches


def search_bytes(
    path: str, query: Query, found: Found, switches: Switches, page_size: int
) -> bytes:
    """Return the JSON answer of a search that was asked for pages of a size.

    ``links.next`` and ``links.last`` ignore the caps on pages and records, as seen by peers. What
    ``idsOnly`` leaves of a record is not documented: the emulator keeps ``type`` and ``id``.
    """
    rows = [record.raw for record in found.records]
    if query.ids_only:
        rows = [msgspec.json.encode({"type": one.type, "id": one.id}) for one in found.records]
    if switches.bare_search:
        return page_bytes({}, rows)
    cap = switches.total_cap
    total = found.total if cap is None else min(found.total, cap)
    pages = -(-total // query.page_size)
    params = {"idsOnly": "true"} if query.ids_only else {}
    links = page_links(path, params, page=query.page, size=page_size, more=query.page < pages)
    links["last"] = page_links(path, params, page=max(1, pages), size=page_size)["self"]
    meta = {
        "pageSize": page_size,
        "page": query.page,
        "total": total,
        "totalPages": pages,
        "aggregations": {},
        "timed_out": found.timed_out,
    }
    return page_bytes({"meta": meta, "links": links}, rows)


def page_links(
    path: str, params: Mapping[str, str], *, page: int, size: int, more: bool = False
) -> JsonObject:
    """Return the relative links of a page; ``prev`` and ``next`` are null at the ends."""
    extra = f"&{urlencode(params)}" if params else ""

    def link(number: int) -> str:
        return f"{path}?page={number}&pageSize={size}{extra}"

    return {
        "self": link(page),
        "first": link(1),
        "prev": link(page - 1) if page > 1 else None,
        "next": link(page + 1) if more else None,
    }


def page_bytes(head: JsonObject, rows: list[bytes], included: list[bytes] | None = None) -> bytes:
    """Return ``head`` with ``data`` and ``included`` added, as JSON; the rows are JSON already."""
    opening = msgspec.json.encode(head)[:-1] + (b"," if head else b"")
    more = (b'],"included":[', b",".join(included)) if included is not None else ()
    return b"".join((opening, b'"data":[', b",".join(rows), *more, b"]}"))
