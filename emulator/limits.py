"""The two rate limits: requests of the org, and searches, each per 60 seconds (documented).

Whether the window slides is not documented; the emulator's slides, and refused requests use
nothing up. ``x-ratelimit-reset`` is sent only with a 429, as the older reference says.
"""

from collections import deque
from dataclasses import dataclass, field

from emulator.switches import Switches
from emulator.times import SECOND

WINDOW = 60 * SECOND


@dataclass
class Window:
    """Times (epoch ms) of the requests of the last 60 seconds."""

    times: deque[int] = field(default_factory=deque)

    def left(self, now: int, limit: int, other_use: float) -> int:
        """Return how many more requests are allowed at ``now``."""
        while self.times and self.times[0] <= now - WINDOW:
            self.times.popleft()
        return max(0, limit - int(limit * other_use) - len(self.times))

    def reset(self, now: int) -> int:
        """Return when (epoch ms) the oldest request leaves the window."""
        return (self.times[0] if self.times else now) + WINDOW


@dataclass
class Limits:
    """Both windows of one org."""

    org: Window = field(default_factory=Window)
    search: Window = field(default_factory=Window)

    def use(self, now: int, switches: Switches, *, search: bool) -> tuple[bool, dict[str, str]]:
        """Count a request.

        Returns:
            Whether it is allowed, and the headers of its answer. A refusal describes the budget
            that is used up.
        """
        budgets = [(self.org, switches.org_limit)]
        if search:
            budgets.append((self.search, switches.search_limit))
        for window, limit in budgets:
            if limit is not None and not window.left(now, limit, switches.other_use):
                return False, refusal_headers(switches, limit, now, window.reset(now))
        for window, _ in budgets:
            window.times.append(now)
        window, limit = budgets[-1] if search and switches.search_headers else budgets[0]
        if limit is None or not switches.rate_headers:
            return True, {}
        left = window.left(now, limit, switches.other_use)
        return True, {"x-ratelimit-limit": str(limit), "x-ratelimit-remaining": str(left)}


def refusal_headers(switches: Switches, limit: int, now: int, reset: int) -> dict[str, str]:
    """Return the headers of a 429 whose limit resets at ``reset`` (epoch ms)."""
    headers: dict[str, str] = {}
    wait = -((now - reset) // SECOND)
    if switches.rate_headers:
        headers |= {"x-ratelimit-limit": str(limit), "x-ratelimit-remaining": "0"}
    if switches.reset_unit:
        # Rounded up: who waits until then is let in.
        units = {"seconds": -(-reset // SECOND), "milliseconds": reset, "relative": wait}
        headers["x-ratelimit-reset"] = str(units[switches.reset_unit])
    if switches.retry_after:
        headers["retry-after"] = str(wait)
    return headers
