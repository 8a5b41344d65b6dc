"""A run that is told to end leaves whole messages and a last STATE, and ends in bounded time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from emulator import Emulator
    from scripts.tap import Tap

KIB = 1_024
HALF = b"xxxxxxxx"
IMPATIENT = """
from tap_kustomer import ending
from tap_kustomer.tap import TapKustomer
ending.FLUSH_TIMEOUT = 0.5
TapKustomer.cli()
"""


def lengthen(tap: Tap, emulator: Emulator, size: int) -> None:
    """Read messages, the last of which are too long for a pipe and a buffer together."""
    tap.select("messages")
    for one in list(emulator.org.resources["message"])[: 3 + 200 * KIB // size]:
        emulator.org.touch("message", one, at=emulator.clock() - 10_000, preview="x" * size)


@contextmanager
def begun(command: Sequence[str]) -> Iterator[tuple[subprocess.Popen[bytes], bytes]]:
    """The process, and what it has written when its first long record is half in the pipe."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as p:
        assert p.stdout
        read = b""
        while HALF not in read:
            piece = p.stdout.read(512)
            assert piece
            read += piece
        yield p, read


@pytest.mark.parametrize(
    ("size", "signals"),
    [
        (10 * KIB, ["SIGTERM"]),
        (70 * KIB, ["SIGTERM"]),
        (300 * KIB, ["SIGINT"]),
        (300 * KIB, ["SIGTERM", "SIGTERM", "SIGINT"]),
        (5_000 * KIB, ["SIGTERM"]),
    ],
)
def test_a_slow_target_gets_the_record_whole_and_a_last_state(
    tap: Tap, emulator: Emulator, size: int, signals: list[str]
) -> None:
    lengthen(tap, emulator, size)
    with begun(tap.command()) as (process, read):
        for name in signals:
            process.send_signal(signal.Signals[name])
        assert process.stdout
        assert process.stderr
        pieces = [read, *iter(partial(process.stdout.read, 4 * KIB), b"")]
        log = process.stderr.read().decode()
    messages: list[dict[str, Any]] = [json.loads(x) for x in b"".join(pieces).splitlines()]
    # Python takes signals that come at the same time in any order.
    assert process.returncode in {128 + signal.Signals[name] for name in signals}
    assert "Traceback" not in log
    assert log.count("Stopped by a signal") == 1
    records = [m["record"] for m in messages if m["type"] == "RECORD"]
    assert size in {len(record["preview"]) for record in records}
    assert messages[-1]["type"] == "STATE"


@pytest.mark.parametrize("size", [10 * KIB, 300 * KIB])
def test_a_target_that_never_reads_again_is_not_waited_for(
    tap: Tap, emulator: Emulator, size: int
) -> None:
    lengthen(tap, emulator, size)
    _, *options = tap.command()
    with begun([sys.executable, "-c", IMPATIENT, *options]) as (process, _):
        process.terminate()
        assert process.stderr
        assert process.wait(20) == 128 + signal.SIGTERM
        log = process.stderr.read().decode()
    assert "The target did not read the remaining output within" in log
    assert "Traceback" not in log
    assert "Exception" not in log


def test_a_target_that_ends_with_the_tap_is_no_error_of_the_tap(
    tap: Tap, emulator: Emulator
) -> None:
    """As Ctrl-C ends all commands of a pipe."""
    lengthen(tap, emulator, 300 * KIB)
    with begun(tap.command()) as (process, _):
        assert process.stdout
        assert process.stderr
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        log = process.stderr.read().decode()
    assert process.returncode == 128 + signal.SIGINT
    assert log.count("The target has stopped reading") == 1
    assert "Traceback" not in log
    assert "Exception" not in log


def test_what_writes_no_messages_ends_without_a_state(tap: Tap, emulator: Emulator) -> None:
    emulator.switches.latency = 0.2
    state = {"bookmarks": {"notes": {"replication_key": "updated_at"}}}
    command = tap.command("--check", state=state)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        head = process.stdout.readline()
        process.terminate()
        rest, log = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert b"Reading org" in head
    assert b"STATE" not in rest
    assert b"Traceback" not in log
