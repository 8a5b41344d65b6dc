"""The two rate limits: requests of the org, and searches, each per 60 seconds (documented).

The window slides, and refused requests use nothing up: neither is documented. The reset, in epoch
seconds, is sent only with a 429, as the older reference says.
"""

from collections import deque

from emulator.switches import Switches
from emulator.times import SECOND

WINDOW = 60 * SECOND
Headers = dict[str, str]


class Window:
    """Times (epoch ms) of the requests of the last 60 seconds."""

    def __init__(self) -> None:
        """Start without requests."""
        self.times: deque[int] = deque()

    def left(self, now: int, limit: int, other_use: float) -> int:
        """Return how many more requests are allowed at ``now``."""
        while self.times and self.times[0] <= now - WINDOW:
            self.times.popleft()
        return max(0, limit - int(limit * other_use) - len(self.times))

    def reset(self, now: int) -> int:
        """Return when (epoch ms) the oldest request leaves the window."""
        return (self.times[0] if self.times else now) + WINDOW


class Limits:
    """Both windows of one org."""

    def __init__(self) -> None:
        """Start without requests."""
        self._org, self._search = Window(), Window()

    def use(self, now: int, switches: Switches, *, search: bool) -> tuple[bool, Headers]:
        """Count a request; return whether it is allowed, and the headers of its answer."""
        budgets = [(self._org, switches.org_limit)]
        if search:
            budgets.append((self._search, switches.search_limit))
        for window, limit in budgets:
            if limit is not None and not window.left(now, limit, switches.other_use):
                return False, refusal_headers(limit, window.reset(now))
        for window, _ in budgets:
            window.times.append(now)
        if switches.org_limit is None:
            return True, {}
        left = self._org.left(now, switches.org_limit, switches.other_use)
        return True, _headers(switches.org_limit, left)


def refusal_headers(limit: int, reset: int) -> Headers:
    """Return the headers of a 429; the limit resets at ``reset`` (epoch ms)."""
    # Rounded up: who waits until then is let in.
    return _headers(limit, 0) | {"x-ratelimit-reset": str(-(-reset // SECOND))}


def _headers(limit: int, left: int) -> Headers:
    return {"x-ratelimit-limit": str(limit), "x-ratelimit-remaining": str(left)}
