"""A world for model tests: an org that changes, a clock that is held, runs that may be killed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from emulator import Emulator, Org, Switches
from tap_kustomer import timestamps
from tap_kustomer.errors import ClosedStreamsError
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.walks.slices import Limits
from tests.model import mortal
from tests.model.mortal import Mortal
from tests.support import tap_for

if TYPE_CHECKING:
    from emulator import Resource
    from tests.support import Messages

BASE = timestamps.parse("2026-06-01T12:00:00Z")
LOOKBACK = 60 * timestamps.SECOND
KIND = "conversation"


@dataclass(frozen=True)
class Change:
    """Something happens to a record: it is made, updated or deleted; search sees it later."""

    record: int
    delay: int = 0
    delete: bool = False


@dataclass(frozen=True)
class RunPlan:
    """What goes on before and during one run."""

    changes: tuple[Change, ...] = ()
    moving: int = 0
    faults: tuple[str, ...] = ()
    kill_after: int | None = None
    latency: int = 100
    total_cap: int | None = None
    max_served: int | None = None
    clamp: int | None = None
    bare_search: bool = False
    crossing: int = 0
    doubled: tuple[int, ...] = ()
    poison: tuple[int, ...] = ()
    refuses_sort: bool = False
    refused_after: int | None = None
    """After so many requests the search refuses the context."""


def id_of(record: int) -> str:
    """The id of a record."""
    return f"{record:024x}"


@dataclass
class World:
    """An org, its truth, and what targets have received so far."""

    page_size: int
    concurrency: int = 1
    kind: str = KIND
    stream: str = "conversations"
    now: int = BASE
    start: int = BASE - timestamps.DAY
    emitted: dict[str, int] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    bookmarks: list[str] = field(default_factory=list)
    visible: dict[str, int] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """Records that searches count and never send: nobody can expect them."""

    def __post_init__(self) -> None:
        self.org = Org(now=BASE)
        self.step = 0
        self.left: int | None = None
        self.emulator = Emulator(
            self.org,
            Switches(search_limit=None, org_limit=None, latency=1),
            clock=lambda: self.now,
            sleep=self._pass,
        )

    def _pass(self, _: float) -> None:
        self.now += self.step
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.emulator.switches.refused_contexts = {self.kind}

    def put(self, record: int, updated: int, created: int) -> None:
        """A record as it was before the first run."""
        one = id_of(record)
        attributes = {
            "rev": 1,
            "createdAt": timestamps.text(created),
            "updatedAt": timestamps.text(updated),
        }
        self.org.put(self.kind, {"type": self.kind, "id": one, "attributes": attributes})
        self.visible[one] = updated

    def happen(self, change: Change) -> None:
        """Carry out a change now."""
        one = id_of(change.record)
        seen_at = self.now + change.delay
        self.now += 1
        if one not in self.org.resources[self.kind]:
            self.put(change.record, self.now, self.now)
            return
        gone = {"deleted": True, "deletedAt": timestamps.text(self.now)} if change.delete else {}
        self.org.touch(self.kind, one, at=self.now, indexed_at=seen_at + 1, **gone)
        self.visible[one] = seen_at + 1

    def run(self, plan: RunPlan) -> Messages | None:
        """One run of the tap; `None` when it was killed or did not exit 0."""
        self._prepare(plan)
        began = self.now
        messages = Mortal(plan.kill_after)
        tap = tap_for(
            self.emulator,
            messages,
            state=self.state,
            now=lambda: datetime.fromtimestamp(self.now / 1_000, UTC),
            start_date=timestamps.text(self.start),
            max_history_months=0,
            lookback_seconds=LOOKBACK // timestamps.SECOND,
            page_size=self.page_size,
            concurrency=self.concurrency,
            max_requests_per_minute=2_000,
            max_search_requests_per_minute=1_000,
        )
        # So small that a few records are many.
        tap.session.limits = Limits(plan.total_cap or 10_000, 3 * self.page_size, room=1_500)
        error = mortal.run(tap, self.stream)
        self._receive(messages)
        read = tap.streams[self.stream]
        assert isinstance(read, IncrementalStream)
        if error is None:
            assert not self.unread
        if error is None or (isinstance(error, ClosedStreamsError) and read.skipped):
            self._check(began, tap.session.cutoff, plan)
        return messages if error is None else None

    def _prepare(self, plan: RunPlan) -> None:
        for change in plan.changes:
            self.happen(change)
        self.now += 1
        index = self.org.index(self.kind, self.now)
        for one in map(id_of, plan.doubled):
            if one in index.seen:
                index.double(one)
        switches = self.emulator.switches
        switches.moving, switches.fault_plan = plan.moving, deque(plan.faults)
        switches.total_cap, switches.max_served = plan.total_cap, plan.max_served
        switches.clamp, switches.bare_search = plan.clamp, plan.bare_search
        # Of a bare answer nobody can tell whether its empty page is the end.
        switches.unsent = set() if plan.bare_search else self.hidden
        switches.poison, switches.crossing = set(map(id_of, plan.poison)), plan.crossing
        switches.refused_sorts = {self.kind} if plan.refuses_sort else set()
        switches.refused_contexts, self.left = set(), plan.refused_after
        self.step = plan.latency

    @property
    def unread(self) -> set[str]:
        """The instants that the state names for later runs."""
        return set(self.state.get("bookmarks", {}).get(self.stream, {}).get("unread", []))

    def _receive(self, messages: Messages) -> None:
        """Be a target: keep rows and the last state."""
        for row in messages.records(self.stream):
            rev = row.get("rev") or row["additional_attributes"]["rev"]
            self.emitted[row["id"]] = max(self.emitted.get(row["id"], 0), rev)
        for message in messages.of("STATE"):
            bookmark = message["value"]["bookmarks"].get(self.stream, {})
            self.bookmarks += [v for k, v in bookmark.items() if k == "replication_key_value"]
        self.state = messages.state or self.state

    def _check(self, began: int, end: int, plan: RunPlan) -> None:
        """What the first promise says after a run that read all it could.

        What it could not read is in the state; without faults that is poison, and what no range of
        `updated_at` and `created_at` tells from it.
        """
        records = self.org.resources[self.kind]
        poison = [records[one] for one in map(id_of, plan.poison) if one in records]
        alike = {self._place(record) for record in poison}
        for one, record in records.items():
            if record.updated > end or self.visible[one] > began or one in self.hidden:
                continue
            at, rev = timestamps.text(record.updated), record.data["attributes"]["rev"]
            is_read = self.emitted.get(one, 0) >= rev
            may_miss = plan.faults or self._place(record) in alike
            assert is_read or (may_miss and at in self.unread), f"{one} at {at}"

    def _place(self, record: Resource) -> tuple[int, int]:
        """Where a record stands, as far as the search can tell it from others."""
        return record.updated, record.created if self.kind == KIND else 0

    def settle(self) -> None:
        """Let all indexing end, run once in peace, and find everything there is."""
        self.now += LOOKBACK
        self.visible = dict.fromkeys(self.visible, 0)
        assert self.run(RunPlan()) is not None
        for one, record in self.org.resources[self.kind].items():
            assert one in self.hidden or self.emitted[one] >= record.data["attributes"]["rev"]
        assert self.bookmarks == sorted(self.bookmarks), "the bookmark moved back"
        assert self.emulator.caps_touched == self.emulator.writes_refused == 0
