"""Names of columns and streams that come from the org: each depends on its own origin alone.

So nothing else that is made or removed in the org moves a column or a table. PostgreSQL cuts names
to 63 bytes, and file systems and databases may take no notice of case: what is too long, or would
lose in simplifying, ends in a hash of the origin.
"""

from __future__ import annotations

import re
from hashlib import sha256

from tap_kustomer.schemas import snake_case

LONGEST_NAME = 63
"""Bytes of UTF-8."""
LONGEST_KLASS = 40

_HASH = 8
_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HASHED = re.compile(r"(.*-)?[0-9a-f]{8}")
_OTHERS = re.compile(r"[^a-z0-9]+")


def custom_column(attribute: str) -> str:
    """`orderNumberStr` → `custom__order_number_str`."""
    name = f"custom__{snake_case(attribute)}"
    if len(name.encode()) <= LONGEST_NAME:
        return name
    return f"{_cut(name, LONGEST_NAME - _HASH - 1)}_{_hash(attribute)}"


def klass_stream(klass: str) -> str:
    """`ecomm-order` → `kobjects_ecomm_order`; `Ecomm_order` → `kobjects_ecomm_order_304f332f`.

    Injective: a name without a hash says which klass it is of, and ends in no hash.
    """
    plain = _KEBAB.fullmatch(klass) and len(klass) <= LONGEST_KLASS
    if plain and not _HASHED.fullmatch(klass):
        return f"kobjects_{klass.replace('-', '_')}"
    readable = _cut(_OTHERS.sub("_", snake_case(klass)).strip("_"), LONGEST_KLASS)
    return "_".join(filter(None, ["kobjects", readable, _hash(klass)]))


def _cut(name: str, length: int) -> str:
    """The first `length` bytes of a name, without what is cut in two."""
    return name.encode()[:length].decode(errors="ignore").rstrip("_")


def _hash(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()[:_HASH]
