"""What the API key may read: a check of the key, its permissions, and the streams closed so far."""

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
# The final error names this many unread records per stream; the log names all.
MAX_NAMED = 5
CURRENT_KEY_PATH = "/v1/auth/tokens/current"

Permissions = tuple[tuple[str, ...], ...]
"""The roles a stream needs: one of each group."""


def in_words(permissions: Permissions) -> str:
    """Permissions in words: `a or b`, or `(a or b) and (c)`."""
    groups = [" or ".join(group) for group in permissions]
    return " and ".join(f"({group})" for group in groups) if len(groups) > 1 else groups[0]


class Access:
    """What one run may read. `closed` has the reason for each stream that could not be read."""

    def __init__(self, session: Session) -> None:
        """Use the client of `session`; nothing is sent yet."""
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
        """Check the key. Returns the token resource.

        Raises:
            KeyRefusedError: Kustomer does not accept the key.
        """
        try:
            return fetch(self._session.client, CURRENT_KEY_PATH)["data"]
        except AccessRefusedError:
            raise KeyRefusedError from None

    def close_stream(self, name: str, error: Exception, permissions: Permissions = ()) -> None:
        """Record why a stream failed, and log the permissions it needs.

        Raises:
            KustomerError: the key or Kustomer as a whole fails, not just the stream.
        """
        reason = str(error)
        if isinstance(error, (AccessRefusedError, TransientError)):
            self.check_key()
        if isinstance(error, AccessRefusedError):
            reason += (
                f" The stream needs {in_words(permissions)}; the simplest choice is a key with "
                "org.user.read, org.permission.read and org.admin.read. Permissions can't be added "
                "to a key: create a new one."
            )
        self.leave_out(name, reason)

    def leave_out(self, name: str, reason: str) -> None:
        """Record that a selected stream is not read, and why."""
        self.closed[name] = reason
        LOGGER.error("Stream '%s' is left out: %s", name, reason)

    def note_incomplete(self, name: str, skipped: list[str]) -> None:
        """Record that a stream was read except for what it `skipped`, one sentence each."""
        shown, remaining = skipped[:MAX_NAMED], len(skipped) - MAX_NAMED
        more = f" And {remaining} more." if remaining > 0 else ""
        self.closed[name] = f"Everything else was read. {' '.join(shown)}{more}"
        LOGGER.error("Stream '%s' is incomplete. %s", name, self.closed[name])

    def raise_if_closed(self) -> None:
        """Fail the run if a stream was closed or incomplete.

        Raises:
            ClosedStreamsError: at least one stream was closed or incomplete.
        """
        if self.closed:
            raise ClosedStreamsError(self.closed)
