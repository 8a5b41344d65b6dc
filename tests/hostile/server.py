"""A Kustomer of a few tables, made to be corrupted: honest until a hook changes its answers.

It shares no code with the emulator or the tap, so a mistake made in both can't hide here. It never
hangs: once its patience is used up, every request fails the test.
"""

from __future__ import annotations

import json
import math
import threading
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.hostile.records import SECOND, Record, Row, parse, row

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Mapping

SEARCH = "/v1/customers/search"
ARCHIVE = "/v1/customers/archive/search"
TOKEN = "/v1/auth/tokens/current"  # noqa: S105  (a path, not a password)


@dataclass(frozen=True)
class Ask:
    """One request; `number` counts from 1."""

    number: int
    method: str
    path: str
    query: Mapping[str, str]
    body: Any

    @property
    def is_search(self) -> bool:
        """Whether one of the two searches is asked."""
        return self.path in {SEARCH, ARCHIVE}

    @property
    def context(self) -> str:
        """The query context of a search."""
        return str(self.body["queryContext"])

    @property
    def page(self) -> int:
        """The page asked for, from 1."""
        return int(self.query.get("page", 1))

    @property
    def size(self) -> int:
        """The page size asked for."""
        return int(self.query.get("pageSize", 100))


@dataclass
class Reply:
    """One answer: `data`, `meta` and `links` of its body, or `body` itself."""

    data: Any = None
    meta: Row | None = None
    links: Row | None = None
    status: int = 200
    body: bytes | None = None
    more: Row = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The body."""
        if self.body is not None:
            return self.body
        items = self.data if isinstance(self.data, list) else []
        if any(isinstance(item, Record) for item in items):
            data = b",".join(i.raw if isinstance(i, Record) else _dump(i) for i in items)
            data = b"[" + data + b"]"
        else:
            data = _dump(self.data)
        members: Row = {"meta": self.meta, "links": self.links, **self.more}
        rest = _dump({name: one for name, one in members.items() if one is not None})
        return b'{"data":' + data + (b"," if len(rest) > 2 else b"") + rest[1:]


def _dump(value: Any) -> bytes:  # noqa: ANN401  (any JSON)
    return json.dumps(value).encode()


def refusal(status: int) -> Reply:
    """An error as Kustomer words it."""
    return Reply(status=status, body=b'{"errors":[{"code":"some_code"}]}')


@dataclass
class _Response:
    status_code: int
    headers: dict[str, str]
    body: bytes

    def get_data(self) -> bytes:
        return self.body


class Server:
    """Answers as Kustomer does, then lets each hook change or replace the answer.

    It stands in for an emulator and its WSGI app: `app`, `test_client` and `open` are all that
    in-process transports ask of those.
    """

    def __init__(
        self,
        records: Iterable[Record] = (),
        *,
        context: str = "customer",
        patience: int = 1_000,
    ) -> None:
        """Hold `records` of one query context; others come with `put`."""
        self.index: dict[str, list[Record]] = {}
        self.lists: dict[str, list[Row] | Callable[[Ask], list[Any]]] = {}
        self.items: dict[str, Row] = {TOKEN: row("token", name="key", roles=["org.user.read"])}
        self.hooks: list[Callable[[Ask, Reply], Reply | None]] = []
        self.asked: list[Ask] = []
        self.patience = patience
        self.in_micros = False
        self.lte_is_lt = False
        self.shuffle: random.Random | None = None
        self.knows: Callable[[str, Record], bool] | None = None
        self._lock = threading.RLock()
        self.put(context, records)

    def put(self, context: str, records: Iterable[Record]) -> None:
        """Hold these records, and no others, in a query context."""
        self.index[context] = sorted(records, key=lambda one: (self._at(one), one.id))

    @property
    def app(self) -> Self:
        """As an emulator has one."""
        return self

    def test_client(self) -> Self:
        """As a WSGI app has one."""
        return self

    def open(
        self,
        path: str,
        *,
        method: str,
        headers: Mapping[str, str],
        data: bytes | None,
    ) -> _Response:
        """Answer one request, as Werkzeug's test client does."""
        del headers
        parts = urlsplit(path)
        with self._lock:
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            number = len(self.asked) + 1
            ask = Ask(number, method, parts.path, query, json.loads(data) if data else None)
            self.asked.append(ask)
            assert number <= self.patience, f"{number} requests are too many"
            reply = self._route(ask)
            for hook in self.hooks:
                reply = hook(ask, reply) or reply
            return _Response(reply.status, reply.headers, reply.encode())

    def _route(self, ask: Ask) -> Reply:
        if ask.is_search and ask.method == "POST":
            return self._search(ask)
        if ask.path in self.lists:
            held = self.lists[ask.path]
            return paged(ask, held(ask) if callable(held) else held)
        if ask.path in self.items:
            return Reply(self.items[ask.path])
        return refusal(404)

    def _search(self, ask: Ask) -> Reply:
        if ask.page > 100 or ask.page * ask.size > 10_000 or ask.size > 500:
            return refusal(400)
        try:
            found = self.matching(ask)
            if self.knows:
                found = [one for one in found if self.knows(ask.path, one)]
        except (KeyError, TypeError, ValueError):
            return refusal(400)
        return paged(ask, found, total=True)

    def matching(self, ask: Ask) -> list[Record]:
        """All records in the range asked for, also those that the answer does not know."""
        low, high, first, last = -math.inf, math.inf, -math.inf, math.inf
        for criterion in ask.body.get("and", []):
            ((name, bound),) = criterion.items()
            ((operator, moment),) = bound.items()
            instant = parse(moment) * SECOND
            from_, upper = {
                "gte": (instant, math.inf),
                "gt": (instant + 1, math.inf),
                "lte": (-math.inf, instant - self.lte_is_lt),
                "lt": (-math.inf, instant - 1),
                "equals": (instant, instant),
            }[operator]
            if name.endswith("_updated_at"):
                low, high = max(low, from_), min(high, upper)
            elif name.endswith("_created_at"):
                first, last = max(first, from_), min(last, upper)
            else:
                raise KeyError(name)
        rows = self.index.get(ask.body["queryContext"], [])
        rows = rows[bisect_left(rows, low, key=self._at) : bisect_right(rows, high, key=self._at)]
        if first > -math.inf or last < math.inf:
            rows = [
                one
                for one in rows
                if one.created is not None and first <= one.created * SECOND <= last
            ]
        if not ask.body.get("includeDeleted"):
            rows = [one for one in rows if not one.deleted]
        if self.shuffle:
            tied = not rows or self._at(rows[0]) == self._at(rows[-1])
            draw = self.shuffle.random
            rows = sorted(rows, key=lambda _: draw())
            if not tied:
                rows.sort(key=self._at)
        return rows

    def _at(self, record: Record) -> int:
        return record.updated * SECOND + (record.micros if self.in_micros else 0)


def paged(ask: Ask, held: list[Any], *, total: bool = False) -> Reply:
    """A page of what is held, with honest links."""
    start = (ask.page - 1) * ask.size
    query = {**ask.query, "page": ask.page + 1, "pageSize": ask.size}
    more = start + ask.size < len(held)
    meta: Row = {"page": ask.page, "pageSize": ask.size}
    if total:
        meta["total"] = len(held)
    links = {"next": f"{ask.path}?{urlencode(query)}" if more else None}
    return Reply(held[start : start + ask.size], meta, links)
