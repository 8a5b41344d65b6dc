"""One run: the client, the access check, the frozen end, and the streams that had to be closed."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_kustomer import instants, settings
from tap_kustomer.api.client import Client
from tap_kustomer.api.document import fetch
from tap_kustomer.api.errors import (
    AccessRefusedError,
    KeyRefusedError,
    KustomerError,
    TransientError,
)
from tap_kustomer.progress import Usage
from tap_kustomer.walks.slices import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from singer_sdk import Tap

LOGGER = logging.getLogger("tap-kustomer")
# Records named one by one in a stream's reason; the log names all.
MOST_NAMED = 5
CURRENT_TOKEN = "/v1/auth/tokens/current"  # noqa: S105  (a path, not a password)


def present() -> datetime:
    """The present by this machine's clock."""
    return datetime.now(UTC)


def _member(value: object, *path: str) -> object:
    """What lies at `path` within objects, `None` where the path ends early."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def needs(permissions: tuple[tuple[str, ...], ...]) -> str:
    """Permissions in words: one of each group is needed."""
    groups = [" or ".join(group) for group in permissions]
    return " and ".join(f"({group})" for group in groups) if len(groups) > 1 else groups[0]


class ClosedStreamsError(KustomerError):
    """The run read everything it could, but not everything that was selected."""

    def __init__(self, closed: dict[str, str]) -> None:
        """List every closed stream with its reason."""
        super().__init__(
            f"{len(closed)} of the selected streams could not be read whole: "
            + " ".join(f"[{name}] {reason}" for name, reason in closed.items())
        )


class Run:
    """What the streams of one tap share. Nothing is validated or opened before it is used."""

    def __init__(self, tap: Tap, now: Callable[[], datetime] = present) -> None:
        """Belong to `tap`, whose config may be empty as long as it only discovers."""
        self.tap = tap
        self.limits = Limits()
        self.closed: dict[str, str] = {}
        self.summaries: list[str] = []
        self._now = now

    def now(self) -> int:
        """The present instant."""
        return instants.of(self._now())

    @cached_property
    def settings(self) -> settings.Settings:
        """The validated settings."""
        return settings.load(self.tap.config, self._now())

    @cached_property
    def client(self) -> Client:
        """The one client of the tap."""
        return Client(self.settings)

    @cached_property
    def began(self) -> int:
        """The instant the run began by this machine's clock, frozen at first use."""
        return self.now()

    @cached_property
    def end(self) -> int:
        """The instant up to which searches read, the last one that is over: frozen at first use.

        A clock that runs ahead of Kustomer's would freeze an end in which records still appear, so
        the second in which Kustomer last answered counts where it is earlier.
        """
        ends = [self.began - 1]
        with suppress(TypeError, ValueError, OverflowError):  # no such header, or no date in it
            ends.append(instants.of(parsedate_to_datetime(self.client.server_date or "")) - 1)
        if self.settings.end is not None:
            ends.append(self.settings.end)
        return min(ends)

    def check_access(self) -> None:
        """Ask once who the key is, and log it.

        Raises:
            KeyRefusedError: Kustomer does not accept the key at all.
        """
        LOGGER.info("%s", self.key_facts())

    def key_facts(self) -> str:
        """Whose key it is, and which permissions it holds, in words.

        Raises:
            KeyRefusedError: Kustomer does not accept the key at all.
        """
        token = self.check_key()
        org = _member(token, "relationships", "org", "data", "id")
        roles = _member(token, "attributes", "roles")
        held = ", ".join(map(str, roles)) if isinstance(roles, list) and roles else "no permissions"
        name = _member(token, "attributes", "name")
        return f"Reading org {org} with API key '{name}', which holds: {held}"

    def check_key(self) -> Any:  # noqa: ANN401  (JSON)
        """What Kustomer knows about the key.

        Raises:
            KeyRefusedError: Kustomer does not accept it.
        """
        try:
            return fetch(self.client, CURRENT_TOKEN)["data"]
        except AccessRefusedError:
            raise KeyRefusedError from None

    def close_stream(
        self, name: str, error: Exception, permissions: tuple[tuple[str, ...], ...] = ()
    ) -> None:
        """Note that a stream could not be read, and log what would open it.

        Raises:
            KustomerError: it is the key that has died meanwhile, or Kustomer that is gone.
        """
        reason = str(error)
        if isinstance(error, TransientError):
            self.check_key()
        if isinstance(error, AccessRefusedError):
            self.check_key()
            reason += (
                f" The stream needs {needs(permissions)}; a key with org.user.read, "
                "org.permission.read and org.admin.read is the simple choice. Permissions can't be "
                "added to a key: create a new one."
            )
        self.leave_out(name, reason)

    def leave_out(self, name: str, reason: str) -> None:
        """Note that a selected stream is not read, and why."""
        self.closed[name] = reason
        LOGGER.error("Stream '%s' is left out: %s", name, reason)

    def note_incomplete(self, name: str, passed_over: list[str]) -> None:
        """Note that a stream was read but for what it `passed_over`, each a sentence."""
        shown, others = passed_over[:MOST_NAMED], len(passed_over) - MOST_NAMED
        more = f" And {others} more." if others > 0 else ""
        self.closed[name] = f"Everything was read but for this: {' '.join(shown)}{more}"
        LOGGER.error("Stream '%s' is incomplete. %s", name, self.closed[name])

    def usage(self) -> Usage:
        """What the client has used since the run began."""
        org, search = self.client.org_budget, self.client.search_budget
        return Usage(org.used, search.used, org.waited + search.waited)

    def summarize(self) -> None:
        """Log one line per stream that was read."""
        for line in self.summaries:
            LOGGER.info("%s", line)

    def finish(self) -> None:
        """End the run.

        Raises:
            ClosedStreamsError: at least one stream had to be closed.
        """
        if self.closed:
            raise ClosedStreamsError(self.closed)
