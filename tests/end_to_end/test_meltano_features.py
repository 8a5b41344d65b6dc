"""What Meltano offers beside `meltano run`, in a project that is a copy of this one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from emulator import Emulator, Org, Switches
from scripts import meltano
from tests.emulated import DEFAULT
from tests.end_to_end.conftest import COMMAND

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

STATE_ID = "dev:tap-kustomer-to-target-jsonl"


@dataclass
class Project:
    """A copy of the project file with its own state, the tap under test, the installed loaders."""

    folder: Path
    emulator: Emulator
    url: str

    def __post_init__(self) -> None:
        """Fill the folder."""
        plugins = self.folder / ".meltano"
        commands = plugins / "extractors" / "tap-kustomer" / "venv" / "bin"
        commands.mkdir(parents=True)
        (commands / "tap-kustomer").symlink_to(COMMAND)
        (plugins / "loaders").symlink_to(meltano.ROOT / ".meltano" / "loaders")
        shutil.copy(meltano.ROOT / "meltano.yml", self.folder)

    def meltano(self, *words: str, **settings: str) -> str:
        """What a command prints; it has to end well."""
        own = ("TAP_", "TARGET_", "MELTANO")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(own)},
            "MELTANO_AUTO_INSTALL": "false",
            "MELTANO_PROJECT_ROOT": str(self.folder),
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
            "TAP_KUSTOMER_API_KEY": "emulator-key",
            "TAP_KUSTOMER_BASE_URL": self.url,
            "TAP_KUSTOMER_LOOKBACK_SECONDS": "0",
            **{f"TAP_KUSTOMER_{name}": value for name, value in settings.items()},
        }
        command = [meltano.MELTANO, "--log-level=warning", *words]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2_000:] + done.stdout[-2_000:]
        return done.stdout

    def load(
        self, *options: str, mapping: Sequence[str] = (), **settings: str
    ) -> dict[str, list[dict[str, Any]]]:
        """The records that `meltano run` loads, by stream."""
        output = self.folder / f"output-{time.monotonic_ns()}"
        output.mkdir()
        config = self.folder / "meltano.yml"
        kept = config.read_text()
        config.write_text(kept.replace("value: output\n", f"value: {output}\n"))
        words = ("run", "--no-install", *options, "tap-kustomer", *mapping, "target-jsonl")
        self.meltano(*words, **settings)
        config.write_text(kept)
        return {
            file.name.rsplit("-", 1)[0]: [json.loads(one) for one in file.read_text().splitlines()]
            for file in output.iterdir()
        }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    org = Org.sample(seed=3, now=time.time_ns() // 1_000_000 - 10_000, conversations=100, days=20)
    emulator = Emulator(org, Switches(search_limit=None, org_limit=None))
    with emulator.serve() as url:
        yield Project(tmp_path_factory.mktemp("meltano") / "project", emulator, url)


def test_meltano_tests_the_connection(project: Project) -> None:
    assert "Plugin configuration is valid" in project.meltano(
        "config", "test", "--no-install", "tap-kustomer"
    )


def test_the_commands_of_the_plugin_get_its_settings(project: Project) -> None:
    project.emulator.requests.clear()
    project.meltano("invoke", "--no-install", "tap-kustomer:check")
    assert project.emulator.requests


def test_a_schedule_is_there_to_be_run(project: Project) -> None:
    (schedule,) = json.loads(project.meltano("schedule", "list", "--format=json"))["schedules"][
        "job"
    ]
    assert (schedule["name"], schedule["interval"]) == ("kustomer-hourly", "@hourly")
    assert schedule["job"]["tasks"] == ["tap-kustomer target-postgres"]


def test_a_stream_that_is_off_by_default_can_be_added(project: Project) -> None:
    config = project.folder / "meltano.yml"
    kept = config.read_text()
    project.meltano("select", "--no-install", "tap-kustomer", "conversation_times", "*")
    listed = project.meltano("select", "--no-install", "--list", "--json", "tap-kustomer")
    config.write_text(kept)
    assert selected(listed) == {*DEFAULT, "conversation_times"}


def test_the_streams_selected_are_those_of_the_tap(project: Project) -> None:
    listed = project.meltano("select", "--no-install", "--list", "--json", "tap-kustomer")
    assert selected(listed) == set(DEFAULT)


def selected(listed: str) -> set[str]:
    streams: list[dict[str, Any]] = json.loads(listed)["streams"]
    return {one["stream"] for one in streams}


@pytest.fixture(scope="module")
def tailored(project: Project) -> dict[str, list[dict[str, Any]]]:
    """What a run with columns and streams of the org loads; its bookmarks have an id of their own.

    The settings are environment variables.
    """
    return project.load(
        "--state-id-suffix=tailored", TYPED_CUSTOM_ATTRIBUTES="true", KOBJECT_STREAMS="true"
    )


def test_environment_variables_add_the_columns_and_streams_of_the_org(
    tailored: dict[str, list[dict[str, Any]]],
) -> None:
    assert any(name.startswith("custom__") for name in tailored["conversations"][0])
    klasses = {name for name in tailored if name.startswith("kobjects_")}
    assert klasses
    assert sum(len(tailored[name]) for name in klasses) == len(tailored["kobjects"])


def test_a_second_bookmark_a_full_refresh_and_a_changed_state(
    project: Project, tailored: dict[str, list[dict[str, Any]]]
) -> None:
    chosen = {"_SELECT": json.dumps(["conversations.*"])}
    everything = len(tailored["conversations"])
    assert everything == project.emulator.org.counts()["conversations"]
    assert len(project.load(**chosen)["conversations"]) == everything
    assert len(project.load(**chosen).get("conversations", ())) < 10
    assert len(project.load("--full-refresh", **chosen)["conversations"]) == everything

    state = json.loads(project.meltano("state", "get", STATE_ID))
    assert meltano.bookmark_in(state, "conversations")
    project.meltano("state", "clear", "--force", STATE_ID)
    assert project.meltano("state", "list").split() == [f"{STATE_ID}:tailored"]
    project.meltano("state", "set", "--force", STATE_ID, json.dumps(state))
    assert json.loads(project.meltano("state", "get", STATE_ID)) == state
