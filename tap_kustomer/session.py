"""What the streams of one run share: settings, clock, client and cutoff. Independent of the tap."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_kustomer import settings, timestamps
from tap_kustomer.api.client import Client
from tap_kustomer.progress import Usage
from tap_kustomer.walks.slices import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOGGER = logging.getLogger("tap-kustomer")


def utc_now() -> datetime:
    """The current time by this machine's clock."""
    return datetime.now(UTC)


class Session:
    """The shared state of one run. Everything is validated and opened on first use."""

    def __init__(self, config: Mapping[str, Any], now: Callable[[], datetime] = utc_now) -> None:
        """Keep `config`, which may be empty for discovery."""
        self.limits = Limits()
        self._config = config
        self._now = now

    def now(self) -> int:
        """The current time in milliseconds since 1970."""
        return timestamps.of(self._now())

    @cached_property
    def settings(self) -> settings.Settings:
        """The validated settings.

        Raises:
            SettingsError: a setting is missing or wrong.
        """
        return settings.load(self._config, self._now())

    @cached_property
    def client(self) -> Client:
        """The client of the run."""
        return Client(self.settings)

    @cached_property
    def began(self) -> int:
        """When the run began by this machine's clock; frozen at first use."""
        return self.now()

    @cached_property
    def cutoff(self) -> int:
        """The last millisecond that this run reads; frozen at first use.

        It is in the past. If this machine's clock is ahead of Kustomer's, new records could still
        appear before the cutoff. So the `Date` of Kustomer's last response is used if it is
        earlier, unless it is off by more than a day, which can't be clock drift.
        """
        cutoffs = [self.began - 1]
        with suppress(TypeError, ValueError, OverflowError):  # no `Date` header, or a malformed one
            date = timestamps.of(parsedate_to_datetime(self.client.server_date or ""))
            if abs(date - self.began) <= timestamps.DAY:
                cutoffs.append(date - 1)
            else:
                LOGGER.warning(
                    "Kustomer's Date header, %s, is more than a day off from this machine's clock: "
                    "using this machine's clock",
                    timestamps.text(date),
                )
        if self.settings.end is not None:
            cutoffs.append(self.settings.end)
        return min(cutoffs)

    def usage(self) -> Usage:
        """What the client has used since the run began."""
        org, search = self.client.org_budget, self.client.search_budget
        return Usage(org.used, search.used, org.waited + search.waited)
