"""Pages as JSON: ``meta`` and ``links``, with the stored records joined behind them."""

from urllib.parse import urlencode

import msgspec
from flask import request

from emulator.parameters import PAGING
from emulator.resource import JsonObject


def page_links(page: int, size: int, *, more: bool = False) -> JsonObject:
    """Return the relative links of a page; ``prev`` and ``next`` are null at the ends."""
    others = {name: value for name, value in request.args.items() if name not in PAGING}

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
