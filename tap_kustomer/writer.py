"""Singer messages to stdout."""

from __future__ import annotations

import sys
from functools import cached_property
from io import FileIO
from typing import TYPE_CHECKING, BinaryIO

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import RecordMessage

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message


class OutputError(Exception):
    """Messages can't be written any more; nothing that the bookmark passes has been lost by it."""


BUFFER = 1 << 16


class Writer(MsgSpecWriter):
    """Flushes after every message but records, of which thousands follow one another.

    Order is kept, so a target that has read a STATE has read every record before it.
    """

    @cached_property
    def _out(self) -> BinaryIO:
        """Standard output, with a buffer even where `PYTHONUNBUFFERED` takes Python's own away.

        Without one, each record would cost a system call, and what a call that is interrupted by a
        signal leaves unwritten would be lost.
        """
        out = sys.stdout.buffer
        if isinstance(out, FileIO):
            return open(out.fileno(), "wb", buffering=BUFFER, closefd=False)
        return out

    def write_message(self, message: Message) -> None:
        """Write one message.

        Raises:
            OutputError: the target is gone, or there is no room for what it should read.
        """
        try:
            self._out.write(self.format_message(message))
            if not isinstance(message, RecordMessage):
                self._out.flush()
        except BrokenPipeError:
            msg = "The target has stopped reading: see its own log."
            raise OutputError(msg) from None
        except OSError as error:
            msg = f"The output can't be written ({error.strerror}): see to it and run again."
            raise OutputError(msg) from None
