"""Which streams there are, with which columns.

Without settings that ask for it discovery needs no network: the streams and columns that every org
has. With them, Kustomer is asked which klasses and custom attributes this org has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_kustomer.custom_attributes import RESOURCES, columns, definitions, klass_names
from tap_kustomer.streams import STREAMS
from tap_kustomer.streams.search import SearchStream
from tap_kustomer.streams.timeline import KlassKobjects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_kustomer.records import Field
    from tap_kustomer.run import Run
    from tap_kustomer.streams.base import KustomerStream


def plain(run: Run) -> list[KustomerStream]:
    """The streams of every org; no network is used."""
    return [stream(run) for stream in STREAMS]


def tailored(run: Run, *, typed: bool, klasses: bool) -> list[KustomerStream]:
    """The same, with `typed` custom attributes, and with a stream for each of the `klasses`.

    Raises:
        KustomerError: the metadata can't be read.
        RecordError: the metadata is in no form that is known.
        SettingsError: the settings don't name an org and a key.
    """

    def custom(stream: type[KustomerStream]) -> tuple[Field, ...]:
        if not typed or not issubclass(stream, SearchStream):
            return ()
        context = stream.query_context
        return columns(definitions(run.client, context) or ()) if context in RESOURCES else ()

    def of_klasses() -> Iterator[KustomerStream]:
        for klass in klass_names(run.client):
            if (defined := definitions(run.client, klass)) is not None:
                yield KlassKobjects(run, klass, columns(defined))

    streams = [stream(run, custom(stream)) for stream in STREAMS]
    return [*streams, *of_klasses()] if klasses else streams
