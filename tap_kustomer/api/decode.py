"""An answer's body, decoded once, into values that every target can store.

Numbers keep every digit (`Decimal`). What valid JSON may hold but a target can't is mended: U+0000
and half a surrogate pair, in keys too, become U+FFFD; a number of more digits than Python reads
becomes text. Keys of one object that become equal by that stay apart: the second ends in `#2`.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

if TYPE_CHECKING:
    from tap_kustomer.jsonapi import Json

# What Python's own `int` reads, and so every target written in it; PostgreSQL's numeric has room.
MOST_DIGITS = 4_300


def _decimal(digits: str) -> Decimal | str:
    try:
        value = Decimal(digits)
    except ArithmeticError:
        return digits
    fits = len(digits) <= MOST_DIGITS and abs(value.adjusted()) <= MOST_DIGITS
    return value if fits else digits


ANY = msgspec.json.Decoder(float_hook=_decimal)
# No database stores it; the body is searched for it, since JSON decoders take it.
_NUL = rb"\u0000"
# One JSON escape at a time, so that an escaped backslash before a `u` is not taken for one.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<bad>u[dD][89a-fA-F]..|u0000)|.)", re.DOTALL
)
_REPLACED = "\ufffd"


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
            except ValueError:  # half a surrogate pair, a number too long, or no JSON at all
                pass
        return decoder.decode(_mended(sent))
    except RecursionError:
        msg = "nested too deeply"
        raise ValueError(msg) from None


def _mended(body: bytes) -> bytes:
    """The same JSON without what no target can store; rarely needed, so it may be slow.

    Raises:
        ValueError: the body is not JSON.
    """
    value = json.loads(
        _ESCAPE.sub(_mend, body).decode(),
        object_pairs_hook=_apart,
        parse_int=_verbatim,
        parse_float=_verbatim,
        parse_constant=_refuse,
    )
    return msgspec.json.encode(value)


def _mend(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["bad"] else escape[0]


def _apart(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        key, times = name, 1
        while _REPLACED in name and key in members:
            times += 1
            key = f"{name}#{times}"
        members[key] = value
    return members


def _verbatim(digits: str) -> msgspec.Raw | str:
    """A number as it was written."""
    return msgspec.Raw(digits.encode()) if len(digits) <= MOST_DIGITS else digits


def _refuse(constant: str) -> NoReturn:
    msg = f"{constant} is not JSON"
    raise ValueError(msg)
