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
from tap_kustomer.needs import Needs, Refusal

if TYPE_CHECKING:
    from tap_kustomer.session import Session

LOGGER = logging.getLogger("tap-kustomer")
# The final error names this many unread records per stream; the log names all.
MAX_NAMED = 5
CURRENT_KEY_PATH = "/v1/auth/tokens/current"
NO_NEEDS = Needs()


class Access:
    """What one run may read. `closed` has the reason for each stream that could not be read."""

    def __init__(self, session: Session) -> None:
        """Use the client of `session`; nothing is sent yet."""
        self._session = session
        self.closed: dict[str, str] = {}
        self._roles: object = None

    def describe_key(self) -> str:
        """One line that names the org, the key and the permissions it holds.

        Raises:
            KeyRefusedError: Kustomer does not accept the key.
        """
        token = self.check_key()
        org = jsonapi.related_id(token, "org")
        roles = self._roles
        held = ", ".join(map(str, roles)) if isinstance(roles, list) and roles else "no permissions"
        name = jsonapi.attribute(token, "name")
        return f"Reading org {org} with API key '{name}', which holds: {held}"

    def check_key(self) -> jsonapi.Json:
        """Check the key. Returns the token resource.

        Raises:
            KeyRefusedError: Kustomer does not accept the key.
        """
        try:
            token = fetch(self._session.client, CURRENT_KEY_PATH)["data"]
        except AccessRefusedError:
            raise KeyRefusedError from None
        self._roles = jsonapi.attribute(token, "roles")
        return token

    def explain(self, error: Exception, needs: Needs) -> Refusal:
        """Why a stream that `needs` this can't be read by a key that is good."""
        return needs.explain(error, self._roles)

    def close_stream(
        self, name: str, error: Exception, needs: Needs = NO_NEEDS, *, is_begun: bool = False
    ) -> None:
        """Record why a stream failed, and log what it needs.

        What the org or its plan does not have is no failure: one line says so. But a stream that
        `is_begun`, since records of it were read, is there and has failed.

        Raises:
            KustomerError: the key or Kustomer as a whole fails, not just the stream.
        """
        if isinstance(error, (AccessRefusedError, TransientError)) or needs.org_may_lack:
            self.check_key()
        refusal = self.explain(error, needs)
        if refusal.is_absence and not is_begun:
            LOGGER.info("Stream '%s' is not read, which is no error: %s", name, refusal.reason)
        else:
            self.leave_out(name, refusal.reason)

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
