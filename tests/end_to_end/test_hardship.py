"""The installed command over real HTTP while much goes wrong: every record still arrives."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from emulator import Emulator, Org, Switches
from scripts.tap import Outcome, Tap
from tap_kustomer import timestamps
from tests.end_to_end.conftest import killed_after

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

KIND = "conversation"
NOW = time.time_ns() // 1_000_000 - 60_000


def org_of(stamps: Iterable[tuple[int, int]]) -> Org:
    """An org of small conversations, each updated and created so many ms ago."""
    org = Org(now=NOW)
    for number, (age, created) in enumerate(stamps):
        attributes = {
            "rev": 1,
            "createdAt": timestamps.text(NOW - created),
            "updatedAt": timestamps.text(NOW - age),
        }
        org.put(KIND, {"type": KIND, "id": f"{number:024x}", "attributes": attributes})
    return org


def emulated(org: Org, **switches: object) -> Emulator:
    return Emulator(org, Switches(**{"search_limit": None, "org_limit": None, **switches}))  # type: ignore[arg-type]  # any switch


def run(emulator: Emulator, folder: Path, **config: object) -> Outcome:
    with emulator.serve() as url:
        tap = Tap(folder, url)
        tap.config |= {"max_requests_per_minute": 2_000, "max_search_requests_per_minute": 1_000}
        tap.config |= config
        tap.select("conversations")
        return tap.run()


def assert_all_arrived(result: Outcome, emulator: Emulator) -> None:
    """Every record, as it was or newer; none of an instant that the run's end had not reached."""
    assert result.code == 0, result.log[-2_000:]
    rows = {row["id"]: row["rev"] for row in result.rows("conversations")}
    for one, record in emulator.org.resources[KIND].items():
        attributes = record.data["attributes"]
        if attributes["updatedAt"] <= timestamps.text(NOW):
            assert rows[one] >= attributes["rev"]
    assert emulator.caps_touched == emulator.writes_refused == 0


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_sixth_of_all_answers_is_faulty(tmp_path: Path, concurrency: int) -> None:
    kinds = ("500", "503", "reset", "truncated", "html", "timed_out", "short", "disorder")
    emulator = emulated(org_of((n * 1_000, n * 1_000) for n in range(3_000)))
    emulator.switches.faults = dict.fromkeys(kinds, 0.15 / len(kinds))
    result = run(emulator, tmp_path, concurrency=concurrency, page_size=200)
    assert_all_arrived(result, emulator)
    assert "retrying in" in result.log


def test_three_records_change_at_every_request(tmp_path: Path) -> None:
    emulator = emulated(org_of((n * 1_000, n * 1_000) for n in range(5_000)), moving=3)
    result = run(emulator, tmp_path, page_size=100)
    assert_all_arrived(result, emulator)
    moved = {one for one, r in emulator.org.resources[KIND].items() if r.updated > NOW}
    assert len(moved) > 100
    rows = {row["id"] for row in result.rows("conversations")}
    assert len(rows | moved) == 5_000


def test_twelve_thousand_records_in_one_millisecond(tmp_path: Path) -> None:
    emulator = emulated(org_of((5_000, 10_000 + n // 3) for n in range(12_000)))
    result = run(emulator, tmp_path)
    assert_all_arrived(result, emulator)
    assert len(result.rows("conversations")) == 12_000


def test_ties_at_the_border_of_a_slice(tmp_path: Path) -> None:
    ages = [(n * 1_000 + 9_000_000, n) for n in range(5_200)]
    ages += [(8_000_000, 8_000_000 + n) for n in range(1_300)]
    ages += [(n * 1_000, n * 1_000) for n in range(7_900)]
    emulator = emulated(org_of(ages))
    result = run(emulator, tmp_path)
    assert_all_arrived(result, emulator)
    ids = [row["id"] for row in result.rows("conversations")]
    assert len(ids) == len(set(ids)) == len(ages)


def test_the_same_output_whatever_the_concurrency(tmp_path: Path) -> None:
    emulator = emulated(org_of((n // 3 * 1_000, n) for n in range(9_000)))
    outputs = [
        [row["id"] for row in run(emulator, tmp_path, concurrency=c).rows("conversations")]
        for c in (1, 16)
    ]
    assert len(outputs[0]) == 9_000
    assert outputs[0] == outputs[1]


def test_half_of_both_budgets_is_used_by_somebody_else(tmp_path: Path) -> None:
    """Costs a minute, and no data: the tap believes it may send 40 searches, and gets 20."""
    emulator = emulated(
        org_of((n * 1_000, n) for n in range(300)), search_limit=40, org_limit=60, other_use=0.5
    )
    result = run(emulator, tmp_path, page_size=10, max_search_requests_per_minute=40)
    assert_all_arrived(result, emulator)
    assert "rate limit reached" in result.log


def test_killed_thirty_times_while_everything_moves(tmp_path: Path) -> None:
    """Kill -9 wherever it happens to be, go on from the last STATE that was read."""
    dice = random.Random(1)
    emulator = emulated(org_of((n * 60_000, n * 60_000) for n in range(4_000)), moving=1)
    emitted: dict[str, int] = {}
    state = None
    with emulator.serve() as url:
        tap = Tap(tmp_path, url)
        tap.config |= {"page_size": 20, "lookback_seconds": 0, "max_requests_per_minute": 2_000}
        tap.config["max_search_requests_per_minute"] = 1_000
        tap.select("conversations")
        for _ in range(30):
            for message in killed_after(tap.command(state=state), dice.randrange(40_000)):
                if message["type"] == "RECORD":
                    row = message["record"]
                    emitted[row["id"]] = max(row["rev"], emitted.get(row["id"], 0))
                elif message["type"] == "STATE":
                    state = message["value"]
        emulator.switches.moving = 0
        time.sleep(2)
        result = tap.run(state=state)
    assert result.code == 0
    assert state is not None
    for row in result.rows("conversations"):
        emitted[row["id"]] = max(row["rev"], emitted.get(row["id"], 0))
    for one, record in emulator.org.resources[KIND].items():
        assert emitted[one] >= record.data["attributes"]["rev"]
