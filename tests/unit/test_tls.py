"""Proxies and certificates: what docs/SECURITY.md claims about them."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tap_kustomer import settings
from tap_kustomer.api.client import Client
from tap_kustomer.api.errors import CertificateError, TransientError
from tap_kustomer.tap import TapKustomer
from tests.support import CONFIG, KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Self

HOST = "acme.api.kustomerapp.com"
PATH = "/v1/teams"

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
PROXIES = [f"{name}_proxy" for name in ("http", "https", "all", "no")]


class Listener:
    """A server that keeps the first bytes of each connection and gives one answer."""

    def __init__(self, answer: bytes, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[bytes] = []
        self._answer = answer
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self._answer_one(connection)

    def _answer_one(self, connection: socket.socket) -> None:
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self.received.append(connection.recv(65_536))
            connection.sendall(self._answer)
            connection.close()
        except OSError:  # the client did not like the certificate
            return


def pem(kind: str, text: str) -> str:
    return f"-----BEGIN {kind}-----{text}-----END {kind}-----\n"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The file of a certificate that only itself has signed."""
    path = tmp_path / "certificate.pem"
    path.write_text(pem("CERTIFICATE", CERTIFICATE))
    return path


@contextmanager
def https(bundle: Path) -> Iterator[Listener]:
    key = bundle.with_name("private.pem")
    key.write_text(pem("PRIVATE KEY", PRIVATE))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle, key)
    with Listener(answered(b'{"data": []}'), context) as server:
        yield server


def answered(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def real_client(url: str) -> Client:
    """A client with real sockets and no second try."""
    client = Client(settings.load({**CONFIG, "base_url": url}, datetime.now(UTC)))
    client.tries = 1
    return client


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No proxies and certificates of the machine's own."""
    for name in (*PROXIES, "requests_ca_bundle", "curl_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    "environment",
    [{}, {"PYTHONHTTPSVERIFY": "0"}, {"CURL_CA_BUNDLE": ""}, {"REQUESTS_CA_BUNDLE": ""}],
)
def test_a_certificate_nobody_has_signed_is_refused(
    plain_environment: pytest.MonkeyPatch, bundle: Path, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        plain_environment.setenv(name, value)
    with https(bundle) as server:
        client = real_client(f"https://127.0.0.1:{server.port}")
        with pytest.raises(CertificateError, match="could not be verified"):
            client.get(PATH)
        client.session.close()
    assert not any(server.received)


def test_only_a_bundle_of_the_users_own_makes_it_good(
    plain_environment: pytest.MonkeyPatch, bundle: Path
) -> None:
    plain_environment.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with https(bundle) as server:
        client = real_client(f"https://127.0.0.1:{server.port}")
        assert client.get(PATH) == {"data": []}
        assert f"Bearer {KEY}".encode() in server.received[0]


def test_a_certificate_for_another_name_is_refused(
    plain_environment: pytest.MonkeyPatch, bundle: Path
) -> None:
    plain_environment.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with https(bundle) as server:
        with pytest.raises(CertificateError):
            real_client(f"https://localhost:{server.port}").get(PATH)
        assert not any(server.received)


def test_a_missing_bundle_is_one_sentence(plain_environment: pytest.MonkeyPatch) -> None:
    plain_environment.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    with pytest.raises(CertificateError, match="REQUESTS_CA_BUNDLE"):
        real_client("https://127.0.0.1:9").get(PATH)


def test_no_setting_is_about_certificates() -> None:
    names = " ".join(TapKustomer.config_jsonschema["properties"])
    assert not re.search("tls|ssl|verif|cert|insecure|bundle|prox", names)


def test_a_proxy_is_shown_a_tunnel_and_no_key(plain_environment: pytest.MonkeyPatch) -> None:
    with Listener(answered(b"", "403 Forbidden")) as proxy:
        plain_environment.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(TransientError, match="ProxyError"):
            real_client("https://acme.kustomerapp.com").get(PATH)
    assert proxy.received
    for seen in proxy.received:
        assert seen.startswith(f"CONNECT {HOST}:443 ".encode())
        assert b"uthorization" not in seen
        assert KEY.encode() not in seen


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy"])
def test_a_loopback_address_is_asked_past_any_proxy(
    plain_environment: pytest.MonkeyPatch, name: str
) -> None:
    with Listener(answered(b"{}")) as proxy, Listener(answered(b'{"data": []}')) as server:
        plain_environment.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert real_client(f"http://127.0.0.1:{server.port}").get(PATH) == {"data": []}
    assert not proxy.received
    assert len(server.received) == 1
