"""Splits a search range into slices that are fetched ahead in parallel and returned in order.

- One thread walks a slice. The output does not depend on the number of threads or where the range
  is split: slices don't overlap, and each is in order.
- The first page of a slice shows its density. The slice is then shortened to about `TARGET`
  records, and the rest becomes the next slice. So a quiet month costs one request and a busy hour
  is split finely; no slice is planned before its density is known.
- Memory is bounded: buffered chunks plus those in flight (each estimated as the largest so far)
  must fit in `room` bytes. The first slice may always fetch when its buffer is empty, so the queue
  cannot deadlock.
- An error is raised in order: everything before it is returned first.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tap_kustomer.walks.query import MAX_RECORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tap_kustomer.walks.page import Chunk
    from tap_kustomer.walks.search import SearchWalk

# Records per slice: 9 pages of 500, minus the overlap at page boundaries, minus a margin, so that
# the last page of a slice is nearly full and seldom followed by a nearly empty one.
TARGET = 4_380
THREAD = "kustomer-slice"
# Densities of two slices in a row that are near enough for one sample.
LEAST_RATIO = 0.8
# Bytes of records that may be buffered: about 27 full pages, or three slices.
ROOM = 44_000_000


class Limits(NamedTuple):
    """How much is read at once. Tests lower these to reach the limits with few records."""

    max_records: int = MAX_RECORDS
    target: int = TARGET
    room: int = ROOM


@dataclass(eq=False)
class _Slice:
    start: int
    end: int
    taken: bool = False
    done: bool = False
    count: int = 0
    error: Exception | None = None
    ready: deque[Chunk] = field(default_factory=deque)


class SliceReader:
    """Reads one range of a query with several threads; used once."""

    def __init__(
        self,
        walk: Callable[[int, int, int | None], SearchWalk],
        start: int,
        end: int,
        *,
        threads: int,
        limits: Limits,
    ) -> None:
        """Prepare to read from `start` to `end` (inclusive).

        `walk` creates the walk of one slice from its start, its end and the initial page size (the
        one that currently works).
        """
        self._make_walk = walk
        self._queue = deque([_Slice(start, end)])
        self._size: int | None = None
        self._threads = threads
        self._target = limits.target
        self._room = limits.room
        self._changed = threading.Condition()
        self._buffered = self._fetching = self._largest = 0
        self._stopped = False
        self._last_finished = (0, 0)

    def read(self) -> Generator[Chunk]:
        """The chunks of the range, in order.

        Raises:
            KustomerError: as the walk does, after everything before the failure was returned.
        """
        for _ in range(self._threads):
            # Daemon threads: one may still wait for the server when its result is no longer needed.
            threading.Thread(target=self._work, name=THREAD, daemon=True).start()
        try:
            while self._queue:
                if chunk := self._next_chunk():
                    yield chunk
        finally:
            with self._changed:
                self._stopped = True
                self._changed.notify_all()

    def _next_chunk(self) -> Chunk | None:
        """The next chunk of the first slice, or `None` when that slice is done."""
        with self._changed:
            first = self._queue[0]
            while not first.ready and not first.done:
                self._changed.wait()
            self._changed.notify_all()
            if first.ready:
                chunk = first.ready.popleft()
                self._buffered -= _size(chunk)
                return chunk
            self._queue.popleft()
        if first.error:
            raise first.error
        return None

    def _work(self) -> None:
        while current := self._next_slice():
            try:
                self._walk_through(current)
            except Exception as error:  # noqa: BLE001  (raised by `_next_chunk`, in order)
                current.error = error
            with self._changed:
                current.done = True
                if current.error and current in self._queue:
                    while self._queue[-1] is not current:  # later slices are never returned
                        self._queue.pop()
                self._changed.notify_all()

    def _next_slice(self) -> _Slice | None:
        """The first slice that no thread has taken; `None` when there will be no more."""
        with self._changed:
            while not self._stopped:
                for current in self._queue:
                    if not current.taken:
                        current.taken = True
                        return current
                if all(current.done for current in self._queue):
                    return None
                self._changed.wait()
        return None

    def _walk_through(self, current: _Slice) -> None:
        walk = self._make_walk(current.start, current.end, self._size)
        at, count, chunks = walk.start, 0, walk.chunks()
        while chunk := self._fetch(current, chunks):
            self._size = walk.size
            count += len(chunk.hits)
            if chunk.resume_at > at:
                current.count += count
                self._split(current, at, chunk, count)
                walk.end = current.end
                at, count = chunk.resume_at, 0
        self._last_finished = (current.count, current.end - current.start + 1)

    def _fetch(self, current: _Slice, chunks: Iterator[Chunk]) -> Chunk | None:
        """The next chunk, once it fits in memory; `None` at the end, or when stopped."""
        if (expected := self._reserve(current)) is None:
            return None
        chunk = None
        try:
            chunk = next(chunks, None)
        finally:
            size = _size(chunk) if chunk else 0
            with self._changed:
                self._fetching -= expected
                self._largest = max(self._largest, size)
                if chunk:
                    current.ready.append(chunk)
                    self._buffered += size
                self._changed.notify_all()
        return chunk

    def _reserve(self, current: _Slice) -> int | None:
        """Wait until the slice may fetch. Returns the bytes reserved, `None` if stopped."""
        with self._changed:
            while not self._stopped and current in self._queue:
                is_first = current is self._queue[0] and not current.ready
                if is_first or self._buffered + self._fetching + self._largest <= self._room:
                    self._fetching += self._largest
                    return self._largest
                self._changed.wait()
        return None

    def _split(self, current: _Slice, start: int, chunk: Chunk, count: int) -> None:
        """Shorten a slice that is far too large; another thread takes the rest immediately."""
        resume_at, end = chunk.resume_at, current.end
        width = end - resume_at + 1
        if width <= 0 or not count:
            return
        seen, passed = count, resume_at - start
        expected = seen * width / passed if chunk.remaining is None else chunk.remaining
        target_count = max(self._target - current.count, count)
        if expected < target_count + self._target / 2:
            return
        # If the last finished slice had a similar density, include it: it is a larger sample.
        last_count, last_width = self._last_finished
        if last_count and LEAST_RATIO < last_count * passed / (seen * last_width) < 1 / LEAST_RATIO:
            seen, passed = seen + last_count, passed + last_width
        cut = resume_at + target_count * passed // seen
        if cut < end:
            rest = _Slice(cut + 1, end)
            with self._changed:
                current.end = cut
                self._queue.insert(self._queue.index(current) + 1, rest)
                self._changed.notify_all()


def _size(chunk: Chunk) -> int:
    return sum(memoryview(hit.raw).nbytes for hit in chunk.hits)
