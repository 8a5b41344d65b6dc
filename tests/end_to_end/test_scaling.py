"""Two processes share one budget, each with half of the time range: nothing lost, no 429."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from emulator import Emulator, Org, Switches
from scripts.tap import Outcome, Tap, outcome
from tap_kustomer import timestamps

if TYPE_CHECKING:
    from pathlib import Path

KIND = "conversation"
RECORDS = 600
SEARCH_LIMIT, ORG_LIMIT = 60, 80
DAY = timestamps.DAY


def org_of(now: int) -> Org:
    """Conversations evenly spread over twenty days."""
    org = Org(now=now)
    for number in range(RECORDS):
        text = timestamps.text(now - 20 * DAY + number * 20 * DAY // RECORDS)
        attributes = {"rev": 1, "createdAt": text, "updatedAt": text}
        org.put(KIND, {"type": KIND, "id": f"{number:024x}", "attributes": attributes})
    return org


def task(folder: Path, url: str, **config: Any) -> list[str]:
    """The command of one task, conversations alone, with half of each budget."""
    folder.mkdir()
    tap = Tap(folder, url)
    tap.select("conversations")
    tap.config |= {
        "max_search_requests_per_minute": SEARCH_LIMIT // 2,
        "max_requests_per_minute": ORG_LIMIT // 2,
        "page_size": 15,
        "lookback_seconds": 60,
        **config,
    }
    return tap.command()


def ids(result: Outcome) -> set[str]:
    assert result.code == 0, result.log[-2_000:]
    return {row["id"] for row in result.rows("conversations")}


def test_two_tasks_with_half_the_range_and_half_the_budget_each(tmp_path: Path) -> None:
    now = time.time_ns() // 1_000_000 - 10_000
    org = org_of(now)
    emulator = Emulator(org, Switches(search_limit=SEARCH_LIMIT, org_limit=ORG_LIMIT))
    start, middle = timestamps.text(now - 21 * DAY), timestamps.text(now - 10 * DAY)
    with emulator.serve() as url:
        old = task(tmp_path / "old", url, start_date=start, end_date=middle)
        new = task(tmp_path / "new", url, start_date=middle)
        with ThreadPoolExecutor() as both:
            first, second = both.map(outcome, [old, new])
        older, newer = ids(first), ids(second)
        assert older | newer == set(org.resources[KIND])
        assert min(len(older), len(newer)) > RECORDS // 3
        searches = sum(request.method == "POST" for request in emulator.requests)
        assert SEARCH_LIMIT * 0.7 < searches <= SEARCH_LIMIT, "one more task would be too many"
        assert emulator.limited == 0

        at = now + 5_000
        org.touch(KIND, min(older), at=at)
        (tmp_path / "state.json").write_text(json.dumps(second.state))
        later = outcome([*new, "--state", str(tmp_path / "state.json")])
    assert min(older) in ids(later)
    assert len(ids(later)) < 10, "it did not go on from its own bookmark"
    assert later.state["bookmarks"]["conversations"]["replication_key_value"] >= timestamps.text(at)
    assert emulator.limited == 0
