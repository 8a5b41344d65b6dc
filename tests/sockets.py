"""Servers on real sockets, for what only a real connection shows; each ends with its block."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tap_kustomer import settings
from tap_kustomer.api.client import Client
from tests.support import CONFIG, SLEPT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Self

# A certificate for 127.0.0.1 that nobody has signed but itself, and its key; for tests alone.
CERTIFICATE = """
MIIBXTCCAQOgAwIBAgICEAAwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJMTI3LjAu
MC4xMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAUMRIwEAYDVQQD
DAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAT+LhXSR1bO98kc
7MdsGISKudDqhG5XFN70ifewnPp1a91KOvUQRE57qmth1ykVOmbsshcSj1YMAGvh
H4LjgofBo0MwQTAPBgNVHREECDAGhwR/AAABMA8GA1UdEwEB/wQFMAMBAf8wHQYD
VR0OBBYEFBG0azXRv5lzS6+K2/ZJv3B/TUHJMAoGCCqGSM49BAMCA0gAMEUCIA0q
OqYz9dvdyiPu8ZkKtC0TBm15oF8Kvbaa6O4+gDCBAiEAhRsmqlvv8iscvHL+E9Mi
wIOdcC8XlvxifA4ZwxFAWXA=
"""
PRIVATE = """
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8dZN1259X31bqqwx
Q5lKmq0e2ZLMMoHHQSHHhYcC46yhRANCAAT+LhXSR1bO98kc7MdsGISKudDqhG5X
FN70ifewnPp1a91KOvUQRE57qmth1ykVOmbsshcSj1YMAGvhH4LjgofB
"""


class Server:
    """Gives `talk` one connection after the other, in a thread of its own.

    `talk` gets what is asked from `ask`, and ends when it returns or the connection breaks.
    """

    def __init__(self, talk: Callable[[Server], None], tls: ssl.SSLContext | None = None) -> None:
        self.received: list[bytes] = []
        self.connections = 0
        self.over = threading.Event()
        self._talk = talk
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._connection = self._socket

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for one in (self._socket, self._connection):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    close = __exit__

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def ask(self) -> bytes:
        """What the client sends next, nothing if it has gone."""
        asked = self._connection.recv(65_536)
        self.received.append(asked)
        return asked

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def drip(self, data: bytes = b"x") -> None:
        """Send `data` again and again, each time before anybody calls it silence."""
        while not self.over.wait(0.02):
            self.send(data)

    def _serve(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with suppress(OSError):  # the client has gone, or did not like the certificate
                if self._tls:
                    connection = self._tls.wrap_socket(connection, server_side=True)
                self._connection = connection
                self._talk(self)
            connection.close()


def head(*fields: str, status: str = "200 OK") -> bytes:
    """The head of an answer."""
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode()


def answered(body: bytes, status: str = "200 OK") -> Callable[[Server], None]:
    """Give one answer to each connection."""

    def talk(server: Server) -> None:
        server.ask()
        length = f"Content-Length: {len(body)}"
        server.send(head(length, "Connection: close", status=status) + body)

    return talk


def pem(kind: str, text: str) -> str:
    return f"-----BEGIN {kind}-----{text}-----END {kind}-----\n"


def tls_context(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS; its certificate is the file `certificate.pem` of the folder."""
    certificate, key = folder / "certificate.pem", folder / "private.pem"
    certificate.write_text(pem("CERTIFICATE", CERTIFICATE))
    key.write_text(pem("PRIVATE KEY", PRIVATE))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@contextmanager
def real_client(url: str, seconds: float = 10) -> Iterator[Client]:
    """A client with real sockets; it waits `seconds` for an answer, less than users can set."""
    client = Client(settings.load({**CONFIG, "base_url": url}, datetime.now(UTC)))
    vars(client)["_timeout"] = seconds
    client.retry.sleep = SLEPT.append
    with client.session:
        yield client
