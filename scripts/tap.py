"""Runs the tap's command as a process: for the benchmark, the soak, the package and the tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tap_kustomer.tap import TapKustomer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO

COMMAND = str(Path(sys.executable).with_name("tap-kustomer"))
SAMPLE_EVERY = 0.1  # seconds
TIMEOUT = 300.0  # seconds


@dataclass(frozen=True)
class Usage:
    """Exit code of a process, the seconds of CPU and time it took, and its peak memory in MB."""

    code: int
    cpu: float
    seconds: float
    peak: float


@dataclass(frozen=True)
class Outcome:
    """What a finished command has written."""

    code: int
    out: str
    log: str
    messages: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The messages of a type."""
        return [message for message in self.messages if message["type"] == kind]

    def rows(self, stream: str) -> list[dict[str, Any]]:
        """The records of a stream."""
        return [m["record"] for m in self.of("RECORD") if m["stream"] == stream]

    @property
    def state(self) -> dict[str, Any]:
        """The value of the last STATE message."""
        states = self.of("STATE")
        return states[-1]["value"] if states else {}


class Tap:
    """The command, configured for an emulator; its config, catalog and state are in a folder."""

    def __init__(self, folder: Path, url: str, executable: str | Path = COMMAND) -> None:
        """Use this emulator."""
        self.folder = folder
        self.executable = str(executable)
        self.config: dict[str, Any] = {"api_key": "emulator-key", "base_url": url}
        self.catalog: Path | None = None

    def select(self, *names: str) -> None:
        """Read these streams only; without a name, read every stream."""
        catalog = TapKustomer(validate_config=False).catalog_dict
        for entry in catalog["streams"]:
            (metadata,) = [m["metadata"] for m in entry["metadata"] if not m["breadcrumb"]]
            metadata["selected"] = not names or entry["tap_stream_id"] in names
        self.catalog = self._write("catalog", catalog)

    def command(self, *options: str, state: dict[str, Any] | None = None) -> list[str]:
        """The command line of a run that continues from `state`."""
        line = [self.executable, "--config", str(self._write("config", self.config)), *options]
        if self.catalog:
            line += ["--catalog", str(self.catalog)]
        if state is not None:
            line += ["--state", str(self._write("state", state))]
        return line

    def run(self, *options: str, state: dict[str, Any] | None = None) -> Outcome:
        """Run to the end."""
        return outcome(self.command(*options, state=state))

    def _write(self, name: str, content: dict[str, Any]) -> Path:
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(content))
        return path


def outcome(
    command: Sequence[str | Path], *, cwd: Path | None = None, env: dict[str, str] | None = None
) -> Outcome:
    """Run a command to the end; folder and environment are this process's by default."""
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    return Outcome(done.returncode, done.stdout, done.stderr, read_messages(done.stdout))


def read_messages(text: str) -> list[dict[str, Any]]:
    """The whole messages of an output that may have been cut off in the middle of one."""
    lines = text.split("\n")[:-1]
    return [json.loads(line) for line in lines if line.startswith('{"type"')]


def measure(
    command: Sequence[str],
    take: Callable[[bytes], object],
    *,
    limit: float | None = None,
    log: IO[bytes] | int = subprocess.DEVNULL,
) -> Usage:
    """Run a command and hand each piece of its output to `take`; kill it after `limit` seconds."""
    began, sampled, peak = time.monotonic(), 0.0, 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as process:
        timer = threading.Timer(
            limit or threading.TIMEOUT_MAX, os.kill, (process.pid, signal.SIGKILL)
        )
        timer.start()
        assert process.stdout  # noqa: S101  (for the type checker)
        while piece := os.read(process.stdout.fileno(), 1 << 20):
            take(piece)
            if time.monotonic() - sampled > SAMPLE_EVERY:
                sampled = time.monotonic()
                with suppress(psutil.Error):  # it has ended, and its last output is being read
                    peak = max(peak, psutil.Process(process.pid).memory_info().rss / 1_000_000)
        timer.cancel()
        timer.join()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    return Usage(process.returncode, cpu, time.monotonic() - began, peak)
