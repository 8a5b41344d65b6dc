"""Singer messages to stdout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import RecordMessage

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message


class Writer(MsgSpecWriter):
    """Flushes after every message but records, of which thousands follow one another.

    Order is kept, so a target that has read a STATE has read every record before it.
    """

    def write_message(self, message: Message) -> None:
        """Write one message."""
        sys.stdout.buffer.write(self.format_message(message))
        if not isinstance(message, RecordMessage):
            sys.stdout.buffer.flush()
