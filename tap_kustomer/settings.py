"""Parses and validates the settings; an invalid one is reported with what to write instead.

Pure functions: the current time is passed in, nothing uses the network, no message repeats the key.
"""

from __future__ import annotations

import ipaddress
import json
import re
from calendar import monthrange
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import SplitResult, urlsplit

from tap_kustomer import timestamps
from tap_kustomer.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

DOMAIN = "kustomerapp.com"
REGIONS = (f"api.{DOMAIN}", f"api.prod2.{DOMAIN}", f"api.prod4.{DOMAIN}")
EXAMPLE_URL = f"https://acme.{DOMAIN}"
PREFIX = "TAP_KUSTOMER_"

_ORG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_WHOLE = re.compile(r"-?\d{1,9}")
_KEY = re.compile(r"[\x21-\x7e]+")

# Default, minimum and maximum of each.
NUMBERS: dict[str, tuple[int, int, int]] = {
    "max_history_months": (3, 0, 1_200),
    "lookback_seconds": (600, 0, 86_400),
    "page_size": (500, 1, 500),
    "concurrency": (4, 1, 16),
    "max_search_requests_per_minute": (100, 1, 1_000),
    "max_requests_per_minute": (240, 1, 2_000),
    "request_timeout": (60, 1, 600),
}
# Settings that tailor the catalog to the org.
TAILORING = ("typed_custom_attributes", "kobject_streams")
_FLAGS = {
    "include_deleted": True,
    "emit_activate_version_messages": True,
    **dict.fromkeys(TAILORING, False),
}
# Meltano and the SDK accept the same words for true, but read any other word as false.
_WORDS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


@dataclass(frozen=True)
class Settings:
    """The validated settings. Instants are milliseconds since 1970, the rest as in the README."""

    api_key: str = field(repr=False)
    api_url: str
    start: int
    earliest_start: int | None
    end: int | None
    lookback: int
    include_deleted: bool
    emit_activate_version: bool
    page_size: int
    concurrency: int
    max_search_requests_per_minute: int
    max_requests_per_minute: int
    request_timeout: int

    def check_first_run(self) -> None:
        """Refuse a first run whose history would start too early.

        Raises:
            SettingsError: names the earliest date allowed and the setting that lifts the limit.
        """
        if self.earliest_start is not None and self.start < self.earliest_start:
            msg = (
                f"Setting start_date is {_day(self.start)}, earlier than max_history_months "
                f"allows: write {_day(self.earliest_start)} or later, or raise "
                f"max_history_months (0 lifts the limit)."
            )
            raise SettingsError(msg)


def load(config: Mapping[str, Any], now: datetime) -> Settings:
    """The settings in `config`; `now` is timezone-aware.

    Raises:
        SettingsError: the first invalid setting.
    """
    numbers = {name: _number(config, name) for name in NUMBERS}
    lookback = numbers.pop("lookback_seconds") * timestamps.SECOND
    months = numbers.pop("max_history_months")
    if config.get("batch_config"):
        msg = (
            "Setting batch_config is not supported, since a bookmark could pass records that wait "
            "in an unfinished file: remove it."
        )
        raise SettingsError(msg)
    for name in TAILORING:  # read by discovery without `Settings`, but validated here
        _flag(config, name)
    end = _end_date(config)
    start, earliest = _history(config, months, end, now)
    return Settings(
        api_key=_key(config),
        api_url=api_url(_text(config, "base_url", f"for example {EXAMPLE_URL}")),
        start=start,
        earliest_start=earliest,
        end=end,
        lookback=lookback,
        include_deleted=_flag(config, "include_deleted"),
        emit_activate_version=_flag(config, "emit_activate_version_messages"),
        **numbers,
    )


def unknown(config: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """A sentence for each unknown setting, since a misspelled one would be silently ignored."""
    sentences = []
    for name in config:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            advice = f"did you mean {close[0]}?" if close else "remove it."
            sentences.append(f"Setting {name} is unknown: {advice}")
    return sentences


def from_environment(
    environment: Mapping[str, str],
    properties: Mapping[str, Mapping[str, Any]],
    prefix: str = PREFIX,
) -> dict[str, Any]:
    """The settings in environment variables; an empty variable counts as not set.

    Args:
        environment: The variables, by name.
        properties: The JSON schema of each setting; only its type is used.
        prefix: The prefix of the variables' names.

    Raises:
        SettingsError: names the variable and what to write; it never quotes the value.
    """
    return {
        name: _parse(text, name, f"{prefix}{name.upper()}", schema["type"])
        for name, schema in properties.items()
        if (text := environment.get(f"{prefix}{name.upper()}"))
    }


def _parse(text: str, name: str, variable: str, types: Collection[str]) -> object:
    """The parsed value of a variable."""
    value: object
    if "boolean" in types:
        value, wanted = _WORDS.get(text.lower()), "true or false"
    elif "integer" in types:
        number = int(text) if _WHOLE.fullmatch(text) else None
        value, wanted = number if _is_allowed(number, name) else None, _range(name)
    elif "object" in types:
        value, wanted = _json_object(text), "a JSON object such as {}"
    else:
        return text
    if value is None:
        msg = f"Variable {variable} must be {wanted}."
        raise SettingsError(msg)
    return value


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def api_url(base_url: str) -> str:
    """The API address, scheme and host only, of the org that `base_url` names.

    Raises:
        SettingsError: it is neither a Kustomer org nor a loopback host with a port. The key must
            not be sent anywhere but to Kustomer or the user's own machine.
    """
    trimmed = base_url.strip()
    address = _split(trimmed if "://" in trimmed else f"https://{trimmed}")
    host, port = address.hostname or "", address.port
    if address.username is not None or address.password is not None:
        _refuse_base_url("contains a user name or password")
    if port is not None and _is_loopback(host) and address.scheme in {"http", "https"}:
        return f"{address.scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    if address.scheme != "https":
        _refuse_base_url("does not start with https://")
    if port not in {None, 443}:
        _refuse_base_url("names a port")
    if host in REGIONS:
        return f"https://{host}"
    org = host.removesuffix(f".{DOMAIN}").removesuffix(".api")
    if not host.endswith(f".{DOMAIN}") or not _ORG.fullmatch(org):
        _refuse_base_url("does not name a Kustomer org")
    if org in {"api", "www"}:
        _refuse_base_url("does not name your org")
    return f"https://{org}.api.{DOMAIN}"


def months_before(now: datetime, months: int) -> datetime:
    """Midnight (UTC), `months` calendar months before `now`, or on the last day of that month."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    day = min(now.day, monthrange(year, month + 1)[1])
    return datetime(year, month + 1, day, tzinfo=UTC)


def _history(
    config: Mapping[str, Any], months: int, end: int | None, now: datetime
) -> tuple[int, int | None]:
    """Where history starts, and the earliest allowed start (`None`: no limit)."""
    start = _date(config, "start_date")
    earliest = timestamps.of(months_before(now.astimezone(UTC), months)) if months else None
    if start is None:
        if earliest is None:
            msg = (
                "Setting start_date is missing: with max_history_months 0 there is no default, so "
                "write the date to read from, for example 2026-01-31."
            )
            raise SettingsError(msg)
        start = earliest
    elif start > timestamps.of(now):
        msg = "Setting start_date lies in the future: write a past date, for example 2026-01-31."
        raise SettingsError(msg)
    if end is not None and start > end:
        msg = (
            f"Setting end_date is {_day(end)}, before history starts on {_day(start)}: write a "
            "later end_date or an earlier start_date."
        )
        raise SettingsError(msg)
    return max(start, 0), earliest  # Kustomer is younger than 1970


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        _ = parts.port  # an invalid port raises only when it is read
    except ValueError:
        _refuse_base_url("is not a web address")
    return parts


def _refuse_base_url(fault: str) -> NoReturn:
    msg = (
        f"Setting base_url {fault}: write your org's address as the browser shows it, for example "
        f"{EXAMPLE_URL}."
    )
    raise SettingsError(msg) from None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _key(config: Mapping[str, Any]) -> str:
    where = "create one under Settings › Security › API Keys › Add API key"
    key = _text(config, "api_key", where).strip()
    if not _KEY.fullmatch(key):
        msg = f"Setting api_key contains characters no key has: copy it again, or {where}."
        raise SettingsError(msg)
    return key


def _text(config: Mapping[str, Any], name: str, advice: str) -> str:
    value = config.get(name)
    if not isinstance(value, str) or not value.strip():
        msg = f"Setting {name} is missing: write it as text, {advice}."
        raise SettingsError(msg)
    return value


def _number(config: Mapping[str, Any], name: str) -> int:
    value = config.get(name)
    if value is None:
        return NUMBERS[name][0]
    if type(value) is not int or not _is_allowed(value, name):
        msg = f"Setting {name} must be {_range(name)}."
        raise SettingsError(msg)
    return value


def _is_allowed(number: int | None, name: str) -> bool:
    """Whether the number is in the setting's range; the SDK's own settings have none here."""
    if number is None or name not in NUMBERS:
        return number is not None
    _, minimum, maximum = NUMBERS[name]
    return minimum <= number <= maximum


def _range(name: str) -> str:
    if name not in NUMBERS:
        return "a whole number"
    _, minimum, maximum = NUMBERS[name]
    return f"a whole number from {minimum} to {maximum}"


def _flag(config: Mapping[str, Any], name: str) -> bool:
    value = config.get(name)
    if value is None:
        return _FLAGS[name]
    if not isinstance(value, bool):
        msg = f"Setting {name} must be true or false."
        raise SettingsError(msg)
    return value


def _date(config: Mapping[str, Any], name: str) -> int | None:
    value = config.get(name)
    if value is None:
        return None
    try:
        instant = timestamps.parse(value)
        timestamps.text(instant)  # raises if its offset leaves years 1 to 9999
    except (TypeError, ValueError, OverflowError):
        msg = (
            f"Setting {name} is not a date: write it like 2026-01-31 or 2026-01-31T08:00:00Z "
            "(UTC unless it says otherwise)."
        )
        raise SettingsError(msg) from None
    return instant


def _end_date(config: Mapping[str, Any]) -> int | None:
    """The last millisecond to read; a date without a time includes its whole day."""
    end = _date(config, "end_date")
    with suppress(ValueError):
        date.fromisoformat(str(config.get("end_date")))
        return end and end + timestamps.DAY - 1
    return end


def _day(instant: int) -> str:
    return timestamps.text(instant)[:10]
