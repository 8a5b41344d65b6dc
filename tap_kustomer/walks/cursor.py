"""The audit log: pages that begin behind an id, newest first.

One whole answer is known (2021): entries in order of id, descending; `filter[start]` and
`filter[end]` not compared with `createdAt`, which lies up to 1.5 s after `publishedAt`; a `next`
link on the last page too. So the cursor is the last id seen, and a page shorter than asked for is
the last one. Oldest first is understood as well. See docs/BEHAVIOR.md, "Audit log".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_kustomer import jsonapi
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_kustomer.api.client import Client


def read_back(
    client: Client, path: str, params: Mapping[str, str | int]
) -> Iterator[dict[str, Any]]:
    """Each resource once, newest first, `params["count"]` a page.

    Raises:
        KustomerError: as the client does; also when the cursor does not move.
    """
    seen: set[str] = set()
    cursor: dict[str, str] = {}
    while True:
        document = fetch(client, path, {**params, **cursor})
        found = jsonapi.data_in(document, path)
        fresh = [item for item in found if jsonapi.id_of(item) not in seen]
        yield from fresh
        ids = [jsonapi.id_of(item) for item in found]
        seen.update(ids)
        if len(found) < _served(document, int(params["count"])):
            return
        if not fresh:
            raise TransientError(path, "the cursor does not move")
        if ids == sorted(ids, reverse=True):
            cursor = {"before": ids[-1]}
        elif ids == sorted(ids):
            cursor = {"after": ids[-1]}
        else:
            raise TransientError(path, "the entries are in no order")


def _served(document: dict[str, Any], asked: int) -> int:
    """How many entries make a full page; nobody knows if the answer does not say, so one does."""
    return min(asked, jsonapi.count_in(jsonapi.object_in(document, "meta").get("count")) or 1)
