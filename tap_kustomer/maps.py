"""Checks the setting `stream_maps`, so that no typo lets through what it should hide."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING

from tap_kustomer.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Keys of a map that are options of the SDK, not columns.
OPTION = "__"


def refuse(fault: object) -> SettingsError:
    """The error for an invalid stream map."""
    return SettingsError(f"Setting stream_maps can't be used: {fault}")


def check(maps: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a map for an unknown stream, or one that removes an unknown column.

    `schemas` are the JSON schemas of the catalog's streams, by name.

    Raises:
        SettingsError: names the unknown stream or column.
    """
    for name, mapped in maps.items():
        columns = mapped if isinstance(mapped, dict) else {}
        source = columns.get("__source__", name)
        streams = [stream for stream in schemas if fnmatch(stream, str(source))]
        if not streams and not name.startswith(OPTION):
            msg = f"there is no stream '{source}'."
            raise refuse(msg)
        for column, expression in columns.items():
            is_removed = expression in (None, "__NULL__") and not column.startswith(OPTION)
            known = any(column in schemas[stream]["properties"] for stream in streams)
            if is_removed and not known:
                msg = f"stream '{source}' has no column '{column}' to leave out."
                raise refuse(msg)
