"""How a run ends that is told to by a signal: whole messages, a last STATE, a bounded time.

A signal may come while a message is half in the pipe. It is finished first, since a target can't
read half of one; but a target that never reads again must not keep the tap from ending.
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
# Seconds for what is still to be written. Whoever tells a process to end often kills it after 30.
PATIENCE = 25.0


class Ending:
    """The end of a process, which a signal begins."""

    def __init__(self, writer: GenericSingerWriter[Any, Any], last: Callable[[], None]) -> None:
        """End with what `last` writes."""
        # Another writer, as of a test, keeps messages instead of writing them.
        self._writer = writer if isinstance(writer, Writer) else Writer()
        self._last = last
        self._begun = False

    def begin(self, signum: int) -> None:
        """End as soon as the message that is being written is out.

        Raises:
            SystemExit: with the code that a shell has for a process that a signal has ended.
        """
        if self._begun:  # a second signal would not make the target read any faster
            return
        self._begun = True
        code = 128 + signum
        if hasattr(signal, "setitimer"):  # an alarm, as a thread can't interrupt a write
            signal.signal(signal.SIGALRM, lambda *_: _give_up(code))
            signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        self._writer.when_free(partial(self._end, code))

    def _end(self, code: int) -> None:
        try:
            if self._writer.begun:  # else there is nothing new to say
                self._last()
                self._writer.flush()
        except OutputError as error:
            _log(logging.ERROR, str(error))
            discard()
        else:
            _log(logging.INFO, "A signal ends the run before everything was read.")
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        self._begun = False
        sys.exit(code)


def _give_up(code: int) -> None:
    _log(
        logging.ERROR,
        f"The target has not read what was left within {PATIENCE:.0f} s: the run ends without a "
        "last STATE, and the next one goes on from the STATE before.",
    )
    os._exit(code)  # not by an exception, after which Python would try to write what is buffered


def _log(level: int, text: str) -> None:
    # A signal may have come in the middle of another line, which Python lets nobody interrupt.
    with suppress(RuntimeError):
        LOGGER.log(level, "%s", text)
