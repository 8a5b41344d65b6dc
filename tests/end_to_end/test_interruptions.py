"""Kill the command anywhere, start it again from its last STATE: nothing is lost."""

from __future__ import annotations

import random
import signal
import subprocess
from typing import TYPE_CHECKING, Any

from scripts.tap import Tap, read_messages
from tests.end_to_end.conftest import killed_after

if TYPE_CHECKING:
    from emulator import Emulator

KILLS = 6


def test_killed_at_any_byte_nothing_is_lost(tap: Tap, emulator: Emulator) -> None:
    tap.select("conversations")
    whole = tap.run()
    size = len(whole.out)
    dice = random.Random(1)
    tap.config |= {"page_size": 25, "lookback_seconds": 0}
    state: dict[str, Any] | None = None
    emitted: dict[str, str] = {}
    bookmarks = [""]
    for _ in range(KILLS):
        # Each run goes on where the last one stopped.
        messages = killed_after(tap.command(state=state), dice.randrange(size // KILLS))
        for message in messages:
            if message["type"] == "RECORD" and message["stream"] == "conversations":
                emitted[message["record"]["id"]] = message["record"]["updated_at"]
            elif message["type"] == "STATE":
                state = message["value"]
                value = state["bookmarks"].get("conversations", {}).get("replication_key_value")
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


def test_a_run_that_is_told_to_end_is_honest_and_does_not_exit_0(
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
    # A STATE like the one before would say nothing new; what the last one says must be true.
    (*_, last) = [m["value"]["bookmarks"] for m in messages if m["type"] == "STATE"]
    for name, bookmark in last.items():
        rows = [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == name]
        if "replication_key_value" in bookmark and rows:
            assert bookmark["replication_key_value"] <= max(row["updated_at"] for row in rows)
    assert "users" not in {m.get("stream") for m in messages}, "it was told to end too late"
