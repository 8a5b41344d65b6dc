"""Plain lists of what the store holds: one line of the table per endpoint.

Documented: default page size 100, largest 100 (users and teams 500), ``meta`` without a total but
for customers, ``next`` null at the end, ``sort=desc`` for descending ids, and the filters. Not
documented, chosen here: a larger page size is cut to the largest, a wrong page or filter answers
400, only users hide deleted records, and ``fromDate`` compares ``updatedAt``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emulator.errors import bad_request, not_found
from emulator.pages import page_bytes, page_links
from emulator.query import DEFAULT_PAGE_SIZE, positive
from emulator.resource import JsonObject, Resource
from emulator.store import Store
from emulator.switches import Switches
from emulator.times import to_ms

Known = Mapping[str, Resource]
_USER_FILTERS = ("pending", "deleted", "userType", "email")
_KLASS_STATUSES = ("enabled", "existing_only", "disabled")


@dataclass(frozen=True)
class Asked:
    """One GET request.

    Attributes:
        store: what is read.
        switches: what is turned on.
        now: epoch ms.
        path: as asked for.
        one: what stands at the place of ``{}`` in the endpoint's path.
        params: of the query string.
    """

    store: Store
    switches: Switches
    now: int
    path: str
    one: str
    params: Mapping[str, str]

    @property
    def descends(self) -> bool:
        """Whether ``sort=desc`` is asked for; 400 for any other sort."""
        if self.params.get("sort", "desc") != "desc":
            title = "sort takes desc"
            raise bad_request(title)
        return "sort" in self.params

    def page(self, rows: int, largest: int, *, has_total: bool = False) -> tuple[slice, JsonObject]:
        """Return which of so many rows are asked for, and the ``meta`` and ``links`` over them."""
        page = positive(self.params, "page", 1)
        size = min(positive(self.params, "pageSize", DEFAULT_PAGE_SIZE), largest)
        kept = {
            name: value for name, value in self.params.items() if name not in {"page", "pageSize"}
        }
        if self.switches.forgetful_links:
            kept = {}
        links = page_links(self.path, kept, page=page, size=size, more=page * size < rows)
        meta = {"pageSize": size, "page": page}
        if has_total:
            meta |= {"total": rows, "totalPages": -(-rows // size)}
        return slice((page - 1) * size, page * size), {"meta": meta, "links": links}


@dataclass(frozen=True)
class Listing:
    """One list endpoint: the type it lists and how.

    Attributes:
        type: kind of resource in the store.
        largest: page size that a larger one is cut to.
        is_paged, is_sortable, has_total: what the endpoint knows.
        role: the resource whose roles open it when that is not the type.
        select: filters the ids.
        include: gives what comes with the resources of a page; None: no ``included``.
    """

    type: str
    largest: int = 100
    is_paged: bool = True
    is_sortable: bool = False
    has_total: bool = False
    role: str = ""
    select: Callable[[Known, list[str], Asked], list[str]] | None = None
    include: Callable[[Asked, list[Resource]], list[bytes] | None] | None = None

    @property
    def resource(self) -> str:
        """What the roles are asked about."""
        return self.role or self.type

    def answer(self, asked: Asked) -> bytes:
        """Return the JSON answer; 400 when a parameter is not as documented."""
        known, ids = asked.store.resources[self.type], asked.store.ids(self.type)
        if not self.is_paged:
            return page_bytes({}, [known[one].raw for one in ids])
        if self.select:
            ids = self.select(known, ids, asked)
        if self.is_sortable and asked.descends:
            ids = ids[::-1]
        part, head = asked.page(len(ids), self.largest, has_total=self.has_total)
        shown = [known[one] for one in ids[part]]
        included = self.include(asked, shown) if self.include else None
        return page_bytes(head, [record.raw for record in shown], included)


def _where(**attributes: str) -> Callable[[Known, list[str], Asked], list[str]]:
    """Return a filter by parameters, each named with the attribute that it equals."""

    def select(known: Known, ids: list[str], asked: Asked) -> list[str]:
        for name, attribute in attributes.items():
            if name in asked.params:
                path, wanted = ("attributes", attribute), asked.params[name]
                ids = [one for one in ids if _text(known[one].part(path)) == wanted]
        return ids

    return select


def _text(value: object) -> str:
    return str(bool(value)).lower() if value is None or isinstance(value, bool) else str(value)


def _companies(known: Known, ids: list[str], asked: Asked) -> list[str]:
    """Filter by external id or name; both together are ignored (documented)."""
    if {"externalId", "filter"} <= set(asked.params):
        return ids
    return _where(externalId="externalId", filter="name")(known, ids, asked)


def _klasses(known: Known, ids: list[str], asked: Asked) -> list[str]:
    """Filter by status; enabled ones are listed by default (documented)."""
    status = asked.params.get("status", "enabled")
    if status not in _KLASS_STATUSES:
        title = f"status takes {', '.join(_KLASS_STATUSES)}"
        raise bad_request(title)
    return [one for one in ids if known[one].part(("attributes", "status")) == status]


def _of_klass(known: Known, ids: list[str], asked: Asked) -> list[str]:
    """Keep the custom objects of the klass that the path names, 404 when there is none."""
    names = (
        klass.part(("attributes", "name")) for klass in asked.store.resources["klass"].values()
    )
    if asked.one not in names:
        title = f"no klass {asked.one}"
        raise not_found(title)
    since = 0
    if "fromDate" in asked.params:
        try:
            since = to_ms(asked.params["fromDate"])
        except (ValueError, TypeError):
            title = "fromDate is not an ISO date-time"
            raise bad_request(title) from None
    kind = f"kobject.{asked.one}"
    return [one for one in ids if known[one].type == kind and known[one].updated >= since]


def _users(known: Known, ids: list[str], asked: Asked) -> list[str]:
    """Filter users; deactivated ones are listed by ``deleted=true`` only (documented)."""
    params = asked.params
    given = [name for name in _USER_FILTERS if name in params]
    if len(given) > 1:
        title = f"cannot be combined: {', '.join(given)}"
        raise bad_request(title)
    deactivated = params.get("deleted", "false") == "true"
    ids = [one for one in ids if known[one].deleted == deactivated]
    if not given or given == ["deleted"]:
        return ids
    people = {one: known[one].data["attributes"] for one in ids}
    if given == ["pending"]:
        # Pending: invited, and not logged in yet (chosen).
        pending = params["pending"] == "true"
        return [one for one in ids if (not people[one].get("firstLoginAt")) == pending]
    return [one for one in ids if people[one].get(given[0]) == params[given[0]]]


def _work_sessions(known: Known, ids: list[str], asked: Asked) -> list[str]:
    """Filter as documented; ``sort`` is not documented, and ignored unless switched on."""
    ids = _where(active="active", statusType="statusType")(known, ids, asked)
    return ids[::-1] if asked.switches.sorted_sessions and asked.descends else ids


def _sla_versions(asked: Asked, slas: list[Resource]) -> list[bytes] | None:
    """Include the versions of the listed SLAs: all, or the active ones (documented)."""
    wanted = asked.params.get("versions")
    if wanted not in {None, "all", "active"}:
        title = "versions takes all or active"
        raise bad_request(title)
    if wanted is None:
        return None
    current = {sla.id: sla.part(("attributes", "currentVersion")) for sla in slas}
    return [
        version.raw
        for version in asked.store.resources["sla_version"].values()
        if (of := str(version.part(("relationships", "sla", "data", "id")))) in current
        and (wanted == "all" or version.part(("attributes", "version")) == current[of])
    ]


LISTINGS = {
    "/v1/auth/roles": Listing("auth_role", is_paged=False),
    "/v1/brands": Listing("brand"),
    "/v1/companies": Listing("company", select=_companies),
    "/v1/conversations": Listing("conversation", is_sortable=True),
    "/v1/customers": Listing("customer", has_total=True),
    "/v1/klasses": Listing("klass", select=_klasses),
    "/v1/klasses/{}": Listing("kobject", role="klass", select=_of_klass),
    "/v1/messages": Listing("message", is_sortable=True),
    "/v1/notes": Listing("note"),
    "/v1/role-groups": Listing("role_group"),
    "/v1/routing/queues": Listing("queue", select=_where(key="key")),
    "/v1/routing/work-sessions": Listing("work_session", select=_work_sessions),
    "/v1/satisfaction": Listing("satisfaction"),
    "/v1/schedules": Listing("schedule"),
    "/v1/shortcuts": Listing("shortcut"),
    "/v1/slas": Listing("sla", include=_sla_versions),
    "/v1/tags": Listing("tag", select=_where(deleted="deleted")),
    "/v1/teams": Listing("team", largest=500),
    "/v1/users": Listing("user", largest=500, select=_users),
}
