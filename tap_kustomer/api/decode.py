"""An answer's body, decoded once.

Numbers keep every digit (`Decimal`), and text cut in the middle of an emoji does not stop a run.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

ANY = msgspec.json.Decoder(float_hook=Decimal)
# One JSON escape at a time, so that an escaped backslash before a `u` is not taken for one.
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u(?P<lone>[dD][89a-fA-F]..)|.)")


def decode(body: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[Any] = ANY) -> Any:  # noqa: ANN401  (JSON is any value)
    """The JSON value of `body`, by default with floats as `Decimal`.

    Raises:
        ValueError: the body is not JSON, or not what `decoder` expects.
    """
    try:
        try:
            return decoder.decode(body)
        except ValueError:
            mended = _ESCAPE.sub(_without_lone_surrogate, bytes(body))
            if mended == bytes(body):
                raise
            return decoder.decode(mended)
    except (ArithmeticError, RecursionError):
        msg = "nested too deeply, or a number beyond all bounds"
        raise ValueError(msg) from None


def _without_lone_surrogate(escape: re.Match[bytes]) -> bytes:
    """Half a character has no UTF-8 form; U+FFFD takes its place, as decoders agree to do."""
    return rb"\ufffd" if escape["lone"] else escape[0]
