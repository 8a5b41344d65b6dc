"""The Hub and Meltano accept the definition for Meltano Hub."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from scripts import hub_entry
from scripts.meltano import MELTANO, ROOT

REPO = "https://github.com/acme/tap-kustomer"
SCHEMAS = ROOT.parent / "shared" / "hub-schemas"


@cache
def printed(*options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "scripts.hub_entry", "--variant=acme", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    definition: dict[str, Any] = yaml.safe_load(done.stdout)
    return definition


def test_a_definition_installs_from_the_repository_by_default() -> None:
    definition = printed(f"--repo={REPO}.git")
    assert definition["pip_url"] == f"git+{REPO}.git"
    assert definition["repo"] == REPO
    assert hub_entry.entry("acme", REPO, "tap-kustomer")["pip_url"] == "tap-kustomer"


def test_a_definition_describes_every_setting() -> None:
    settings = {one["name"]: one for one in printed(f"--repo={REPO}.git")["settings"]}
    assert settings["api_key"]["sensitive"] is True
    assert [one["name"] for one in settings.values() if one.get("sensitive")] == ["api_key"]
    assert settings["start_date"]["kind"] == "date_iso8601"
    assert settings["faker_config.seed"]["kind"] == "string"
    assert settings["faker_config.locale"]["kind"] == "array"
    assert settings["stream_maps"]["kind"] == "object"
    assert settings["kobject_streams"]["value"] is False
    assert all({"name", "label", "kind", "description"} <= one.keys() for one in settings.values())


@pytest.mark.skipif(not SCHEMAS.exists(), reason="needs a copy of the Hub's schemas")
def test_the_hub_accepts_the_definition() -> None:
    schemas = {path: json.loads(path.read_text()) for path in SCHEMAS.rglob("*.json")}
    # The schemas refer to each other by path, not by id.
    for schema in schemas.values():
        schema.pop("$id", None)
    registry: Registry[Any] = Registry().with_resources(
        (path.as_uri(), Resource.from_contents(schema, default_specification=DRAFT7))
        for path, schema in schemas.items()
    )
    entrance = SCHEMAS / "plugin_definitions" / "extractors.schema.json"
    validator = jsonschema.Draft7Validator({"$ref": entrance.as_uri()}, registry=registry)
    assert [error.message for error in validator.iter_errors(printed(f"--repo={REPO}.git"))] == []
    assert list(validator.iter_errors({"name": "tap-kustomer"}))


def meltano(folder: Path, *words: str) -> str:
    own = ("TAP_", "TARGET_", "MELTANO")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    settings = {
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "TAP_KUSTOMER_API_KEY": "a-secret",
        "TAP_KUSTOMER_PAGE_SIZE": "100",
        "TAP_KUSTOMER_FAKER_CONFIG__LOCALE": '["en_US"]',
    }
    command = [MELTANO, "--log-level=error", *words]
    done = subprocess.run(
        command, cwd=folder, env=kept | settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.end_to_end
def test_meltano_accepts_the_definition_from_a_lock_file(tmp_path: Path) -> None:
    """As in a project that has added the plugin from the Hub, with its variant."""
    definition = {**printed(f"--repo={REPO}.git"), "plugin_type": "extractors"}
    lock = tmp_path / "plugins" / "extractors" / "tap-kustomer--acme.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps(definition))
    plugin = {"name": "tap-kustomer", "variant": "acme"}
    project = {"project_id": "hub", "plugins": {"extractors": [plugin]}}
    (tmp_path / "meltano.yml").write_text(yaml.safe_dump(project))

    listed = meltano(tmp_path, "config", "list", "--all", "tap-kustomer")
    config = json.loads(meltano(tmp_path, "config", "print", "tap-kustomer"))
    extras = json.loads(meltano(tmp_path, "config", "print", "--extras", "tap-kustomer"))
    meltano(tmp_path, "compile", "--no-lint")
    manifest = tmp_path / ".meltano" / "manifests" / "meltano-manifest.json"
    (compiled,) = json.loads(manifest.read_text())["plugins"]["extractors"]
    commands = meltano(tmp_path, "invoke", "--list-commands", "tap-kustomer")
    assert all(one["name"] in listed for one in definition["settings"])
    assert compiled["capabilities"] == definition["capabilities"]
    assert compiled["settings"] == definition["settings"]
    assert config["page_size"] == 100
    assert config["include_deleted"] is True
    assert "a-secret" not in json.dumps(config)
    assert extras["_select"] == definition["select"]
    assert all(f"tap-kustomer:{name}" in commands for name in definition["commands"])
