"""Reads one response within an overall deadline and a size limit.

A read timeout bounds only the gap between two reads: a response that trickles in would never time
out. So a timer shuts down the connection at the deadline, whether headers or body are being read.
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

# 64 kB for each of 500 records, twenty times the size of an average conversation.
MAX_BYTES = 32_000_000
_CHUNK_BYTES = 1 << 16


class TooSlowError(Exception):
    """The deadline has passed."""


class TooLargeError(Exception):
    """The body is larger than `MAX_BYTES`, once decompressed."""


class Deadline:
    """Shuts down the connection of one request when the time is up."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self.passed = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def watch(self, connection: socket.socket) -> None:
        """Shut down `connection` at the deadline, or now if it has passed."""
        with self._lock:
            self._socket = connection
            passed = self.passed
        if passed:
            _shut_down(connection)

    def end(self) -> None:
        """Make the current read fail."""
        with self._lock:
            self.passed = True
            connection = self._socket
        if connection is not None:
            _shut_down(connection)


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        # On the plain socket: a TLS shutdown would wait for the peer.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


_CURRENT = threading.local()


@contextmanager
def deadline(seconds: float) -> Iterator[Deadline]:
    """Limit the time that this thread sends and reads within the block."""
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
    """A connection that registers with the current deadline before it waits for a response."""

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
    """An adapter whose connections obey `deadline`, through proxies too."""

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
    """Whether no connection was made: the host does not resolve, or refuses connections."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


class Session(requests.Session):
    """A session that neither follows redirects nor parses their target."""

    @override
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


def read(response: requests.Response, time_limit: Deadline) -> bytes:
    """The complete body, decompressed.

    Raises:
        TooLargeError: it is larger than `MAX_BYTES`.
        TooSlowError: the deadline passed before its end.
        requests.RequestException: the connection broke.
    """
    chunks: list[bytes] = []
    size = 0
    with response:
        for chunk in response.iter_content(_CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_BYTES:
                raise TooLargeError
            if time_limit.passed:
                raise TooSlowError
    if time_limit.passed:  # a connection shut down by the timer may look like a normal end
        raise TooSlowError
    return b"".join(chunks)
