"""A range of a search, cut into slices that are fetched ahead in parallel and handed over in order.

- A slice is walked step by step by one thread. What is handed over does not depend on how many
  threads there are or how the range was cut: slices don't overlap, and each is in order.
- The first page of a slice tells how dense it is: there it is cut so that about `TARGET` records
  remain in it, and what is behind the cut is the next slice. So a quiet month costs one request and
  a busy hour is cut fine; a slice is never planned before its density has been seen.
- Memory is bounded: a slice that is not the first in line fetches nothing more while `ROOM` bytes
  wait. The first one always may when nothing of its own waits, so the line can't come to a stand.
- An error waits for its turn as records do: all that lies before it is handed over first.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_kustomer.walks.page import Found
    from tap_kustomer.walks.search import SearchWalk, Step

# Records in a slice: 9 pages of 500, less what pages share at their borders, and a little less
# again, so that the last page of a slice is nearly full and seldom followed by a nearly empty one.
TARGET = 4_380
THREAD = "kustomer-slice"
# Bytes of records that may wait: about 27 full pages, what three slices hold.
ROOM = 44_000_000


@dataclass
class _Slice:
    start: int
    end: int
    taken: bool = False
    done: bool = False
    count: int = 0
    error: Exception | None = None
    ready: deque[list[Found]] = field(default_factory=deque)


class SliceReader:
    """Reads one range of a walk with several threads; used once."""

    def __init__(self, walk: SearchWalk, start: int, end: int, *, threads: int) -> None:
        """Prepare to read from `start` to `end` (inclusive)."""
        self._walk = walk
        self._line = deque([_Slice(start, end)])
        self._threads = threads
        self._changed = threading.Condition()
        self._waiting = 0
        self._stopped = False
        self._finished = (0, 0)

    def read(self) -> Iterator[list[Found]]:
        """The records of the range, in order, each list as soon as its turn has come.

        Raises:
            KustomerError: as the walk does, once everything before the failure is handed over.
        """
        for _ in range(self._threads):
            # A daemon, since a thread may be waiting for a server long after nobody needs it.
            threading.Thread(target=self._work, name=THREAD, daemon=True).start()
        try:
            while self._line:
                yield self._first()
        finally:
            with self._changed:
                self._stopped = True
                self._changed.notify_all()

    def _first(self) -> list[Found]:
        """The next list of the first slice; an empty one when the slice leaves the line."""
        with self._changed:
            first = self._line[0]
            while not first.ready and not first.done:
                self._changed.wait()
            self._changed.notify_all()
            if first.ready:
                records = first.ready.popleft()
                self._waiting -= _size(records)
                return records
            self._line.popleft()
        if first.error:
            raise first.error
        return []

    def _work(self) -> None:
        while piece := self._take():
            try:
                self._walk_through(piece)
            except Exception as error:  # noqa: BLE001  (raised again when its turn has come)
                piece.error = error
            with self._changed:
                piece.done = True
                self._changed.notify_all()

    def _take(self) -> _Slice | None:
        """The first slice that nobody walks yet; `None` when there will be no more."""
        with self._changed:
            while not self._stopped:
                for piece in self._line:
                    if not piece.taken:
                        piece.taken = True
                        return piece
                if all(piece.done for piece in self._line):
                    return None
                self._changed.wait()
        return None

    def _walk_through(self, piece: _Slice) -> None:
        start = piece.start
        while start <= piece.end and self._has_room(piece):
            steps = self._walk.step(start, piece.end)
            count = 0
            while True:
                try:
                    records = next(steps)
                except StopIteration as stop:
                    step: Step = stop.value
                    break
                count += len(records)
                with self._changed:
                    piece.ready.append(records)
                    self._waiting += _size(records)
                    self._changed.notify_all()
            piece.count += count
            self._cut(piece, start, step, count)
            start = step.following
        self._finished = (piece.count, piece.end - piece.start + 1)

    def _has_room(self, piece: _Slice) -> bool:
        """Wait until the slice may fetch; false when the reader was stopped."""
        with self._changed:
            while not self._stopped:
                is_first = piece is self._line[0] and not piece.ready
                if is_first or self._waiting < ROOM:
                    return True
                self._changed.wait()
        return False

    def _cut(self, piece: _Slice, start: int, step: Step, count: int) -> None:
        """Leave to others what is far more than a slice; they begin to walk it at once."""
        width = piece.end - step.following + 1
        if width <= 0 or not count:
            return
        seen, passed = count, step.following - start
        expected = seen * width / passed if step.left is None else step.left
        wanted = max(TARGET - piece.count, count)
        if expected < wanted + TARGET / 2:
            return
        # The slice finished last tells more about density than one page does, where they agree.
        known, lasted = self._finished
        if known and 0.8 < known * passed / (seen * lasted) < 1.25:  # noqa: PLR2004  (about alike)
            seen, passed = seen + known, passed + lasted
        end = step.following + wanted * passed // seen
        if end < piece.end:
            rest = _Slice(end + 1, piece.end)
            with self._changed:
                piece.end = end
                self._line.insert(self._line.index(piece) + 1, rest)
                self._changed.notify_all()


def _size(records: list[Found]) -> int:
    return sum(memoryview(found.raw).nbytes for found in records)
