"""Singer messages to stdout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import RecordMessage

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message


class OutputError(Exception):
    """Messages can't be written any more; nothing that the bookmark passes has been lost by it."""


class Writer(MsgSpecWriter):
    """Flushes after every message but records, of which thousands follow one another.

    Order is kept, so a target that has read a STATE has read every record before it.
    """

    def write_message(self, message: Message) -> None:
        """Write one message.

        Raises:
            OutputError: the target is gone, or there is no room for what it should read.
        """
        try:
            sys.stdout.buffer.write(self.format_message(message))
            if not isinstance(message, RecordMessage):
                sys.stdout.buffer.flush()
        except BrokenPipeError:
            msg = "The target has stopped reading: see its own log."
            raise OutputError(msg) from None
        except OSError as error:
            msg = f"The output can't be written ({error.strerror}): see to it and run again."
            raise OutputError(msg) from None
