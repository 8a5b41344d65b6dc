"""How far a stream is: a progress bar on a terminal, else a log line every 30 s.

Both say the same: the date reached, records, searches a minute and the time left. That time is
guessed from the share of the range that is done, as if it were everywhere equally full.
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
_MINUTE = 60


class Usage(NamedTuple):
    """What a client has used so far; `waited` are seconds in which a budget held it back."""

    requests: int
    searches: int
    waited: float

    def since(self, before: Usage) -> Usage:
        """What has been used after `before`."""
        return Usage(
            self.requests - before.requests,
            self.searches - before.searches,
            self.waited - before.waited,
        )


@dataclass
class StreamProgress:
    """What one stream has read; instants are `None` where it has no range."""

    name: str
    start: int | None = None
    end: int | None = None
    reached: int | None = None
    records: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def share(self) -> float | None:
        """The share of the range that is done, 0 to 1."""
        if self.start is None or self.end is None or self.reached is None:
            return None
        done = (self.reached - self.start) / max(self.end - self.start, 1)
        return min(max(done, 0.0), 1.0)

    def text(self, used: Usage, now: float) -> str:
        """How far it is at `now` (monotonic seconds), having `used` so much."""
        seconds = max(now - self.began, 0.001)
        facts = [f"records {self.records:,}"]
        if self.reached is not None:
            facts.insert(0, f"at {timestamps.text(self.reached)[:16].replace('T', ' ')}")
        if used.searches:
            # In the first minute, what that minute has seen so far.
            rate = used.searches * _MINUTE / max(seconds, _MINUTE)
            facts.append(f"searches a minute {rate:.0f}")
        else:
            facts.append(f"requests {used.requests:,}")
        if self.share:
            facts.append(f"about {_duration(seconds / self.share - seconds)} left")
        return ", ".join(facts)


def _duration(seconds: float) -> str:
    minutes = round(seconds / _MINUTE)
    if minutes >= 2 * _MINUTE:
        return f"{minutes / _MINUTE:.0f} h"
    return f"{minutes} min" if minutes else "a minute"


class Progress:
    """Shows a stream's progress from a thread of its own."""

    def __init__(self, progress: StreamProgress, usage: Callable[[], Usage]) -> None:
        """Show `progress`; `usage` tells what the client has used in all."""
        self._progress = progress
        self._usage = usage
        self._before = usage()
        self._ended = threading.Event()
        self._stack = ExitStack()

    def __enter__(self) -> None:
        """Begin to show it."""
        show, every = self._log, LOG_EVERY
        if sys.stderr.isatty():
            self._stack.enter_context(logging_redirect_tqdm())
            bar: tqdm[NoReturn] = self._stack.enter_context(
                tqdm(
                    total=100, bar_format="{desc} |{bar}| {percentage:3.0f}%{postfix}", leave=False
                )
            )
            show, every = lambda: self._draw(bar), DRAW_EVERY
        thread = threading.Thread(target=self._run, args=(show, every), daemon=True)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(self._ended.set)

    def __exit__(self, *_: object) -> None:
        """Show it no longer."""
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
        bar.set_postfix_str(self._text(), refresh=False)
        bar.refresh()
