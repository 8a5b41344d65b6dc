"""Instants: epoch milliseconds inside, Kustomer's text outside.

Every timestamp in a response carries milliseconds and ``Z`` (documented).
"""

import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = EPOCH.replace(tzinfo=None)
SECOND = 1_000
HOUR = 3_600_000
DAY = 24 * HOUR
_MILLISECOND = timedelta(milliseconds=1)


def wall_ms() -> int:
    """Return the wall clock in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def to_ms(text: str) -> int:
    """Return the epoch milliseconds of an instant such as ``2026-05-01T10:30:00.123Z``."""
    return (datetime.fromisoformat(text) - EPOCH) // _MILLISECOND


def to_text(ms: int) -> str:
    """Return Kustomer's text of an instant given in epoch milliseconds."""
    moment = _NAIVE_EPOCH + timedelta(milliseconds=ms)
    return moment.isoformat(timespec="milliseconds") + "Z"
