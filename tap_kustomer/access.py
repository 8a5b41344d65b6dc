"""What the API key may read: its probe, permissions in words, and the streams that were closed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_kustomer import jsonapi
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import (
    AccessRefusedError,
    ClosedStreamsError,
    KeyRefusedError,
    TransientError,
)

if TYPE_CHECKING:
    from tap_kustomer.session import Session

LOGGER = logging.getLogger("tap-kustomer")
# A closed stream's reason names this many records; the log names all of them.
MAX_NAMED = 5
CURRENT_KEY_PATH = "/v1/auth/tokens/current"

Permissions = tuple[tuple[str, ...], ...]
"""Roles that open a stream: one of each group is needed."""


def in_words(permissions: Permissions) -> str:
    """Permissions in words: `a or b`, or `(a or b) and (c)`."""
    groups = [" or ".join(group) for group in permissions]
    return " and ".join(f"({group})" for group in groups) if len(groups) > 1 else groups[0]


class Access:
    """What one run may read. Streams that it can't read are kept with the reason."""

    def __init__(self, session: Session) -> None:
        """Ask through the client of `session`; nothing is sent yet."""
        self._session = session
        self.closed: dict[str, str] = {}

    def describe_key(self) -> str:
        """One line that names the org, the key and the permissions it holds.

        Raises:
            KeyRefusedError: Kustomer does not accept the key.
        """
        token = self.check_key()
        org = jsonapi.related_id(token, "org")
        roles = jsonapi.attribute(token, "roles")
        held = ", ".join(map(str, roles)) if isinstance(roles, list) and roles else "no permissions"
        name = jsonapi.attribute(token, "name")
        return f"Reading org {org} with API key '{name}', which holds: {held}"

    def check_key(self) -> jsonapi.Json:
        """Probe the key; returns the token's resource.

        Raises:
            KeyRefusedError: Kustomer does not accept the key.
        """
        try:
            return fetch(self._session.client, CURRENT_KEY_PATH)["data"]
        except AccessRefusedError:
            raise KeyRefusedError from None

    def close_stream(self, name: str, error: Exception, permissions: Permissions = ()) -> None:
        """Record why a stream failed, and log what would open it.

        Raises:
            KustomerError: not the stream has failed, but the key or Kustomer as a whole.
        """
        reason = str(error)
        if isinstance(error, (AccessRefusedError, TransientError)):
            self.check_key()
        if isinstance(error, AccessRefusedError):
            reason += (
                f" The stream needs {in_words(permissions)}; a key with org.user.read, "
                "org.permission.read and org.admin.read is the simple choice. Permissions can't be "
                "added to a key: create a new one."
            )
        self.leave_out(name, reason)

    def leave_out(self, name: str, reason: str) -> None:
        """Record that a selected stream is not read, and why."""
        self.closed[name] = reason
        LOGGER.error("Stream '%s' is left out: %s", name, reason)

    def note_incomplete(self, name: str, skipped: list[str]) -> None:
        """Record that a stream was read except for what it `skipped`, a sentence each."""
        shown, others = skipped[:MAX_NAMED], len(skipped) - MAX_NAMED
        more = f" And {others} more." if others > 0 else ""
        self.closed[name] = f"Everything else was read. {' '.join(shown)}{more}"
        LOGGER.error("Stream '%s' is incomplete. %s", name, self.closed[name])

    def raise_if_closed(self) -> None:
        """End the run with an error if a stream was closed.

        Raises:
            ClosedStreamsError: at least one stream was closed.
        """
        if self.closed:
            raise ClosedStreamsError(self.closed)
