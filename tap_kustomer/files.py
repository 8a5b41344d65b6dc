"""The files that options name: what they hold, or one sentence on what is wrong with them.

A file's content is never quoted, since it may hold the API key or a customer's data.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from decimal import Decimal
from typing import Any, NoReturn

import click
import msgspec
from jsonschema import Draft7Validator
from jsonschema.exceptions import SchemaError
from singer_sdk.singerlib import Catalog

LOGGER = logging.getLogger("tap-kustomer")
CONFIG = '{"api_key": "...", "base_url": "..."}'
CATALOG = '{"streams": [...]}'
STATE = '{"bookmarks": {...}}'
# A state and a catalog nest about ten deep; what copies them later has room for a few hundred.
DEEPEST = 100


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


def state(_: click.Context, __: click.Parameter, path: str | None) -> Any:  # noqa: ANN401  (JSON, which the tap judges)
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


def _json(content: bytes, example: str) -> Any:  # noqa: ANN401  (JSON)
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
