"""A range of a search, cut into slices that are fetched ahead in parallel and handed over in order.

- A slice is walked by one thread. What is handed over does not depend on how many threads there
  are or how the range was cut: slices don't overlap, and each is in order.
- The first page of a slice tells how dense it is: there it is cut so that about `TARGET` records
  remain in it, and what is behind the cut is the next slice. So a quiet month costs one request and
  a busy hour is cut fine; a slice is never planned before its density has been seen.
- Memory is bounded: what waits and what is being fetched, taken as the largest answer so far, must
  fit in `room` bytes. The first slice may always fetch when its buffer is empty, so the queue
  cannot deadlock.
- An error waits for its turn as records do: all that lies before it is handed over first.
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

# Records in a slice: 9 pages of 500, less what pages share at their borders, and a little less
# again, so that the last page of a slice is nearly full and seldom followed by a nearly empty one.
TARGET = 4_380
THREAD = "kustomer-slice"
# Bytes of records that may wait: about 27 full pages, what three slices hold.
ROOM = 44_000_000


class Limits(NamedTuple):
    """How much is read at once. Tests lower these, so that a few records are many."""

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

        `walk` makes the walk of a slice of its start, its end and the page size to begin with,
        which is the one that works at the moment.
        """
        self._make_walk = walk
        self._queue = deque([_Slice(start, end)])
        self._size: int | None = None
        self._threads = threads
        self._target = limits.target
        self._room = limits.room
        self._changed = threading.Condition()
        self._waiting = self._fetching = self._largest = 0
        self._stopped = False
        self._finished = (0, 0)

    def read(self) -> Generator[Chunk]:
        """The chunks of the range, in order, each as soon as its turn has come.

        Raises:
            KustomerError: as the walk does, once everything before the failure is handed over.
        """
        for _ in range(self._threads):
            # A daemon, since a thread may be waiting for a server long after nobody needs it.
            threading.Thread(target=self._work, name=THREAD, daemon=True).start()
        try:
            while self._queue:
                if chunk := self._next():
                    yield chunk
        finally:
            with self._changed:
                self._stopped = True
                self._changed.notify_all()

    def _next(self) -> Chunk | None:
        """The next chunk of the first slice; `None` when the slice leaves the queue."""
        with self._changed:
            first = self._queue[0]
            while not first.ready and not first.done:
                self._changed.wait()
            self._changed.notify_all()
            if first.ready:
                chunk = first.ready.popleft()
                self._waiting -= _size(chunk)
                return chunk
            self._queue.popleft()
        if first.error:
            raise first.error
        return None

    def _work(self) -> None:
        while current := self._take():
            try:
                self._walk_through(current)
            except Exception as error:  # noqa: BLE001  (raised again when its turn has come)
                current.error = error
            with self._changed:
                current.done = True
                if current.error and current in self._queue:
                    while self._queue[-1] is not current:  # nothing behind is handed over
                        self._queue.pop()
                self._changed.notify_all()

    def _take(self) -> _Slice | None:
        """The first slice that nobody walks yet; `None` when there will be no more."""
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
                self._cut(current, at, chunk, count)
                walk.end = current.end
                at, count = chunk.resume_at, 0
        self._finished = (current.count, current.end - current.start + 1)

    def _fetch(self, current: _Slice, chunks: Iterator[Chunk]) -> Chunk | None:
        """The next chunk, once there is room for it; `None` at the end, or when stopped."""
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
                    self._waiting += size
                self._changed.notify_all()
        return chunk

    def _reserve(self, current: _Slice) -> int | None:
        """Wait until the slice may fetch: the bytes expected; `None` when the reader stopped."""
        with self._changed:
            while not self._stopped and current in self._queue:
                is_first = current is self._queue[0] and not current.ready
                if is_first or self._waiting + self._fetching + self._largest <= self._room:
                    self._fetching += self._largest
                    return self._largest
                self._changed.wait()
        return None

    def _cut(self, current: _Slice, start: int, chunk: Chunk, count: int) -> None:
        """Leave to others what is far more than a slice; they begin to walk it at once."""
        resume_at, end = chunk.resume_at, current.end
        width = end - resume_at + 1
        if width <= 0 or not count:
            return
        seen, passed = count, resume_at - start
        expected = seen * width / passed if chunk.remaining is None else chunk.remaining
        wanted = max(self._target - current.count, count)
        if expected < wanted + self._target / 2:
            return
        # The slice finished last tells more about density than one page does, where they agree.
        known, lasted = self._finished
        if known and 0.8 < known * passed / (seen * lasted) < 1.25:  # noqa: PLR2004  (about alike)
            seen, passed = seen + known, passed + lasted
        cut = resume_at + wanted * passed // seen
        if cut < end:
            rest = _Slice(cut + 1, end)
            with self._changed:
                current.end = cut
                self._queue.insert(self._queue.index(current) + 1, rest)
                self._changed.notify_all()


def _size(chunk: Chunk) -> int:
    return sum(memoryview(hit.raw).nbytes for hit in chunk.hits)
