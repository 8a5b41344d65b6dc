"""Writes Singer messages to stdout, never a partial one unless it also raises an error."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from io import FileIO
from typing import TYPE_CHECKING, BinaryIO

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import RecordMessage, SchemaMessage
from typing_extensions import override

from tap_kustomer.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_sdk.singerlib import Message

    from tap_kustomer.jsonapi import Json


BUFFER_BYTES = 1 << 16


class Writer(MsgSpecWriter):
    """Flushes after every message except records, of which there are thousands in a row.

    The order is kept, so a target that has read a STATE has read every record before it.
    """

    def __init__(self) -> None:
        """Open nothing yet."""
        self.has_written = False
        self._writing = False
        self._deferred: Callable[[], None] | None = None

    @cached_property
    def _out(self) -> BinaryIO:
        """Standard output, buffered even if `PYTHONUNBUFFERED` is set.

        Unbuffered, each record would cost a system call, and a write interrupted by a signal would
        lose its remaining bytes.
        """
        if sys.stdout is None:
            raise OutputError
        out = sys.stdout.buffer
        if isinstance(out, FileIO):
            return open(out.fileno(), "wb", buffering=BUFFER_BYTES, closefd=False)
        return out

    @override
    def serialize_message(self, message: Message) -> bytearray:
        if isinstance(message, SchemaMessage):
            message = replace(message, schema=null_first(message.schema))
        return super().serialize_message(message)

    @override
    def write_message(self, message: Message) -> None:
        """Write one message.

        Raises:
            OutputError: the target stopped reading, or the disk is full.
        """
        self.has_written = self._writing = True
        try:
            self._out.write(self.format_message(message))
            if not isinstance(message, RecordMessage):
                self._out.flush()
        except OSError as error:
            raise OutputError(error) from None
        finally:
            self._writing = False
            if self._deferred:
                act, self._deferred = self._deferred, None
                act()

    def flush(self) -> None:
        """Write the buffered messages.

        Raises:
            OutputError: as `write_message` does.
        """
        try:
            self._out.flush()
        except OSError as error:
            raise OutputError(error) from None

    def run_between_messages(self, act: Callable[[], None]) -> None:
        """Call `act` now or, if a signal handler calls this during a write, right after the write.

        A message written inside another would corrupt both.
        """
        if self._writing:
            self._deferred = act
        else:
            act()


def null_first(schema: Json) -> Json:
    """The JSON schema with `null` first in every list of types.

    The SDK often puts it last, which BigQuery's partition target takes for a required column.
    """
    if isinstance(schema, dict):
        return {name: null_first(value) for name, value in schema.items()}
    if isinstance(schema, list) and "null" in schema:
        return ["null", *(kind for kind in schema if kind != "null")]
    return schema


@contextmanager
def printing() -> Iterator[None]:
    """Print output other than messages, such as a catalog, and report a failure to write it.

    Raises:
        OutputError: standard output is closed or can't be written.
    """
    if sys.stdout is None:
        raise OutputError
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        raise OutputError(error) from None


def discard() -> None:
    """Discard what is still buffered: it can't be written, and Python would complain at exit."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
