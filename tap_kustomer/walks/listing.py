"""GET lists: every resource of a list that may change while it is read.

A list has no filter and no frozen end; its pages are offsets (documented), so a resource that
leaves the list moves the later ones up, and one can slip past a page border. A list of more than
one page is therefore read again until a reading brings nothing new; one page can't slip.
See docs/BEHAVIOR.md, "Lists move while they are read".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_kustomer.api.errors import TransientError
from tap_kustomer.records import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_kustomer.api.client import Client


def read_list(
    client: Client,
    path: str,
    params: Mapping[str, str | int] | None = None,
    *,
    member: str = "data",
    enough: Callable[[list[dict[str, Any]]], bool] | None = None,
) -> Iterator[dict[str, Any]]:
    """Each JSON:API resource of the list at `path`, once; or each `included` with it.

    A page that is `enough` is the last one read.

    Raises:
        KustomerError: as the client does; also when the links between pages run in a circle.
    """
    seen: set[str] = set()
    while True:
        known, pages = len(seen), 0
        for answer in _pages(client, path, params):
            pages += 1
            page = resources_in(answer, path, member)
            for resource in page:
                key = str(resource.get("id") or "")
                if key not in seen:
                    seen.add(key)
                    yield resource
            if enough and enough(page):
                break
        if pages <= 1 or len(seen) == known:
            return


def read_cursor(
    client: Client, path: str, params: Mapping[str, str | int]
) -> Iterator[dict[str, Any]]:
    """Each resource of a list whose pages begin behind an id, so that none can slip.

    Raises:
        KustomerError: as the client does.
        RecordError: a full page does not say whether another follows.
    """
    for answer in _pages(client, path, params):
        found = resources_in(answer, path, "data")
        links = answer.get("links")
        says = isinstance(links, dict) and "next" in links
        if len(found) >= int(params["count"]) and not says:
            msg = f"A full page of {path} does not say whether another follows."
            raise RecordError(msg)
        yield from found


def _pages(
    client: Client, path: str, params: Mapping[str, str | int] | None
) -> Iterator[dict[str, Any]]:
    answer = client.get(path, params)
    followed: set[str] = set()
    while True:
        yield answer
        links = answer.get("links")
        link = links.get("next") if isinstance(links, dict) else None
        if not link:
            return
        if not isinstance(link, str) or link in followed or not answer["data"]:
            raise TransientError(path, "the links between pages lead nowhere")
        followed.add(link)
        answer = client.get(path, link=link)


def resources_in(answer: dict[str, Any], path: str, member: str) -> list[dict[str, Any]]:
    """One resource stands for a list of one: documents and payloads disagree here and there."""
    found = answer.get(member) or []
    found = found if isinstance(found, list) else [found]
    if not all(isinstance(item, dict) for item in found):
        raise TransientError(path, "the answer holds no list of records")
    return found
