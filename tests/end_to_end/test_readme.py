"""The recipe of README.md for a machine without Meltano, run as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts import meltano
from scripts.tap import COMMAND

if TYPE_CHECKING:
    from emulator import Emulator, Org
    from scripts.tap import Tap

TARGET = meltano.ROOT / ".meltano" / "loaders" / "target-jsonl" / "venv" / "bin"
BLOCK = re.compile(r"## Without Meltano\n\n```sh\n(.*?)```", re.DOTALL)
DEATHS = {
    "tap-kustomer": "kill -KILL $$",
    "target-jsonl": "head -n 20 > read-by-the-dead; exit 1",
}


def recipe() -> tuple[str, str]:
    """What is done once, without the installation, and what is done in every run."""
    found = BLOCK.search((meltano.ROOT / "README.md").read_text())
    assert found
    once, _, each = found[1].partition("# Every run")
    assert once.startswith("pipx install")
    return once.partition("\n")[2], f"# {each}"


class Shell:
    """A folder in which the commands are run; `bin` holds what replaces one of them."""

    def __init__(self, tap: Tap) -> None:
        self.folder = tap.folder / "shell"
        self.bin = tap.folder / "bin"
        self.folder.mkdir()
        self.bin.mkdir()
        (self.folder / "config.json").write_text(json.dumps(tap.config))

    def run(self, commands: str) -> str:
        """Run them, as in a terminal; what they log."""
        path = f"{self.bin}:{Path(COMMAND).parent}:{TARGET}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path}
        done = subprocess.run(
            ["/bin/sh", "-c", commands],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2_000:]
        return done.stderr

    def arrived(self) -> list[dict[str, Any]]:
        """The conversations that have arrived, in order; they are removed."""
        rows = []
        for file in sorted(self.folder.glob("conversations-*.jsonl")):
            rows += [json.loads(line) for line in file.read_text().splitlines()]
            file.unlink()
        return rows

    @property
    def state(self) -> dict[str, Any]:
        """Where the next run starts."""
        found: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return found


def versions(org: Org) -> dict[str, str]:
    """When each conversation last changed."""
    stored = org.resources["conversation"].items()
    return {one: record.data["attributes"]["updatedAt"] for one, record in stored}


@pytest.mark.parametrize("victim", DEATHS)
def test_a_run_that_fails_costs_no_bookmark(tap: Tap, emulator: Emulator, victim: str) -> None:
    tap.config["lookback_seconds"] = 0
    shell = Shell(tap)
    once, each = recipe()
    shell.run(once)
    assert "missing or empty: every stream starts anew" in shell.run(each)
    loaded = {row["id"]: row["updated_at"] for row in shell.arrived()}
    assert loaded == versions(emulator.org)
    bookmark = shell.state
    assert bookmark["bookmarks"]["conversations"]["replication_key_value"]

    emulator.org.work(at=emulator.clock() - 1_000)
    dead = shell.bin / victim
    dead.write_text(f"#!/bin/sh\n{DEATHS[victim]}\n")
    dead.chmod(0o755)
    shell.run(each)
    assert not shell.arrived()
    assert shell.state == bookmark

    dead.unlink()
    assert "starts anew" not in shell.run(each)
    changed = {row["id"]: row["updated_at"] for row in shell.arrived()}
    assert len(changed) < len(loaded) / 2
    assert {**loaded, **changed} == versions(emulator.org)
    assert shell.state != bookmark


def test_a_first_run_that_fails_is_done_again(tap: Tap, emulator: Emulator) -> None:
    shell = Shell(tap)
    once, each = recipe()
    shell.run(once)
    emulator.switches.expired_key = True
    assert "does not accept the API key" in shell.run(each)
    emulator.switches.expired_key = False
    assert "missing or empty: every stream starts anew" in shell.run(each)
    assert {row["id"]: row["updated_at"] for row in shell.arrived()} == versions(emulator.org)
