"""Plain lists: one line of the table per endpoint.

Documented: default page size 100, largest 100 (users and teams 500), ``meta`` without a total,
``next`` null at the end, ``sort=desc`` for descending ids. Not documented, chosen here: a larger
page size is cut to the largest, a wrong page answers 400, and only users hide deleted records.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.errors import bad_request
from emulator.pages import page_bytes, page_links
from emulator.query import DEFAULT_PAGE_SIZE, positive
from emulator.resource import Resource
from emulator.store import Store

_USER_FILTERS = ("pending", "deleted", "userType", "email")


@dataclass(frozen=True)
class Listing:
    """One list endpoint: the type it lists and how."""

    type: str
    largest: int = 100
    is_paged: bool = True
    is_sortable: bool = False


LISTINGS = {
    "/v1/auth/roles": Listing("auth_role", is_paged=False),
    "/v1/conversations": Listing("conversation", is_sortable=True),
    "/v1/role-groups": Listing("role_group"),
    "/v1/teams": Listing("team", largest=500),
    "/v1/users": Listing("user", largest=500),
}


def answer_list(store: Store, path: str, params: Mapping[str, str]) -> bytes:
    """Return the JSON answer of a list; 400 when a parameter is not as documented."""
    listing = LISTINGS[path]
    known = store.resources[listing.type]
    ids = store.ids(listing.type)
    if not listing.is_paged:
        return page_bytes({}, [known[one].raw for one in ids])
    page = positive(params, "page", 1)
    size = min(positive(params, "pageSize", DEFAULT_PAGE_SIZE), listing.largest)
    if listing.type == "user":
        ids = _users(known, ids, params)
    if listing.is_sortable and "sort" in params:
        if params["sort"] != "desc":
            title = "sort takes desc"
            raise bad_request(title)
        ids = ids[::-1]
    rows = [known[one].raw for one in ids[(page - 1) * size : page * size]]
    kept = {name: value for name, value in params.items() if name not in {"page", "pageSize"}}
    links = page_links(path, kept, page=page, size=size, more=page * size < len(ids))
    return page_bytes({"meta": {"pageSize": size, "page": page}, "links": links}, rows)


def _users(known: Mapping[str, Resource], ids: list[str], params: Mapping[str, str]) -> list[str]:
    """Filter users; deactivated ones are listed by ``deleted=true`` only (documented)."""
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
