"""A world for model tests: an org that changes, a clock that is held, runs that may be killed."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from emulator import Emulator, Org, Switches
from tap_kustomer import instants
from tap_kustomer.run import ClosedStreamsError
from tap_kustomer.walks.slices import THREAD, Limits
from tests.support import Messages, tap_for

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message

BASE = instants.parse("2026-06-01T12:00:00Z")
LOOKBACK = 60 * instants.SECOND
KIND = "conversation"


class KilledError(BaseException):
    """The process is gone."""


class Mortal(Messages):
    """Dies before it writes one more than so many messages."""

    def __init__(self, last: int | None) -> None:
        super().__init__()
        self.last = last

    def write_message(self, message: Message) -> None:
        if len(self.all) == self.last:
            raise KilledError
        super().write_message(message)


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


@dataclass
class World:
    """An org, its truth, and what targets have received so far."""

    page_size: int
    concurrency: int = 1
    now: int = BASE
    start: int = BASE - instants.DAY
    emitted: dict[str, int] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    bookmarks: list[str] = field(default_factory=list)
    visible: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.org = Org(now=BASE)
        self.step = 0
        self.emulator = Emulator(
            self.org,
            Switches(search_limit=None, org_limit=None, latency=1),
            clock=lambda: self.now,
            sleep=self._pass,
        )

    def _pass(self, _: float) -> None:
        self.now += self.step

    def put(self, record: int, updated: int, created: int) -> None:
        """A record as it was before the first run."""
        one = f"{record:024x}"
        attributes = {
            "rev": 1,
            "createdAt": instants.text(created),
            "updatedAt": instants.text(updated),
        }
        self.org.put(KIND, {"type": KIND, "id": one, "attributes": attributes})
        self.visible[one] = updated

    def happen(self, change: Change) -> None:
        """Carry out a change now."""
        one = f"{change.record:024x}"
        seen_at = self.now + change.delay
        self.now += 1
        if one not in self.org.resources[KIND]:
            self.put(change.record, self.now, self.now)
            return
        gone = {"deleted": True, "deletedAt": instants.text(self.now)} if change.delete else {}
        self.org.touch(KIND, one, at=self.now, indexed_at=seen_at + 1, **gone)
        self.visible[one] = seen_at + 1

    def run(self, plan: RunPlan) -> Messages | None:
        """One run of the tap; `None` when it was killed or did not exit 0."""
        for change in plan.changes:
            self.happen(change)
        self.now += 1
        began = self.now
        switches = self.emulator.switches
        switches.moving, switches.fault_plan = plan.moving, deque(plan.faults)
        switches.total_cap, switches.max_served = plan.total_cap, plan.max_served
        self.step = plan.latency
        messages = Mortal(plan.kill_after)
        tap = tap_for(
            self.emulator,
            messages,
            state=self.state,
            now=lambda: datetime.fromtimestamp(self.now / 1_000, UTC),
            start_date=instants.text(self.start),
            max_history_months=0,
            lookback_seconds=LOOKBACK // instants.SECOND,
            page_size=self.page_size,
            concurrency=self.concurrency,
            max_requests_per_minute=2_000,
            max_search_requests_per_minute=1_000,
        )
        # So small that a few records are many.
        tap.run.limits = Limits(plan.total_cap or 10_000, 3 * self.page_size, room=1_500)
        for name, stream in tap.streams.items():
            stream.selected = name == "conversations"
        try:
            tap.sync_all()
        except (KilledError, ClosedStreamsError):
            self._receive(messages)
            return None
        finally:
            for thread in threading.enumerate():
                if thread.name == THREAD:
                    thread.join()
        self._receive(messages)
        self._check(began, tap.run.end)
        return messages

    def _receive(self, messages: Messages) -> None:
        """Be a target: keep rows and the last state."""
        for row in messages.records("conversations"):
            self.emitted[row["id"]] = max(self.emitted.get(row["id"], 0), row["rev"])
        for message in messages.of("STATE"):
            bookmark = message["value"]["bookmarks"].get("conversations", {})
            self.bookmarks += [v for k, v in bookmark.items() if k == "replication_key_value"]
        self.state = messages.state or self.state

    def _check(self, began: int, end: int) -> None:
        """What the first promise says after a run that exits 0."""
        for one, record in self.org.resources[KIND].items():
            if record.updated <= end and self.visible[one] <= began:
                rev = record.data["attributes"]["rev"]
                assert self.emitted.get(one, 0) >= rev, f"{one} at {instants.text(record.updated)}"

    def settle(self) -> None:
        """Let all indexing end, run once in peace, and find everything there is."""
        self.now += LOOKBACK
        self.visible = dict.fromkeys(self.visible, 0)
        assert self.run(RunPlan()) is not None
        for one, record in self.org.resources[KIND].items():
            assert self.emitted[one] >= record.data["attributes"]["rev"]
        assert self.bookmarks == sorted(self.bookmarks), "the bookmark moved back"
        assert self.emulator.caps_touched == self.emulator.writes_refused == 0
