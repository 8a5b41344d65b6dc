"""Real parts: an emulator over HTTP, the installed command."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from emulator import Emulator, Org, Switches
from tap_kustomer.tap import TapKustomer

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = str(Path(sys.executable).with_name("tap-kustomer"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("end_to_end")


@dataclass
class Outcome:
    """What a finished command left behind."""

    code: int
    out: str
    log: str
    messages: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The messages of a kind."""
        return [message for message in self.messages if message["type"] == kind]

    def rows(self, stream: str) -> list[dict[str, Any]]:
        """The records of a stream."""
        return [m["record"] for m in self.of("RECORD") if m["stream"] == stream]

    @property
    def state(self) -> dict[str, Any]:
        """The last state written."""
        states = self.of("STATE")
        return states[-1]["value"] if states else {}


class Tap:
    """The command, with files for its config and state."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.config: dict[str, Any] = {"api_key": "emulator-key", "base_url": url}
        self.catalog: Path | None = None

    def select(self, *names: str) -> None:
        """Read these streams only."""
        catalog = TapKustomer(validate_config=False).catalog_dict
        for entry in catalog["streams"]:
            (own,) = [m["metadata"] for m in entry["metadata"] if not m["breadcrumb"]]
            own["selected"] = entry["tap_stream_id"] in names
        self.catalog = self.folder / "catalog.json"
        self.catalog.write_text(json.dumps(catalog))

    def command(self, *options: str, state: dict[str, Any] | None = None) -> list[str]:
        """The command line for a run that goes on from `state`."""
        config = self.folder / "config.json"
        config.write_text(json.dumps(self.config))
        line = [COMMAND, "--config", str(config), *options]
        if self.catalog:
            line += ["--catalog", str(self.catalog)]
        if state is not None:
            file = self.folder / "state.json"
            file.write_text(json.dumps(state))
            line += ["--state", str(file)]
        return line

    def run(self, *options: str, state: dict[str, Any] | None = None) -> Outcome:
        """Run to the end."""
        return outcome(self.command(*options, state=state))


def outcome(command: list[str]) -> Outcome:
    """What a command says and writes."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return Outcome(done.returncode, done.stdout, done.stderr, read_messages(done.stdout))


def read_messages(text: str) -> list[dict[str, Any]]:
    """The whole Singer messages in an output that may end in the middle of one."""
    lines = text.split("\n")[:-1]
    return [json.loads(line) for line in lines if line.startswith('{"type"')]


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
