"""Lists of what the store holds, by ascending id.

Documented: default page size 100, ``meta`` without a total, ``next`` null at the end. Chosen: only
users, teams, shortcuts and queues hide deleted records.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from flask import request

from emulator.pages import page_bytes, page_links
from emulator.parameters import PAGING, Parameters, number
from emulator.resource import JsonObject, Resource
from emulator.store import Store
from emulator.switches import Switches


class Include(NamedTuple):
    """Resources that come as ``included`` when a parameter asks for them."""

    parameter: str
    type: str
    # Their relationship with what is in ``data``.
    parent: str

    def rows(self, store: Store, parents: Collection[str]) -> list[bytes] | None:
        """Return the resources that belong to the given ids; None when not asked for."""
        if self.parameter not in request.args:
            return None
        path = ("relationships", self.parent, "data", "id")
        found = store.resources[self.type].values()
        return [record.raw for record in found if record.part(path) in parents]


@dataclass(frozen=True)
class Listing:
    """One list endpoint.

    Attributes:
        type: of the resources it lists; their roles open it.
        largest: largest page size.
        options: parameters besides the page.
        keep: whether a resource is listed, given the parameters of the request.
        include: what comes with the resources of a page.
        is_paged: whether there are pages at all.
    """

    type: str
    largest: int = 100
    options: Parameters = field(default_factory=dict)
    keep: Callable[[Resource], bool] = lambda _: True
    include: Include | None = None
    is_paged: bool = True

    @property
    def parameters(self) -> Parameters:
        """All query parameters."""
        return {**PAGING, **self.options}

    def answer(self, store: Store, switches: Switches, _: str) -> bytes:
        """Return the page asked for."""
        known = store.resources[self.type]
        listed = [known[key] for key in store.ids(self.type) if self.keep(known[key])]
        if not self.is_paged:
            return page_bytes({}, [record.raw for record in listed])
        if switches.sorted_sessions and "sort" in request.args:
            listed.reverse()
        part, head = page_of(len(listed), self.largest)
        shown = listed[part]
        included = self.include and self.include.rows(store, {record.id for record in shown})
        return page_bytes(head, [record.raw for record in shown], included)


def page_of(rows: int, largest: int) -> tuple[slice, JsonObject]:
    """Return which of so many rows are asked for, and the ``meta`` and ``links`` over them."""
    page, size = number("page", 1), number("pageSize", 100, largest)
    links = page_links(page, size, more=page * size < rows)
    head = {"meta": {"pageSize": size, "page": page}, "links": links}
    return slice((page - 1) * size, page * size), head
