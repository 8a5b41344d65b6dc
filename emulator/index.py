"""The search index of one query context: the versions that searches see, by ``updatedAt``.

The index lags behind the database (inferred; the delay is not documented): a version may become
visible later than it was written, and until then searches find the previous one.
"""

from bisect import bisect_left, bisect_right, insort
from heapq import heappop, heappush

from emulator.resource import Resource

Key = tuple[int, str]
# Up to here single insertions cost less than sorting the whole list again.
_FEW = 100


class SortedKeys:
    """``(updated ms, id)`` pairs in order; sorts only when asked, so that bulk loads stay cheap."""

    def __init__(self) -> None:
        """Start empty."""
        self._keys: list[Key] = []
        self._fresh: list[Key] = []

    def add(self, key: Key) -> None:
        """Add a key that is not there yet."""
        self._fresh.append(key)

    def discard(self, key: Key) -> None:
        """Remove a key as often as it is there."""
        keys = self.sorted()
        del keys[bisect_left(keys, key) : bisect_right(keys, key)]

    def sorted(self) -> list[Key]:
        """Return the keys in order: the live list, not to be changed."""
        if len(self._fresh) > _FEW:
            self._keys.extend(self._fresh)
            self._keys.sort()
        else:
            for key in self._fresh:
                insort(self._keys, key)
        self._fresh.clear()
        return self._keys


class Index:
    """What searches of one query context see."""

    def __init__(self) -> None:
        """Start empty."""
        self.seen: dict[str, Resource] = {}
        self._everything = SortedKeys()
        self._living = SortedKeys()
        self._waiting: list[tuple[int, int, Resource]] = []

    def add(self, record: Resource, visible_at: int | None = None) -> None:
        """Take in a version: visible at once, or from ``visible_at`` (epoch ms) on."""
        if visible_at is None:
            self._show(record)
        else:
            heappush(self._waiting, (visible_at, record.version, record))

    def catch_up(self, now: int) -> None:
        """Make visible every version that is due at ``now``."""
        while self._waiting and self._waiting[0][0] <= now:
            self._show(heappop(self._waiting)[2])

    def double(self, record_id: str) -> None:
        """Hold a record twice, until it changes."""
        record = self.seen[record_id]
        for keys in (self._everything, *(() if record.deleted else (self._living,))):
            keys.add((record.updated, record_id))

    def keys(self, *, deleted: bool) -> list[Key]:
        """Return the keys by ``updatedAt``, with or without deleted records."""
        return (self._everything if deleted else self._living).sorted()

    def _show(self, record: Resource) -> None:
        key = (record.updated, record.id)
        before = self.seen.get(record.id)
        if before is not None:
            if before.version > record.version:
                return
            old_key = (before.updated, before.id)
            self._everything.discard(old_key)
            self._living.discard(old_key)
        self.seen[record.id] = record
        self._everything.add(key)
        if not record.deleted:
            self._living.add(key)
