"""Streams that can be read in several ways: the first one that the org accepts is used.

A way is left for the next one only if Kustomer refuses it (400), or if it can't prove that it finds
everything. That may happen in the middle of a run: the bookmark holds what was read until then.
What a bookmark of one way means to another is kept in the state under `read_by`.
See docs/BEHAVIOR.md, "Several ways to read a stream".
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_kustomer.errors import BadRequestError, TapError, UnprovenError
from tap_kustomer.streams.base import Order
from tap_kustomer.streams.incremental import IncrementalStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from singer_sdk.helpers.types import Record

LOGGER = logging.getLogger("tap-kustomer")
REFUSALS = (BadRequestError, UnprovenError)
# Under `read_by` in the state: the list, whose bookmark comes with `open_since`, and conversations,
# whose bookmark is an instant of theirs. Nothing there stands for a search.
LIST, CONVERSATIONS = "list", "conversations"


class Way:
    """One way to read a stream."""

    name: str
    """In words, for the log."""
    mark: ClassVar[str] = ""
    """What the state says of a bookmark that this way has moved."""
    order: ClassVar[Order] = Order.SEARCH

    def check(self) -> None:
        """Check, with a few requests, that the org accepts this way.

        Raises:
            BadRequestError: it does not.
            UnprovenError: this way may miss records.
            KustomerError: as the client does.
        """

    def has_any(self) -> bool:
        """Whether this way finds any record at all, as a witness against another that does not."""
        return False

    def prepare(self) -> Generator[Record, None, bool]:
        """The rows that another way has left behind, whose bookmark this one can't go on from.

        Returns whether this way can go on now.
        """
        yield from ()
        return True

    def rows(self, since: int) -> Iterator[Record]:
        """The rows since an instant, which is the bookmark minus the lookback, or the start."""
        raise NotImplementedError

    def estimate(self) -> str:
        """About how many records there are to read."""
        raise NotImplementedError


class Ladder:
    """The ways to read one stream, best first."""

    def __init__(self, stream: LadderStream, ways: Sequence[Way]) -> None:
        """Nothing is sent yet."""
        self._stream = stream
        self._ways = list(ways)
        self._has_choice = len(ways) > 1
        self._is_checked = False

    def way(self) -> Way:
        """The first way that the org accepts; the last one is not left for another.

        Raises:
            KustomerError: as the client does; also the refusal of the last way.
        """
        while not self._is_checked:
            try:
                self._ways[0].check()
            except REFUSALS as error:
                self._go_down(error)
            else:
                self._is_checked = True
        return self._ways[0]

    def rows(self) -> Iterator[Record]:
        """The rows, by the first way that works; what was read before a refusal stays read."""
        while True:
            way, since = self.way(), self._stream.since()
            try:
                if (yield from way.prepare()):
                    self._stream.read_by = way.mark
                    yield from way.rows(since)
            except REFUSALS as error:
                self._go_down(error)
            else:
                return

    def estimate(self) -> str:
        """What is to be read, and how, if there is a choice."""
        while True:
            way = self.way()
            try:
                found = way.estimate()
            except REFUSALS as error:
                self._go_down(error)
            else:
                return f"{found}, by {way.name}" if self._has_choice else found

    def _go_down(self, error: Exception) -> None:
        if len(self._ways) == 1:
            raise error
        refused = self._ways.pop(0)
        self._is_checked = False
        reason = error.fault if isinstance(error, UnprovenError) else "400"
        LOGGER.warning(
            "%s can't be read by %s (%s): reading by %s",
            self._stream.name,
            refused.name,
            reason,
            self._ways[0].name,
        )


class LadderStream(IncrementalStream):
    """An incremental stream that can be read in one or more ways."""

    read_by = ""
    """The mark of the way in use."""

    @abstractmethod
    def ways(self) -> Sequence[Way]:
        """The ways to read it, best first."""

    @cached_property
    def ladder(self) -> Ladder:
        """The ways that were not refused yet."""
        return Ladder(self, self.ways())

    @override
    def rows(self) -> Iterator[Record]:
        yield from self.ladder.rows()

    @override
    def estimate_pending(self) -> str:
        return self.ladder.estimate()

    @override
    @property
    def order(self) -> Order:
        """That of the way in use, which takes a few requests to find out.

        If they fail, so will the stream, and it will say why.
        """
        try:
            return self.ladder.way().order
        except TapError:
            return Order.SEARCH

    @property
    def was_read_by(self) -> str:
        """The mark of the way that the bookmark and `unread` in the state come from."""
        return str(self.stream_state.get("read_by", ""))

    @override
    def hold(self, key: str, reason: str) -> None:
        self._sign()
        super().hold(key, reason)

    @override
    def move_bookmark(self, instant: int) -> None:
        self._sign()
        super().move_bookmark(instant)

    def _sign(self) -> None:
        if self.read_by:
            self.stream_state["read_by"] = self.read_by
        else:
            self.stream_state.pop("read_by", None)
        if self.read_by != LIST:
            self.stream_state.pop("open_since", None)
