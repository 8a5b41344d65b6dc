"""Kill the command anywhere, start it again from its last STATE: nothing is lost."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from tests.end_to_end.conftest import Tap, killed_after

if TYPE_CHECKING:
    from emulator import Emulator

KILLS = 6


def test_killed_at_any_byte_nothing_is_lost(tap: Tap, emulator: Emulator) -> None:
    whole = tap.run()
    size = len(whole.out)
    dice = random.Random(1)
    tap.config |= {"page_size": 25, "lookback_seconds": 0}
    state: dict[str, Any] | None = None
    emitted: dict[str, str] = {}
    bookmarks = [""]
    for _ in range(KILLS):
        # Most of the output is conversations, and each run goes on where the last one stopped.
        messages = killed_after(tap.command(state=state), dice.randrange(size // KILLS))
        for message in messages:
            if message["type"] == "RECORD" and message["stream"] == "conversations":
                emitted[message["record"]["id"]] = message["record"]["updated_at"]
            elif message["type"] == "STATE":
                state = message["value"]
                value = state["bookmarks"]["conversations"].get("replication_key_value")
                bookmarks += [value] if value else []
    result = tap.run(state=state)
    assert result.code == 0
    for row in result.rows("conversations"):
        emitted[row["id"]] = row["updated_at"]
    assert emitted == {
        one: record.data["attributes"]["updatedAt"]
        for one, record in emulator.org.resources["conversation"].items()
    }
    assert bookmarks == sorted(bookmarks)
    assert len(set(bookmarks)) > 3, "the kills came too early to show anything"
