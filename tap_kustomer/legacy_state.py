"""States of this tap and of older taps for Kustomer, so that a switch goes on where they stopped.

singer-io's tap keeps a bare timestamp per stream. MeltanoLabs' tap is built on the same SDK as this
one; what tells its states from ours are bookmarks where this tap has none.
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
# Of both taps; under the same name the same records in the same order, so the bookmark holds here.
INCREMENTAL = ("companies", "conversations", "customers", "kobjects", "messages", "notes")
# Incremental there, read whole here.
WHOLE = ("shortcuts", "tags", "teams", "users")
SINGER_IO = "singer-io's tap-kustomer"
MELTANO_LABS = "MeltanoLabs' tap-kustomer"
MELTANO_LABS_FIRST_KEY = "attributes.modifiedAt"
MELTANO_LABS_STREAM = "resource"
KNOWN = {MELTANO_LABS_STREAM, *(stream.name for stream in STREAMS)}
KLASS_STREAM = "kobjects_"
# What a state has beside bookmarks: singer-io's tap notes the stream it is at.
MEMBERS = {"bookmarks", "currently_syncing"}


def taken_over(state: object) -> tuple[dict[str, Any], str]:
    """The state in this tap's form, and a sentence about it if it was in another.

    A state that nobody knows would start a full import that nobody asked for, so it is refused.

    Raises:
        SettingsError: the state has no form that is known.
    """
    if isinstance(state, dict) and state.get("type") == "STATE":  # the whole message
        state = state.get("value")
    bookmarks = state.get("bookmarks", {}) if isinstance(state, dict) else None
    if isinstance(state, dict) and isinstance(bookmarks, dict) and _is_known(state, bookmarks):
        if _is_singer_io(bookmarks):
            return _from(SINGER_IO, bookmarks, bookmarks)
        if all(_is_usable(bookmark) for bookmark in bookmarks.values()):
            if not _is_meltano_labs(bookmarks):
                return state, ""
            values = {name: each.get("replication_key_value") for name, each in bookmarks.items()}
            return _from(MELTANO_LABS, bookmarks, values)
    msg = (
        "The state is not one that this tap has written: give --state the last STATE of an "
        "earlier run, or leave it out to start anew."
    )
    raise SettingsError(msg)


def _is_known(state: Mapping[str, Any], bookmarks: Bookmarks) -> bool:
    """Whether it may be a state of a tap for Kustomer; one without bookmarks is that of a start."""
    if not bookmarks:
        return set(state) <= MEMBERS
    return any(name in KNOWN or name.startswith(KLASS_STREAM) for name in bookmarks)


def _is_usable(bookmark: object) -> bool:
    """Whether the SDK can go through a bookmark, whatever it holds for this tap."""
    if not isinstance(bookmark, dict):
        return False
    partitions = bookmark.get("partitions") or []
    return (
        isinstance(bookmark.get("progress_markers", {}), dict)
        and isinstance(partitions, list)
        and all(_is_usable(partition) for partition in partitions)
    )


def _is_singer_io(bookmarks: Bookmarks) -> bool:
    return any(name in bookmarks for name in (*INCREMENTAL, *WHOLE)) and all(
        isinstance(value, str) and _normal(value) for value in bookmarks.values()
    )


def _is_meltano_labs(bookmarks: Bookmarks) -> bool:
    return (
        MELTANO_LABS_STREAM in bookmarks
        or any("partitions" in bookmarks.get(n, {}) for n in ("attachments", "custom_attributes"))
        or any(bookmarks.get(name, {}).get("replication_key") == KEY for name in WHOLE)
        or any(
            bookmarks.get(name, {}).get("replication_key") == MELTANO_LABS_FIRST_KEY
            for name in (*INCREMENTAL, *WHOLE)
        )
    )


def _from(tap: str, bookmarks: Bookmarks, values: Bookmarks) -> tuple[dict[str, Any], str]:
    """What is kept; a value that is no date-time is left for its stream to complain about."""
    kept = {
        name: {"replication_key": KEY, "replication_key_value": _normal(value) or value}
        for name, value in values.items()
        if name in INCREMENTAL and value is not None
    }
    ignored = sorted(set(bookmarks) - set(kept))
    note = (
        f"Took over the state of {tap}: the bookmarks of {', '.join(sorted(kept)) or 'no stream'}. "
        f"Ignored: {', '.join(ignored) or 'nothing'}."
    )
    return {"bookmarks": kept}, note


def _normal(value: object) -> str | None:
    """A date-time in the form this tap writes; without an offset it is UTC."""
    try:
        return timestamps.text(timestamps.parse(value)) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
