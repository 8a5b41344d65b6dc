"""The audit log: pages that begin behind an id, newest first.

One whole answer is known (2021): entries in order of id, descending; `filter[start]` and
`filter[end]` not compared with `createdAt`, which lies up to 1.5 s after `publishedAt`; a `next`
link on the last page too. So the cursor is the last id seen, and only a page without a new entry is
the end: a short page may be one that the server cut or filtered. Oldest first is understood as
well. See docs/BEHAVIOR.md, "Audit log".
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
        """Ask for `count` entries a page, and for fewer once that is too much for one answer."""
        self._client = client
        self._path = path
        self._params = params
        self._count = count
        self._behind: dict[str, str] = {}
        """Where the next page begins."""

    def read(self) -> Iterator[Item]:
        """Each entry once, those without an id as often as they come.

        Raises:
            KustomerError: as the client does; also when the cursor does not move.
        """
        seen: set[str] = set()
        while True:
            page = self._client.retry(self._path, self._attempt)
            fresh = [item for item in page.data if not item.id or item.id not in seen]
            yield from fresh
            ids = [item.id for item in page.data if item.id]
            if not set(ids) - seen:
                self._check_end(page, ids)
                return
            seen.update(ids)
            self._move(ids)

    def _attempt(self) -> Answer:
        query: dict[str, str | int] = {**self._params, **self._behind, "count": self._count}
        try:
            return parse(self._client.get(self._path, query), self._path)
        except OverloadedError:
            self._count = max(self._count // 2, 1)
            raise

    def _check_end(self, page: Answer, ids: list[str]) -> None:
        """Refuse a full page that brings nothing new: the server does not know the cursor.

        Raises:
            TransientError: the page says nothing about what follows.
        """
        # Nobody knows how many entries make a full page if the answer does not say so.
        full = min(self._count, jsonapi.count_in(page.meta.get("count")) or 1)
        is_cursor_itself = len(page.data) == 1 and ids == list(self._behind.values())
        if len(page.data) >= full and not is_cursor_itself:
            raise TransientError(self._path, "the cursor does not move")

    def _move(self, ids: list[str]) -> None:
        """Begin the next page behind the last of `ids`; a single one has the order of those before.

        Raises:
            TransientError: the ids are in no order.
        """
        if len(ids) == 1 and self._behind:
            self._behind = dict.fromkeys(self._behind, ids[0])
        elif ids == sorted(ids, reverse=True):
            self._behind = {"before": ids[-1]}
        elif ids == sorted(ids):
            self._behind = {"after": ids[-1]}
        else:
            raise TransientError(self._path, "the entries are in no order")
