"""A server of real sockets that sends some answers slowly, or far too many bytes."""

from __future__ import annotations

import contextlib
import gzip
import resource
import select
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

from tests.hostile.harness import spread
from tests.hostile.records import row
from tests.hostile.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIMEOUT = 1
MARGIN = 1.0
# After this long the server gives up, so that a tap that waits for ever is found out soon.
LONGEST = 2.3
# So often the server answers so, before it refuses to answer at all.
MOST_TIMES = 2
MOST_SENT = 250_000_000
PLAIN = 200_000_000
GROWTH = 160_000_000
_MEMBER = gzip.compress(b" " * 16_000_000)


class Handler(BaseHTTPRequestHandler):
    """Asks a `Server`, and sends some of its answers in one of the ways below."""

    protocol_version = "HTTP/1.1"
    server_version = "hostile"
    truth: ClassVar[Server]
    way: ClassVar[Callable[[Handler, bytes], None]]
    concerned: ClassVar[Callable[[str], bool]]
    lasted: ClassVar[list[float]]
    sent: ClassVar[list[int]]

    def do_GET(self) -> None:
        """Answer one request."""
        length = int(self.headers.get("Content-Length", 0))
        asked = self.rfile.read(length)
        answer = self.truth.open(self.path, method=self.command, headers={}, data=asked)
        body = answer.get_data()
        if type(self).concerned(self.path):
            if len(self.lasted) == MOST_TIMES:
                self.start(400, "0")
                return
            began = time.monotonic()
            self.close_connection = True
            with contextlib.suppress(OSError):
                type(self).way(self, body)
            self.lasted.append(time.monotonic() - began)
            return
        self.start(answer.status_code, str(len(body)))
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  (http.server's own naming)

    def start(self, status: int, length: str | None, **headers: str) -> None:
        """Send status and headers."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if length is not None:
            self.send_header("Content-Length", length)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def drip(self, data: bytes) -> None:
        """One byte every fifth of a second, until the other side has gone."""
        deadline = time.monotonic() + LONGEST
        for at in range(len(data)):
            self.wfile.write(data[at : at + 1])
            if self.gone(0.2) or time.monotonic() > deadline:
                return

    def gone(self, seconds: float) -> bool:
        """Whether the other side closes within so many seconds."""
        ready, _, _ = select.select([self.connection], [], [], seconds)
        return bool(ready) and self.connection.recv(1) == b""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def dripping_body(handler: Handler, body: bytes) -> None:
    handler.start(200, str(len(body)))
    handler.drip(body)


def dripping_headers(handler: Handler, _: bytes) -> None:
    handler.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 40)


def dripping_header_name(handler: Handler, _: bytes) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
    handler.drip(b"X-" + b"S" * 400)


def stalling(handler: Handler, body: bytes) -> None:
    handler.start(200, str(len(body)))
    handler.wfile.write(body[: len(body) // 2])
    handler.gone(LONGEST)


def silent(handler: Handler, _: bytes) -> None:
    handler.gone(LONGEST)


def bomb(handler: Handler, body: bytes) -> None:
    """A true answer, but for the blanks in it."""
    packed = _MEMBER * (PLAIN // 16_000_000) + gzip.compress(body)
    handler.start(200, str(len(packed)), Content_Encoding="gzip")
    handler.wfile.write(packed)


def endless(handler: Handler, _: bytes) -> None:
    handler.start(200, None, Transfer_Encoding="chunked")
    block = b" " * 262_144
    chunk = b"%x\r\n%s\r\n" % (len(block), block)
    deadline = time.monotonic() + LONGEST
    handler.sent.append(0)
    while handler.sent[-1] < MOST_SENT and time.monotonic() < deadline:
        handler.wfile.write(chunk)
        handler.sent[-1] += len(chunk)


def endless_and_slow(handler: Handler, _: bytes) -> None:
    handler.start(200, None, Transfer_Encoding="chunked")
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline and not handler.gone(0.05):
        handler.wfile.write(b"1\r\n \r\n")


WAYS = [
    dripping_body,
    dripping_headers,
    dripping_header_name,
    stalling,
    silent,
    bomb,
    endless,
    endless_and_slow,
]


@contextlib.contextmanager
def listening(handler: type[Handler]) -> Iterator[str]:
    """The address at which `handler` answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=partial(server.serve_forever, 0.05))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def prepared(
    way: Callable[[Handler, bytes], None], concerned: Callable[[str], bool]
) -> type[Handler]:
    truth = Server(spread(800), patience=60)
    truth.lists["/v1/tags"] = [row("1"), row("2")]
    members = {"truth": truth, "way": staticmethod(way), "concerned": staticmethod(concerned)}
    return type("Prepared", (Handler,), {**members, "lasted": [], "sent": []})


def within_bounds(handler: type[Handler], before: int) -> None:
    assert handler.lasted
    assert max(handler.lasted) < TIMEOUT + MARGIN, handler.lasted
    assert max(handler.sent, default=0) < MOST_SENT
    assert (peak() - before) < GROWTH


def peak() -> int:
    """The most memory this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024
