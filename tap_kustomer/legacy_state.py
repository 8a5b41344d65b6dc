"""Validates the state, and converts those of other Kustomer taps so that a switch can resume.

singer-io's tap stores a bare timestamp per stream. MeltanoLabs' tap uses the same SDK as this one;
its states are recognized by bookmarks that this tap never writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_kustomer import timestamps
from tap_kustomer.errors import SettingsError
from tap_kustomer.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    Bookmarks = Mapping[str, Any]

KEY = "updated_at"
# In both taps, with the same records in the same order, so bookmarks carry over.
INCREMENTAL = ("companies", "conversations", "customers", "kobjects", "messages", "notes")
# Incremental there, full tables here.
FULL_TABLE = ("shortcuts", "tags", "teams", "users")
SINGER_IO = "singer-io's tap-kustomer"
MELTANO_LABS = "MeltanoLabs' tap-kustomer"
MELTANO_LABS_FIRST_KEY = "attributes.modifiedAt"
MELTANO_LABS_STREAM = "resource"
KNOWN = {MELTANO_LABS_STREAM, *(stream.name for stream in STREAMS)}
KLASS_STREAM = "kobjects_"
# The keys of a state. singer-io's tap also stores the current stream.
MEMBERS = {"bookmarks", "currently_syncing"}


def taken_over(state: object) -> tuple[dict[str, Any], str]:
    """The state in this tap's format, and a log line if it was converted.

    An unknown state is refused, since ignoring it would start an unwanted full import.

    Raises:
        SettingsError: the state has an unknown format.
    """
    if isinstance(state, dict) and state.get("type") == "STATE":  # the whole message
        state = state.get("value")
    bookmarks = state.get("bookmarks", {}) if isinstance(state, dict) else None
    if isinstance(state, dict) and isinstance(bookmarks, dict) and _is_known(state, bookmarks):
        if _is_singer_io(bookmarks):
            return _converted(SINGER_IO, bookmarks, bookmarks)
        if all(_is_usable(bookmark) for bookmark in bookmarks.values()):
            if not _is_meltano_labs(bookmarks):
                return state, ""
            values = {name: held.get("replication_key_value") for name, held in bookmarks.items()}
            return _converted(MELTANO_LABS, bookmarks, values)
    msg = (
        "The state is not one that this tap has written: give --state the last STATE of an "
        "earlier run, or leave it out to start anew."
    )
    raise SettingsError(msg)


def _is_known(state: Mapping[str, Any], bookmarks: Bookmarks) -> bool:
    """Whether it may be the state of a Kustomer tap; without bookmarks, that of a first run."""
    if not bookmarks:
        return set(state) <= MEMBERS
    return any(name in KNOWN or name.startswith(KLASS_STREAM) for name in bookmarks)


def _is_usable(bookmark: object) -> bool:
    """Whether the SDK can process a bookmark; its values are checked elsewhere."""
    if not isinstance(bookmark, dict):
        return False
    partitions = bookmark.get("partitions") or []
    return (
        isinstance(bookmark.get("progress_markers", {}), dict)
        and isinstance(partitions, list)
        and all(_is_usable(partition) for partition in partitions)
    )


def _is_singer_io(bookmarks: Bookmarks) -> bool:
    return any(name in bookmarks for name in (*INCREMENTAL, *FULL_TABLE)) and all(
        isinstance(value, str) and _normalized(value) for value in bookmarks.values()
    )


def _is_meltano_labs(bookmarks: Bookmarks) -> bool:
    return (
        MELTANO_LABS_STREAM in bookmarks
        or any("partitions" in bookmarks.get(n, {}) for n in ("attachments", "custom_attributes"))
        or any(bookmarks.get(name, {}).get("replication_key") == KEY for name in FULL_TABLE)
        or any(
            bookmarks.get(name, {}).get("replication_key") == MELTANO_LABS_FIRST_KEY
            for name in (*INCREMENTAL, *FULL_TABLE)
        )
    )


def _converted(tap: str, bookmarks: Bookmarks, values: Bookmarks) -> tuple[dict[str, Any], str]:
    """The bookmarks that carry over; a value that is not a date-time fails later, in its stream."""
    kept = {
        name: {"replication_key": KEY, "replication_key_value": _normalized(value) or value}
        for name, value in values.items()
        if name in INCREMENTAL and value is not None
    }
    ignored = sorted(set(bookmarks) - set(kept))
    note = (
        f"Took over the state of {tap}: the bookmarks of {', '.join(sorted(kept)) or 'no stream'}. "
        f"Ignored: {', '.join(ignored) or 'nothing'}."
    )
    return {"bookmarks": kept}, note


def _normalized(value: object) -> str | None:
    """A date-time in the format this tap writes, UTC if it has no offset; else `None`."""
    try:
        return timestamps.text(timestamps.parse(value)) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
