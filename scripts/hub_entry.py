"""`python -m scripts.hub_entry`: prints the plugin definition for Meltano Hub, made from the tap.

In the Hub's repository it is `_data/meltano/extractors/tap-kustomer/<variant>.yml`.
"""

from __future__ import annotations

import argparse
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from scripts import meltano
from scripts.tap import COMMAND, outcome
from tap_kustomer.settings import EXAMPLE_URL
from tap_kustomer.tap import TapKustomer

if TYPE_CHECKING:
    from collections.abc import Iterator

# The Hub's kinds, which are named like JSON's types. A setting with several has the first one here:
# text can hold a number, but not the reverse.
KINDS = ("object", "array", "string", "integer", "boolean")
PLACEHOLDERS = {"base_url": EXAMPLE_URL}
# What is the same in this project's meltano.yml.
SHARED = (
    *("commands", "executable", "label", "log_parser", "name", "namespace"),
    "settings_group_validation",
)
FIXED = {
    "domain_url": "https://www.kustomer.com",
    "keywords": ["api", "crm", "meltano_sdk"],
    "logo_url": "/assets/logos/extractors/kustomer.png",
    "maintenance_status": "beta",
    "prereq": (
        "An API key of the org, made under Settings › Security › API Keys, with the roles "
        "`org.user.read`, `org.permission.read` and `org.admin.read`."
    ),
    "quality": "silver",  # the Hub's for community taps that are built with the SDK
    "settings_preamble": (
        "Only `api_key` and `base_url` are required. The first run reads the last three months "
        "unless `start_date` and `max_history_months` say otherwise."
    ),
    "usage": (
        "The streams that cost a request per parent, and the audit log, are not "
        "selected by default. The first `meltano select` replaces the default selection, so name "
        "all that you want, for example everything but the audit log:\n\n"
        "```sh\n"
        "meltano select tap-kustomer '*' '*'\n"
        "meltano select tap-kustomer --exclude audit_logs '*'\n"
        "```"
    ),
}


@cache
def about() -> dict[str, Any]:
    """What `--about` prints."""
    answer: dict[str, Any] = json.loads(outcome([COMMAND, "--about", "--format=json"]).out)
    return answer


def settings() -> list[dict[str, Any]]:
    """Every setting as the Hub defines it, with the SDK's."""
    return list(_defined(about()["settings"]))


def own_settings() -> list[dict[str, Any]]:
    """The settings without the SDK's."""
    builtin: dict[str, Any] = {"properties": {}}
    TapKustomer.append_builtin_config(builtin)
    names = {one["name"] for one in _defined(builtin)}
    return [one for one in settings() if one["name"] not in names]


def _defined(schema: dict[str, Any], prefix: str = "") -> Iterator[dict[str, Any]]:
    for name, setting in schema["properties"].items():
        # An object with known members is one setting per member. The members of stream_maps are
        # the user's streams.
        members = setting.get("properties")
        if members and not isinstance(setting.get("additionalProperties"), dict):
            yield from _defined(setting, f"{prefix}{name}.")
        else:
            yield _setting(f"{prefix}{name}", setting)


def _setting(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "label": schema["title"],
        "kind": _kind(schema),
        "description": schema["description"],
    }
    if schema.get("secret"):
        found["sensitive"] = True
    if schema.get("default") is not None:
        found["value"] = schema["default"]
    if name in PLACEHOLDERS:
        found["placeholder"] = PLACEHOLDERS[name]
    return found


def _kind(schema: dict[str, Any]) -> str:
    if schema.get("secret"):
        return "password"
    if schema.get("format") in {"date", "date-time"}:
        return "date_iso8601"
    types = {kind for one in (schema, *schema.get("oneOf", ())) for kind in _types(one)}
    return next(kind for kind in KINDS if kind in types)


def _types(schema: dict[str, Any]) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types


def entry(variant: str, repo: str, pip_url: str | None = None) -> dict[str, Any]:
    """The whole definition; lists without an order are sorted, as in the Hub."""
    found = about()
    (plugin,) = [one for one in meltano.plugins() if one["name"] == "tap-kustomer"]
    return {
        **FIXED,
        **{name: plugin[name] for name in SHARED},
        "capabilities": sorted(plugin["capabilities"]),
        "select": sorted(plugin["select"]),
        "variant": variant,
        "repo": repo,
        "pip_url": pip_url or f"git+{repo}.git",
        "description": found["description"],
        "supported_python_versions": found["supported_python_versions"],
        "settings": sorted(settings(), key=lambda setting: str(setting["name"])),
    }


def main() -> None:
    """Print the definition."""
    parser = argparse.ArgumentParser(description="Print the plugin definition for Meltano Hub.")
    parser.add_argument(
        "--variant", required=True, help="who publishes it, such as the GitHub account"
    )
    parser.add_argument("--repo", required=True, help="address of the repository on the web")
    parser.add_argument("--pip-url", help="what pip installs (default: the repository)")
    given = parser.parse_args()
    repo = given.repo.rstrip("/").removesuffix(".git")
    definition = entry(given.variant, repo, given.pip_url)
    print(yaml.safe_dump(definition, allow_unicode=True, sort_keys=True, width=100), end="")


if __name__ == "__main__":
    main()
