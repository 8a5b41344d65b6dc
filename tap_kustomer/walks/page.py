"""One answer of a search: checked, and read just far enough to place its records.

A page stays in the form it was sent in (3 kB of JSON a record, a fifth of the decoded size), since
pages wait for their turn; a record is decoded when it is handed on.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn

import msgspec

from tap_kustomer import instants
from tap_kustomer.api.decode import decode
from tap_kustomer.api.errors import OverloadedError, TransientError
from tap_kustomer.api.retry import TRIES
from tap_kustomer.records import RecordError

LOGGER = logging.getLogger("tap-kustomer.search")
# The creation instant of a record that has none; no range of `created_at` finds such a record.
UNKNOWN = -1
# An answer shorter than its own total is believed once every try brought it, unchanged: the tries
# take about five minutes, longer than an index is partial for.
BELIEVED_AFTER = TRIES


class Span(NamedTuple):
    """A closed range of `updated_at`, or the part of it created from `first` to `last`."""

    start: int
    end: int
    first: int | None = None
    last: int | None = None


class Found(NamedTuple):
    """A record and where it stands: `instant` is its `updated_at`, `created` its `created_at`."""

    instant: int
    created: int
    id: str
    raw: bytes | msgspec.Raw
    dated: bool = True

    @property
    def resource(self) -> dict[str, Any]:
        """The decoded JSON:API resource.

        Raises:
            RecordError: a value in it is beyond what can be read.
        """
        try:
            resource: dict[str, Any] = decode(self.raw)
        except ValueError:
            msg = f"Record {self.id} can't be read: a number is too large, or it nests too deeply."
            raise RecordError(msg) from None
        return resource


@dataclass(frozen=True)
class Page:
    """An answer that passed every check; `found` is sorted by instant, creation and id.

    `size` is the page size that was served, `total` what the answer says the whole span holds.
    """

    found: list[Found]
    complete: bool
    ordered: bool
    total: int | None
    size: int


class _Envelope(msgspec.Struct):
    data: list[msgspec.Raw]
    meta: Any = None
    links: Any = None


class _Instants(msgspec.Struct):
    updated: Any = msgspec.field(default=None, name="updatedAt")
    created: Any = msgspec.field(default=None, name="createdAt")


class _Head(msgspec.Struct):
    id: Any = None
    attributes: _Instants | None = None


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_HEAD = msgspec.json.Decoder(_Head)


class PageReader:
    """Reads the answers to one question, and refuses those that can't be true."""

    def __init__(self, path: str, span: Span, number: int) -> None:
        """Expect page `number` of the records in `span`."""
        self._path = path
        self._span = span
        self._number = number
        self._short: Counter[frozenset[str]] = Counter()

    def read(self, body: bytes, size: int) -> Page:
        """The page in `body`, asked with `size` records a page.

        Raises:
            TransientError: the body is no search answer.
            OverloadedError: the answer is partial or can't be true.
        """
        try:
            answer = decode(body, _ENVELOPE)
            found = _found(answer.data, self._span.start)
        except ValueError:
            raise TransientError(self._path, "the answer is no page of records") from None
        meta = answer.meta if isinstance(answer.meta, dict) else {}
        links = answer.links if isinstance(answer.links, dict) else {}
        if meta.get("timed_out"):
            self._refuse("the search timed out")
        ids = frozenset(item.id for item in found)
        if len(ids) < len(found) and "" not in ids:  # without an id, it is no second time
            self._refuse("a record came twice in one page")
        if not all(map(self._is_within, found)):
            self._refuse("records outside the range asked for")
        # A server may serve smaller pages than it was asked for; it says so in meta.pageSize.
        size = min(size, _count(meta.get("pageSize")) or size)
        total = _count(meta.get("total"))
        counted = (self._number - 1) * size + len(found)
        more = bool(links.get("next")) or (total or 0) > counted
        if len(found) >= size:
            # Only both together say that a full page is the last one.
            more = more or total != counted
        elif more:
            more = self._number > 1 or self._ask_again_or_believe(ids)
        if more and found and not any(item.dated for item in found):
            self._refuse("no record says when it was updated")
        ordered = all(a.instant <= b.instant for a, b in pairwise(found))
        return Page(sorted(found, key=place), not more, ordered, total, size)

    def _is_within(self, item: Found) -> bool:
        start, end, first, last = self._span
        return (
            start <= item.instant <= end
            and (first is None or first <= item.created)
            and (last is None or item.created <= last)
        )

    def _ask_again_or_believe(self, ids: frozenset[str]) -> bool:
        """False once the same short page has come so often that there is no more to come."""
        self._short[ids] += 1
        if self._short[ids] < BELIEVED_AFTER:
            self._refuse("fewer records than the answer counts")
        LOGGER.warning(
            "%s counts more records than it sends from %s to %s; the same %d came %d times, so "
            "they are taken as all this key may see",
            self._path,
            instants.text(self._span.start),
            instants.text(self._span.end),
            len(ids),
            BELIEVED_AFTER,
        )
        return False

    def _refuse(self, fault: str) -> NoReturn:
        raise OverloadedError(self._path, fault)


def place(found: Found) -> tuple[int, int, str]:
    """The order in which records are handed over, whatever order they came in."""
    return found[:3]


def _found(raws: list[msgspec.Raw], start: int) -> list[Found]:
    """The records with their instants; one without `updatedAt` stands at the one before it.

    Raises:
        ValueError: an item is no JSON object.
    """
    found: list[Found] = []
    instant = start
    for raw in raws:
        key, updated, created = _head(raw)
        own = _instant(updated, UNKNOWN)
        instant = instant if own == UNKNOWN else own
        place = instant, _instant(created, UNKNOWN), str(key or "")
        found.append(Found(*place, raw, dated=own != UNKNOWN))
    return found


def _head(raw: msgspec.Raw) -> tuple[object, object, object]:
    str(raw, "utf-8")  # the record is decoded later, when it is too late to ask again
    try:
        head = _HEAD.decode(raw)
    except msgspec.ValidationError:
        # Attributes are odd: whatever they are, the record has no instants of its own.
        resource = decode(raw)
        if not isinstance(resource, dict):
            raise
        return resource.get("id"), None, None
    own = head.attributes or _Instants()
    return head.id, own.updated, own.created


def instant_of(resource: dict[str, Any], name: str = "updatedAt", *, otherwise: int) -> int:
    """The instant that an attribute of a decoded resource holds: when it was last updated."""
    attributes = resource.get("attributes")
    value = attributes.get(name) if isinstance(attributes, dict) else None
    return _instant(value, otherwise)


def _instant(value: object, otherwise: int) -> int:
    if not isinstance(value, str):
        return otherwise
    try:
        return instants.parse(value)
    except ValueError:
        return otherwise


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None
