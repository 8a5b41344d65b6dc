"""An emulated org for unit tests, and what several of them ask about it."""

from __future__ import annotations

import time
from typing import Any

from emulator import Emulator, Org, Switches
from tap_kustomer import timestamps
from tap_kustomer.streams import STREAMS
from tap_kustomer.streams.base import ListStream
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.streams.search import SearchStream
from tests.support import Messages, tap_for

MINUTE = 60 * timestamps.SECOND
DEFAULT = [stream.name for stream in STREAMS if stream.selected_by_default]
FULL_TABLES = [stream.name for stream in STREAMS if issubclass(stream, ListStream)]
SEARCHED = [stream.name for stream in STREAMS if issubclass(stream, SearchStream)]
KEYS = {s.name: s.replication_key for s in STREAMS if issubclass(s, IncrementalStream)}


def wall() -> int:
    return int(time.time() * 1_000)


def emulated(conversations: int = 300, **switches: Any) -> Emulator:
    # The last change was a moment ago, so that a run's end lies behind it.
    now = wall() - 10 * timestamps.SECOND
    org = Org.sample(seed=1, now=now, conversations=conversations, days=60)
    return Emulator(org, Switches(search_limit=None, org_limit=None, **switches))


def searches(emulator: Emulator, context: str = "conversation") -> list[Any]:
    posted = [request for request in emulator.requests if request.method == "POST"]
    return [request for request in posted if request.json["queryContext"] == context]


def state_at(instant: int) -> dict[str, Any]:
    """The state of a run that has read every incremental stream up to an instant."""
    return {
        "bookmarks": {
            name: {"replication_key": key, "replication_key_value": timestamps.text(instant)}
            for name, key in KEYS.items()
        }
    }


def bookmark_of(messages: Messages, stream: str = "conversations") -> int:
    return timestamps.parse(messages.state["bookmarks"][stream]["replication_key_value"])


def whole_catalog(emulator: Emulator, *only: str, **config: Any) -> dict[str, Any]:
    """The catalog with every stream selected, or with `only` some of them."""
    catalog: dict[str, Any] = tap_for(emulator, Messages(), **config).catalog_dict
    for entry in catalog["streams"]:
        (metadata,) = [m["metadata"] for m in entry["metadata"] if not m["breadcrumb"]]
        metadata["selected"] = not only or entry["tap_stream_id"] in only
    return catalog


def old_record(kind: str, one: str, age: int) -> dict[str, Any]:
    text = timestamps.text(wall() - age)
    return {"type": kind, "id": one * 24, "attributes": {"createdAt": text, "updatedAt": text}}
