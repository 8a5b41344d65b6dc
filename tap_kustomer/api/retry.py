"""When to ask again, and after how long. Pure: headers and times in, seconds out.

- A 429 waits for the reset that Kustomer names and costs no try.
- Everything else transient is asked `TRIES` times, about five minutes in all, with growing waits
  and some jitter, so that several clients don't come back at once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TRIES = 11
LONGEST_WAIT = 60
LONGEST_RESET = 120.0
# A 429 without any header: limits are counted over 60 s, and asking a few times within that is
# cheap, since a 429 costs no try.
UNTOLD_RESET = 15.0

_MILLISECONDS = 1e12
_EPOCH_SECONDS = 1e9


def seconds_until_reset(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from `now` (epoch) until the limit resets, 0 to 120, or `None` when untold.

    Kustomer's documents disagree on `x-ratelimit-reset`: epoch seconds, or sent only once limited.
    Milliseconds and seconds from now are understood as well. `Retry-After` in seconds wins.
    """
    wait = _number(headers.get("Retry-After"))
    if wait is None:
        reset = _number(headers.get("x-ratelimit-reset"))
        if reset is None:
            return None
        if reset >= _MILLISECONDS:
            wait = reset / 1_000 - now
        elif reset >= _EPOCH_SECONDS:
            wait = reset - now
        else:
            wait = reset
    return min(max(wait, 0.0), LONGEST_RESET)


def pause_after(status: int, headers: Mapping[str, str], now: float) -> float:
    """Seconds during which nothing should be sent after an answer; 0 when there is no reason."""
    too_many = 429
    if status == too_many:
        told = seconds_until_reset(headers, now)
        # A reset that has passed already (a clock that differs) must not become a busy loop.
        return UNTOLD_RESET if told is None else max(told, 1.0)
    if _number(headers.get("x-ratelimit-remaining")) == 0:
        return seconds_until_reset(headers, now) or 0.0
    return 0.0


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
