"""Overrides of private singer-sdk methods, each with the reason why no public one works.

tests/unit/test_sdk.py fails if a later SDK version changes what they rely on.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import singer_sdk
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.helpers._catalog import pop_deselected_record_properties
from singer_sdk.mapper import CustomStreamMap, RemoveRecordTransform
from singer_sdk.singerlib import ActivateVersionMessage, RecordMessage
from typing_extensions import override

from tap_kustomer import maps

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from types import FrameType

    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.mapper import StreamMap


# Lines that the SDK logs for every stream in every run and that are of no use.
CHATTER = {
    "Skipping parse of env var settings...",
    "Parsing env var for settings config...",
    "Skipping deselected stream '%s'.",
    "Beginning sync of '%s' in %s mode",
    "Starting incremental sync of '%s' with bookmark value: %s",
}


def _is_worth_logging(record: logging.LogRecord) -> bool:
    return record.msg not in CHATTER


def mute(logger: logging.Logger) -> None:
    """Leave out the SDK's `CHATTER`, unless the log level is `DEBUG`."""
    if not logger.isEnabledFor(logging.DEBUG):
        logger.addFilter(_is_worth_logging)


class SdkTap(singer_sdk.Tap, ABC):
    """A tap that validates its own settings, logs less, and handles signals itself."""

    def __init__(self, **options: Any) -> None:
        """Hide the SDK's chatter and its metrics (two lines per stream) unless in `DEBUG`."""
        mute(self.logger)
        super().__init__(**options)
        if not self.logger.isEnabledFor(logging.DEBUG):
            self.metrics_logger.setLevel(logging.WARNING)

    @abstractmethod
    def invalid_settings(self, found: list[str]) -> list[str]:
        """A sentence for each invalid setting; `found` are the SDK's errors."""

    @abstractmethod
    def terminate(self, signum: int) -> None:
        """End the run because of a signal."""

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Say what to write instead of quoting a JSON schema. Discovery needs no settings."""
        if not raise_errors:
            self.invalid_settings([])  # for what it masks in the log
            return []
        try:
            found = super()._validate_config()
        except ConfigValidationError as error:
            found = list(error.errors)
        if found := self.invalid_settings(found):
            msg = "Config validation failed"
            raise ConfigValidationError(msg, errors=found, schema=self.config_jsonschema)
        return found

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Exit non-zero. The SDK cuts off the message being written, and exits with 0."""
        self.terminate(signum)


class SdkStream(singer_sdk.Stream):
    """A stream that moves its own bookmark and skips the SDK's per-record processing."""

    # The SDK sends ACTIVATE_VERSION before the records, which empties the table if the read fails.
    emit_activate_version_messages = False

    def __init__(self, tap: singer_sdk.Tap, *, schema: dict[str, Any], name: str) -> None:
        """Create the stream, and hide the SDK's chatter."""
        super().__init__(tap, schema=schema, name=name)
        mute(self.logger)

    def start_version(self) -> None:
        """Give the records a version: the start of the run in epoch seconds, like the SDK."""
        self._stream_version = self._tap.initialized_at // 1_000

    def activate_version(self) -> None:
        """Tell the target to retire all records of earlier versions."""
        if self._stream_version is None:
            return
        for stream_map in self.stream_maps:
            if not isinstance(stream_map, RemoveRecordTransform):
                self._tap.write_message(
                    ActivateVersionMessage(stream_map.stream_alias, self._stream_version)
                )

    def write_state(self) -> None:
        """Write the current state."""
        self._tap.state_writer.write_state(self.tap_state)
        self.state_manager.is_flushed = True

    @cached_property
    def _deselects_members(self) -> bool:
        column = ("properties", "column")
        return any(len(path) > len(column) for path in self.mask)

    @override
    def _generate_record_messages(self, record: Record) -> Generator[RecordMessage, None, None]:
        """Skip the SDK's search of every record for deselected members.

        It takes most of the CPU time of a record, and rows have selected columns only. It is needed
        only if a member inside a column is deselected.

        Raises:
            SettingsError: an expression of `stream_maps` fails on this record.
        """
        if self._deselects_members:
            pop_deselected_record_properties(record, self.schema, self.mask)
        for stream_map in self.stream_maps:
            mapped = self._map(stream_map, record)
            if mapped is not None:
                yield RecordMessage(
                    stream=stream_map.stream_alias,
                    record=mapped,
                    version=self._stream_version,
                    time_extracted=datetime.now(UTC),
                )

    @cached_property
    def _nulls(self) -> dict[str, None]:
        """Every selected column: an expression may use any, but records omit those they lack.

        A deselected column is unknown to expressions: as null it would match filters by mistake,
        and reach records whose schema does not have it.
        """
        columns = self.effective_schema["properties"]
        return dict.fromkeys(name for name in columns if self.mask["properties", name])

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        """None, since no stream has children in the SDK's sense.

        For each of them the SDK evaluates the filter of `stream_maps` again, on a record that may
        lack the columns it uses.
        """
        return ()

    def _map(self, stream_map: StreamMap, record: Record) -> Record | None:
        if not isinstance(stream_map, CustomStreamMap):
            return stream_map.transform(record)
        try:
            return stream_map.transform({**self._nulls, **record})
        except MappingError as error:
            fault = f"{self.name}: {error}"
            raise maps.refuse(fault) from None
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # The error's text may quote the record.
            fault = f"{self.name}: an expression fails on a record ({type(error).__name__})."
            raise maps.refuse(fault) from None

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Leave the bookmark to the walk. The SDK moves it with each record, in any order."""
