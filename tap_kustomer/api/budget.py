"""A request budget: at most `limit` requests in any 60 seconds, over all threads.

- A slot is released 60 s after the *response*, so that Kustomer never counts more than `limit` in
  one window, however long a request took to arrive.
- `pause` blocks every thread: Kustomer's rate limit headers override our own count.

See docs/BEHAVIOR.md, "Two rate limits".
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WINDOW = 60.0


class Budget:
    """A sliding window over the last 60 s.

    `used` counts requests, `waited` the seconds in which at least one thread was blocked.
    """

    def __init__(
        self,
        limit: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Condition, float | None], object] = threading.Condition.wait,
    ) -> None:
        """Allow `limit` requests; `clock` gives seconds, `wait` sleeps on the condition."""
        self.limit = limit
        self.used = 0
        self.waited = 0.0
        self._clock = clock
        self._wait = wait
        self._changed = threading.Condition()
        self._answered: deque[float] = deque()
        self._in_flight = 0
        self._held_back = 0
        self._held_since = 0.0
        self._paused_until = 0.0

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold one request's slot; blocks until one is free."""
        self._acquire()
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._answered.append(self._clock())
                self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Let no request start for `seconds` from now."""
        with self._changed:
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _acquire(self) -> None:
        with self._changed:
            if self._seconds_to_wait() != 0:
                self._wait_for_slot()
            self._in_flight += 1
            self.used += 1

    def _wait_for_slot(self) -> None:
        if not self._held_back:
            self._held_since = self._clock()
        self._held_back += 1
        try:
            while (seconds := self._seconds_to_wait()) != 0:
                self._wait(self._changed, seconds)
        finally:
            self._held_back -= 1
            if not self._held_back:
                self.waited += self._clock() - self._held_since

    def _seconds_to_wait(self) -> float | None:
        """0 if a slot is free; `None` if a request in flight must finish first."""
        now = self._clock()
        while self._answered and self._answered[0] <= now - WINDOW:
            self._answered.popleft()
        if now < self._paused_until:
            return self._paused_until - now
        if self._in_flight + len(self._answered) < self.limit:
            return 0
        return self._answered[0] + WINDOW - now if self._answered else None
