"""An answer's body, decoded once.

Numbers keep every digit (`Decimal`), and text cut in the middle of an emoji does not stop a run.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
# One JSON escape at a time, so that an escaped backslash before a `u` is not taken for one.
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u(?P<lone>[dD][89a-fA-F]..)|.)")


def decode(body: bytes) -> Any:  # noqa: ANN401  (JSON is any value)
    """The JSON value of `body`; floats come as `Decimal`.

    Raises:
        ValueError: the body is not JSON.
    """
    try:
        return _DECODER.decode(body)
    except ValueError:
        mended = _ESCAPE.sub(_without_lone_surrogate, body)
        if mended == body:
            raise
        return _DECODER.decode(mended)
    except RecursionError:
        msg = "nested too deeply"
        raise ValueError(msg) from None


def _without_lone_surrogate(escape: re.Match[bytes]) -> bytes:
    """Half a character has no UTF-8 form; U+FFFD takes its place, as decoders agree to do."""
    return rb"\ufffd" if escape["lone"] else escape[0]
