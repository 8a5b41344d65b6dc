"""States of earlier versions of this tap, in which three streams had another replication key.

They go on from where they were: nothing is read anew, and nothing is left out. What the old
bookmark means is kept under `read_by`, see `streams/ladder.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_kustomer import timestamps
from tap_kustomer.streams.ladder import CONVERSATIONS, LIST

if TYPE_CHECKING:
    from collections.abc import Mapping

# Stream: the key before, the key now, and how it was read.
CHANGED = {
    "work_sessions": ("created_at", "updated_at", LIST),
    "work_items": ("conversation_updated_at", "updated_at", CONVERSATIONS),
    "conversation_times": ("conversation_updated_at", "created_at", CONVERSATIONS),
}


def brought_up_to_date(state: dict[str, Any]) -> dict[str, Any]:
    """The state with the replication keys of this version."""
    bookmarks = state.get("bookmarks")
    if not isinstance(bookmarks, dict):
        return state
    return {**state, "bookmarks": {name: _new(name, one) for name, one in bookmarks.items()}}


def _new(stream: str, bookmark: Any) -> Any:  # noqa: ANN401  (whatever the state holds)
    before, now, read_by = CHANGED.get(stream, ("", "", ""))
    if not before or bookmark.get("replication_key") != before:
        return bookmark
    new = {**bookmark, "replication_key": now, "read_by": read_by}
    return _with_open_since(new) if read_by == LIST else new


def _with_open_since(bookmark: Mapping[str, Any]) -> dict[str, Any]:
    """The bookmark was when the oldest session began that went on; `unread` was like it."""
    try:
        instants = [bookmark["replication_key_value"], *bookmark.get("unread", [])]
        earliest = timestamps.text(min(map(timestamps.parse, instants)))
    except (KeyError, OverflowError, TypeError, ValueError):
        return dict(bookmark)  # refused later, in words
    others = {name: one for name, one in bookmark.items() if name != "unread"}
    return {**others, "replication_key_value": earliest, "open_since": earliest}
