"""meltano.yml and .env.example agree with the tap's settings, capabilities and default streams."""

from typing import Any

import pytest

from scripts import hub_entry
from scripts.meltano import ROOT, plugins
from tap_kustomer.tap import TapKustomer
from tests.emulated import DEFAULT

PLUGINS = {plugin["name"]: plugin for plugin in plugins()}
TAP, POSTGRES = PLUGINS["tap-kustomer"], PLUGINS["target-postgres"]


def test_settings_are_the_taps_in_its_words_and_order() -> None:
    assert TAP["settings"] == hub_entry.own_settings()


def test_no_setting_of_the_tap_is_missing() -> None:
    theirs: dict[str, Any] = {"properties": {}}
    TapKustomer.append_builtin_config(theirs)
    own = TapKustomer.config_jsonschema["properties"].keys() - theirs["properties"].keys()
    assert {setting["name"] for setting in TAP["settings"]} == own


def test_the_settings_required_are_the_one_group() -> None:
    assert TAP["settings_group_validation"] == [TapKustomer.config_jsonschema["required"]]


def test_capabilities_are_those_of_about() -> None:
    assert TAP["capabilities"] == sorted(hub_entry.about()["capabilities"])


def test_meltano_selects_what_the_tap_selects_by_default() -> None:
    """Meltano ignores `selected-by-default`: without a list it selects every stream."""
    assert TAP["select"] == [f"{name}.*" for name in [*DEFAULT[:6], "kobjects_*", *DEFAULT[6:]]]


@pytest.mark.parametrize("plugin", [TAP, POSTGRES], ids=lambda plugin: str(plugin["name"]))
def test_env_example_has_every_setting_with_its_default(
    plugin: dict[str, Any],
) -> None:
    prefix = f"# {plugin['namespace'].upper()}_"
    lines = (ROOT / ".env.example").read_text().splitlines()
    given = dict(line[len(prefix) :].split("=", 1) for line in lines if line.startswith(prefix))
    assert given.keys() == {setting["name"].upper() for setting in plugin["settings"]}
    for setting in plugin["settings"]:
        if not str(setting.get("value", "$")).startswith("$"):
            value = setting["value"]
            text = str(value).lower() if isinstance(value, bool) else str(value)
            assert given[setting["name"].upper()] == text


def test_env_example_sets_nothing() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert all(not line or line.startswith("#") for line in lines)
