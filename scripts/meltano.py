"""Runs Meltano as a child process that never outlives this one."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from scripts.plan import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
MELTANO = str(ROOT / ".venv-meltano" / "bin" / "meltano")
# `.env` is read here, by the tap's own rules; Meltano would fail on an empty number in it.
COMMAND = (MELTANO, "--environment=dev", f"--env-file={os.devnull}")
LOG_CONFIG = ROOT / "scripts" / "logging.yaml"
STATE_ID = "dev:tap-kustomer-to-target-postgres"
PATIENCE = 10.0  # seconds that an interrupted run gets to stop on its own


def plugins() -> list[dict[str, Any]]:
    """The plugins of meltano.yml, of all types."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    return [plugin for group in project["plugins"].values() for plugin in group]


@contextmanager
def alone() -> Iterator[None]:
    """Hold the lock of this checkout: two runs would share Meltano's catalog and state files.

    The system releases the lock even if this process is killed.

    Raises:
        RunError: another run holds it.
    """
    folder = ROOT / ".meltano"
    folder.mkdir(exist_ok=True)
    with (folder / "run.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = "Another run is active in this checkout: wait for it, or stop it."
            raise RunError(msg) from None
        yield


def run(environment: Mapping[str, str], *, force: bool) -> int:
    """Run `meltano run tap-kustomer target-postgres` with its log on the terminal.

    Args:
        environment: The whole environment of the process.
        force: Run even if Meltano believes that an earlier run is still active, as it does after a
            run was killed; only for callers that hold the lock.

    Returns:
        The exit code.
    """
    options = ["run", "--no-install", "--refresh-catalog", *(["--force"] if force else [])]
    command = [*COMMAND, f"--log-config={LOG_CONFIG}", *options, "tap-kustomer", "target-postgres"]
    # Its own process group, which tap and target are part of, so that all end together.
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, process_group=0
    ) as process:
        try:
            return process.wait()
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt the whole group, and kill it after `PATIENCE`."""
    for sign in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is None:
            try:
                os.killpg(process.pid, sign)
                process.wait(PATIENCE)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def bookmark(environment: Mapping[str, str], stream: str) -> str | None:
    """The bookmark of a stream in Meltano's state; `None` before the first run."""
    answer = subprocess.run(
        [*COMMAND, "--log-level=error", "state", "get", STATE_ID],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return bookmark_in(json.loads(answer.stdout or "{}"), stream)


def bookmark_in(state: Mapping[str, Any], stream: str) -> str | None:
    """The bookmark of a stream in a state that Meltano has printed."""
    bookmarks = (state.get("singer_state") or {}).get("bookmarks") or {}
    value = (bookmarks.get(stream) or {}).get("replication_key_value")
    return None if value is None else str(value)
