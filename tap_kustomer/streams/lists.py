"""Ways to read an incremental stream from a GET list."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_kustomer import jsonapi, timestamps
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import (
    AccessRefusedError,
    BadRequestError,
    NotFoundError,
    RecordError,
    UnprovenError,
)
from tap_kustomer.streams.base import Order
from tap_kustomer.streams.ladder import LIST, LadderStream, Way
from tap_kustomer.walks.items import Item, fetch_items
from tap_kustomer.walks.listing import Entry, read_list, read_range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from singer_sdk.helpers.types import Record

# How long after its end something may still change, although nothing says so.
LATE_CHANGES = 2 * timestamps.DAY


class ListWay(Way):
    """A way through one list."""

    order = Order.LIST

    def __init__(self, stream: LadderStream, path: str) -> None:
        """Read the list at `path`."""
        self.stream = stream
        self.path = path
        self.name = f"the list {path}"

    @override
    def estimate(self) -> str:
        fetch(self.stream.session.client, self.path, {"pageSize": 1})
        return "full table"

    @override
    def has_any(self) -> bool:
        try:
            items = fetch_items(self.stream.session.client, self.path, {"pageSize": 1})
        except (AccessRefusedError, BadRequestError, NotFoundError):
            return False
        return bool(items)

    def release(self, unread: Iterable[str]) -> None:
        """Remove from `unread` what lies in the range that was read."""
        for key in unread:
            if self.stream.unread_range(key)[1] <= self.stream.session.cutoff:
                self.stream.release(key)

    def since(self, since: int) -> int:
        """Where to begin, so that what earlier runs could not read is in the range."""
        unread = (self.stream.unread_range(key)[0] for key in self.stream.unread())
        return min([since, *unread])


class WholeList(ListWay):
    """The whole list, of which the rows of the range are kept."""

    @override
    def rows(self, since: int) -> Iterator[Record]:
        """The rows of the range. The list is sorted by id, so the bookmark moves last."""
        stream, end, latest = self.stream, self.stream.session.cutoff, since
        stream.start(since)
        unread = stream.unread()
        for entry in read_range(stream.session.client, self.path, self.since(since), end):
            latest = max(latest, entry.instant)
            if (row := stream.row_or_none(entry)) is not None:
                yield row
        self.release(unread)
        stream.move_bookmark(latest)


class FilteredList(ListWay):
    """A list with a filter by `updatedAt`, read day by day."""

    @override
    def rows(self, since: int) -> Iterator[Record]:
        """The rows of the range; the bookmark moves with each day.

        Raises:
            UnprovenError: the list ignores its filter.
        """
        stream, end = self.stream, self.stream.session.cutoff
        stream.start(since)
        unread, start = stream.unread(), self.since(since)
        while start <= end:
            last = min(start + timestamps.DAY - 1, end)
            for item in read_list(stream.session.client, self.path, _params(start, last)):
                instant = item.timestamp(otherwise=start)
                if not start <= instant <= last:
                    raise UnprovenError(self.path, "the list ignores its filter")
                if (row := stream.row_or_none(Entry(instant, item))) is not None:
                    yield row
            stream.move_bookmark(last)
            start = last + 1
        self.release(unread)

    @override
    def estimate(self) -> str:
        params = _params(self.stream.since(), self.stream.session.cutoff)
        document = fetch(self.stream.session.client, self.path, {**params, "pageSize": 1})
        total = jsonapi.count_in(jsonapi.object_in(document, "meta").get("total"))
        return "not counted" if total is None else f"{total:,}"


def _params(start: int, end: int) -> dict[str, str | int]:
    bounds = {"gte": timestamps.text(start), "lte": timestamps.text(end)}
    return {
        **{f"filter[updatedAt][{operator}]": bound for operator, bound in bounds.items()},
        "sort": "updatedAt",
    }


class NewestFirst(ListWay):
    """A list without a filter, asked for newest first, of things that change until they end.

    If it comes newest first, reading ends at the first page of things that had ended before the
    last run: `open_since` in the state is when the oldest one began that could still change then.
    Otherwise, and if the bookmark is that of another way, the whole list is read.
    """

    mark: ClassVar[str] = LIST

    def __init__(
        self,
        stream: LadderStream,
        path: str,
        is_open: Callable[[Item], bool],
        *,
        must_reach_back: bool = False,
    ) -> None:
        """Read the list at `path`.

        `is_open` is whether something may still change. With `must_reach_back` the list is only
        trusted if it holds ended ones from before the range: it may show open ones alone.
        """
        super().__init__(stream, path)
        self._is_open = is_open
        self._must_reach_back = must_reach_back

    @override
    def check(self) -> None:
        """Check that the list is newest first and holds ended ones, if that matters.

        Raises:
            UnprovenError: it is not, does not, or is not there.
        """
        if not self._must_reach_back:
            return
        try:
            items = fetch_items(self.stream.session.client, self.path, {"sort": "desc"})
        except NotFoundError:
            raise UnprovenError(self.path, "there is no such list") from None
        began = [_began(item, otherwise=0) for item in items]
        if began != sorted(began, reverse=True):
            raise UnprovenError(self.path, "the list is not newest first")
        if all(self._may_change(item) for item in items):
            raise UnprovenError(self.path, "the list shows nothing that has ended")

    @override
    def rows(self, since: int) -> Iterator[Record]:
        """The rows changed since, and those that may have; the bookmark moves last.

        The latter began up to two days before what was open in the last run, or before `since`.

        Raises:
            UnprovenError: the list had to reach back before `since`, and does not.
        """
        stream, end = self.stream, self.stream.session.cutoff
        stream.start(since)
        unread, start, oldest = stream.unread(), self.since(since), self._oldest(since)
        changing = since - LATE_CHANGES if oldest is None else min(oldest, since - LATE_CHANGES)
        open_since, reaches_back = end, False
        for item in self._items(start, oldest):
            # Something without a date may be anywhere, so it is looked for from here again.
            began = _began(item, otherwise=since)
            updated = item.timestamp(otherwise=began)
            is_open = self._may_change(item)
            reaches_back = reaches_back or (began < since and not is_open)
            is_wanted = updated >= start or began >= changing
            row = None
            if is_wanted and updated <= end:
                row = stream.row_or_none(Entry(updated, item))
            if row is not None:
                yield row
            if is_open or (is_wanted and row is None):
                open_since = min(open_since, began)
        if self._must_reach_back and not reaches_back:
            raise UnprovenError(self.path, "the list does not reach back to the bookmark")
        self.release(unread)
        stream.stream_state["open_since"] = timestamps.text(open_since)
        stream.move_bookmark(end)

    def _may_change(self, item: Item) -> bool:
        try:
            return self._is_open(item)
        except RecordError:
            return True

    def _oldest(self, since: int) -> int | None:
        """When the oldest thing began that may have changed; `None` if it is not known."""
        if self.stream.was_read_by != LIST:
            return None
        open_since = self.stream.stream_state.get("open_since")
        return jsonapi.timestamp_in(open_since, otherwise=since) - LATE_CHANGES

    def _items(self, start: int, oldest: int | None) -> Iterator[Item]:
        def is_wanted(item: Item) -> bool:
            return item.timestamp(otherwise=start) >= start

        def is_enough(page: list[Item]) -> bool:
            if oldest is None:
                return False
            began = [_began(item, otherwise=start) for item in page]
            newest_first = began == sorted(began, reverse=True) and len(set(began)) > 1
            return newest_first and began[0] < min(start, oldest)

        client = self.stream.session.client
        try:
            params = {"sort": "desc"}
            yield from read_list(client, self.path, params, counts=is_wanted, is_enough=is_enough)
        except BadRequestError:
            if self._must_reach_back:
                raise
            yield from read_list(client, self.path, counts=is_wanted)

    @override
    def estimate(self) -> str:
        """Only checks that the list can be read: it reports no total."""
        super().estimate()
        return "not counted"


def _began(item: Item, *, otherwise: int) -> int:
    return item.timestamp("createdAt", otherwise=otherwise)
