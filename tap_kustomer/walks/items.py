"""Answers to GET that hold many resources; each stays as it was sent until it is needed.

So a resource that can't be decoded costs itself and not the answer, and answers that wait for
their turn take a fraction of the memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from tap_kustomer import jsonapi, nesting
from tap_kustomer.api.decode import decode
from tap_kustomer.api.document import refuse_errors
from tap_kustomer.errors import RecordError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_kustomer.api.client import Client

_LIST, _OBJECT, _NULL = b"[", b"{", msgspec.Raw(b"null")
_NOTHING = {b"null", b"false", b"0", b'""', b"[]", b"{}"}


class Item:
    """One JSON:API resource of an answer."""

    def __init__(self, raw: bytes | msgspec.Raw) -> None:
        """Keep the JSON as it was sent."""
        self.raw = raw

    @cached_property
    def id(self) -> str:
        """The id as text; empty if there is none."""
        try:
            found = decode(self.raw, _HEAD).id
        except ValueError:
            return ""
        return str(found or "")

    @cached_property
    def resource(self) -> dict[str, Any]:
        """The decoded resource.

        Raises:
            RecordError: a value in it is beyond what can be read.
        """
        if not nesting.is_too_deep(bytes(self.raw)):
            try:
                resource: dict[str, Any] = decode(self.raw)
            except ValueError:
                pass
            else:
                return resource
        msg = f"Record {self.id} can't be read: a number is too large, or it nests too deeply."
        raise RecordError(msg)

    def timestamp(self, name: str = "updatedAt", *, otherwise: int) -> int:
        """An attribute's date-time in milliseconds since 1970; `otherwise` if it holds none."""
        try:
            return jsonapi.timestamp_of(self.resource, name, otherwise=otherwise)
        except RecordError:
            return jsonapi.timestamp_in(self._sent(name), otherwise=otherwise)

    def _sent(self, name: str) -> object:
        """An attribute of a resource that can't be decoded as a whole."""
        try:
            return decode(decode(self.raw, _HEAD).attributes[name])
        except (LookupError, ValueError):
            return None


@dataclass(frozen=True)
class Answer:
    """What an answer holds; `items` are those of the member that was asked for."""

    data: list[Item]
    items: list[Item]
    meta: dict[str, Any]
    links: dict[str, Any]
    is_single: bool
    """Whether `data` is an object and no list."""

    @property
    def total(self) -> int | None:
        """How many resources the list has, if the answer says so."""
        return jsonapi.count_in(self.meta.get("total"))


def fetch_items(
    client: Client, path: str, params: Mapping[str, str | int] | None = None
) -> list[Item]:
    """The resources that `path` answers, asked again while it fails.

    Raises:
        KustomerError: the first refusal, or the last failure after all tries.
    """
    return client.retry(path, lambda: parse(client.get(path, params), path)).items


def parse(body: bytes, path: str, member: str = "data") -> Answer:
    """What `body` holds; its items are the resources in `member`.

    Raises:
        TransientError: it is no JSON:API document, or reports errors.
    """
    try:
        found = _envelope(body)
        errors, meta, links = (decode(raw) for raw in (found.errors, found.meta, found.links))
    except msgspec.ValidationError:
        raise TransientError(path, "the answer holds no data") from None
    except ValueError:
        raise TransientError(path, "the answer is not JSON") from None
    refuse_errors(errors, path)
    kind = _first(found.data)
    if kind not in {_LIST, _OBJECT}:
        raise TransientError(path, "the answer holds no data")
    data = _items(found.data, path)
    items = data if member == "data" else _items(found.included, path)
    meta, links = jsonapi.object_in(meta), jsonapi.object_in(links)
    return Answer(data, items, meta, links, is_single=kind == _OBJECT)


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = _NULL
    included: msgspec.Raw = _NULL
    errors: msgspec.Raw = _NULL
    meta: msgspec.Raw = _NULL
    links: msgspec.Raw = _NULL


class _Head(msgspec.Struct):
    id: Any = None
    attributes: dict[str, msgspec.Raw] = {}


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_HEAD = msgspec.json.Decoder(_Head)
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])


def _envelope(body: bytes) -> _Envelope:
    """The members of the answer; what nests too deeply to be read in one of its items is cut.

    Raises:
        ValueError: the body is no JSON object.
    """
    try:
        found: _Envelope = decode(body, _ENVELOPE)
    except ValueError:
        if not nesting.is_too_deep(body):
            raise
        found = decode(nesting.cut(body), _ENVELOPE)
    return found


def _items(raw: msgspec.Raw, path: str) -> list[Item]:
    """The resources of a member; a single object counts as a list of one, and `{}` as none.

    Raises:
        TransientError: an item is no object, or is not UTF-8.
    """
    if bytes(memoryview(raw)[:6]) in _NOTHING:
        return []
    raws = _RAWS.decode(raw) if _first(raw) == _LIST else [raw]
    for one in raws:
        if _first(one) != _OBJECT:
            raise TransientError(path, "the answer holds no list of records")
        try:
            str(one, "utf-8")  # an item is decoded later, when it is too late to ask again
        except ValueError:
            raise TransientError(path, "the answer is not JSON") from None
    return [Item(one) for one in raws]


def _first(raw: msgspec.Raw) -> bytes:
    """The first byte, which says what kind of value it is."""
    return bytes(memoryview(raw)[:1])
