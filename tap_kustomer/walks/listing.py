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
                if resource.get("id") not in seen:
                    seen.add(resource["id"])
                    yield resource
        if pages <= 1 or len(seen) == known:
            return


def _pages(
    client: Client, path: str, params: Mapping[str, str | int] | None
) -> Iterator[list[dict[str, Any]]]:
    answer = client.get(path, params)
    followed: set[str] = set()
    while True:
        data = answer["data"]
        yield data if isinstance(data, list) else [data]
        link = (answer.get("links") or {}).get("next")
        if not link:
            return
        if link in followed:
            raise TransientError(path, "the links between pages run in a circle")
        followed.add(link)
        answer = client.get(link)
