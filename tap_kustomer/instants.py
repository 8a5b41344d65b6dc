"""Instants: milliseconds since 1970 (UTC), the resolution of Kustomer's timestamps.

Walks compare and split time, so inside the tap an instant is an `int`. Its text form is the one
Kustomer itself sends, `2026-05-01T10:30:00.123Z`; equal instants always give equal text.
"""

from __future__ import annotations

from datetime import UTC, datetime

SECOND = 1_000
DAY = 86_400 * SECOND


def parse(text: str) -> int:
    """The instant a date or date-time names; without an offset it is read as UTC.

    Raises:
        ValueError: the text is not an ISO 8601 date or date-time.
    """
    moment = datetime.fromisoformat(text)
    return of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def of(moment: datetime) -> int:
    """The instant of an aware `datetime`; parts of a millisecond are cut off."""
    seconds = int(moment.replace(microsecond=0).timestamp())
    return seconds * SECOND + moment.microsecond // 1_000


def text(instant: int) -> str:
    """An instant in Kustomer's own form, always with milliseconds and `Z`."""
    seconds, milliseconds = divmod(instant, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"
