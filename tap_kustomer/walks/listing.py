"""GET lists: every resource of a list that may change while it is read.

A list has no time filter and no fixed end. Pages are offsets (documented), so if a resource leaves
the list, later ones move up and one may be skipped at a page boundary. A list of several pages is
therefore read again until a pass finds nothing new. A single page needs no second pass.

A list is complete only if its end is proven: `next` is null, or the total matches. If neither
holds, the next page is requested by number; an empty page, or one without new resources, is the
end. An empty first page that says nothing else is requested again. Whatever `next` says, a list
whose total exceeds the distinct resources seen is incomplete.
Our own parameters are sent with every page, but for the page size of a link.
See docs/BEHAVIOR.md, "Lists".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tap_kustomer.errors import BadRequestError, TransientError
from tap_kustomer.walks.items import Answer, Item, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_kustomer.api.client import Client

    Params = Mapping[str, str | int]

# Documented: resources on a page if no size is requested.
DEFAULT_SIZE = 100
# Ten million resources at 100 a page, more notes than the largest known org has.
MAX_PAGES = 100_000
# Passes over one list: a busy list may have something new every time.
MAX_PASSES = 5
# Pages in a row that have nothing new, although each links to another.
MAX_IDLE_PAGES = 3


class Entry(NamedTuple):
    """A resource of a list; `instant` is when it was last updated."""

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
            RecordError: a number in it is too large, or it nests too deeply.
        """
        return self.item.resource


def read_list(
    client: Client,
    path: str,
    params: Params | None = None,
    *,
    member: str = "data",
    is_paged: bool = True,
    counts: Callable[[Item], bool] = lambda _: True,
    is_enough: Callable[[list[Item]], bool] = lambda _: False,
) -> Iterator[Item]:
    """Each JSON:API resource of the list at `path`, once; with `member`, each `included` one.

    Only new resources for which `counts` is true make another pass necessary. The first page for
    which `is_enough` is true is the last one read.

    Raises:
        KustomerError: as the client does; also when the list is not proven to be complete.
    """
    seen: set[str] = set()
    listed: set[str] = set()
    for _ in range(MAX_PASSES):
        pages = missing = 0
        is_new = False
        without_id = 0
        for page in _pages(client, path, params or {}, member, is_paged=is_paged):
            pages += 1
            for item in page.items:
                if item.id and item.id in seen:
                    continue
                is_new = is_new or counts(item)
                seen.add(item.id)
                yield item
            listed.update(item.id for item in page.data)
            without_id += sum(not item.id for item in page.data)
            # Distinct ids: a resource sent twice counts once towards the total.
            missing = (page.total or 0) - len(listed - {""}) - without_id
            if is_enough(page.items):
                missing = 0
                break
        if missing <= 0 and (pages <= 1 or not is_new):
            return
    if missing > 0:
        raise TransientError(path, "the list reports more records than it returns")


def read_range(client: Client, path: str, start: int, end: int) -> Iterator[Entry]:
    """The resources of a list within a range of `updated_at` (inclusive), or without a date.

    Raises:
        KustomerError: as `read_list` does.
    """

    def is_within(item: Item) -> bool:
        return start <= item.timestamp(otherwise=end) <= end

    for item in read_list(client, path, counts=is_within):
        if is_within(item):
            yield Entry(item.timestamp(otherwise=end), item)


def _pages(
    client: Client, path: str, params: Params, member: str, *, is_paged: bool
) -> Iterator[Answer]:
    """The pages of one pass, up to the one that proves the end.

    Raises:
        TransientError: no page proves the end.
        BadRequestError: a page is refused, and not because a list without pages has no second one.
    """
    seen_ids: set[str] = set()
    rows_so_far = idle_pages = 0
    link = None
    for number in range(1, MAX_PAGES + 1):
        query = params if link or number == 1 else {**params, "page": number}
        is_linked = link is not None
        try:
            page = _fetch_page(client, path, query, link, member)
        except BadRequestError:
            if number > 1 and not link and not is_paged:
                return
            raise
        total, rows = page.total, len(page.data)
        new_ids = {item.id for item in page.data} - seen_ids
        link = _next_link(page, path)
        if number > 1 and not new_ids and not link:
            # An empty page after the last, or a list that ignores the page number.
            if (total or 0) > rows_so_far + (rows if is_linked else 0):
                break
            if not rows:  # counts as a page: its resources may have moved up
                yield page
            return
        yield page
        seen_ids |= new_ids
        rows_so_far += rows
        idle_pages = 0 if new_ids else idle_pages + 1
        if link and idle_pages < MAX_IDLE_PAGES:
            continue
        ended = page.links.get("next", "") is None
        # A total alone proves nothing of a full page: it may be that of the page.
        is_full = rows >= int(params.get("pageSize", DEFAULT_SIZE))
        agrees = total == rows_so_far and not is_full
        agrees = agrees or (ended and (total or 0) <= rows_so_far)
        if not link and (agrees or page.is_single or (not rows and total is None)):
            return
        if link or not rows:
            break
    raise TransientError(path, "the end of the list can't be confirmed")


def _fetch_page(client: Client, path: str, query: Params, link: str | None, member: str) -> Answer:
    def attempt() -> Answer:
        page = parse(client.get(path, query, link=link), path, member)
        _next_link(page, path)
        if page.is_single and not page.data:
            raise TransientError(path, "the response is not a list of records")
        return page

    page = client.retry(path, attempt)
    is_first = link is None and "page" not in query
    if is_first and _is_bare(page):  # as a failing gateway may send it once
        page = client.retry(path, attempt)
    return page


def _is_bare(page: Answer) -> bool:
    """Whether a page is empty, and says nothing of a total, an end, or another page."""
    is_empty = not page.data and not page.items
    return is_empty and page.total is None and page.links.get("next", "") == ""


def _next_link(page: Answer, path: str) -> str | None:
    """The link to the next page, if any.

    Raises:
        TransientError: it is not a string.
    """
    link = page.links.get("next")
    if link and not isinstance(link, str):
        raise TransientError(path, "the link to the next page is not a string")
    return link or None
