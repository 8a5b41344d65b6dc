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
from emulator.times import to_ms


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
        listed = self.listed(store, switches)
        if not self.is_paged:
            return page_bytes({}, [record.raw for record in listed])
        if switches.sorted_sessions and "sort" in request.args:
            listed.reverse()
        part, head = page_of(len(listed), self.largest)
        shown = listed[part]
        included = self.include and self.include.rows(store, {record.id for record in shown})
        return page_bytes(head, [record.raw for record in shown], included)

    def listed(self, store: Store, switches: Switches) -> list[Resource]:
        """Return all that the list holds, by ascending id."""
        del switches
        known = store.resources[self.type]
        return [known[key] for key in store.ids(self.type) if self.keep(known[key])]


class WorkItems(Listing):
    """The org's work items; whether completed ones are among them is not documented."""

    def listed(self, store: Store, switches: Switches) -> list[Resource]:
        """Return all of them, or those that are not completed."""
        store.children(self.type)
        items = super().listed(store, switches)
        if not switches.open_items_only:
            return items
        return [item for item in items if item.part(("attributes", "status")) != "completed"]


_BOUNDS = {f"filter[updatedAt][{operator}]": operator for operator in ("gte", "lte")}


class Customers(Listing):
    """Customers, filtered and sorted by ``updatedAt`` if that is asked for (documented)."""

    @property
    def parameters(self) -> Parameters:
        """All query parameters."""
        return {**PAGING, **dict.fromkeys(_BOUNDS, ()), "sort": ("updatedAt",)}

    def listed(self, store: Store, switches: Switches) -> list[Resource]:
        """Return those of the range."""
        bounds = {o: to_ms(request.args[p]) for p, o in _BOUNDS.items() if p in request.args}
        first, last = bounds.get("gte", 0), bounds.get("lte", 1 << 62)
        found = [one for one in super().listed(store, switches) if first <= one.updated <= last]
        return sorted(found, key=lambda one: one.updated) if "sort" in request.args else found


def page_of(rows: int, largest: int) -> tuple[slice, JsonObject]:
    """Return which of so many rows are asked for, and the ``meta`` and ``links`` over them."""
    page, size = number("page", 1), number("pageSize", 100, largest)
    links = page_links(page, size, more=page * size < rows)
    head = {"meta": {"pageSize": size, "page": page}, "links": links}
    return slice((page - 1) * size, page * size), head
