"""When to ask again, and after how long: the whole policy.

- A 429 waits for the reset that Kustomer names and costs no try.
- Any other passing failure is tried `TRIES` times, about five minutes in all, with growing waits
  and some jitter, so that several clients don't come back at once.
- A host that never answered is tried `FIRST_TRIES` times: its address is probably wrong.
- A refusal is never retried.
"""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, TypeVar, cast

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    wait_exponential,
    wait_random,
)

from tap_kustomer.errors import LimitedError, OverloadedError, TransientError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOGGER = logging.getLogger("tap-kustomer.api")
TRIES = 11
FIRST_TRIES = 3
LONGEST_WAIT = 60
LONGEST_RESET = 120.0
# A 429 without any header: limits are counted over 60 s, and asking a few times within that is
# cheap, since a 429 costs no try.
DEFAULT_RESET = 15.0

_MILLISECONDS = 1e12
_EPOCH_SECONDS = 1e9

T = TypeVar("T")


class Retry:
    """Repeats an attempt until it succeeds, is refused, or has failed `tries` times."""

    def __init__(self, tries: int = TRIES, sleep: Callable[[float], None] = time.sleep) -> None:
        """Wait with `sleep`, which takes seconds."""
        self.tries = tries
        self.sleep = sleep

    def __call__(
        self,
        path: str,
        attempt: Callable[[], T],
        tries: int | None = None,
        *,
        overloaded_tries: int | None = None,
    ) -> T:
        """What `attempt` returns; `path` is what the log names.

        `overloaded_tries` is how often a smaller page may be tried instead of the same again.

        Raises:
            KustomerError: the first refusal, or the last failure after all tries.
        """
        tries = min(tries or self.tries, self.tries)

        def is_last(state: RetryCallState) -> bool:
            error = state.outcome.exception() if state.outcome else None
            most = tries
            if isinstance(error, UnreachableError):
                most = min(tries, FIRST_TRIES)
            elif isinstance(error, OverloadedError):
                most = min(tries, overloaded_tries or tries)
            return state.attempt_number >= most

        def log(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            fault = error.fault if isinstance(error, TransientError) else "failed"
            LOGGER.warning(
                "%s: %s, try %d of %d, asking again in %.0f s",
                path,
                fault,
                state.attempt_number,
                tries,
                state.upcoming_sleep,
            )

        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=is_last,
            wait=wait_exponential(max=LONGEST_WAIT) + wait_random(0, 1),
            sleep=self.sleep,
            before_sleep=log,
            reraise=True,
        )
        return cast("T", retrying(_within_limits, path, attempt))


def _within_limits(path: str, attempt: Callable[[], T]) -> T:
    """Repeat `attempt` after any number of 429s; the budget holds each repetition back."""
    while True:
        try:
            return attempt()
        except LimitedError:
            LOGGER.warning("%s: rate limit reached, waiting for its reset", path)


def seconds_until_reset(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from `now` (epoch) until the limit resets, 0 to 120; `None` if no header says.

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
        reset = seconds_until_reset(headers, now)
        # A reset that has passed already (a clock that differs) must not become a busy loop.
        return DEFAULT_RESET if reset is None else max(reset, 1.0)
    if _number(headers.get("x-ratelimit-remaining")) == 0:
        return seconds_until_reset(headers, now) or 0.0
    return 0.0


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
