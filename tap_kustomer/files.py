"""The files that options name: what they hold, or one sentence on what is wrong with them.

A file's content is never quoted, since it may hold the API key or a customer's data.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

import click
import msgspec
from dotenv import dotenv_values
from jsonschema import Draft7Validator
from jsonschema.exceptions import SchemaError
from singer_sdk.singerlib import Catalog

from tap_kustomer.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from tap_kustomer.jsonapi import Json

LOGGER = logging.getLogger("tap-kustomer")
CONFIG = '{"api_key": "...", "base_url": "..."}'
CATALOG = '{"streams": [...]}'
STATE = '{"bookmarks": {...}}'
# A state and a catalog nest about ten deep; what copies them later has room for a few hundred.
DEEPEST = 100


def environment(folder: Path) -> dict[str, str]:
    """The variables that are set in the environment or, failing that, in the folder's file `.env`.

    The SDK would look for `.env` in the folders above its own code instead.

    Raises:
        SettingsError: the file can't be read.
    """
    try:
        written = dotenv_values(folder / ".env")
    except (OSError, UnicodeDecodeError):
        msg = "The file .env can't be read: make it a readable text file, or remove it."
        raise SettingsError(msg) from None
    given = [*written.items(), *os.environ.items()]
    return {name: value for name, value in given if value}


def config(path: str) -> dict[str, Any]:
    """The settings in a file.

    Raises:
        BadParameter: there are none.
    """
    return _object(_content(path), CONFIG)


def catalog(_: click.Context, __: click.Parameter, path: str | None) -> dict[str, Any] | None:
    """The catalog in the file of `--catalog`, as it is: the SDK's own form does not keep klasses.

    Raises:
        BadParameter: there is none.
    """
    if path is None:
        return None
    found = _object(_content(path), CATALOG)
    streams = found.get("streams")
    # whatever an entry lacks
    with suppress(AttributeError, LookupError, SchemaError, TypeError, ValueError):
        read = Catalog.from_dict(found)
        if isinstance(streams, list) and all(_is_usable(read, entry) for entry in streams):
            return found
    msg = "the file holds no catalog such as --discover prints."
    raise click.BadParameter(msg)


def _is_usable(read: Catalog, entry: dict[str, Any]) -> bool:
    """Whether rows can be made for its names and columns; a deselected stream needs none."""
    name = entry["tap_stream_id"]
    if not read[name].metadata.resolve_selection()[()]:
        return True
    schema, key = entry["schema"], read[name].replication_key
    Draft7Validator.check_schema(schema, format_checker=Draft7Validator.FORMAT_CHECKER)
    columns = schema["properties"]
    return (
        entry.get("stream") in {None, name}
        and (not key or key in columns)
        and all(_allows(columns, column, "string") for column in ("id", key or "id"))
        and _allows(columns, "additional_attributes", "object")
    )


def _allows(columns: dict[str, Any], column: str, kind: str) -> bool:
    """Whether a column, where there is one, may hold values of this kind."""
    return kind in columns.get(column, {}).get("type", (kind,))


def state(_: click.Context, __: click.Parameter, path: str | None) -> Json:
    """What the file of `--state` holds; none and an empty one are the first run of a pipeline.

    Raises:
        BadParameter: it can't be read, or holds no JSON.
    """
    if path is None:
        return None
    try:
        content = _content(path, may_be_missing=True)
    except FileNotFoundError:
        content = b""
    if not content.strip():
        LOGGER.info("The file of --state is missing or empty: every stream starts anew.")
        return None
    found = _json(content, STATE)
    if found is None:
        _fail(STATE)
    return found


def _content(path: str, *, may_be_missing: bool = False) -> bytes:
    try:
        with click.open_file(path, "rb") as file:
            content: bytes = file.read()
    except (OSError, RuntimeError) as error:  # the latter for `-` without a standard input
        if may_be_missing and isinstance(error, FileNotFoundError):
            raise
        reason = getattr(error, "strerror", None) or "it is closed"
        msg = f"a file is missing or can't be read ({reason})."
        raise click.BadParameter(msg) from None
    return content


def _object(content: bytes, example: str) -> dict[str, Any]:
    found = _json(content, example)
    return found if isinstance(found, dict) else _fail(example)


def _json(content: bytes, example: str) -> Json:
    """The JSON value; one that can't be written as JSON again, as half a character, is none."""
    try:
        found = json.loads(content, parse_float=Decimal)
        _check_depth(found, DEEPEST)
        msgspec.json.encode(found)
    except (ArithmeticError, RecursionError, ValueError):
        _fail(example)
    return found


def _check_depth(value: object, room: int) -> None:
    if not room:
        raise RecursionError
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            _check_depth(inner, room - 1)


def _fail(example: str) -> NoReturn:
    msg = f"a file holds no JSON object that can be used, such as {example}."
    raise click.BadParameter(msg) from None
