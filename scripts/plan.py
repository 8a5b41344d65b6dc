"""From the environment: which org is read, which PostgreSQL is loaded, where the rest is kept.

Pure: the environment is passed in. The bookmark lives beside the data it speaks of, so each pair of
source and target has its own, and removing a demonstration removes its bookmark too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from tap_kustomer import settings
from tap_kustomer.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

TAP = "TAP_KUSTOMER_"
KEY = f"{TAP}API_KEY"
ADDRESS = f"{TAP}BASE_URL"
TARGET = "TARGET_POSTGRES_"
SCHEMA = f"{TARGET}DEFAULT_TARGET_SCHEMA"
# How Meltano reads a boolean.
FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
# setting of target-postgres: word of a libpq connection string
CONNECTION = {
    "HOST": "host",
    "PORT": "port",
    "USER": "user",
    "PASSWORD": "password",
    "DATABASE": "dbname",
}


class PlanError(Exception):
    """The settings contradict each other; the message says what to write."""


@dataclass(frozen=True)
class Plan:
    """What one run connects.

    Attributes:
        demo: Read the emulator instead of an org.
        server: Connection string of the user's own PostgreSQL, None for the embedded one.
        schema: PostgreSQL schema that holds the tables.
        home: Folder, relative to the checkout, for the emulated org, the embedded PostgreSQL and
            the bookmark; None when all three are the user's own.
    """

    demo: bool
    server: str | None
    schema: str
    home: str | None


def make_plan(environment: Mapping[str, str]) -> Plan:
    """The plan that the environment asks for; empty variables count as absent.

    Raises:
        PlanError: only one of API key and address is set, or a server lacks its host.
    """
    given = {name: value for name, value in environment.items() if value}
    if (KEY in given) != (ADDRESS in given):
        there, missing = (KEY, ADDRESS) if KEY in given else (ADDRESS, KEY)
        msg = (
            f"{there} is set but {missing} is not: set both to read your org, "
            f"or neither to try the emulator."
        )
        raise PlanError(msg)
    demo = KEY not in given
    server = _server(given)
    homes = {
        (True, True): ".demo",
        (True, False): ".demo/own-server",
        (False, True): ".local",
        (False, False): None,
    }
    # Sample data never lands among the rows of an org that is on the same server.
    schema = "kustomer_demo" if demo and server else "kustomer"
    return Plan(demo, server, given.get(SCHEMA, schema), homes[demo, server is None])


def check_tap(environment: Mapping[str, str], now: datetime) -> None:
    """Refuse settings that the tap would refuse, before anything is started for it.

    Raises:
        PlanError: the tap's own sentence, which names the setting and says what to write.
    """
    config: dict[str, str | int | bool] = {
        name.removeprefix(TAP).lower(): value
        for name, value in environment.items()
        if value and name.startswith(TAP)
    }
    for name in settings.NUMBERS:
        text = str(config.get(name, ""))
        if text.removeprefix("-").isdecimal():
            config[name] = int(text)
    flag = str(config.get("include_deleted", "")).lower()
    if flag in FLAGS:
        config["include_deleted"] = FLAGS[flag]
    try:
        settings.load(config, now)
    except SettingsError as error:
        raise PlanError(str(error)) from None


def _server(given: Mapping[str, str]) -> str | None:
    """A libpq connection string from the settings of target-postgres; None without any."""
    if url := given.get(f"{TARGET}SQLALCHEMY_URL"):
        scheme, separator, rest = url.partition("://")
        return f"{scheme.partition('+')[0]}{separator}{rest}"
    parts = {word: given.get(f"{TARGET}{name}") for name, word in CONNECTION.items()}
    if not any(parts.values()):
        return None
    if not parts["host"]:
        msg = (
            f"Your PostgreSQL lacks its host: set {TARGET}HOST, or {TARGET}SQLALCHEMY_URL; "
            f"without any {TARGET} connection setting the embedded one is used."
        )
        raise PlanError(msg)
    return make_conninfo("", **parts)
