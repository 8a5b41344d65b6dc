"""Runs that end early: a writer that dies, and what is left of a run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tap_kustomer.errors import ClosedStreamsError
from tap_kustomer.walks import children, slices
from tests.support import Messages

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message

    from tap_kustomer.tap import TapKustomer


class KilledError(BaseException):
    """The process is gone."""


class Mortal(Messages):
    """Dies before it writes one more than so many messages."""

    def __init__(self, last: int | None) -> None:
        super().__init__()
        self.last = last

    def write_message(self, message: Message) -> None:
        if len(self.all) == self.last:
            raise KilledError
        super().write_message(message)


def run(tap: TapKustomer, *selected: str) -> BaseException | None:
    """One run of some streams, and why it did not exit 0; its threads are over."""
    for name, stream in tap.streams.items():
        stream.selected = name in selected
    failure, others = None, set(threading.enumerate())
    try:
        tap.read()
    except (KilledError, ClosedStreamsError) as error:
        # The traceback would keep the stream's generators open, and their threads waiting.
        failure = error.with_traceback(None)
    for thread in set(threading.enumerate()) - others:
        if thread.name in {children.THREAD, slices.THREAD}:
            thread.join(timeout=30)
            assert not thread.is_alive(), "a thread outlives its stream"
    return failure
