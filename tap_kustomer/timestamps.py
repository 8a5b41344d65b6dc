"""Instants: milliseconds since 1970 (UTC), the resolution of Kustomer's timestamps.

Walks compare and split time, so inside the tap an instant is an `int`. Its text form is the one
Kustomer itself sends, `2026-05-01T10:30:00.123Z`; equal instants always give equal text.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SECOND = 1_000
DAY = 86_400 * SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(text: str) -> int:
    """The instant a date or date-time names; without an offset it is read as UTC.

    Raises:
        ValueError: the text is not an ISO 8601 date or date-time, or in UTC its year is not one
            from 1 to 9999.
    """
    moment = datetime.fromisoformat(text)
    instant = of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if not FIRST <= instant <= LAST:
        msg = "in UTC its year is not one from 1 to 9999"
        raise ValueError(msg)
    return instant


def of(moment: datetime) -> int:
    """The instant of an aware `datetime`, truncated to milliseconds."""
    seconds = int(moment.replace(microsecond=0).timestamp())
    return seconds * SECOND + moment.microsecond // 1_000


def text(instant: int) -> str:
    """An instant in Kustomer's own form, always with milliseconds and `Z`.

    Clamped to years 1 to 9999, which the earliest instant minus a lookback would leave.
    """
    moment = _EPOCH + timedelta(milliseconds=min(max(instant, FIRST), LAST))
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


# The range of years 1 to 9999.
FIRST = of(datetime.min.replace(tzinfo=UTC))
LAST = of(datetime.max.replace(tzinfo=UTC))
