"""Decodes a response body into values that every target can store.

Numbers keep every digit (`Decimal`). Valid JSON that no target can store is repaired: U+0000 and
lone surrogates, in keys too, become U+FFFD; a number with more digits than Python parses becomes a
string. If two keys of an object become equal that way, the second gets the suffix `#2`.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import msgspec

from tap_kustomer import nesting
from tap_kustomer.errors import RecordError

if TYPE_CHECKING:
    from tap_kustomer.jsonapi import Json

# The limit of Python's `int`, and so of targets written in Python. PostgreSQL's numeric fits more.
MAX_DIGITS = 4_300

T = TypeVar("T")


def _decimal(digits: str) -> Decimal | str:
    try:
        value = Decimal(digits)
    except ArithmeticError:
        return digits
    fits = len(digits) <= MAX_DIGITS and abs(value.adjusted()) <= MAX_DIGITS
    return value if fits else digits


ANY = msgspec.json.Decoder(float_hook=_decimal)
# Databases reject it but JSON decoders accept it, so the body is searched for it.
_NUL = rb"\u0000"
# Matches every JSON escape, so that an escaped backslash followed by a `u` is not mistaken for one.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<bad>u[dD][89a-fA-F]..|u0000)|.)", re.DOTALL
)
_REPLACEMENT = "\ufffd"


def decode(body: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[Any] = ANY) -> Json:
    """The JSON value of `body`, by default with floats as `Decimal`.

    Raises:
        ValueError: the body is not JSON, or not what `decoder` expects.
    """
    sent = bytes(body)
    try:
        if _NUL not in sent:
            try:
                return decoder.decode(sent)
            except ValueError:  # a lone surrogate, a number too long, or not JSON
                pass
        return decoder.decode(_repaired(sent))
    except RecursionError:
        msg = "nested too deeply"
        raise ValueError(msg) from None


def decode_envelope(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """The members of a response, whose records stay raw; what nests too deeply is truncated.

    A truncated record is still too deep for `decode_record`, so it never passes for whole.

    Raises:
        ValueError: the body is not JSON, or not what `decoder` expects.
    """
    try:
        found: T = decode(body, decoder)
    except ValueError:
        if not nesting.is_too_deep(body):
            raise
        found = decode(nesting.cut(body), decoder)
    return found


def decode_record(raw: bytes | msgspec.Raw, record_id: str) -> dict[str, Any]:
    """The JSON:API resource of one record; `record_id` is what the error names.

    Raises:
        RecordError: a number in it is too large, or it nests too deeply.
    """
    if not nesting.is_too_deep(bytes(raw)):
        try:
            resource: dict[str, Any] = decode(raw)
        except ValueError:
            pass
        else:
            return resource
    msg = f"Record {record_id} can't be read: a number is too large, or it nests too deeply."
    raise RecordError(msg)


def _repaired(body: bytes) -> bytes:
    """The same JSON without what no target can store. Slow, but rarely needed.

    Raises:
        ValueError: the body is not JSON.
    """
    value = json.loads(
        _ESCAPE.sub(_repair_escape, body).decode(),
        object_pairs_hook=_unique_keys,
        parse_int=_verbatim,
        parse_float=_verbatim,
        parse_constant=_reject_constant,
    )
    return msgspec.json.encode(value)


def _repair_escape(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["bad"] else escape[0]


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        key, suffix = name, 1
        while _REPLACEMENT in name and key in members:
            suffix += 1
            key = f"{name}#{suffix}"
        members[key] = value
    return members


def _verbatim(digits: str) -> msgspec.Raw | str:
    """A number with its original digits; a string if there are too many."""
    return msgspec.Raw(digits.encode()) if len(digits) <= MAX_DIGITS else digits


def _reject_constant(constant: str) -> NoReturn:
    msg = f"{constant} is not JSON"
    raise ValueError(msg)
