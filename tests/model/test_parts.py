"""What belongs to conversations: no bookmark passes what was neither delivered nor written down."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator import Emulator, Org, Resource, Switches
from emulator.children import CHILDREN, child_id
from tap_kustomer import timestamps
from tap_kustomer.streams import per_conversation
from tests.model import mortal
from tests.model.mortal import Mortal
from tests.model.world import BASE, KIND, id_of
from tests.support import tap_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.singerlib import Message

STREAMS = {
    "attachments": "attachment",
    "conversation_events": "conversation_event",
}


@dataclass(frozen=True)
class Plan:
    """What goes on before and during one run; records by number."""

    changed: tuple[int, ...]
    gone: tuple[int, ...]
    barren: tuple[int, ...]
    """Conversations whose children always fail."""
    poison: tuple[int, ...]
    """Conversations that every search fails with."""
    faults: tuple[str, ...]
    kill_after: int | None


@dataclass
class World:
    """An org and what a target has received of the parts of its conversations."""

    stream: str
    concurrency: int
    hidden: set[str]
    now: int = BASE
    state: dict[str, Any] = field(default_factory=dict)
    received: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self.org = Org(now=BASE)
        switches = Switches(search_limit=None, org_limit=None, hidden=self.hidden)
        self.emulator = Emulator(self.org, switches, clock=lambda: self.now)

    def put(self, record: int, updated: int) -> None:
        text = timestamps.text(updated)
        attributes = {"rev": 1, "createdAt": text, "updatedAt": text}
        self.org.put(KIND, {"type": KIND, "id": id_of(record), "attributes": attributes})

    def parts(self, parent: Resource) -> set[str]:
        kind = STREAMS[self.stream]
        numbers = range(CHILDREN[kind].count(parent))
        return {child_id(parent.id, parent.created, kind, number) for number in numbers}

    def receive(self, message: dict[str, Any]) -> None:
        """Be a target; and judge each bookmark by what has come before it."""
        if message["type"] == "RECORD":
            row = message["record"]
            self.received[row["conversation_id"]].add(row["id"])
        if message["type"] != "STATE":
            return
        self.state = message["value"]
        own = self.state["bookmarks"].get(self.stream, {})
        reached = timestamps.parse(own.get("replication_key_value", timestamps.text(0)))
        unread = set(own.get("unread", ()))
        for one, parent in self.org.resources[KIND].items():
            if parent.updated < reached and unread.isdisjoint(
                {one, timestamps.text(parent.updated)}
            ):
                assert self.is_whole(parent), f"{one} passed at {timestamps.text(reached)}"

    def is_whole(self, parent: Resource) -> bool:
        return parent.id in self.hidden or self.parts(parent) <= self.received[parent.id]

    def run(self, plan: Plan) -> BaseException | None:
        for record in plan.changed:
            self.now += 1
            if id_of(record) in self.org.resources[KIND]:
                self.org.touch(KIND, id_of(record), at=self.now)
            else:
                self.put(record, self.now)
        known = self.org.resources[KIND]
        for one in map(id_of, plan.gone):
            if one in known:
                self.org.remove(KIND, one)
        switches = self.emulator.switches
        switches.fault_plan = deque(plan.faults)
        barren = [self.parts(known[one]) for one in map(id_of, plan.barren) if one in known]
        switches.poison = set().union(map(id_of, plan.poison), *barren)
        self.now += 1_000
        tap = tap_for(
            self.emulator,
            Target(plan.kill_after, self),
            state=self.state,
            now=lambda: datetime.fromtimestamp(self.now / 1_000, UTC),
            start_date=timestamps.text(BASE - timestamps.DAY),
            lookback_seconds=0,
            page_size=4,
            concurrency=self.concurrency,
        )
        return mortal.run(tap, self.stream)

    def settle(self) -> None:
        assert self.run(PEACE) is None
        for one, parent in self.org.resources[KIND].items():
            assert self.is_whole(parent), one
        assert "unread" not in self.state["bookmarks"][self.stream]


class Target(Mortal):
    """Hands each message to the world."""

    def __init__(self, last: int | None, world: World) -> None:
        super().__init__(last)
        self._world = world

    def write_message(self, message: Message) -> None:
        super().write_message(message)
        self._world.receive(self.all[-1])


PEACE = Plan((), (), (), (), (), None)
RECORD = st.integers(0, 20)
FEW = st.just(()) | st.lists(RECORD, max_size=3, unique=True).map(tuple)
FAULT = st.sampled_from(["", "500", "429", "reset", "html", "error_bodies", "short"]).map(
    lambda kind: (kind,)
)
STORM = st.builds(lambda kind, size: (kind,) * size, st.sampled_from(["403", "404"]), RECORD)
PLANS = st.builds(
    Plan,
    changed=st.lists(RECORD, max_size=8).map(tuple),
    gone=FEW,
    barren=FEW,
    poison=FEW,
    faults=st.lists(FAULT | STORM, max_size=6).map(lambda parts: sum(parts, ())),
    kill_after=st.none() | st.integers(0, 40),
)


@pytest.fixture(autouse=True, scope="module")
def _small_batches() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(per_conversation, "BOOKMARK_EVERY", 4)
        patch.setattr(per_conversation, "MAX_FAILED", 2)
        yield


@settings(max_examples=settings().max_examples // 2)
@given(
    st.sampled_from(sorted(STREAMS)),
    st.lists(st.integers(0, 8).map(lambda age: age * 1_000), max_size=20),
    st.lists(PLANS, min_size=1, max_size=4),
    FEW,
    st.sampled_from([1, 4]),
)
def test_nothing_of_a_conversation_is_lost(
    stream: str, ages: list[int], plans: list[Plan], hidden: tuple[int, ...], concurrency: int
) -> None:
    world = World(stream, concurrency, set(map(id_of, hidden)))
    for number, age in enumerate(ages):
        world.put(number, BASE - age)
    for plan in plans:
        world.run(plan)
    world.settle()


def test_the_threads_of_a_stream_that_closes_end_with_it() -> None:
    world = World("attachments", 4, set())
    for number in range(12):
        world.put(number, BASE - number * 1_000)
    assert world.run(replace(PEACE, faults=("403",) * 12)) is not None
    world.settle()
