"""`python -m scripts.hub_entry`: the plugin definition for Meltano Hub, from the tap's own words.

It belongs into the Hub's repository as `_data/meltano/extractors/tap-kustomer/<variant>.yml`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tap_kustomer.settings import EXAMPLE_URL
from tap_kustomer.tap import TapKustomer

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = str(Path(sys.executable).with_name("tap-kustomer"))
# All that the Hub knows.
CAPABILITIES = {
    "about",
    "activate-version",
    "batch",
    "catalog",
    "discover",
    "log-based",
    "properties",
    "schema-flattening",
    "state",
    "stream-maps",
    "structured-logging",
    "test",
}
# JSON's types and the Hub's kinds for them. Where a setting may have several, the first here
# holds: text can hold numbers, but not the other way round.
KINDS = {
    "object": "object",
    "array": "array",
    "string": "string",
    "number": "decimal",
    "integer": "integer",
    "boolean": "boolean",
}
PLACEHOLDERS = {"base_url": EXAMPLE_URL}
# Meltano hands its own commands no config file, but every setting as an environment variable.
COMMANDS = {
    "check": {
        "args": "--config=ENV --check",
        "description": (
            "Say whether the API key works, which streams it can read, and how much waits."
        ),
    },
    "test": {
        "args": "--config=ENV --test",
        "description": "Read one record of each stream.",
    },
    "about": {
        "args": "--about --format=markdown",
        "description": "List the settings and what they mean.",
    },
}
FIXED = {
    "commands": COMMANDS,
    "domain_url": "https://www.kustomer.com",
    "executable": "tap-kustomer",
    "keywords": ["api", "crm", "meltano_sdk"],
    "label": "Kustomer",
    "log_parser": "singer-sdk",
    "logo_url": "/assets/logos/extractors/kustomer.png",
    "maintenance_status": "beta",
    "namespace": "tap_kustomer",
    "prereq": (
        "An API key of the org, made under Settings › Security › API Keys, with the roles "
        "`org.user.read`, `org.permission.read` and `org.admin.read`."
    ),
    "quality": "silver",  # what the Hub gives to taps of the community built with the SDK
    "settings_preamble": (
        "Only `api_key` and `base_url` are required. The first run reads the last three months "
        "unless `start_date` and `max_history_months` say otherwise."
    ),
    "usage": (
        "The streams that cost a request per changed conversation, and the audit log, are not "
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
    """What the tap says of itself."""
    answer: dict[str, Any] = json.loads(_said("--about", "--format=json"))
    return answer


def _said(*options: str) -> str:
    command = [COMMAND, *options]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def capabilities() -> list[str]:
    """What the tap can do, as far as the Hub has a name for it."""
    return sorted(CAPABILITIES.intersection(about()["capabilities"]))


def select() -> list[str]:
    """The streams that are selected by default, and those that an org's own klasses add.

    Meltano knows nothing of `selected-by-default`: without a list it would select all.
    """
    streams: list[dict[str, Any]] = json.loads(_said("--discover"))["streams"]
    return sorted([*(f"{s['tap_stream_id']}.*" for s in streams if _default(s)), "kobjects_*.*"])


def _default(stream: dict[str, Any]) -> bool:
    (metadata,) = [one["metadata"] for one in stream["metadata"] if not one["breadcrumb"]]
    return bool(metadata.get("selected-by-default"))


def settings() -> list[dict[str, Any]]:
    """Every setting as the Hub defines it, those of the SDK too."""
    return list(_defined(about()["settings"]))


def own_settings() -> list[dict[str, Any]]:
    """The settings without those that every tap has from the SDK."""
    theirs: dict[str, Any] = {"properties": {}}
    TapKustomer.append_builtin_config(theirs)
    builtin = {one["name"] for one in _defined(theirs)}
    return [one for one in settings() if one["name"] not in builtin]


def _defined(schema: dict[str, Any], prefix: str = "") -> Iterator[dict[str, Any]]:
    for name, setting in schema["properties"].items():
        # An object whose members are known is one setting per member. What stream_maps names is
        # streams, which are the user's.
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
    if "enum" in schema:
        found["options"] = [{"label": str(one), "value": str(one)} for one in schema["enum"]]
    if name in PLACEHOLDERS:
        found["placeholder"] = PLACEHOLDERS[name]
    return found


def _kind(schema: dict[str, Any]) -> str:
    if schema.get("secret"):
        return "password"
    if "enum" in schema:
        return "options"
    if schema.get("format") in {"date", "date-time"}:
        return "date_iso8601"
    types = {kind for one in (schema, *schema.get("oneOf", ())) for kind in _types(one)}
    return next(kind for name, kind in KINDS.items() if name in types)


def _types(schema: dict[str, Any]) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types


def entry(variant: str, repo: str, pip_url: str | None = None) -> dict[str, Any]:
    """The whole definition; lists that have no order of their own are sorted, as in the Hub."""
    told = about()
    return {
        **FIXED,
        "name": told["name"],
        "variant": variant,
        "repo": repo,
        "pip_url": pip_url or f"git+{repo}.git",
        "description": told["description"],
        "supported_python_versions": told["supported_python_versions"],
        "capabilities": capabilities(),
        "select": select(),
        "settings": sorted(settings(), key=lambda setting: str(setting["name"])),
        "settings_group_validation": [sorted(told["settings"]["required"])],
    }


def main() -> None:
    """Print the definition."""
    parser = argparse.ArgumentParser(description="Print the plugin definition for Meltano Hub.")
    parser.add_argument("--variant", required=True, help="who publishes it, such as the account")
    parser.add_argument("--repo", required=True, help="address of the repository on the web")
    parser.add_argument("--pip-url", help="name on PyPI; the repository if it is not given")
    given = parser.parse_args()
    repo = given.repo.rstrip("/").removesuffix(".git")
    definition = entry(given.variant, repo, given.pip_url)
    print(yaml.safe_dump(definition, allow_unicode=True, sort_keys=True, width=100), end="")


if __name__ == "__main__":
    main()
