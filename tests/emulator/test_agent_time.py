"""What sample agents do adds up."""

from typing import Any

import pytest

from emulator import Org
from emulator.ids import STATUSES
from emulator.times import to_ms
from tests.emulator.world import NOW, World


@pytest.fixture(scope="module")
def world() -> World:
    return World(Org.sample(seed=3, now=NOW, conversations=200, days=40))


def spent(status: dict[str, Any]) -> int:
    return int(status.get("time", 0))


def test_the_times_of_a_session_add_up(world: World) -> None:
    sessions = [row["attributes"] for row in world.rows("/v1/routing/work-sessions")]
    ended = [one for one in sessions if one["signedOutAt"]]
    assert 0 < len(ended) < len(sessions)
    for one in sessions:
        by_status = one["totalTimeByStatus"]
        assert set(by_status) == set(STATUSES)
        assert "active" not in one
        if not one["signedOutAt"]:
            assert [key for key in STATUSES if "time" not in by_status[key]]
            continue
        whole = to_ms(one["signedOutAt"]) - to_ms(one["signedInAt"])
        assert sum(map(spent, by_status.values())) == whole
        available = spent(one["totalAvailable"])
        assert available == spent(by_status[STATUSES[0]])
        assert available + spent(one["totalUnavailable"]) == whole
        parts = ("totalAvailableAtCapacity", "totalAvailableNotAtCapacity")
        assert sum(spent(one[part]) for part in parts) == available


def test_the_times_of_a_work_item_add_up(world: World) -> None:
    seen = set()
    for key in world.org.resources["conversation"]:
        for row in world.rows(f"/v1/routing/conversations/{key}/work-items"):
            own, stay = row["attributes"], row["attributes"]["lastRevision"]
            seen.add((own["status"], "acceptedAt" in stay, "handle" in own))
            assert row["relationships"]["queue"]["data"]["id"]
            assert ("acceptedBy" in row["relationships"]) == ("acceptedAt" in stay)
            if "handle" in own:
                end = to_ms(own["handle"]["completedAt"])
                assert own["handle"]["time"] == end - to_ms(stay["acceptedAt"])
                waited = to_ms(stay["routedAt"]) - to_ms(stay["enteredQueueAt"])
                assert stay["queueTime"] == waited
                assert own["wrapUp"]["time"] == to_ms(own["completedAt"]) - end
    assert seen == {
        ("queued", False, False),
        ("assigned", True, False),
        ("completed", True, True),
        ("completed", False, False),
    }


def test_ai_agents_take_part_in_some_chats(world: World) -> None:
    found = [one.data["attributes"] for one in world.org.resources["conversation"].values()]
    assert {tuple(one["channels"]) for one in found if "aiAgent" in one} == {("chat",)}
    assert {one["billingStatus"] for one in found} == {None, "no_messages"}
