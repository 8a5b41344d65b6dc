"""Kill the command anywhere, start it again from its last STATE: nothing is lost."""

from __future__ import annotations

import random
import signal
import subprocess
from typing import TYPE_CHECKING, Any

from tests.end_to_end.conftest import Tap, killed_after, read_messages

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
        messages = killed_after(tap.command(state=state), dice.randrange(size // KILLS // 3))
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


def test_a_run_that_is_told_to_end_writes_its_state_and_does_not_exit_0(
    tap: Tap, emulator: Emulator
) -> None:
    emulator.switches.latency = 0.2
    tap.config["page_size"] = 10
    with subprocess.Popen(
        tap.command(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout
        begun = process.stdout.read(100_000)
        process.terminate()
        messages = read_messages((begun + process.stdout.read()).decode())
    assert process.returncode == 128 + signal.SIGTERM
    assert messages[-1]["type"] == "STATE"
    last = [m["record"]["updated_at"] for m in messages if m["type"] == "RECORD"][-1]
    bookmark = messages[-1]["value"]["bookmarks"]["conversations"]["replication_key_value"]
    assert "2026" <= bookmark <= last
