"""The tap: its settings as users see them, its streams, and how a run begins and ends."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Tap
from singer_sdk import typing as th
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities

from tap_kustomer import catalog, discovery, files, older_states, plain_text, settings
from tap_kustomer.check import check
from tap_kustomer.command import PLAIN_ERRORS, Command
from tap_kustomer.run import Run, present
from tap_kustomer.settings import EXAMPLE_URL, NUMBERS, SettingsError
from tap_kustomer.streams.base import KustomerStream
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.writer import printing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime


HASTY_TRIES = 2


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
    _untailored: Exception | None = None
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
            "Months that start_date may reach back: a first run that would start earlier is "
            "refused, a stream with a bookmark never. 0 lifts the limit.",
        ),
        th.Property(
            "end_date",
            th.DateTimeType,
            title="End date",
            description="Read nothing that was updated after this date, for a bounded backfill.",
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
        _number("page_size", "Page size", "Records a search returns per request."),
        _number("concurrency", "Concurrency", "Searches in flight; 1 is one after another."),
        _number(
            "max_search_requests_per_minute",
            "Searches per minute",
            "Searches a minute at most; Kustomer allows an API key 100.",
        ),
        _number(
            "max_requests_per_minute",
            "Requests per minute",
            "Share of the org's budget (300 to 2,000, by plan) that this tap may use.",
        ),
        _number("request_timeout", "Request timeout", "Seconds to wait for an answer."),
        th.Property(
            "typed_custom_attributes",
            th.BooleanType,
            default=False,
            title="Typed custom attributes",
            description=(
                "Give every custom attribute a column of its own, custom__<name>, with its type. "
                "Discovery then asks Kustomer which there are."
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
        now: Callable[[], datetime] = present,
        **options: Any,  # noqa: ANN401  (the SDK's own)
    ) -> None:
        """Read the environment, and check the state, instead of the SDK.

        Raises:
            SettingsError: a variable holds a wrong value, or the state is not one of this tap's.
        """
        self._now = now
        if parse_env_config:
            self.append_builtin_config(self.config_jsonschema)
            properties = self.config_jsonschema["properties"]
            found = settings.from_environment(files.environment(Path.cwd()), properties)
            options["config"] = {**(options.get("config") or {}), **found}
        if options.get("state") is not None:  # the SDK takes all but an object for a path
            older_states.taken_over(options["state"])
        super().__init__(**options)
        self._klasses = catalog.klasses(options.get("catalog"))

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over the state of an earlier run: one of this tap, or of an older one.

        Raises:
            SettingsError: it is no such state.
        """
        known, note = older_states.taken_over(state)
        if note:
            self.logger.info("%s", note)
        super().load_state(known)

    def discover_streams(self) -> Sequence[KustomerStream]:
        """All streams; Kustomer is asked only for what settings tailor to the org."""
        typed, klasses = (self.config.get(name) is True for name in settings.TAILORING)
        if typed or klasses:
            try:
                return discovery.tailored(self.run, typed=typed, klasses=klasses)
            except PLAIN_ERRORS as error:
                self._untailored = error
                self.logger.warning("Discovery knows no custom attributes and klasses: %s", error)
        return discovery.plain(self.run)

    def run_discovery(self) -> str:
        """Print the catalog; without a network soon, and without what needs one."""
        with suppress(SettingsError):  # without settings nothing is asked
            self.run.client.retry.tries = HASTY_TRIES
        with printing():
            return super().run_discovery()

    @cached_property
    def run(self) -> Run:
        """What the streams share."""
        return Run(self, self._now)

    def sync_all(self) -> None:  # type: ignore[misc]  # final in the SDK; here it only gets a beginning and an end
        """Sync all streams.

        Raises:
            SettingsError: a first run would start earlier than allowed; nothing was requested.
            KustomerError: the key is dead, Kustomer is down, or streams had to be closed.
        """
        with self._checked_run():
            super().sync_all()

    def run_connection_test(self) -> bool:  # type: ignore[misc]  # as above
        """Read one record of each stream.

        Raises:
            SettingsError: as for a sync.
            KustomerError: as for a sync.
        """
        with self._checked_run():
            return super().run_connection_test()

    def check(self) -> bool:
        """Print what the key can read; whether that is all that is selected."""
        self.run.client.retry.tries = HASTY_TRIES
        self._leave_out_unmade()
        streams = [s for s in self.streams.values() if isinstance(s, KustomerStream)]
        return check(self.run, streams, self._untailored)

    def _leave_out_unmade(self) -> None:
        """Leave out what the catalog selects and discovery, if it could ask, does not make."""
        streams = self.streams
        if self.input_catalog and not self._untailored:
            for name, reason in catalog.unmade(self.input_catalog, streams, self._klasses):
                self.run.leave_out(name, reason)
                streams.pop(name, None)

    @contextmanager
    def _checked_run(self) -> Iterator[None]:
        selected = [stream for stream in self.streams.values() if stream.selected]
        dated = [stream for stream in selected if isinstance(stream, IncrementalStream)]
        if any(stream.bookmark() is None for stream in dated):
            self.run.settings.check_first_run()
        self.run.check_access()
        if self._untailored:
            # A run that goes on would leave the columns and streams asked for empty.
            raise self._untailored
        self._leave_out_unmade()
        try:
            yield
        finally:
            self.run.summarize()
        self.run.finish()

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Validate as the SDK does, but say what to write instead of quoting a JSON schema."""
        plain_text.hide(self.config.get("api_key"))
        found = super()._validate_config(raise_errors=False)
        if not raise_errors:
            return found
        try:
            settings.load(self.config, self._now())
        except SettingsError as error:
            found = [str(error)]
        found += settings.unknown(self.config, self.config_jsonschema["properties"])
        if found:
            msg = "Config validation failed"
            raise ConfigValidationError(msg, errors=found, schema=self.config_jsonschema)
        return found
