"""The audit log: cursor pagination by entry id, newest first.

Known from one complete response (2021): entries are sorted by id, descending; `filter[start]` and
`filter[end]` do not compare `createdAt`, which is up to 1.5 s later than `publishedAt`; the last
page has a `next` link too. So the cursor is the last id seen, and only a page without a new entry
is the end: the server may have cut or filtered a short page. Ascending order works as well.
See docs/BEHAVIOR.md, "Audit log".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_kustomer import jsonapi
from tap_kustomer.errors import OverloadedError, TransientError
from tap_kustomer.walks.items import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_kustomer.api.client import Client
    from tap_kustomer.walks.items import Answer, Item


class Cursor:
    """Reads one range of entries, page by page."""

    def __init__(self, client: Client, path: str, params: Mapping[str, str], count: int) -> None:
        """Request `count` entries per page; halve that each time it overloads the server."""
        self._client = client
        self._path = path
        self._params = params
        self._count = count
        self._position: dict[str, str] = {}
        """The query parameter that starts the next page: `before` or `after` an id."""

    def read(self) -> Iterator[Item]:
        """Each entry once; entries without an id are not deduplicated.

        Raises:
            KustomerError: as the client does; also when the cursor does not advance.
        """
        seen: set[str] = set()
        while True:
            page = self._client.retry(self._path, self._attempt)
            fresh = [item for item in page.data if not item.id or item.id not in seen]
            yield from fresh
            ids = [item.id for item in page.data if item.id]
            if not set(ids) - seen:
                self._check_is_end(page, ids)
                return
            seen.update(ids)
            self._advance(ids)

    def _attempt(self) -> Answer:
        query: dict[str, str | int] = {**self._params, **self._position, "count": self._count}
        try:
            return parse(self._client.get(self._path, query), self._path)
        except OverloadedError:
            self._count = max(self._count // 2, 1)
            raise

    def _check_is_end(self, page: Answer, ids: list[str]) -> None:
        """Reject a full page without new entries: the server has ignored the cursor.

        Raises:
            TransientError: the page is full, so it does not prove the end.
        """
        # Without `meta.count` the size of a full page is unknown: one entry counts as full. But
        # entries without an id can't show whether the cursor was ignored, nor be one themselves.
        known_size = jsonapi.count_in(page.meta.get("count")) or 1
        full_page = min(self._count, known_size) if ids else self._count
        is_cursor_itself = len(page.data) == 1 and ids == list(self._position.values())
        if len(page.data) >= full_page and not is_cursor_itself:
            raise TransientError(self._path, "the cursor does not advance")

    def _advance(self, ids: list[str]) -> None:
        """Start the next page after the last of `ids`; a single id keeps the previous direction.

        Raises:
            TransientError: the ids are not sorted.
        """
        if len(ids) == 1 and self._position:
            self._position = dict.fromkeys(self._position, ids[0])
        elif ids == sorted(ids, reverse=True):
            self._position = {"before": ids[-1]}
        elif ids == sorted(ids):
            self._position = {"after": ids[-1]}
        else:
            raise TransientError(self._path, "the entries are not sorted by id")
