"""What belongs to one conversation."""

import pytest

from emulator import Org
from emulator.times import HOUR, to_text
from tests.emulator.world import NOW, World

CHILDREN = {
    "/v1/conversations/{}/attachments": "attachments",
    "/v1/conversations/{}/times": "conversation_times",
    "/v2/conversations/{}/times": "conversation_times",
    "/v1/conversations/{}/events": "conversation_events",
    "/v1/routing/conversations/{}/work-items": "work_items",
}


@pytest.fixture
def own() -> World:
    """An org that the test may change."""
    return World(Org.sample(seed=2, now=NOW, conversations=30, days=40))


@pytest.mark.parametrize(("path", "stream"), CHILDREN.items())
def test_children_of_conversations(own: World, path: str, stream: str) -> None:
    found = [
        row["id"]
        for one in own.org.resources["conversation"]
        for row in own.rows(path.format(one), pageSize=3)
    ]
    assert len(set(found)) == len(found) == own.org.counts()[stream] > 0


@pytest.mark.parametrize("path", CHILDREN)
def test_children_of_a_conversation_that_is_gone_or_hidden(own: World, path: str) -> None:
    gone, hidden, deleted = list(own.org.resources["conversation"])[:3]
    own.org.remove("conversation", gone)
    own.org.delete("conversation", deleted, at=NOW)
    own.switches.hidden = {hidden}
    statuses = [own.get(path.format(one)).status_code for one in (gone, hidden, deleted)]
    assert statuses == [404, 403, 200]


def test_two_timers_count_seconds_and_milliseconds(own: World) -> None:
    one = own.add(1, rev=2_000)
    old, new = (own.rows(f"/{v}/conversations/{one}/times", pageSize=100) for v in ("v1", "v2"))
    assert {row["id"] for row in old}.isdisjoint(row["id"] for row in new)
    assert {row["attributes"]["timerVersion"] for row in new} == {"v2"}
    assert not any("timerVersion" in row["attributes"] for row in old)
    for slow, fine in zip(old, new, strict=True):
        assert slow["attributes"]["handleTime"] == round(fine["attributes"]["handleTime"] / 1000)
        assert slow["attributes"]["messageAt"] == fine["attributes"]["messageAt"]
    too_large = {"v1": 101, "v2": 1_001}
    for version, size in too_large.items():
        path = f"/{version}/conversations/{one}/times"
        assert own.get(path, pageSize=size - 1).status_code == 200
        assert own.get(path, pageSize=size).status_code == 400
    own.switches.times_v2 = False
    assert own.get(f"/v2/conversations/{one}/times").status_code == 404
    assert own.get(f"/v1/conversations/{one}/times").status_code == 200


def test_a_change_adds_an_event(own: World) -> None:
    one = own.add(1, age=HOUR, rev=3)
    path = f"/v1/conversations/{one}/events"
    before = own.rows(path)
    own.org.touch("conversation", one, at=NOW)
    after = own.rows(path)
    assert [row["id"] for row in after[:-1]] == [row["id"] for row in before]
    assert after[-1]["attributes"]["createdAt"] == to_text(NOW)
    assert {tuple(row["attributes"]["changes"]) for row in after} == {
        ("attributes", "relationships")
    }


def test_attachments_are_those_of_messages(own: World) -> None:
    messages = {one: record.data for one, record in own.org.resources["message"].items()}
    for one in list(own.org.resources["conversation"])[:40]:
        for row in own.rows(f"/v1/conversations/{one}/attachments"):
            message = messages[row["relationships"]["message"]["data"]["id"]]
            attached = message["relationships"]["attachments"]["data"]
            assert row["id"] in [attachment["id"] for attachment in attached]
            assert message["relationships"]["conversation"]["data"]["id"] == one
            assert set(row["links"]) == {"self", "related"}


def test_satisfaction_responses_are_named_by_conversations(own: World) -> None:
    named = {
        level["formResponse"]: one
        for one, record in own.org.resources["conversation"].items()
        if "formResponse" in (level := record.data["attributes"]["satisfactionLevel"])
    }
    assert len(named) == own.org.counts()["satisfaction_responses"] > 2
    for response, one in named.items():
        found = own.get(f"/v1/satisfaction-responses/{response}").json["data"]
        assert found["relationships"]["conversation"]["data"]["id"] == one
    (first, hidden), (second, gone) = list(named.items())[:2]
    own.switches.hidden = {hidden}
    own.org.remove("conversation", gone)
    assert own.get(f"/v1/satisfaction-responses/{first}").status_code == 403
    assert own.get(f"/v1/satisfaction-responses/{second}").status_code == 404
    assert own.get("/v1/satisfaction-responses/none").status_code == 404
    assert own.org.counts()["satisfaction_responses"] == len(named) - 1
