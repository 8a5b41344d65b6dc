"""Full tables and klasses of an org that changes: histories of lists on a server that errs."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tap_kustomer.names import klass_stream
from tests.hostile.harness import BEGIN, run
from tests.hostile.records import Record, Row, row
from tests.hostile.server import Ask, Reply, Server, paged

ACTIVE, DELETED = "/v1/users", "true"
LINKS = ["honest", "forgetful", "counted", "bare"]
FAULTS = ["", "", "", "errors", "500", "html", "empty", "cut"]
# What happens in the org before each request: a user joins, leaves, or is deactivated.
EVENTS = st.lists(st.sampled_from(["", "", "joins", "leaves", "deactivated"]), max_size=12)


class Desk:
    """Users who come and go; `since` are those that were there all the time of a run."""

    def __init__(self, active: int, gone: int) -> None:
        self.active = [f"a{n:03}" for n in range(active)]
        self.gone = [f"d{n:03}" for n in range(gone)]
        self.joined = 0
        self.since: set[str] = set()

    def happen(self, event: str) -> None:
        """Carry out one event."""
        if event == "joins":
            self.joined += 1
            # Ids are not given out in order.
            self.active.insert(len(self.active) // 2, f"j{self.joined:03}")
        elif event and self.active:
            user = self.active.pop(len(self.active) // 3)
            self.since.discard(user)
            if event == "deactivated":
                self.gone.append(user)


def server_of(
    desk: Desk, served: int, links: str, faults: deque[str], events: deque[str]
) -> Server:
    """A server of these users, few a page; each fault and event is used once."""

    def users(ask: Ask) -> list[Row]:
        gone = ask.query.get("deleted") == DELETED
        return [row(user, deleted=gone) for user in (desk.gone if gone else desk.active)]

    def spoil(ask: Ask, reply: Reply) -> Reply | None:
        if ask.path != ACTIVE:
            return None
        if events:
            desk.happen(events.popleft())
        found = users(ask)
        reply = paged(replace(ask, query={**ask.query, "pageSize": str(served)}), found)
        _link(links, ask, reply, len(found))
        return _fault(faults.popleft() if faults else "", reply)

    server = Server(patience=2_000)
    server.lists[ACTIVE] = users
    server.hooks.append(spoil)
    return server


def _link(links: str, ask: Ask, reply: Reply, count: int) -> None:
    assert reply.links is not None
    if links == "forgetful" and reply.links["next"]:
        kept = re.findall(r"(?:page|pageSize)=\d+", reply.links["next"])
        reply.links["next"] = f"{ask.path}?{'&'.join(kept)}"
    elif links == "counted":
        reply.links, reply.meta = None, {"total": count}
    elif links == "bare":
        reply.links = reply.meta = None


def _fault(fault: str, reply: Reply) -> Reply:
    if fault == "500":
        return Reply(status=500, body=b"")
    if fault == "html":
        return Reply(body=b"<html>please wait</html>")
    if fault == "empty":
        return Reply(body=b"")
    if fault == "cut":
        return Reply(body=reply.encode()[:-3])
    if fault == "errors":
        return Reply([], more={"errors": [{"status": "500"}]})
    return reply


@given(
    st.integers(0, 60),
    st.integers(0, 30),
    st.integers(5, 25),
    st.sampled_from(LINKS),
    st.lists(st.sampled_from(FAULTS), max_size=8),
    EVENTS,
)
def test_a_table_is_whole_before_anything_is_retired(
    active: int, gone: int, served: int, links: str, faults: list[str], events: list[str]
) -> None:
    desk = Desk(active, gone)
    desk.since = {*desk.active, *desk.gone}
    outcome = run(server_of(desk, served, links, deque(faults), deque(events)), "users")
    if outcome.error is None:
        assert outcome.ids("users") >= desk.since
    assert outcome.retires("users") == (outcome.error is None)
    if not events:
        assert outcome.error is None


KLASSES = st.lists(
    st.sampled_from(["order", "order-item", "order_item", "Order", "..", "a/b", "a" * 60, "é"]),
    max_size=5,
    unique=True,
)


@settings(max_examples=settings().max_examples // 4)
@given(st.lists(KLASSES, min_size=1, max_size=4))
def test_what_belongs_to_a_klass_goes_to_its_own_stream(histories: list[list[str]]) -> None:
    owner: dict[str, str] = {}
    for number, klasses in enumerate(histories):
        server = _of_klasses(klasses, number)
        outcome = run(server, *map(klass_stream, klasses), kobject_streams=True)
        assert outcome.error is None
        for klass in klasses:
            stream = klass_stream(klass)
            assert owner.setdefault(stream, klass) == klass
            assert outcome.ids(stream) == {f"{number}-{klass}-{n}" for n in range(3)}


def _of_klasses(klasses: list[str], number: int) -> Server:
    server = Server(patience=500)

    def listed(ask: Ask) -> list[Row]:
        enabled = ask.query.get("status", "enabled") == "enabled"
        return [row(f"k-{klass}", name=klass) for klass in klasses if enabled]

    server.lists["/v1/klasses"] = listed

    def metadata(ask: Ask, _: Reply) -> Reply | None:
        is_asked = ask.path.startswith("/v1/metadata/")
        return Reply(row("m", properties={})) if is_asked else None

    server.hooks.append(metadata)
    for klass in klasses:
        records = [Record(f"{number}-{klass}-{n}", BEGIN + n) for n in range(3)]
        server.put(f"kobject_{klass}", records)
    return server
