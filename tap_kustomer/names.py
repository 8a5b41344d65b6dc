"""Names of columns and streams derived from the org's own names, each from a single one.

So creating or deleting anything else in the org never renames a column or a table. PostgreSQL
truncates names to 63 bytes, and file systems and databases may ignore case. So a name that is too
long, or that would lose information when simplified, ends in a hash of the original.
"""

from __future__ import annotations

import re
from hashlib import sha256

from tap_kustomer.schemas import snake_case

MAX_NAME_BYTES = 63
"""In bytes of UTF-8."""
MAX_KLASS_LENGTH = 40

_HASH_LENGTH = 8
_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HASHED = re.compile(r"(.*-)?[0-9a-f]{8}")
_OTHERS = re.compile(r"[^a-z0-9]+")


def custom_column(attribute: str) -> str:
    """`orderNumberStr` → `custom__order_number_str`."""
    name = f"custom__{snake_case(attribute)}"
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    return f"{_truncate(name, MAX_NAME_BYTES - _HASH_LENGTH - 1)}_{_hash(attribute)}"


def klass_stream(klass: str) -> str:
    """`ecomm-order` → `kobjects_ecomm_order`; `Ecomm_order` → `kobjects_ecomm_order_304f332f`.

    Injective: a result without a hash can be reversed, and can't look like one with a hash.
    """
    plain = _KEBAB.fullmatch(klass) and len(klass) <= MAX_KLASS_LENGTH
    if plain and not _HASHED.fullmatch(klass):
        return f"kobjects_{klass.replace('-', '_')}"
    readable = _truncate(_OTHERS.sub("_", snake_case(klass)).strip("_"), MAX_KLASS_LENGTH)
    return "_".join(filter(None, ["kobjects", readable, _hash(klass)]))


def _truncate(name: str, length: int) -> str:
    """The first `length` bytes of a name, without a partial character."""
    return name.encode()[:length].decode(errors="ignore").rstrip("_")


def _hash(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()[:_HASH_LENGTH]
