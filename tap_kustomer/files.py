"""Reads the files that options name; whatever is wrong with one is reported in a sentence.

A file's content is never quoted, since it may contain the API key or customer data.
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
# States and catalogs nest about ten levels deep; code that copies them later allows a few hundred.
MAX_DEPTH = 100


def environment(folder: Path) -> dict[str, str]:
    """The environment variables, and those of the folder's file `.env` that are not set otherwise.

    The SDK would look for `.env` in the folders above its own code instead.

    Raises:
        SettingsError: the file can't be read.
    """
    try:
        from_file = dotenv_values(folder / ".env")
    except (OSError, UnicodeDecodeError):
        msg = "The file .env can't be read: make it a readable text file, or remove it."
        raise SettingsError(msg) from None
    variables = [*from_file.items(), *os.environ.items()]
    return {name: value for name, value in variables if value}


def config(path: str) -> dict[str, Any]:
    """The settings in a file.

    Raises:
        BadParameter: the file can't be read, or is not a JSON object.
    """
    return _object(_content(path), CONFIG)


def catalog(_: click.Context, __: click.Parameter, path: str | None) -> dict[str, Any] | None:
    """The catalog in the file of `--catalog`, unparsed, since the SDK's `Catalog` drops klasses.

    Raises:
        BadParameter: the file can't be read, or is not a usable catalog.
    """
    if path is None:
        return None
    found = _object(_content(path), CATALOG)
    streams = found.get("streams")
    # any of these: an entry is malformed
    with suppress(AttributeError, LookupError, SchemaError, TypeError, ValueError):
        read = Catalog.from_dict(found)
        if isinstance(streams, list) and all(_is_usable(read, entry) for entry in streams):
            return found
    msg = "the file is not a catalog as printed by --discover."
    raise click.BadParameter(msg)


def _is_usable(read: Catalog, entry: dict[str, Any]) -> bool:
    """Whether the stream can emit rows with this name and schema; always if it is deselected."""
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
    """Whether a column allows values of this type; also if there is no such column."""
    return kind in columns.get(column, {}).get("type", (kind,))


def state(_: click.Context, __: click.Parameter, path: str | None) -> Json:
    """The state in the file of `--state`; a missing or empty file means a pipeline's first run.

    Raises:
        BadParameter: the file can't be read, or is not JSON.
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
    except (OSError, RuntimeError) as error:  # RuntimeError: `-`, but standard input is closed
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
    """The JSON value, rejected if it can't be encoded again (lone surrogates)."""
    try:
        found = json.loads(content, parse_float=Decimal)
        _check_depth(found, MAX_DEPTH)
        msgspec.json.encode(found)
    except (ArithmeticError, RecursionError, ValueError):
        _fail(example)
    return found


def _check_depth(value: object, levels_left: int) -> None:
    if not levels_left:
        raise RecursionError
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            _check_depth(inner, levels_left - 1)


def _fail(example: str) -> NoReturn:
    msg = f"a file is not a usable JSON object such as {example}."
    raise click.BadParameter(msg) from None
