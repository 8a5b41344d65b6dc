"""GET lists: every resource of a list that may change while it is read.

A list has no filter and no frozen end; its pages are offsets (documented), so a resource that
leaves the list moves the later ones up, and one can slip past a page border. A list of more than
one page is therefore read again until a reading brings nothing new; one page can't slip.
See docs/BEHAVIOR.md, "Lists move while they are read".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_kustomer.api.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_kustomer.api.client import Client


def read_list(
    client: Client, path: str, params: Mapping[str, str | int] | None = None
) -> Iterator[dict[str, Any]]:
    """Each JSON:API resource of the list at `path`, once.

    Raises:
        KustomerError: as the client does; also when the links between pages run in a circle.
    """
    seen: set[str] = set()
    while True:
        known, pages = len(seen), 0
        for page in _pages(client, path, params):
            pages += 1
            for resource in page:
                key = str(resource.get("id") or "")
                if key not in seen:
                    seen.add(key)
                    yield resource
        if pages <= 1 or len(seen) == known:
            return


def _pages(
    client: Client, path: str, params: Mapping[str, str | int] | None
) -> Iterator[list[dict[str, Any]]]:
    answer = client.get(path, params)
    followed: set[str] = set()
    while True:
        data = answer["data"] if isinstance(answer["data"], list) else [answer["data"]]
        if not all(isinstance(item, dict) for item in data):
            raise TransientError(path, "the answer holds no list of records")
        yield data
        links = answer.get("links")
        link = links.get("next") if isinstance(links, dict) else None
        if not link:
            return
        if not isinstance(link, str) or link in followed or not data:
            raise TransientError(path, "the links between pages lead nowhere")
        followed.add(link)
        answer = client.get(link)
