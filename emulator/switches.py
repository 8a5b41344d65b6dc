"""What a test or a user can turn on while the emulator serves."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

ResetUnit = Literal["seconds", "milliseconds", "relative"]


@dataclass
class Switches:
    """Plain attributes, read at every request; the defaults are a healthy org as documented.

    Attributes:
        expired_key: every request answers 401 "Expired token" (text seen by peers).
        pod: every request answers 401 with the documented text about pods, naming this one.
        forbidden: resources refused whatever the roles, for example ``{"team", "search"}``.
        missing_role_status: 403 as newly documented, or 401 as documented before.
        hidden: ids of conversations whose children answer 403.
        unsent: ids that searches count and leave out of the pages they cut.
        poison: ids that make every search page and list of children with one of them answer 500.
        times_v2: serve the second version of handle times; else it answers 404.
        sorted_sessions: the list of work sessions takes ``sort=desc`` (not documented).
        company_search: the standard search takes attributes of companies, as peers rely on;
            else it answers 400 for each, as the documented list has none.
        search_limit: searches per 60 s (100 documented); None: unlimited.
        org_limit: requests per 60 s (1,000 documented for Enterprise); None: unlimited.
        other_use: fraction 0..1 of both budgets that another client has used up.
        rate_headers: send ``x-ratelimit-limit`` and ``-remaining`` with every answer.
        search_headers: search answers describe the search budget; else the org's (not documented).
        reset_unit: unit of ``x-ratelimit-reset``, sent only with a 429; None: not sent.
        retry_after: send ``retry-after`` with a 429 (in no source).
        latency: seconds slept per request.
        moving: this many random conversations are updated after every search answer.
        index_delay: ms until searches see a version put or touched from now on.
        total_cap: ``meta.total`` never exceeds it, for example 10,000 (not documented).
        max_served: a search finding a larger page than this answers ``timed_out``.
        bare_search: searches answer ``data`` alone, without ``meta`` and ``links``.
        clamp: searches serve pages of this size at most, and ``meta`` does not say so.
        crossing: ms for which a record is in neither search while it leaves one for the other.
        forgetful_links: the links of lists carry ``page`` and ``pageSize`` only.
        faults: probability per request and kind of fault, see ``emulator.faults``.
        fault_plan: kinds for the next requests they fit, one each; "" for no fault.
    """

    expired_key: bool = False
    pod: str | None = None
    forbidden: set[str] = field(default_factory=set)
    missing_role_status: int = 403
    hidden: set[str] = field(default_factory=set)
    unsent: set[str] = field(default_factory=set)
    poison: set[str] = field(default_factory=set)
    times_v2: bool = True
    sorted_sessions: bool = False
    company_search: bool = True
    search_limit: int | None = 100
    org_limit: int | None = 1_000
    other_use: float = 0.0
    rate_headers: bool = True
    search_headers: bool = False
    reset_unit: ResetUnit | None = "seconds"
    retry_after: bool = False
    latency: float = 0.0
    moving: int = 0
    index_delay: int = 0
    total_cap: int | None = None
    max_served: int | None = None
    bare_search: bool = False
    clamp: int | None = None
    crossing: int = 0
    forgetful_links: bool = False
    faults: dict[str, float] = field(default_factory=dict)
    fault_plan: deque[str] = field(default_factory=deque)
