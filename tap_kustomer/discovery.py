"""Which streams there are, with which columns.

Without settings that ask for it discovery needs no network: the streams and columns that every org
has. With them, Kustomer is asked which klasses and custom attributes this org has.
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
    """The streams of every org; no network is used."""
    return [stream(tap) for stream in STREAMS]


def tailored(tap: TapKustomer, *, typed: bool, klasses: bool) -> list[KustomerStream]:
    """The same, with `typed` custom attributes, and with a stream for each of the `klasses`.

    Raises:
        KustomerError: the metadata can't be read.
        RecordError: the metadata is in no form that is known.
        SettingsError: the settings don't name an org and a key.
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
