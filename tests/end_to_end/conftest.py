"""Real parts: an emulator over HTTP, the installed command."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from emulator import Emulator, Org, Switches
from scripts.tap import Tap, read_messages

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("end_to_end")


def killed_after(command: list[str], size: int) -> list[dict[str, Any]]:
    """The whole messages among the first `size` bytes that a killed command wrote."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        written = process.stdout.read(size)
        process.kill()
    return read_messages(written.decode(errors="ignore"))


@pytest.fixture
def org() -> Org:
    """A small org whose data ends a moment ago, so that a run's end lies behind it."""
    now = time.time_ns() // 1_000_000
    return Org.sample(seed=3, now=now - 10_000, conversations=400, days=40)


@pytest.fixture
def emulator(org: Org) -> Emulator:
    """The org's API, without limits."""
    return Emulator(org, Switches(search_limit=None, org_limit=None))


@pytest.fixture
def tap(emulator: Emulator, tmp_path: Path) -> Iterator[Tap]:
    """The command, configured for the emulator."""
    with emulator.serve() as url:
        yield Tap(tmp_path, url)
