"""What Meltano offers beside `meltano run`, in a project that is a copy of this one."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from emulator import Emulator, Org, Switches
from scripts import hub_entry, meltano
from scripts.tap import COMMAND, Outcome, outcome
from tap_kustomer import timestamps
from tests.emulated import DEFAULT

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
        """Run a command that succeeds; what it prints."""
        done = self.outcome(*words, **settings)
        assert done.code == 0, done.log[-2_000:] + done.out[-2_000:]
        return done.out

    def outcome(self, *words: str, **settings: str) -> Outcome:
        """Run a command."""
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
        return outcome(command, cwd=self.folder, env=environment)

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


def test_a_run_without_a_database_ends_with_a_sentence(project: Project) -> None:
    done = project.outcome("run", "--no-install", "tap-kustomer", "target-postgres")
    assert done.code == 1
    (line,) = [line for line in done.log.splitlines() if "[error" in line]
    assert "Environment variable 'TARGET_POSTGRES_SQLALCHEMY_URL' referenced but not set" in line
    assert "Traceback" not in done.log
    assert "Error details" not in done.log


def test_the_recipe_for_a_project_that_is_there_already(project: Project) -> None:
    """The commands of the README, in a project that knows nothing of Kustomer."""
    config = project.folder / "meltano.yml"
    kept = config.read_text()
    definition = hub_entry.entry("acme", "https://github.com/acme/tap-kustomer")
    (project.folder / "tap-kustomer.yml").write_text(yaml.safe_dump(definition))
    readme = (meltano.ROOT / "README.md").read_text()
    add, select = re.findall(r"^meltano ((?:add|config set) .*)$", readme, re.MULTILINE)
    config.write_text("project_id: existing\n")
    try:
        project.meltano(*shlex.split(add), "--no-install")
        project.meltano(*shlex.split(select))
        listed = project.meltano("select", "--no-install", "--list", "--json", "tap-kustomer")
    finally:
        config.write_text(kept)
    assert selected(listed) == set(DEFAULT)


def test_a_new_klass_needs_a_refreshed_catalog(project: Project) -> None:
    """As the README says: until then its kobjects are in `kobjects` alone."""
    org, klass = project.emulator.org, "kobjects_returns"
    settings = {"KOBJECT_STREAMS": "true", "_SELECT": json.dumps(["kobjects_*.*"])}
    assert klass not in project.load("--state-id-suffix=klass", **settings)
    add_klass(org, "returns", at=project.emulator.clock() - 2_000)
    assert klass not in project.load("--state-id-suffix=klass", **settings)
    loaded = project.load("--state-id-suffix=klass", "--refresh-catalog", **settings)
    assert len(loaded[klass]) == 1
    project.meltano("state", "clear", "--force", f"{STATE_ID}:klass")


def add_klass(org: Org, name: str, at: int) -> None:
    """Add a klass like the first one, and a kobject of it."""
    klass = next(iter(org.resources["klass"].values())).data
    kobject = next(iter(org.resources["kobject"].values())).data
    times = dict.fromkeys(("createdAt", "updatedAt"), timestamps.text(at))
    named = {"klass": {"data": {"type": "klass", "id": name}}}
    org.put("klass", {**klass, "id": "f" * 24, "attributes": {**klass["attributes"], "name": name}})
    org.put(
        "kobject",
        {
            "type": f"kobject.{name}",
            "id": "e" * 24,
            "attributes": {**kobject["attributes"], **times},
            "relationships": {**kobject["relationships"], **named},
        },
    )


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
