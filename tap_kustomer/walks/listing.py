"""GET lists: every resource of a list that may change while it is read.

A list has no filter and no frozen end. Its pages are offsets (documented), so a resource that
leaves the list moves the later ones up, and one can slip past a page border: a list of more than
one page is read again until a reading brings nothing that was there before. One page can't slip.

A list is complete only when its end is proven: `next` is null, or the count agrees. Where neither
is so, the next page is asked for by its number, and an empty one, or one that repeats what is
known, is the end. Whatever `next` says, a list that counts more than different resources have come
is not complete. Our own parameters go with every page.
See docs/BEHAVIOR.md, "Lists".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tap_kustomer.errors import TransientError
from tap_kustomer.walks.items import Answer, Item, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_kustomer.api.client import Client

    Params = Mapping[str, str | int]

# Ten million resources at 100 a page: more than the largest org known has notes.
MAX_PAGES = 100_000
# A living list may bring something new in every reading.
MAX_READINGS = 5
# Pages in a row that bring nothing new although each links to another.
MAX_IDLE = 3


class Entry(NamedTuple):
    """A resource of a list, and when it was last updated."""

    instant: int
    item: Item

    @property
    def id(self) -> str:
        """The id as text; empty if there is none."""
        return self.item.id

    @property
    def resource(self) -> dict[str, Any]:
        """The decoded JSON:API resource.

        Raises:
            RecordError: a value in it is beyond what can be read.
        """
        return self.item.resource


def read_list(
    client: Client,
    path: str,
    params: Params | None = None,
    *,
    member: str = "data",
    counts: Callable[[Item], bool] = lambda _: True,
    is_enough: Callable[[list[Item]], bool] = lambda _: False,
) -> Iterator[Item]:
    """Each JSON:API resource of the list at `path`, once; or each `included` with it.

    Only resources that `counts` is true for make another reading necessary. A page that `is_enough`
    is the last one read.

    Raises:
        KustomerError: as the client does; also when the list does not prove that it is whole.
    """
    seen: set[str] = set()
    listed: set[str] = set()
    for _ in range(MAX_READINGS):
        pages = missing = 0
        is_new = False
        nameless = 0
        for page in _pages(client, path, params or {}, member):
            pages += 1
            for item in page.items:
                if item.id and item.id in seen:
                    continue
                is_new = is_new or counts(item)
                seen.add(item.id)
                yield item
            listed.update(item.id for item in page.data)
            nameless += sum(not item.id for item in page.data)
            # The same resource twice is not two of those that are counted.
            missing = (page.total or 0) - len(listed - {""}) - nameless
            if is_enough(page.items):
                missing = 0
                break
        if missing <= 0 and (pages <= 1 or not is_new):
            return
    if missing > 0:
        raise TransientError(path, "the list counts more than it holds")


def read_range(client: Client, path: str, start: int, end: int) -> Iterator[Entry]:
    """What a list holds of a range of `updated_at` (bounds included); one without it is kept.

    Raises:
        KustomerError: as `read_list` does.
    """

    def is_within(item: Item) -> bool:
        return start <= item.timestamp(otherwise=end) <= end

    for item in read_list(client, path, counts=is_within):
        if is_within(item):
            yield Entry(item.timestamp(otherwise=end), item)


def _pages(client: Client, path: str, params: Params, member: str) -> Iterator[Answer]:
    """The pages of one reading, up to one that proves the end.

    Raises:
        TransientError: the end is not proven.
    """
    known: set[str] = set()
    counted = idle = 0
    link = None
    for number in range(1, MAX_PAGES + 1):
        query = params if link or number == 1 else {**params, "page": number}
        is_linked = link is not None
        page = _ask(client, path, query, link, member)
        total, rows = page.total, len(page.data)
        fresh = {item.id for item in page.data} - known
        link = _next_link(page, path)
        if number > 1 and not fresh and not link:
            # Nothing behind the last page, or a list without pages that sends itself again.
            if (total or 0) > counted + (rows if is_linked else 0):
                break
            if not rows:  # a page like others: what was on it may have moved up
                yield page
            return
        yield page
        known |= fresh
        counted += rows
        idle = 0 if fresh else idle + 1
        if link and idle < MAX_IDLE:
            continue
        ended = page.links.get("next", "") is None
        agrees = total == counted or (ended and (total or 0) <= counted)
        if not link and (agrees or page.is_single or (not rows and total is None)):
            return
        if link or not rows:
            break
    raise TransientError(path, "the list does not prove its end")


def _ask(client: Client, path: str, query: Params, link: str | None, member: str) -> Answer:
    def attempt() -> Answer:
        page = parse(client.get(path, query, link=link), path, member)
        _next_link(page, path)
        if page.is_single and not page.data:
            raise TransientError(path, "the answer holds no list of records")
        return page

    return client.retry(path, attempt)


def _next_link(page: Answer, path: str) -> str | None:
    """The link to the next page, if there is one.

    Raises:
        TransientError: it is no text.
    """
    link = page.links.get("next")
    if link and not isinstance(link, str):
        raise TransientError(path, "the link to the next page is no text")
    return link or None
