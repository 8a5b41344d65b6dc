"""Proxies and certificates: what docs/SECURITY.md claims about them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tap_kustomer.errors import CertificateError, TransientError
from tap_kustomer.tap import TapKustomer
from tests.sockets import Server, answered, real_client, tls_context
from tests.support import KEY

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

HOST = "acme.api.kustomerapp.com"
PATH = "/v1/teams"
BODY = b'{"data": []}'
PROXIES = [f"{name}_proxy" for name in ("http", "https", "all", "no")]


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No proxies and certificates of the machine's own."""
    for name in (*PROXIES, "requests_ca_bundle", "curl_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    """A certificate that only itself has signed."""
    return tls_context(tmp_path)


@pytest.mark.parametrize(
    "environment",
    [{}, {"PYTHONHTTPSVERIFY": "0"}, {"CURL_CA_BUNDLE": ""}, {"REQUESTS_CA_BUNDLE": ""}],
)
def test_a_certificate_nobody_has_signed_is_refused(
    plain_environment: pytest.MonkeyPatch, context: ssl.SSLContext, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        plain_environment.setenv(name, value)
    with Server(answered(BODY), context) as server, real_client(server.url) as client:
        with pytest.raises(CertificateError, match="could not be verified"):
            client.get(PATH)
        assert not any(server.received)


def test_only_a_bundle_of_the_users_own_makes_it_good(
    plain_environment: pytest.MonkeyPatch, context: ssl.SSLContext, tmp_path: Path
) -> None:
    plain_environment.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    with Server(answered(BODY), context) as server, real_client(server.url) as client:
        assert client.get(PATH) == BODY
        assert f"Bearer {KEY}".encode() in server.received[0]


def test_a_certificate_for_another_name_is_refused(
    plain_environment: pytest.MonkeyPatch, context: ssl.SSLContext, tmp_path: Path
) -> None:
    plain_environment.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    with Server(answered(BODY), context) as server:
        with (
            real_client(f"https://localhost:{server.port}") as client,
            pytest.raises(CertificateError),
        ):
            client.get(PATH)
        assert not any(server.received)


def test_a_missing_bundle_is_one_sentence(plain_environment: pytest.MonkeyPatch) -> None:
    plain_environment.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    with (
        real_client("https://127.0.0.1:9") as client,
        pytest.raises(CertificateError, match="REQUESTS_CA_BUNDLE"),
    ):
        client.get(PATH)


def test_a_server_that_speaks_no_tls_is_a_broken_connection(
    plain_environment: pytest.MonkeyPatch,
) -> None:
    """It may be a proxy on the way that is being restarted; certificates are no matter."""
    del plain_environment
    with (
        Server(answered(BODY)) as server,
        real_client(f"https://127.0.0.1:{server.port}") as client,
        pytest.raises(TransientError, match="connection broken: SSLError"),
    ):
        client.get(PATH)


def test_no_setting_is_about_certificates() -> None:
    names = " ".join(TapKustomer.config_jsonschema["properties"])
    assert not re.search("tls|ssl|verif|cert|insecure|bundle|prox", names)


def test_a_proxy_is_shown_a_tunnel_and_no_key(plain_environment: pytest.MonkeyPatch) -> None:
    with (
        Server(answered(b"", "403 Forbidden")) as proxy,
        real_client("https://acme.kustomerapp.com") as client,
    ):
        plain_environment.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(TransientError, match="ProxyError"):
            client.get(PATH)
    assert proxy.received
    for seen in proxy.received:
        assert seen.startswith(f"CONNECT {HOST}:443 ".encode())
        assert b"uthorization" not in seen
        assert KEY.encode() not in seen


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy"])
def test_a_loopback_address_is_asked_past_any_proxy(
    plain_environment: pytest.MonkeyPatch, name: str
) -> None:
    with (
        Server(answered(b"{}")) as proxy,
        Server(answered(BODY)) as server,
        real_client(server.url) as client,
    ):
        plain_environment.setenv(name, proxy.url)
        assert client.get(PATH) == BODY
    assert not proxy.received
    assert len(server.received) == 1
