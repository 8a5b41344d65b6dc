"""What `make run` connects: the source, the PostgreSQL, and the place of the bookmark.

Pure: the environment is passed in. Each pair of source and target has its own bookmark, stored
beside its data, so removing the demo removes its bookmark too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_kustomer import settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEY = f"{settings.PREFIX}API_KEY"
ADDRESS = f"{settings.PREFIX}BASE_URL"
URL = "TARGET_POSTGRES_SQLALCHEMY_URL"
SCHEMA = "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA"
# Settings of target-postgres that meltano.yml replaces by the URL.
PARTS = tuple(
    f"TARGET_POSTGRES_{name}" for name in ("HOST", "PORT", "USER", "PASSWORD", "DATABASE")
)


class RunError(Exception):
    """The run can't start or continue; the message is one sentence for the user."""


@dataclass(frozen=True)
class Plan:
    """What one run connects.

    Attributes:
        demo: Read the emulator instead of an org.
        server: Connection string of the user's PostgreSQL; `None` for the embedded one.
        schema: PostgreSQL schema of the tables.
        home: Folder in the checkout for the emulated org, the embedded PostgreSQL and the bookmark;
            `None` if org and PostgreSQL are the user's, and the bookmark is in Meltano's own place.
    """

    demo: bool
    server: str | None
    schema: str
    home: str | None


def make_plan(environment: Mapping[str, str]) -> Plan:
    """Plan a run; an empty variable counts as not set.

    Raises:
        RunError: only one of API key and address is set, or a part of the database's address.
    """
    given = {name: value for name, value in environment.items() if value}
    if (KEY in given) != (ADDRESS in given):
        there, missing = (KEY, ADDRESS) if KEY in given else (ADDRESS, KEY)
        msg = (
            f"{there} is set but {missing} is not: set both to read your org, "
            f"or neither to use the emulator."
        )
        raise RunError(msg)
    if parts := [name for name in PARTS if name in given]:
        msg = f"{parts[0]} is not read: write the whole address of the database into {URL}."
        raise RunError(msg)
    demo = KEY not in given
    server = _server(given)
    homes = {
        (True, True): ".demo",
        (True, False): ".demo/own-server",
        (False, True): ".local",
        (False, False): None,
    }
    # Sample data is kept apart from a real org's rows on the same server.
    schema = "kustomer_demo" if demo and server else "kustomer"
    return Plan(demo, server, given.get(SCHEMA, schema), homes[demo, server is None])


def check_values(environment: Mapping[str, str], plugins: Iterable[dict[str, Any]]) -> None:
    """Refuse a wrong number or boolean: Meltano fails on the first, and reads the second as false.

    Args:
        environment: The variables, by name.
        plugins: The plugins of meltano.yml, which says what kind of value each setting has.

    Raises:
        SettingsError: names the variable and what to write.
    """
    for plugin in plugins:
        kinds = {setting["name"]: {"type": setting["kind"]} for setting in plugin["settings"]}
        settings.from_environment(environment, kinds, f"{plugin['namespace'].upper()}_")


def _server(given: Mapping[str, str]) -> str | None:
    """A libpq connection URL, which names no driver; `None` if none is set."""
    scheme, separator, rest = given.get(URL, "").partition("://")
    return f"{scheme.partition('+')[0]}{separator}{rest}" if rest else None
