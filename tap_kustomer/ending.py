"""Shutdown on a signal: complete messages, a final STATE, bounded time.

A signal may arrive while a message is being written. That message is completed first, since a
target can't parse half of one. A target that stops reading must not keep the tap from exiting.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_kustomer.errors import OutputError
from tap_kustomer.writer import Writer, discard

if TYPE_CHECKING:
    from collections.abc import Callable

    from singer_sdk.singerlib.encoding.base import GenericSingerWriter

LOGGER = logging.getLogger("tap-kustomer")
# Seconds to write the remaining output. Process managers often kill a process 30 s after SIGTERM.
FLUSH_TIMEOUT = 25.0


class Ending:
    """The shutdown of the process after a signal."""

    def __init__(self, writer: GenericSingerWriter[Any, Any], state: Callable[[], None]) -> None:
        """Call `state` to write the final STATE."""
        # Another writer, such as a test's, only collects messages.
        self._writer = writer if isinstance(writer, Writer) else Writer()
        self._write_state = state
        self._is_ending = False

    def begin(self, signum: int) -> None:
        """Exit as soon as the current message is complete.

        Raises:
            SystemExit: with 128 + `signum`, as a shell reports it.
        """
        if self._is_ending:  # a second signal would not make the target read any faster
            return
        self._is_ending = True
        code = 128 + signum
        if hasattr(signal, "setitimer"):  # an alarm, since a thread can't interrupt a write
            signal.signal(signal.SIGALRM, lambda *_: _give_up(code))
            signal.setitimer(signal.ITIMER_REAL, FLUSH_TIMEOUT)
        self._writer.run_between_messages(partial(self._end, code))

    def _end(self, code: int) -> None:
        try:
            if self._writer.has_written:  # otherwise the state has not changed
                self._write_state()
                self._writer.flush()
        except OutputError as error:
            _log(logging.ERROR, str(error))
            discard()
        else:
            _log(logging.INFO, "Stopped by a signal before everything was read.")
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        self._is_ending = False
        sys.exit(code)


def _give_up(code: int) -> None:
    _log(
        logging.ERROR,
        f"The target did not read the remaining output within {FLUSH_TIMEOUT:.0f} s: the run ends "
        "without a final STATE, and the next run resumes from the previous one.",
    )
    os._exit(code)  # not an exception, since Python would then try to flush the buffer


def _log(level: int, text: str) -> None:
    # The signal may have interrupted another log call, whose stream can't be re-entered.
    with suppress(RuntimeError):
        LOGGER.log(level, "%s", text)
