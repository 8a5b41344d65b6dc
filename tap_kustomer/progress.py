"""Shows a stream's progress: a bar on a terminal, otherwise a log line every 30 s.

The time left assumes that records are spread evenly over the time range.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from tap_kustomer import timestamps

if TYPE_CHECKING:
    from collections.abc import Callable

LOGGER = logging.getLogger("tap-kustomer")
LOG_EVERY = 30.0
DRAW_EVERY = 0.5
BAR = "{desc} {percentage:3.0f}% |{bar}|{postfix}"
_MINUTE = 60


class Usage(NamedTuple):
    """What a client has used so far; `waited` is in seconds, spent waiting for a budget."""

    requests: int
    searches: int
    waited: float

    def since(self, before: Usage) -> Usage:
        """What was used since `before`."""
        return Usage(
            self.requests - before.requests,
            self.searches - before.searches,
            self.waited - before.waited,
        )


@dataclass
class StreamProgress:
    """How far one stream has been read. Instants are `None` for full tables."""

    name: str
    start: int | None = None
    end: int | None = None
    reached: int | None = None
    records: int = 0
    conversations: int | None = None
    """Conversations read so far, if each costs a request."""
    began: float = field(default_factory=time.monotonic)

    @property
    def share(self) -> float | None:
        """The share of the range that is done, 0 to 1."""
        if self.start is None or self.end is None or self.reached is None:
            return None
        done = (self.reached - self.start) / max(self.end - self.start, 1)
        return min(max(done, 0.0), 1.0)

    def text(self, used: Usage, now: float) -> str:
        """The progress at `now` (monotonic seconds), with the rate computed from `used`."""
        facts = [*self._counts(), self._rate(used, now), self._time_left(now)]
        if self.reached is not None:
            facts.insert(0, f"at {timestamps.text(self.reached)[:16].replace('T', ' ')}")
        return ", ".join(filter(None, facts))

    def short_text(self, now: float) -> str:
        """One count and the time left, for a bar on a narrow terminal."""
        return ", ".join(filter(None, [self._counts()[0], self._time_left(now)]))

    def _counts(self) -> list[str]:
        records = f"{self.records:,} records"
        if self.conversations is None:
            return [records]
        return [f"{self.conversations:,} conversations", records]

    def _rate(self, used: Usage, now: float) -> str:
        # In the first minute, the count so far.
        minutes = max(now - self.began, _MINUTE) / _MINUTE
        if self.conversations is None and used.searches:
            return f"{used.searches / minutes:.0f} searches a minute"
        return f"{used.requests / minutes:.0f} requests a minute"

    def _time_left(self, now: float) -> str:
        if not self.share:
            return ""
        minutes = round(max(now - self.began, 0.001) * (1 / self.share - 1) / _MINUTE)
        if minutes >= 2 * _MINUTE:
            return f"{minutes / _MINUTE:.0f} h left"
        return f"{minutes} min left" if minutes else "a minute left"


class Progress:
    """Shows a stream's progress from its own thread."""

    def __init__(self, progress: StreamProgress, usage: Callable[[], Usage]) -> None:
        """Show `progress`; `usage` returns what the client has used in total."""
        self._progress = progress
        self._usage = usage
        self._before = usage()
        self._ended = threading.Event()
        self._stack = ExitStack()

    def __enter__(self) -> None:
        """Start showing progress."""
        show, every = self._log, LOG_EVERY
        if sys.stderr.isatty():
            self._stack.enter_context(logging_redirect_tqdm())
            bar: tqdm[NoReturn] = self._stack.enter_context(
                tqdm(total=100, bar_format=BAR, leave=False, dynamic_ncols=True)
            )
            show, every = lambda: self._draw(bar), DRAW_EVERY
        thread = threading.Thread(target=self._run, args=(show, every), daemon=True)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(self._ended.set)

    def __exit__(self, *_: object) -> None:
        """Stop showing progress."""
        self._stack.close()

    def _run(self, show: Callable[[], None], every: float) -> None:
        while not self._ended.wait(every):
            show()

    def _text(self) -> str:
        return self._progress.text(self._usage().since(self._before), time.monotonic())

    def _log(self) -> None:
        LOGGER.info("%s: %s", self._progress.name, self._text())

    def _draw(self, bar: tqdm[NoReturn]) -> None:
        bar.set_description(self._progress.name, refresh=False)
        bar.n = 100 * (self._progress.share or 0)
        bar.set_postfix_str(self._progress.short_text(time.monotonic()), refresh=False)
        bar.refresh()
