"""Every example of docs/PRIVACY.md hides what it names."""

from __future__ import annotations

import hashlib
import json
import re
import time
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from emulator import Emulator, Org, Switches
from scripts import meltano
from tests.emulated import emulated, whole_catalog
from tests.end_to_end.test_meltano_features import Project
from tests.support import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]
Rows = dict[str, list[Json]]

PAGE = (meltano.ROOT / "docs" / "PRIVACY.md").read_text()
# What is no such text is a word of Kustomer's, such as `instagram`.
PERSONAL = re.compile(r"[^a-z-].{4}")
# Times, ids, the org's own address.
IMPERSONAL = re.compile(r"\d{4}-\d\d-\d\dT|[0-9a-f]{24}$|help@example\.com$")
INSTALLED = meltano.ROOT / ".clients" / "mapper" / "bin" / "meltano-map-transform"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


SETTINGS: list[Json] = [json.loads(block) for block in blocks("json")]
TABLE = {
    streams.split("`")[1]: set(re.findall("`([a-z_]+)`", columns))
    for streams, columns in re.findall(r"^\| (`.*?) \| (`.*) \|$", PAGE, re.MULTILINE)
}
FOR_TAP, FOR_MAPPER = (yaml.safe_load(block)["plugins"] for block in blocks("yaml"))


def texts(value: object) -> Iterator[str]:
    """All texts in a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def personal(rows: Rows, maps: Json) -> set[str]:
    """The texts in columns that a map drops or makes a text or list of."""
    found: set[str] = set()
    for name, mapped in maps.items():
        for stream in (stream for stream in rows if fnmatch(stream, name)):
            for column, new in mapped.items():
                if new != column and not str(new).startswith("{"):
                    found.update(texts([row.get(column) for row in rows[stream]]))
    return {text for text in found if PERSONAL.search(text) and not IMPERSONAL.match(text)}


def check_hidden(plain: Rows, hidden: Rows, maps: Json) -> None:
    """Rows are as many as before, and none holds what a map changes."""
    assert {name: len(rows) for name, rows in hidden.items()} == {
        name: len(rows) for name, rows in plain.items()
    }
    originals = personal(plain, maps)
    assert originals
    left = "\n".join(text for text in texts(hidden) if not IMPERSONAL.match(text))
    assert [text for text in originals if text in left] == []


def rows_of(emulator: Emulator, **settings: Any) -> Rows:
    """What a run of every stream brings."""
    messages = sync(emulator, catalog=whole_catalog(emulator), **settings)
    return {name: messages.records(name) for name in {m["stream"] for m in messages.of("RECORD")}}


@pytest.fixture(scope="module")
def here() -> Emulator:
    return emulated(60)


@pytest.fixture(scope="module")
def plain(here: Emulator) -> Rows:
    return rows_of(here)


@pytest.mark.parametrize("settings", SETTINGS, ids=["columns", "members", "faker", "everything"])
def test_the_settings_hide_what_they_name(here: Emulator, plain: Rows, settings: Json) -> None:
    if "faker_config" in settings:
        pytest.importorskip("faker", reason="`make setup` installs it")
        # Made-up names may be those of agents by chance: not those of this seed.
        settings = {**settings, "faker_config": {**settings["faker_config"], "seed": 1}}
    hidden = rows_of(here, **settings)
    check_hidden(plain, hidden, settings["stream_maps"])
    for name, mapped in settings["stream_maps"].items():
        dropped = {column for column, new in mapped.items() if new is None}
        for stream in (stream for stream in hidden if fnmatch(stream, name)):
            assert not [row for row in hidden[stream] if dropped & set(row)]


def test_members_are_dropped_or_kept(here: Emulator, plain: Rows) -> None:
    def members(rows: Rows, stream: str) -> set[str]:
        return {name for row in rows[stream] for name in row.get("custom") or ()}

    hidden = rows_of(here, **SETTINGS[1])
    before, after = (members(rows, "conversations") for rows in (plain, hidden))
    assert before - after == {"orderNumberStr", "noteTxt"}
    assert after
    assert members(plain, "kobjects") > members(hidden, "kobjects") == {"totalNum"}
    addresses = [one for row in hidden["customers"] for one in row["emails"] or ()]
    assert all(re.fullmatch("[0-9a-f]{64}", one) for one in addresses)
    numbers = [one for row in hidden["customers"] for one in row["phones"] or ()]
    assert all(re.fullmatch(r"…\d\d", one) for one in numbers)


def test_everything_at_once_drops_all_columns_of_the_table() -> None:
    maps = {name.rstrip("*"): set(mapped) for name, mapped in SETTINGS[-1]["stream_maps"].items()}
    everywhere = {"custom", "additional_attributes"}
    assert {name: columns - everywhere for name, columns in maps.items()} == TABLE
    for entry in whole_catalog(emulated(1))["streams"]:
        name, known = entry["tap_stream_id"], set(entry["schema"]["properties"])
        if name in maps:
            shared = {column for column in known if column.startswith("shared_")}
            assert maps[name] <= known
            assert everywhere & known | shared <= maps[name]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    org = Org.sample(seed=3, now=time.time_ns() // 1_000_000 - 10_000, conversations=60, days=20)
    emulator = Emulator(org, Switches(search_limit=None, org_limit=None))
    with emulator.serve() as url:
        yield Project(tmp_path_factory.mktemp("meltano") / "project", emulator, url)


def load(project: Project, plugins: Json, *mapping: str) -> Rows:
    """What arrives in a project with these lines in its meltano.yml; read from the beginning."""
    path = project.folder / "meltano.yml"
    kept = path.read_text()
    config = yaml.safe_load(kept)
    (tap,) = config["plugins"]["extractors"]
    (added,) = plugins.pop("extractors", [{}])
    tap |= added
    config["plugins"] |= plugins
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    rows = project.load("--full-refresh", mapping=mapping)
    path.write_text(kept)
    return rows


def test_meltano_yml_hides_what_it_names(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HASH_SALT", "pepper")
    (tap,) = FOR_TAP["extractors"]
    maps = tap["config"]["stream_maps"]
    before, after = load(project, {}), load(project, FOR_TAP)
    check_hidden(before, after, maps)
    named = set(maps["customers"]) - {"__else__"}
    assert {column for row in after["customers"] for column in row} == named
    check_hashes(before["customers"], after["customers"])


@pytest.mark.skipif(not INSTALLED.exists(), reason="`make clients` installs the mapper")
def test_the_mapper_hides_what_it_names(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HASH_SALT", "pepper")
    (mapper,) = FOR_MAPPER["mappers"]
    (mapping,) = mapper["mappings"]
    venv = project.folder / ".meltano" / "mappers" / mapper["name"] / "venv" / "bin"
    venv.mkdir(parents=True)
    (venv / mapper["executable"]).symlink_to(INSTALLED)
    before, after = load(project, {}), load(project, FOR_MAPPER, mapping["name"])
    check_hidden(before, after, mapping["config"]["stream_maps"])
    check_hashes(before["users"], after["users"])


def check_hashes(before: list[Json], after: list[Json]) -> None:
    """The salt of the environment is in the hashes."""
    names = {row["id"]: row.get("name") for row in before}
    for row in after:
        salted = f"pepper{names[row['id']]}".encode()
        assert row["name"] == (hashlib.sha256(salted).hexdigest() if names[row["id"]] else None)
