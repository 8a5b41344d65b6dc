"""Limits how deep JSON may nest: some library on the way fails above `MAX_DEPTH` levels."""

from __future__ import annotations

import re

# Deeper than any real record, and shallow enough for every library on the way to a database.
MAX_DEPTH = 200

_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^"{}\[\]]+', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))


def is_too_deep(raw: bytes) -> bool:
    """Whether objects and lists nest deeper than `MAX_DEPTH`."""
    if raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:  # a cheap test that most records pass
        return False
    depth = 0
    for bracket in _TEXT.sub(b"", raw).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"{[" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def cut(body: bytes) -> bytes:
    """The same JSON, with objects and lists emptied below twice `MAX_DEPTH` levels.

    A truncated record is still too deep, so it is never taken for complete.
    """
    kept: list[bytes] = []
    depth = 0
    for token in _TOKEN.findall(body):
        depth -= token in b"}]"
        if depth < 2 * MAX_DEPTH:
            kept.append(token)
        depth += token in b"{["
    return b"".join(kept)
