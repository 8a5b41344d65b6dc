"""The tap: its settings as shown to users, its streams, and the start and end of a run."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Tap
from singer_sdk import typing as th
from singer_sdk.exceptions import MappingError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities
from typing_extensions import override

from tap_kustomer import (
    catalog,
    discovery,
    earlier_state,
    files,
    legacy_state,
    maps,
    plain_text,
    settings,
)
from tap_kustomer.access import Access
from tap_kustomer.cli import Command, print_check
from tap_kustomer.errors import SettingsError, TapError
from tap_kustomer.session import Session, utc_now
from tap_kustomer.settings import EXAMPLE_URL, NUMBERS
from tap_kustomer.streams.base import KustomerStream
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.streams.ladder import LadderStream
from tap_kustomer.streams.search import SearchWay
from tap_kustomer.walks import search_schema
from tap_kustomer.writer import printing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk import Stream


# Attempts in interactive commands, fewer than in a scheduled run.
FEW_TRIES = 2


def _number(name: str, title: str, description: str) -> th.Property[int]:
    default, smallest, largest = NUMBERS[name]
    return th.Property(
        name,
        th.IntegerType(minimum=smallest, maximum=largest),
        default=default,
        title=title,
        description=f"{description} From {smallest} to {largest:,}.",
    )


class TapKustomer(Command):
    """Reads conversations, customers, messages, agents and permissions of a Kustomer org."""

    name = "tap-kustomer"
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        capability for capability in Tap.capabilities if capability is not PluginCapabilities.BATCH
    ]
    _discovery_error: TapError | None = None
    config_jsonschema = th.PropertiesList(
        th.Property(
            "api_key",
            th.StringType,
            required=True,
            secret=True,
            title="API key",
            description="An API key of the org: Settings › Security › API Keys › Add API key.",
        ),
        th.Property(
            "base_url",
            th.StringType,
            required=True,
            title="Base URL",
            description=(
                f"The org's address as the browser shows it, such as {EXAMPLE_URL}. "
                "A whole pasted address, acme.api.kustomerapp.com and the regional API hosts are "
                "understood too."
            ),
        ),
        th.Property(
            "start_date",
            th.DateTimeType,
            title="Start date",
            description=(
                "Where the first run of an incremental stream starts: 2026-01-31 (midnight UTC) or "
                "2026-01-31T08:00:00Z. Without it, max_history_months before now."
            ),
        ),
        _number(
            "max_history_months",
            "Longest history",
            "Months that start_date may reach back. A first run that would start earlier is "
            "refused; streams with a bookmark are not affected. 0 lifts the limit.",
        ),
        th.Property(
            "end_date",
            th.DateTimeType,
            title="End date",
            description=(
                "Read nothing that was updated after this: 2026-01-31 (that day included, UTC) or "
                "2026-01-31T08:00:00Z. For a bounded backfill."
            ),
        ),
        _number(
            "lookback_seconds",
            "Lookback",
            "Seconds before the bookmark that later runs read again, for records that Kustomer "
            "indexed late.",
        ),
        th.Property(
            "include_deleted",
            th.BooleanType,
            default=True,
            title="Include deleted records",
            description="Also read deleted records; deleted_at says when each was deleted.",
        ),
        th.Property(
            "emit_activate_version_messages",
            th.BooleanType,
            default=True,
            title="Emit ACTIVATE_VERSION messages",
            description=(
                "After a full table, tell the target which rows are gone. Switch it off for "
                "targets that do not know ACTIVATE_VERSION."
            ),
        ),
        _number("page_size", "Page size", "Records a search returns per request."),
        _number("concurrency", "Concurrency", "Searches in flight; 1 runs one after another."),
        _number(
            "max_search_requests_per_minute",
            "Searches per minute",
            "Maximum searches per minute; Kustomer allows 100 per API key.",
        ),
        _number(
            "max_requests_per_minute",
            "Requests per minute",
            "Share of the org's budget (300 to 2,000, by plan) that this tap may use.",
        ),
        _number("request_timeout", "Request timeout", "Seconds to wait for a complete response."),
        th.Property(
            "typed_custom_attributes",
            th.BooleanType,
            default=False,
            title="Typed custom attributes",
            description=(
                "Give every custom attribute its own typed column, custom__<name>. Discovery then "
                "reads the definitions from Kustomer."
            ),
        ),
        th.Property(
            "kobject_streams",
            th.BooleanType,
            default=False,
            title="A stream for each klass",
            description=(
                "Also read the custom objects of each klass as a stream of its own, "
                "kobjects_<klass>, with typed columns. Discovery then asks Kustomer for them."
            ),
        ),
    ).to_dict()

    def __init__(
        self,
        *,
        parse_env_config: bool = False,
        now: Callable[[], datetime] = utc_now,
        **options: Any,
    ) -> None:
        """Read the environment and check the state ourselves, not in the SDK.

        Raises:
            SettingsError: a variable has an invalid value, or the state has an unknown format.
        """
        self._now = now
        if parse_env_config:
            self.append_builtin_config(self.config_jsonschema)
            properties = self.config_jsonschema["properties"]
            from_environment = settings.from_environment(files.environment(Path.cwd()), properties)
            options["config"] = {**(options.get("config") or {}), **from_environment}
        if options.get("state") is not None:  # the SDK takes anything but an object for a path
            legacy_state.taken_over(options["state"])
        super().__init__(**options)
        self._klasses = catalog.klasses(options.get("catalog"))

    @cached_property
    def session(self) -> Session:
        """The shared state of the run."""
        return Session(self.config, self._now)

    @cached_property
    def access(self) -> Access:
        """What the key may read."""
        return Access(self.session)

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Load the state of an earlier run, or convert that of another Kustomer tap.

        Raises:
            SettingsError: the state has an unknown format.
        """
        converted, note = legacy_state.taken_over(state)
        if note:
            self.logger.info("%s", note)
        super().load_state(earlier_state.brought_up_to_date(converted))

    @override
    def discover_streams(self) -> Sequence[KustomerStream]:
        """All streams. Kustomer is only contacted if the settings tailor the catalog to the org."""
        typed, klasses = (self.config.get(name) is True for name in settings.TAILORING)
        if typed or klasses:
            try:
                return discovery.tailored(self, typed=typed, klasses=klasses)
            except TapError as error:
                self._discovery_error = error
                self.logger.warning(
                    "Discovery can't read custom attributes and klasses from Kustomer: %s", error
                )
        return discovery.default(self)

    @override
    def run_discovery(self) -> str:
        """Print the catalog; what Kustomer does not return in two attempts is left out."""
        with suppress(SettingsError):  # without settings, Kustomer is not contacted
            self.session.client.retry.tries = FEW_TRIES
        with printing():
            return super().run_discovery()

    @override
    def setup_mapper(self) -> None:
        """Prepare `stream_maps`.

        Raises:
            SettingsError: a map is invalid.
        """
        try:
            super().setup_mapper()
        except (ArithmeticError, LookupError, MappingError, TypeError, ValueError) as error:
            raise maps.refuse(error) from None
        wanted = self.config.get("stream_maps")
        if wanted and not self._discovery_error:
            schemas = {name: entry.schema.to_dict() for name, entry in self.catalog.items()}
            maps.check(wanted, schemas)

    @override
    def read(self) -> None:
        """Read all selected streams.

        Raises:
            SettingsError: a first run would start earlier than allowed; nothing was requested.
            KustomerError: the key is refused, or Kustomer is down.
            ClosedStreamsError: some streams could not be read completely.
        """
        with self._checked_run():
            self.sync_all()

    @override
    def test(self) -> None:
        """Read one record of each selected stream.

        Raises:
            SettingsError: as `read` does.
            KustomerError: as `read` does.
            ClosedStreamsError: as `read` does.
        """
        with self._checked_run():
            selected = [stream for stream in self.streams.values() if stream.selected]
            self.run_sync_dry_run(dry_run_record_limit=1, streams=selected)

    @override
    def check(self) -> bool:
        self.session.client.retry.tries = FEW_TRIES
        self._leave_out_unavailable()
        streams = [s for s in self.streams.values() if isinstance(s, KustomerStream)]
        ways = [w for s in streams if isinstance(s, LadderStream) for w in s.ways()]
        names = [w.unpromised for w in ways if isinstance(w, SearchWay) and w.unpromised]
        describe = partial(search_schema.describe, self.session.client, names)
        return print_check(self.access, streams, self._discovery_error, describe)

    def _leave_out_unavailable(self) -> None:
        """Leave out selected catalog entries that discovery, unless it failed, did not find."""
        if self.input_catalog and not self._discovery_error:
            unavailable = catalog.unavailable(self.input_catalog, self.streams, self._klasses)
            for name, reason in list(unavailable):
                self.access.leave_out(name, reason)
                self.streams.pop(name, None)

    @contextmanager
    def _checked_run(self) -> Iterator[None]:
        selected = [stream for stream in self.streams.values() if stream.selected]
        incremental = [stream for stream in selected if isinstance(stream, IncrementalStream)]
        for stream in incremental:
            stream.check_unread()
        if any(stream.bookmark() is None for stream in incremental):
            self.session.settings.check_first_run()
        self.logger.info("%s", self.access.describe_key())
        if self._discovery_error:
            # Without them, the requested columns and streams would be missing or empty.
            raise self._discovery_error
        self._leave_out_unavailable()
        self._put_in_order()
        yield
        self.access.raise_if_closed()

    def _put_in_order(self) -> None:
        """The cheapest streams first, so that one that takes hours can't keep others from a run."""

        def order(item: tuple[str, Stream]) -> int:
            _, stream = item
            return stream.order if stream.selected and isinstance(stream, KustomerStream) else 0

        self._streams = dict(sorted(self.streams.items(), key=order))

    @override
    def invalid_settings(self, found: list[str]) -> list[str]:
        plain_text.hide(self.config.get("api_key"))
        try:
            settings.load(self.config, self._now())
        except SettingsError as error:
            found = [str(error)]
        return found + settings.unknown(self.config, self.config_jsonschema["properties"])
