"""Serves a WSGI app over real HTTP/1.1 with keep-alive.

Werkzeug's own server closes the connection after every answer, so it cannot show that a client
keeps it. This one also resets connections and cuts answers short when the app says so.
"""

import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

from werkzeug.test import create_environ, run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class _Server(ThreadingHTTPServer):
    """Knows its open connections, so that stopping ends those kept alive too."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, port: int, app: "WSGIApplication") -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.app = app
        self.connections: set[socket.socket] = set()
        self.reset: set[socket.socket] = set()

    def shutdown_request(self, request: object) -> None:
        """Close a connection; one to be reset is closed without the orderly shutdown."""
        if isinstance(request, socket.socket):
            self.connections.discard(request)
            if request in self.reset:
                self.reset.discard(request)
                request.close()
                return
        super().shutdown_request(request)  # type: ignore[arg-type]  # the base class types it as a socket or a pair

    def handle_error(self, request: object, client_address: object) -> None:
        """Print a traceback, unless it is only the client that has gone."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as above

    def stop(self) -> None:
        """Stop accepting, end all connections, and wait for the threads."""
        self.shutdown()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Hands requests to the app."""

    server: _Server
    protocol_version = "HTTP/1.1"
    # Header and body leave in one packet, and at once.
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Register the connection."""
        super().setup()
        self.server.connections.add(self.connection)

    def answer(self) -> None:
        """Answer one request of any method."""
        length = int(self.headers.get("Content-Length") or 0)
        environ = create_environ(
            self.path,
            method=self.command,
            headers=list(self.headers.items()),
            data=self.rfile.read(length),
        )
        try:
            body, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        except ConnectionResetError:
            # Linger 0: closing sends RST.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.server.reset.add(self.connection)
            self.close_connection = True
            return
        self.send_response_only(int(status.split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        sent = b"".join(body) if self.command != "HEAD" else b""
        self.wfile.write(sent)
        if len(sent) < int(headers["Content-Length"]) and self.command != "HEAD":
            self.close_connection = True

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Give the one answer to every method: the base class looks up ``do_GET`` and so on."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)


@contextmanager
def serve(app: "WSGIApplication", port: int = 0) -> Iterator[str]:
    """Serve an app on 127.0.0.1 and give its URL; port 0 takes a free one."""
    server = _Server(port, app)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.stop()
        thread.join()
