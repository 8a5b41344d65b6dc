"""What a test can turn on while the emulator serves."""

from collections import deque
from dataclasses import dataclass, field


@dataclass
class Switches:
    """Read at every request. The defaults are a healthy org, as documented.

    Attributes:
        expired_key: every request answers 401 "Expired token" (text seen by others).
        pod: every request answers 401 with the documented text about pods, naming this one.
        forbidden: resources refused whatever the roles, for example ``{"team", "search"}``.
        absent: resources whose endpoints answer 404, as in an org that does not have them.
        missing_role_status: 403 as newly documented, or 401 as documented before.
        hidden: ids of conversations and customers that answer 403, with all that belongs to them.
        unsent: ids that searches count but leave out of their pages.
        poison: ids that make every page of a search or of children with one of them answer 500.
        times_v2: serve handle times under ``/v2``, else answer 404 there.
        sorted_sessions: the lists of work sessions and work items obey ``sort=desc`` (not
            documented).
        refused_contexts: query contexts whose attributes searches answer 400 to, as no document
            promises those of companies, handle times, work items and work sessions.
        refused_sorts: query contexts that searches answer 400 to if they are to be sorted.
        ignored_ranges: query contexts whose ranges searches ignore: everything is found.
        matchless_ranges: query contexts of which searches find nothing by a range.
        blind_contexts: query contexts of which searches find nothing at all.
        refuses_exact_totals: searches answer 400 to ``trackTotalHits``.
        open_items_only: the org's list of work items has none that is completed.
        search_limit: searches per 60 s (100 documented); None: unlimited.
        org_limit: requests per 60 s (1,000 documented for Enterprise); None: unlimited.
        other_use: share of both budgets, from 0 to 1, that another client has used up.
        latency: seconds slept per request.
        moving: how many random conversations are updated after every search.
        index_delay: ms until searches see a version put from now on.
        total_cap: ``meta.total`` never exceeds it, for example 10,000 (not documented).
        max_served: a search that finds a larger page answers ``timed_out``.
        bare_search: searches answer ``data`` alone, without ``meta`` and ``links``.
        unsorted: searches ignore the sort.
        clamp: searches serve pages of this size at most, and ``meta`` does not say so.
        crossing: ms for which a record is in neither search while it moves to the archive.
        faults: probability per request of each kind of fault, see ``emulator.faults``.
        fault_plan: faults of the next requests that they fit, one each; "" for none.
    """

    expired_key: bool = False
    pod: str | None = None
    forbidden: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    missing_role_status: int = 403
    hidden: set[str] = field(default_factory=set)
    unsent: set[str] = field(default_factory=set)
    poison: set[str] = field(default_factory=set)
    times_v2: bool = True
    sorted_sessions: bool = False
    refused_contexts: set[str] = field(default_factory=set)
    refused_sorts: set[str] = field(default_factory=set)
    ignored_ranges: set[str] = field(default_factory=set)
    matchless_ranges: set[str] = field(default_factory=set)
    blind_contexts: set[str] = field(default_factory=set)
    refuses_exact_totals: bool = False
    open_items_only: bool = False
    search_limit: int | None = 100
    org_limit: int | None = 1_000
    other_use: float = 0.0
    latency: float = 0.0
    moving: int = 0
    index_delay: int = 0
    total_cap: int | None = None
    max_served: int | None = None
    bare_search: bool = False
    unsorted: bool = False
    clamp: int | None = None
    crossing: int = 0
    faults: dict[str, float] = field(default_factory=dict)
    fault_plan: deque[str] = field(default_factory=deque)
