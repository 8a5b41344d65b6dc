"""The retry policy.

- A 429 waits for the reset that Kustomer reports and does not count as an attempt.
- Any other transient failure gets `TRIES` attempts over about five minutes, with exponential
  backoff and jitter, so that several clients don't retry at the same time.
- A host that has never responded gets `FIRST_TRIES` attempts: its address is probably wrong.
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
MAX_WAIT = 60
MAX_RESET = 120.0
# For a 429 without a header. Limits are counted over 60 s; retrying a few times within that is
# cheap, since a 429 does not count as an attempt.
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
        """The result of `attempt`; `path` is for the log.

        `overloaded_tries` limits the attempts for callers that can fall back to a smaller page.

        Raises:
            KustomerError: the first refusal, or the last failure after all attempts.
        """
        tries = min(tries or self.tries, self.tries)

        def max_tries(state: RetryCallState) -> int:
            error = state.outcome.exception() if state.outcome else None
            if isinstance(error, UnreachableError):
                return min(tries, FIRST_TRIES)
            if isinstance(error, OverloadedError):
                return min(tries, overloaded_tries or tries)
            return tries

        def log(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            fault = error.fault if isinstance(error, TransientError) else "failed"
            LOGGER.warning(
                "%s: %s, attempt %d of %d, retrying in %.0f s",
                path,
                fault,
                state.attempt_number,
                max_tries(state),
                state.upcoming_sleep,
            )

        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=lambda state: state.attempt_number >= max_tries(state),
            wait=wait_exponential(max=MAX_WAIT) + wait_random(0, 1),
            sleep=self.sleep,
            before_sleep=log,
            reraise=True,
        )
        return cast("T", retrying(_within_limits, path, attempt))


def _within_limits(path: str, attempt: Callable[[], T]) -> T:
    """Repeat `attempt` after any number of 429s; the paused budget delays each repetition."""
    while True:
        try:
            return attempt()
        except LimitedError:
            LOGGER.warning("%s: rate limit reached, waiting for its reset", path)


def seconds_until_reset(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from `now` (epoch) until the limit resets, 0 to 120; `None` if no header says.

    Kustomer's documents disagree on `x-ratelimit-reset`: epoch seconds, or sent only once limited.
    Milliseconds and seconds from now are accepted too. `Retry-After` in seconds takes precedence.
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
    return min(max(wait, 0.0), MAX_RESET)


def pause_after(status: int, headers: Mapping[str, str], now: float) -> float:
    """Seconds to pause all requests after a response; 0 for no pause."""
    too_many = 429
    if status == too_many:
        reset = seconds_until_reset(headers, now)
        # A reset in the past (clocks differ) must not cause a busy loop.
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
