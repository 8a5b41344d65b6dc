"""Every message a user may meet: one sentence, no traceback, and an entry in the README."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts.tap import COMMAND, Outcome, Tap, outcome

if TYPE_CHECKING:
    from emulator import Emulator

README = Path(__file__).parents[2] / "README.md"
ADDRESS = "write your org's address as the browser shows it"


@dataclass
class Case:
    """What a user did, and what the tap says."""

    sentence: str
    config: dict[str, Any] = field(default_factory=dict)
    switches: dict[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] = ()


CASES = {
    "a wrong key": Case("Kustomer does not accept the API key", {"api_key": "wrong"}),
    "an expired key": Case("Kustomer does not accept the API key", {}, {"expired_key": True}),
    "the wrong region": Case(
        "The API key belongs to Kustomer's region prod2", {}, {"pod": "prod2"}
    ),
    "a missing permission": Case("is left out: Kustomer refused", {}, {"forbidden": {"team"}}),
    "an address of somebody else": Case(
        ADDRESS, {"base_url": "https://acme.kustomerapp.com.evil.org"}
    ),
    "no TLS": Case("does not start with https://", {"base_url": "http://acme.kustomerapp.com"}),
    "a port": Case("names a port", {"base_url": "https://acme.kustomerapp.com:8443"}),
    "a user name": Case("contains a user name", {"base_url": "https://a:b@acme.kustomerapp.com"}),
    "no address": Case("is not a web address", {"base_url": "https://[acme"}),
    "no org": Case("does not name your org", {"base_url": "https://www.kustomerapp.com"}),
    "a bad start": Case("Setting start_date is not a date", {"start_date": "last week"}),
    "a bad end": Case("Setting end_date is not a date", {"end_date": "31.12.2026"}),
    "an end before the start": Case(
        "Setting end_date is 2026-10-01, before",
        {"start_date": "2026-11-01", "end_date": "2026-10-01"},
    ),
    "a start in the future": Case("lies in the future", {"start_date": "2100-01-01"}),
    "too long a history": Case(
        "earlier than max_history_months allows", {"start_date": "2020-01-01"}
    ),
    "a misspelt setting": Case("is unknown: did you mean start_date?", {"start_dat": "2026-11-01"}),
    "a number out of range": Case("from 1 to 500", {"page_size": 501}),
    "no truth value": Case("must be true or false", {"kobject_streams": "maybe"}),
}


def said(result: Outcome) -> str:
    """What a failed command logged, which is no traceback."""
    assert result.code == 1
    assert "Traceback" not in result.log
    assert "emulator-key" not in result.log + result.out
    return result.log


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_sentence_says_what_to_change(case: Case, tap: Tap, emulator: Emulator) -> None:
    tap.config |= case.config
    for name, value in case.switches.items():
        setattr(emulator.switches, name, value)
    assert case.sentence in said(tap.run(*case.options))


def test_kustomer_is_down(tap: Tap) -> None:
    """Nothing listens at the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        tap.config["base_url"] = f"http://127.0.0.1:{free.getsockname()[1]}"
    for options in ([], ["--check"]):
        log = said(tap.run(*options))
        assert f"No connection to {tap.config['base_url']}: " in log
        assert "into base_url" in log
        assert log.count(", attempt ") == 2 - len(options)


OUTPUTS = ["", "--discover", "--test", "--check", "--about"]


@pytest.mark.parametrize("option", OUTPUTS)
def test_the_disk_is_full(tap: Tap, option: str) -> None:
    log = said(redirected(tap.command(*filter(None, [option])), ">/dev/full"))
    assert "The output can't be written (No space left on device)" in log


@pytest.mark.parametrize("option", OUTPUTS)
def test_standard_output_is_closed(tap: Tap, option: str) -> None:
    log = said(redirected(tap.command(*filter(None, [option])), ">&-"))
    assert "The output can't be written (standard output is closed)" in log


def test_standard_error_is_closed(tap: Tap) -> None:
    result = redirected(tap.command(), "2>&-")
    assert result.code == 0
    assert result.out.splitlines()[-1].startswith('{"type":"STATE"')


def redirected(command: list[str], where: str) -> Outcome:
    """What a command says whose output a shell sends elsewhere."""
    return outcome(["sh", "-c", f"{shlex.join(command)} {where}"])


def test_a_file_that_is_missing_or_no_json(tap: Tap) -> None:
    missing = outcome([COMMAND, "--config", str(tap.folder / "nowhere.json")])
    (tap.folder / "broken.json").write_text('{"api_key": "secret"')
    broken = outcome([COMMAND, "--config", str(tap.folder / "broken.json")])
    assert (missing.code, broken.code) == (2, 2)
    assert "a file is missing or can't be read" in missing.log
    assert "a file is not a usable JSON object" in broken.log
    assert "secret" not in broken.log


def test_a_state_of_another_shape(tap: Tap) -> None:
    for state in ({"bookmarks": ["x"]}, ["x"], "x", 7, {"foo": 1}):
        result = tap.run(state=state)  # type: ignore[arg-type]  # what a user may write
        assert "The state is not one that this tap has written" in said(result)


@pytest.mark.parametrize("option", ["--config", "--catalog", "--state"])
@pytest.mark.parametrize("mode", ["", "--check", "--discover", "--test"])
def test_a_truncated_file_of_any_option(tap: Tap, option: str, mode: str) -> None:
    (tap.folder / "truncated.json").write_text('{"secret')
    _, *others = tap.command()
    line = [COMMAND, *others, option, str(tap.folder / "truncated.json"), *filter(None, [mode])]
    result = outcome(line)
    assert result.code == 2
    assert f"Invalid value for '{option}': a file is not a usable JSON object" in result.log
    assert "secret" not in result.log
    assert "Traceback" not in result.log


def test_the_first_and_second_run_of_a_pipeline(tap: Tap) -> None:
    """As the README writes it: the file of the state is missing at first, later a STATE."""
    tap.select("users")
    state = tap.folder / "state.json"
    for runs in range(2):
        assert state.exists() == bool(runs)
        result = tap.run("--state", str(state))
        assert result.code == 0
        assert ("The file of --state is missing or empty" in result.log) == (not runs)
        state.write_text(json.dumps(result.of("STATE")[-1]))


def test_discovery_without_a_network(tap: Tap) -> None:
    tap.config |= {"base_url": "http://127.0.0.1:9", "typed_custom_attributes": True}
    result = tap.run("--discover")
    assert result.code == 0
    assert "Discovery can't read custom attributes and klasses" in result.log
    assert json.loads(result.out)["streams"]


def test_check_by_command(tap: Tap, emulator: Emulator) -> None:
    good = tap.run("--check")
    assert good.code == 0
    assert "Every selected stream can be read." in good.out
    emulator.switches.forbidden.add("attachment")
    assert tap.run("--check").code == 0  # off by default
    emulator.switches.forbidden.add("team")
    bad = tap.run("--check")
    assert bad.code == 1
    assert re.search(r"^teams +yes +no$", bad.out, re.MULTILINE)
    assert "\nteams: needs org.permission.team.read\n" in bad.out
    assert emulator.writes_refused == 0


def test_the_troubleshooting_table_says_what_the_tap_says(tap: Tap) -> None:
    """Each row is a message of this project's code, word for word."""
    del tap
    rows = re.findall(
        r"^\| ([^|]+) \| [^|]+ \|$", README.read_text().split("## Troubleshooting")[1], re.MULTILINE
    )
    code = " ".join(
        re.sub(r'"\s*(?:#.*)?\n\s*f?"', "", file.read_text())
        for file in (README.parent / "tap_kustomer").rglob("*.py")
    )
    messages = [row for row in rows if row not in {"message", "---"}]
    assert len(messages) > 10
    for message in messages:
        words = [part for part in re.split(r"start_date|end_date|api_key", message) if part.strip()]
        assert all(part.strip() in code for part in words), message


def test_the_open_questions_can_be_asked(tap: Tap, emulator: Emulator) -> None:
    emulator.switches.sorted_sessions = True
    environment = {
        **os.environ,
        "TAP_KUSTOMER_API_KEY": "emulator-key",
        "TAP_KUSTOMER_BASE_URL": tap.config["base_url"],
    }
    done = subprocess.run(
        [str(Path(COMMAND).with_name("python")), "-m", "pytest", "tests/live", "-q", "--no-cov"],
        cwd=README.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2_000:]
    assert "failed" not in done.stdout
    assert emulator.writes_refused == 0


def test_the_questions_are_all_in_the_behaviour_page() -> None:
    page = (README.parent / "docs" / "BEHAVIOR.md").read_text()
    tests = (README.parent / "tests" / "live" / "test_open_questions.py").read_text()
    assert set(re.findall(r"def (test_\w+)", tests)) == set(re.findall(r"`(test_\w+)", page))


def test_the_example_in_contributing_is_the_code() -> None:
    page = (README.parent / "CONTRIBUTING.md").read_text()
    folder = README.parent / "tap_kustomer"
    code = "".join(
        (folder / name / "configuration.py").read_text() for name in ("schemas", "streams")
    )
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    assert all(example in code for example in examples)
