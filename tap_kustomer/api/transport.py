"""One answer, within a deadline for the whole of it and a limit in bytes.

A read timeout alone bounds only the silence between two bytes: an answer that drips would be read
for ever. So a timer shuts the connection down when the deadline has passed, wherever the read is:
in the headers or in the body.
"""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3 import PoolManager

# 64 kB for each of 500 records, twenty times what a conversation has on average.
MOST_BYTES = 32_000_000
_PIECE = 1 << 16


class TooSlowError(Exception):
    """The deadline has passed."""


class TooLargeError(Exception):
    """The body is larger than `MOST_BYTES`, once decompressed."""


class Deadline:
    """Shuts down the connection of one request when its time is over."""

    def __init__(self) -> None:
        """Nothing is watched yet."""
        self.passed = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def watch(self, connection: socket.socket) -> None:
        """Watch the connection that the answer comes through."""
        with self._lock:
            self._socket = connection
            passed = self.passed
        if passed:
            _shut_down(connection)

    def end(self) -> None:
        """Let the read that goes on fail."""
        with self._lock:
            self.passed = True
            connection = self._socket
        if connection is not None:
            _shut_down(connection)


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        # Of the socket itself: TLS would wait for the other side to say goodbye.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


_CURRENT = threading.local()


@contextmanager
def deadline(seconds: float) -> Iterator[Deadline]:
    """Bound what this thread sends and reads within the block."""
    current = Deadline()
    timer = threading.Timer(seconds, current.end)
    timer.daemon = True
    timer.start()
    _CURRENT.deadline = current
    try:
        yield current
    finally:
        timer.cancel()
        del _CURRENT.deadline


class _Watched(HTTPConnection):
    """A connection that shows itself to the deadline before it waits for an answer."""

    @override
    def getresponse(self) -> Any:
        current: Deadline | None = getattr(_CURRENT, "deadline", None)
        if current and isinstance(self.sock, socket.socket):
            current.watch(self.sock)
        return super().getresponse()


class _WatchedTls(_Watched, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


class Adapter(HTTPAdapter):
    """Connections with deadlines."""

    @override
    def init_poolmanager(self, *positional: Any, **options: Any) -> None:
        super().init_poolmanager(*positional, **options)
        _watch(self.poolmanager)

    @override
    def proxy_manager_for(self, *positional: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*positional, **options)
        _watch(manager)
        return manager


def _watch(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


def is_unreachable(error: requests.RequestException) -> bool:
    """Whether no connection came about: the name does not resolve, or nothing listens there."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


class Session(requests.Session):
    """A session that follows no redirect, and does not even look where one leads."""

    @override
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


def read(response: requests.Response, until: Deadline) -> bytes:
    """The whole body, decompressed.

    Raises:
        TooLargeError: it is larger than `MOST_BYTES`.
        TooSlowError: the deadline has passed before its end.
        requests.RequestException: the connection broke.
    """
    pieces: list[bytes] = []
    size = 0
    with response:
        for piece in response.iter_content(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > MOST_BYTES:
                raise TooLargeError
            if until.passed:
                raise TooSlowError
    if until.passed:  # a connection that was shut down may look like one that ended
        raise TooSlowError
    return b"".join(pieces)
