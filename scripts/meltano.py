"""Meltano as a child process that never outlives its parent."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
MELTANO = str(ROOT / ".venv-meltano" / "bin" / "meltano")
LOG_CONFIG = ROOT / "scripts" / "logging.yaml"
STATE_ID = "dev:tap-kustomer-to-target-postgres"
PATIENCE = 10.0  # seconds an interrupted run gets to end by itself


class BusyError(Exception):
    """Another run is at work; the message says so to the user."""


@contextmanager
def alone() -> Iterator[None]:
    """Keep other runs out of this checkout: they would share Meltano's catalog and state files.

    The system lets go of the lock even if this process is killed.

    Raises:
        BusyError: there is another one.
    """
    folder = ROOT / ".meltano"
    folder.mkdir(exist_ok=True)
    with (folder / "run.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = "Another run is at work in this checkout: wait for it, or stop it."
            raise BusyError(msg) from None
        yield


def run(environment: Mapping[str, str], *, force: bool) -> int:
    """`meltano run tap-kustomer target-postgres`, its log on the terminal; its exit code.

    Args:
        environment: The whole environment of the process.
        force: Go on although Meltano remembers a run that seems not to have ended. It does so after
            a run was killed; only for callers that know there is no other.
    """
    command = [
        MELTANO,
        "--environment=dev",
        f"--log-config={LOG_CONFIG}",
        "run",
        "--no-install",
        "--refresh-catalog",
        *(["--force"] if force else []),
        "tap-kustomer",
        "target-postgres",
    ]
    # A process group of its own: tap and target are in it, so all of them can be ended together.
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, process_group=0
    ) as process:
        try:
            return process.wait()
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole group: as Ctrl-C would first, by force after `PATIENCE`."""
    for sign in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is None:
            try:
                os.killpg(process.pid, sign)
                process.wait(PATIENCE)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def bookmark(environment: Mapping[str, str], stream: str) -> str | None:
    """The bookmark Meltano holds for a stream; None before the first run."""
    answer = subprocess.run(
        [MELTANO, "--environment=dev", "--log-level=error", "state", "get", STATE_ID],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return bookmark_in(json.loads(answer.stdout or "{}"), stream)


def bookmark_in(state: Mapping[str, Any], stream: str) -> str | None:
    """The bookmark of a stream in a state as Meltano prints it."""
    bookmarks = (state.get("singer_state") or {}).get("bookmarks") or {}
    value = (bookmarks.get(stream) or {}).get("replication_key_value")
    return None if value is None else str(value)
