"""Finds selected catalog entries without a matching stream: unknown streams and changed klasses.

The SDK silently skips such entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import Catalog

from tap_kustomer.streams.timeline import KlassKobjects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk import Stream

ADVICE = "Run discovery again, or deselect the stream."


def klasses(catalog: object) -> dict[str, Any]:
    """The klass in the metadata of each stream, by stream; the SDK's `Catalog` drops it."""
    if not isinstance(catalog, dict) or isinstance(catalog, Catalog):
        return {}
    return {
        stream["tap_stream_id"]: entry["metadata"]["klass"]
        for stream in catalog.get("streams", [])
        for entry in stream.get("metadata", [])
        if not entry["breadcrumb"] and entry["metadata"].get("klass") is not None
    }


def unavailable(
    catalog: Catalog, streams: Mapping[str, Stream], wanted: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Each selected stream of the catalog that can't be read, and the reason.

    `streams` are those of discovery; `wanted` are the catalog's klasses, by stream.
    """
    for name, entry in catalog.items():
        if not entry.metadata.resolve_selection().get((), True):
            continue
        if name not in streams:
            yield name, _reason(name, streams)
        elif name in wanted and wanted[name] != (own := getattr(streams[name], "klass", None)):
            here = f"klass '{own}'" if own else "no klass"
            was = f"The catalog has this stream for klass '{wanted[name]}'"
            yield name, f"{was}, this org for {here}. {ADVICE}"


def _reason(name: str, streams: Mapping[str, Stream]) -> str:
    if not name.startswith("kobjects_"):
        return "There is no such stream. Correct its name in the catalog, or remove it there."
    if any(isinstance(stream, KlassKobjects) for stream in streams.values()):
        return f"This org has no klass for this stream. {ADVICE}"
    return f"A stream of one klass needs the setting kobject_streams and that klass. {ADVICE}"
