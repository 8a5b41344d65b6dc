"""Singer messages to stdout: each one whole, or an error that says why not."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from io import FileIO
from typing import TYPE_CHECKING, Any, BinaryIO

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import RecordMessage, SchemaMessage
from typing_extensions import override

from tap_kustomer.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_sdk.singerlib import Message


BUFFER = 1 << 16


class Writer(MsgSpecWriter):
    """Flushes after every message but records, of which thousands follow one another.

    Order is kept, so a target that has read a STATE has read every record before it.
    """

    def __init__(self) -> None:
        """Write nothing yet."""
        self.begun = False
        self._writing = False
        self._afterwards: Callable[[], None] | None = None

    @cached_property
    def _out(self) -> BinaryIO:
        """Standard output, with a buffer even where `PYTHONUNBUFFERED` takes Python's own away.

        Without one, each record would cost a system call, and what a call that is interrupted by a
        signal leaves unwritten would be lost.
        """
        if sys.stdout is None:
            raise OutputError
        out = sys.stdout.buffer
        if isinstance(out, FileIO):
            return open(out.fileno(), "wb", buffering=BUFFER, closefd=False)
        return out

    @override
    def serialize_message(self, message: Message) -> bytearray:
        if isinstance(message, SchemaMessage):
            message = replace(message, schema=null_first(message.schema))
        return super().serialize_message(message)

    def write_message(self, message: Message) -> None:
        """Write one message.

        Raises:
            OutputError: the target is gone, or there is no room for what it should read.
        """
        self.begun = self._writing = True
        try:
            self._out.write(self.format_message(message))
            if not isinstance(message, RecordMessage):
                self._out.flush()
        except OSError as error:
            raise OutputError(error) from None
        finally:
            self._writing = False
            if self._afterwards:
                act, self._afterwards = self._afterwards, None
                act()

    def flush(self) -> None:
        """Write what is left in the buffer.

        Raises:
            OutputError: as for a message.
        """
        try:
            self._out.flush()
        except OSError as error:
            raise OutputError(error) from None

    def when_free(self, act: Callable[[], None]) -> None:
        """Act now or, from a signal while a message is being written, as soon as it is out.

        A message within another would tear both.
        """
        if self._writing:
            self._afterwards = act
        else:
            act()


def null_first(schema: Any) -> Any:  # noqa: ANN401  (JSON)
    """The JSON schema with `null` first in every list of types.

    The SDK's flattening and stream maps put it last. BigQuery's partition target takes such a
    column for one that is never null.
    """
    if isinstance(schema, dict):
        return {name: null_first(value) for name, value in schema.items()}
    if isinstance(schema, list) and "null" in schema:
        return ["null", *(kind for kind in schema if kind != "null")]
    return schema


@contextmanager
def printing() -> Iterator[None]:
    """Print something else than messages, such as a catalog, whole or with an error as well.

    Raises:
        OutputError: as for a message.
    """
    if sys.stdout is None:
        raise OutputError
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        raise OutputError(error) from None


def discard() -> None:
    """Let go of what is still buffered: it has nowhere to go, and Python would complain at exit."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
