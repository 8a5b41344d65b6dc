"""GET lists: every resource of a list that may change while it is read.

A list has no filter and no frozen end. Its pages are offsets (documented), so a resource that
leaves the list moves the later ones up, and one can slip past a page border: a list of more than
one page is read again until a reading brings nothing that was there before. One page can't slip.

A list is complete only when its end is proven: `next` is null, or the count agrees. Where neither
is so, the next page is asked for by its number, and an empty one, or one that repeats what is
known, is the end. Our own parameters go with every page, whatever `next` says.
See docs/BEHAVIOR.md, "Lists".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tap_kustomer import jsonapi
from tap_kustomer.api.document import parse
from tap_kustomer.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_kustomer.api.client import Client

    Document = dict[str, Any]
    Params = Mapping[str, str | int]

# Ten million resources at 100 a page: more than the largest org known has notes.
MOST_PAGES = 100_000
# A living list may bring something new in every reading.
MOST_READINGS = 5
# Pages in a row that bring nothing new although each links to another.
MOST_IDLE = 3


class Entry(NamedTuple):
    """A resource of a list, and when it was last updated."""

    instant: int
    id: str
    resource: dict[str, Any]


def read_list(
    client: Client,
    path: str,
    params: Params | None = None,
    *,
    member: str = "data",
    counts: Callable[[dict[str, Any]], bool] = lambda _: True,
    is_enough: Callable[[list[dict[str, Any]]], bool] = lambda _: False,
) -> Iterator[dict[str, Any]]:
    """Each JSON:API resource of the list at `path`, once; or each `included` with it.

    Only resources that `counts` is true for make another reading necessary. A page that `is_enough`
    is the last one read.

    Raises:
        KustomerError: as the client does; also when the links between pages lead nowhere.
    """
    seen: set[str] = set()
    for _ in range(MOST_READINGS):
        pages, is_new = 0, False
        for document in _pages(client, path, params or {}, member):
            pages += 1
            found = jsonapi.data_in(document, path, member)
            for resource in found:
                key = jsonapi.id_of(resource)
                if key and key in seen:
                    continue
                is_new = is_new or counts(resource)
                seen.add(key)
                yield resource
            if is_enough(found):
                break
        if pages <= 1 or not is_new:
            return


def read_range(client: Client, path: str, start: int, end: int) -> Iterator[Entry]:
    """What a list holds of a range of `updated_at` (bounds included); one without it is kept.

    Raises:
        KustomerError: as `read_list` does.
    """

    def instant(resource: dict[str, Any]) -> int:
        return jsonapi.timestamp_of(resource, otherwise=end)

    def is_within(resource: dict[str, Any]) -> bool:
        return start <= instant(resource) <= end

    for resource in read_list(client, path, counts=is_within):
        if is_within(resource):
            yield Entry(instant(resource), jsonapi.id_of(resource), resource)


def _pages(client: Client, path: str, params: Params, member: str) -> Iterator[Document]:
    """The pages of one reading, up to one that proves the end.

    Raises:
        TransientError: the end is not proven.
    """
    known: set[str] = set()
    counted = idle = 0
    link, ended = None, False
    for number in range(1, MOST_PAGES + 1):
        query = params if link or number == 1 else {**params, "page": number}
        is_linked = link is not None
        document = _ask(client, path, query, link, member)
        data, total = jsonapi.data_in(document, path), _total(document)
        fresh = {jsonapi.id_of(resource) for resource in data} - known
        link = _next_link(document, path)
        if number > 1 and not fresh and not link:
            # Nothing behind the last page, or a list without pages that sends itself again.
            if not ended and (total or 0) > counted + (len(data) if is_linked else 0):
                break
            if not data:  # a page like others: what was on it may have moved up
                yield document
            return
        yield document
        known |= fresh
        counted += len(data)
        idle = 0 if fresh else idle + 1
        if link and idle < MOST_IDLE:
            continue
        ended = jsonapi.object_in(document, "links").get("next", "") is None
        agrees = total == counted or (ended and (total or 0) <= counted)
        if not link and (agrees or isinstance(document["data"], dict)):
            return
        if not link and not data and total is None:
            return
        if link or not data:
            break
    raise TransientError(path, "the list does not prove its end")


def _ask(client: Client, path: str, query: Params, link: str | None, member: str) -> Document:
    def attempt() -> Document:
        document = parse(client.get(path, query, link=link), path)
        _next_link(document, path)
        if document["data"] == {}:
            raise TransientError(path, "the answer holds no list of records")
        jsonapi.data_in(document, path, member)
        return document

    return client.retry(path, attempt)


def _next_link(document: Document, path: str) -> str | None:
    """The link to the next page, if there is one.

    Raises:
        TransientError: it is no text.
    """
    link = jsonapi.object_in(document, "links").get("next")
    if link and not isinstance(link, str):
        raise TransientError(path, "the link to the next page is no text")
    return link or None


def _total(document: Document) -> int | None:
    return jsonapi.count_in(jsonapi.object_in(document, "meta").get("total"))
