"""GET responses with many resources, each kept as raw JSON until it is needed.

So one resource that can't be decoded does not fail the whole response, and buffered responses take
a fraction of the memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from tap_kustomer import jsonapi
from tap_kustomer.api.decode import decode, decode_envelope, decode_record
from tap_kustomer.api.document import refuse_errors
from tap_kustomer.errors import RecordError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_kustomer.api.client import Client

_LIST, _OBJECT, _NULL = b"[", b"{", msgspec.Raw(b"null")
_NOTHING = {b"null", b"false", b"0", b'""', b"[]", b"{}"}


class Item:
    """One JSON:API resource of a response."""

    def __init__(self, raw: bytes | msgspec.Raw) -> None:
        """Keep the raw JSON."""
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
            RecordError: a number in it is too large, or it nests too deeply.
        """
        return decode_record(self.raw, self.id)

    def timestamp(self, name: str = "updatedAt", *, otherwise: int) -> int:
        """An attribute's date-time in milliseconds since 1970; `otherwise` if it is not one."""
        try:
            return jsonapi.timestamp_of(self.resource, name, otherwise=otherwise)
        except RecordError:
            return jsonapi.timestamp_in(self._raw_attribute(name), otherwise=otherwise)

    def _raw_attribute(self, name: str) -> object:
        """One attribute of a resource that can't be decoded as a whole."""
        try:
            return decode(decode(self.raw, _HEAD).attributes[name])
        except (LookupError, ValueError):
            return None


@dataclass(frozen=True)
class Answer:
    """A parsed response; `items` are the resources of the requested member."""

    data: list[Item]
    items: list[Item]
    meta: dict[str, Any]
    links: dict[str, Any]
    is_single: bool
    """Whether `data` is an object, not a list."""

    @property
    def total(self) -> int | None:
        """The number of resources in the list, if reported."""
        return jsonapi.count_in(self.meta.get("total"))


def fetch_items(
    client: Client, path: str, params: Mapping[str, str | int] | None = None
) -> list[Item]:
    """The resources at `path`, with retries.

    Raises:
        KustomerError: the first refusal, or the last failure after all attempts.
    """
    return client.retry(path, lambda: parse(client.get(path, params), path)).items


def parse(body: bytes, path: str, member: str = "data") -> Answer:
    """Parse `body`; `items` are the resources in `member`.

    Raises:
        TransientError: it is not a JSON:API document, or reports errors.
    """
    try:
        found = decode_envelope(body, _ENVELOPE)
        errors, meta, links = (decode(raw) for raw in (found.errors, found.meta, found.links))
    except msgspec.ValidationError:
        raise TransientError(path, "the response has no data") from None
    except ValueError:
        raise TransientError(path, "the response is not JSON") from None
    refuse_errors(errors, path)
    kind = _first_byte(found.data)
    if kind not in {_LIST, _OBJECT}:
        raise TransientError(path, "the response has no data")
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


def _items(raw: msgspec.Raw, path: str) -> list[Item]:
    """The resources of a member; a single object is a list of one, `{}` an empty list.

    Raises:
        TransientError: an item is not an object, or not UTF-8.
    """
    if bytes(memoryview(raw)[:6]) in _NOTHING:
        return []
    raws = _RAWS.decode(raw) if _first_byte(raw) == _LIST else [raw]
    for raw_item in raws:
        if _first_byte(raw_item) != _OBJECT:
            raise TransientError(path, "the response is not a list of records")
        try:
            str(raw_item, "utf-8")  # items are decoded later, when a retry is no longer possible
        except ValueError:
            raise TransientError(path, "the response is not JSON") from None
    return [Item(raw_item) for raw_item in raws]


def _first_byte(raw: msgspec.Raw) -> bytes:
    """The first byte, which tells the JSON type."""
    return bytes(memoryview(raw)[:1])
