"""What the streams of one run share: settings, clock, client and cutoff. It knows no tap."""

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
    """The shared state of one run. Nothing is validated or opened before its first use."""

    def __init__(self, config: Mapping[str, Any], now: Callable[[], datetime] = utc_now) -> None:
        """Hold a `config`, which may be empty as long as nothing but discovery runs."""
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
        """The one client of the run."""
        return Client(self.settings)

    @cached_property
    def began(self) -> int:
        """When the run began by this machine's clock; frozen at first use."""
        return self.now()

    @cached_property
    def cutoff(self) -> int:
        """The last millisecond that this run reads; frozen at first use.

        It is in the past. A clock that runs ahead of Kustomer's would set a cutoff before which
        records still appear, so the `Date` of Kustomer's last answer counts if it is earlier; but
        not by more than a day, which no clock of a running server is wrong by.
        """
        cutoffs = [self.began - 1]
        with suppress(TypeError, ValueError, OverflowError):  # no `Date` header, or a malformed one
            date = timestamps.of(parsedate_to_datetime(self.client.server_date or ""))
            if abs(date - self.began) <= timestamps.DAY:
                cutoffs.append(date - 1)
            else:
                LOGGER.warning(
                    "Kustomer's Date, %s, is more than a day off from this machine's clock, which "
                    "counts instead",
                    timestamps.text(date),
                )
        if self.settings.end is not None:
            cutoffs.append(self.settings.end)
        return min(cutoffs)

    def usage(self) -> Usage:
        """What the client has used since the run began."""
        org, search = self.client.org_budget, self.client.search_budget
        return Usage(org.used, search.used, org.waited + search.waited)
