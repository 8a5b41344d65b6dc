"""What a given catalog asks for that discovery does not make: no such stream, or another klass.

The SDK passes over such an entry without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import Catalog

from tap_kustomer.streams.timeline import KlassKobjects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk import Stream

ADVICE = "Discover the catalog anew, or deselect the stream."


def klasses(catalog: object) -> dict[str, Any]:
    """The klass that the metadata of each stream names; the SDK's own form does not keep it."""
    if not isinstance(catalog, dict) or isinstance(catalog, Catalog):
        return {}
    return {
        stream["tap_stream_id"]: entry["metadata"]["klass"]
        for stream in catalog.get("streams", [])
        for entry in stream.get("metadata", [])
        if not entry["breadcrumb"] and entry["metadata"].get("klass") is not None
    }


def unmade(
    catalog: Catalog, streams: Mapping[str, Stream], named: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Each selected stream of the catalog that must not be read, and why.

    `streams` are those of discovery; `named` are the klasses that the catalog names.
    """
    for name, entry in catalog.items():
        if not entry.metadata.resolve_selection().get((), True):
            continue
        if name not in streams:
            yield name, _why(name, streams)
        elif name in named and named[name] != (own := getattr(streams[name], "klass", None)):
            here = f"'{own}'" if own else "none"
            was = f"In the catalog it is a stream of the klass '{named[name]}'"
            yield name, f"{was}, in this org of {here}. {ADVICE}"


def _why(name: str, streams: Mapping[str, Stream]) -> str:
    if not name.startswith("kobjects_"):
        return "There is no such stream. Correct its name in the catalog, or remove it there."
    if any(isinstance(stream, KlassKobjects) for stream in streams.values()):
        return f"This org has no klass that this stream is of. {ADVICE}"
    return f"A stream of one klass needs the setting kobject_streams, and the klass. {ADVICE}"
