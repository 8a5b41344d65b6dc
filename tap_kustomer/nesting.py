"""How deep JSON nests: more than `MAX_DEPTH` levels are too many for some library on the way."""

from __future__ import annotations

import re

# Deeper than any record is, and shallow enough for every library on the way to a database.
MAX_DEPTH = 200

_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PIECE = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^"{}\[\]]+', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))


def is_too_deep(raw: bytes) -> bool:
    """Whether objects and lists nest deeper than `MAX_DEPTH`."""
    if raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:  # in all: true of most records
        return False
    depth = 0
    for bracket in _TEXT.sub(b"", raw).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"{[" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def cut(body: bytes) -> bytes:
    """The same JSON, with empty objects and lists where it nests deeper than twice `MAX_DEPTH`.

    A record that is cut is still too deep, so it is never taken for whole.
    """
    kept: list[bytes] = []
    depth = 0
    for piece in _PIECE.findall(body):
        depth -= piece in b"}]"
        if depth < 2 * MAX_DEPTH:
            kept.append(piece)
        depth += piece in b"{["
    return b"".join(kept)
