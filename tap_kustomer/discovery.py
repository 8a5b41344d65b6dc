"""Discovers the streams and their columns.

By default discovery needs no network and returns the streams and columns that every org has. With
`typed_custom_attributes` or `kobject_streams` it reads the org's definitions from Kustomer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_kustomer.schemas.custom_attributes import columns
from tap_kustomer.streams import STREAMS
from tap_kustomer.streams.search import SearchStream
from tap_kustomer.streams.timeline import KlassKobjects
from tap_kustomer.walks.metadata import RESOURCES, definitions, klass_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_kustomer.records import Field
    from tap_kustomer.streams.base import KustomerStream
    from tap_kustomer.tap import TapKustomer


def default(tap: TapKustomer) -> list[KustomerStream]:
    """The streams that every org has; uses no network."""
    return [stream(tap) for stream in STREAMS]


def tailored(tap: TapKustomer, *, typed: bool, klasses: bool) -> list[KustomerStream]:
    """The same, with `typed` custom attributes or a stream for each of the `klasses`.

    Raises:
        KustomerError: the metadata can't be read.
        RecordError: the metadata has an unknown format.
        SettingsError: the settings lack a valid org or key.
    """
    client = tap.session.client

    def custom(stream: type[KustomerStream]) -> tuple[Field, ...]:
        if not typed or not issubclass(stream, SearchStream):
            return ()
        context = stream.query_context
        return columns(definitions(client, context) or ()) if context in RESOURCES else ()

    def of_klasses() -> Iterator[KustomerStream]:
        for klass in klass_names(client):
            if (defined := definitions(client, klass)) is not None:
                yield KlassKobjects(tap, klass, columns(defined))

    streams = [stream(tap, custom(stream)) for stream in STREAMS]
    return [*streams, *of_klasses()] if klasses else streams
