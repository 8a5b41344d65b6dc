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
from tap_kustomer.api.errors import AccessRefusedError, KeyRefusedError, KustomerError

if TYPE_CHECKING:
    from singer_sdk import Tap

LOGGER = logging.getLogger("tap-kustomer")
CURRENT_TOKEN = "/v1/auth/tokens/current"  # noqa: S105  (a path, not a password)


def now() -> datetime:
    """The present, in one place, so that a test can hold it."""
    return datetime.now(UTC)


def _member(value: object, *path: str) -> object:
    """What lies at `path` within objects, `None` where the path ends early."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


class ClosedStreamsError(KustomerError):
    """The run read everything it could, but not everything that was selected."""

    def __init__(self, closed: dict[str, str]) -> None:
        """List every closed stream with its reason."""
        super().__init__(
            f"{len(closed)} of the selected streams could not be read: "
            + " ".join(f"[{name}] {reason}" for name, reason in closed.items())
        )


class Run:
    """What the streams of one tap share. Nothing is validated or opened before it is used."""

    def __init__(self, tap: Tap) -> None:
        """Belong to `tap`, whose config may be empty as long as it only discovers."""
        self.tap = tap
        self.closed: dict[str, str] = {}

    @cached_property
    def settings(self) -> settings.Settings:
        """The validated settings."""
        return settings.load(self.tap.config, now())

    @cached_property
    def client(self) -> Client:
        """The one client of the tap."""
        return Client(self.settings)

    @cached_property
    def began(self) -> int:
        """The instant the run began by this machine's clock, frozen at first use."""
        return instants.of(now())

    @cached_property
    def end(self) -> int:
        """The instant up to which searches read, the last one that is over: frozen at first use.

        A clock that runs ahead of Kustomer's would freeze an end in which records still appear, so
        the second in which Kustomer last answered counts where it is earlier.
        """
        ends = [self.began - 1]
        with suppress(TypeError, ValueError):  # no such header, or no date in it
            ends.append(instants.of(parsedate_to_datetime(self.client.server_date or "")) - 1)
        if self.settings.end is not None:
            ends.append(self.settings.end)
        return min(ends)

    def check_access(self) -> None:
        """Ask once who the key is, and log it.

        Raises:
            KeyRefusedError: Kustomer does not accept the key at all.
        """
        token = self.check_key()
        roles = _member(token, "attributes", "roles")
        LOGGER.info(
            "Reading org %s with API key '%s', which holds: %s",
            _member(token, "relationships", "org", "data", "id"),
            _member(token, "attributes", "name"),
            ", ".join(map(str, roles)) if isinstance(roles, list) and roles else "no roles",
        )

    def check_key(self) -> Any:  # noqa: ANN401  (JSON)
        """What Kustomer knows about the key.

        Raises:
            KeyRefusedError: Kustomer does not accept it.
        """
        try:
            return self.client.get(CURRENT_TOKEN)["data"]
        except AccessRefusedError:
            raise KeyRefusedError from None

    def close_stream(
        self, name: str, error: Exception, permissions: tuple[tuple[str, ...], ...] = ()
    ) -> None:
        """Note that a stream could not be read, and log what would open it.

        Raises:
            KeyRefusedError: it is the key itself that has died meanwhile.
        """
        reason = str(error)
        if isinstance(error, AccessRefusedError):
            self.check_key()
            groups = ", and ".join(" or ".join(group) for group in permissions)
            reason += (
                f" The stream needs {groups}; a key with org.user.read, org.permission.read and "
                "org.admin.read is the simple choice. Permissions can't be added to a key: create "
                "a new one."
            )
        self.closed[name] = reason
        LOGGER.error("Stream '%s' is left out: %s", name, reason)

    def finish(self) -> None:
        """End the run.

        Raises:
            ClosedStreamsError: at least one stream had to be closed.
        """
        if self.closed:
            raise ClosedStreamsError(self.closed)
