"""The key stays where it belongs: what docs/SECURITY.md claims, without the real command."""

from __future__ import annotations

import ast
import json
import re
import socket
import ssl
import threading
import traceback
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

import tap_kustomer
from tap_kustomer import settings
from tap_kustomer.api import client as client_module
from tap_kustomer.api.client import ARCHIVE_SEARCH, SEARCH, Client
from tap_kustomer.api.errors import CertificateError, LinkRefusedError, TransientError
from tap_kustomer.tap import TapKustomer
from tap_kustomer.walks.listing import read_list
from tests.emulated import emulated, whole_catalog
from tests.support import CONFIG, KEY, Answer, Messages, client_for, load, scripted, sync, tap_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

HOST = "acme.api.kustomerapp.com"
PATH = "/v1/teams"
ROOT = Path(__file__).parents[2]
CODE = Path(tap_kustomer.__file__).parent
SOURCES = sorted(path.relative_to(CODE).as_posix() for path in CODE.rglob("*.py"))

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
PROXIES = [f"{name}_proxy" for name in ("http", "https", "all", "no")]


def listed(**members: Any) -> Answer:  # noqa: ANN401  (any JSON)
    return 200, {}, json.dumps({"data": [{"id": "1"}], **members}).encode()


# --- What is shown -------------------------------------------------------------------------------


def test_nothing_that_holds_the_key_shows_it() -> None:
    client = client_for(scripted())
    for holder in (load(), client, client.session, client.session.auth, TapKustomer(config=CONFIG)):
        assert KEY not in repr(holder)
        assert KEY not in str(holder)


def test_a_crash_report_with_local_variables_holds_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_: bytes) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(client_module, "decode", crash)
    with pytest.raises(ZeroDivisionError) as caught:
        client_for(scripted(listed())).get(PATH)
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = "".join(line for line in report.format() if "/tests/" not in line)
    assert "_persist" in shown
    assert "self = <tap_kustomer.api.client.Client" in shown
    assert KEY not in shown


def test_state_catalog_and_messages_hold_no_key() -> None:
    emulator = emulated(20)
    catalog = whole_catalog(emulator)
    written = json.dumps(sync(emulator, catalog=catalog).all, default=str)
    assert '"STATE"' in written
    assert KEY not in written + json.dumps(catalog)


@pytest.mark.parametrize("config", [{"api_key": [KEY]}, {"api_key": {"a": KEY}}, {"base_url": KEY}])
def test_a_setting_of_the_wrong_kind_is_not_repeated(config: dict[str, Any]) -> None:
    with pytest.raises(settings.SettingsError) as caught:
        load(**config)
    assert KEY not in str(caught.value)


# --- Where the key is sent -----------------------------------------------------------------------

LINKS = [
    "https://evil.org/v1/teams",
    "//evil.org",
    "///evil.org",
    r"\\evil.org",
    r"https:\\evil.org",
    r"https:/\evil.org",
    rf"https://{HOST}\.evil.org/",
    rf"https://evil.org\@{HOST}/",
    rf"https://{HOST}\@evil.org/",
    f"https://{HOST}.evil.org/",
    f"https://{HOST}@evil.org/",
    f"https://{HOST}:x@evil.org/",
    f"https://user@{HOST}/",
    f"https://{HOST}:8443/",
    f"https://{HOST}%2eevil.org/",
    f"https://{HOST}#@evil.org/",
    f"https://{HOST}?@evil.org/",
    f"https://{HOST}\t.evil.org/",
    "\thttps://evil.org/",
    " https://evil.org/",
    "https:evil.org",
    "https://\u24d4vil.org/",
    f"https://\u0430{HOST[1:]}/",  # a Cyrillic a
    f"https://xn--{HOST}/",
    f"http://{HOST}/",
    f"HTTP://{HOST}/",
    f"ftp://{HOST}/",
    "file:///etc/passwd",
    "https://[::1]/",
    "https://[",
]


def assert_stays(link: str) -> None:
    """A link is refused unsent, or leads to the org's host as the HTTP library reads it."""
    # A list of two pages is read twice.
    transport = scripted(*[listed(links={"next": link}), listed()] * 2)
    client = client_for(transport)
    client.tries = 1
    refused = PATH
    try:
        list(read_list(client, PATH))
    except LinkRefusedError as error:
        refused = str(error)
    assert PATH in refused
    assert "evil" not in refused
    for sent in transport.sent:
        address = parse_url(sent.url or "")
        assert (address.scheme, address.host, address.port) == ("https", HOST, None)
        assert address.auth is None


@pytest.mark.parametrize("link", LINKS)
def test_no_next_page_leads_to_another_host(link: str) -> None:
    assert_stays(link)


PIECES = ["https:", "http:", "/", "\\", "@", ":", "?", "#", "%2f", "\t", " ", ".", "evil.org", HOST]


@given(st.lists(st.sampled_from([*PIECES, "\u3002", "[", "]", "443", "8443"])).map("".join))
def test_no_link_made_of_odd_pieces_leads_to_another_host(link: str) -> None:
    client = client_for(scripted())
    try:
        address = client._pinned(link, PATH)
    except LinkRefusedError:
        return
    read = parse_url(address)
    assert (read.scheme, read.host, read.port, read.auth) == ("https", HOST, None, None)


@pytest.mark.parametrize("code", [300, 301, 302, 303, 305, 307, 308])
@pytest.mark.parametrize(
    "location", ["https://evil.org/", f"http://{HOST}/", f"https://{HOST}/v1/users", "/v1", "", KEY]
)
def test_no_redirect_is_followed_wherever_it_leads(code: int, location: str) -> None:
    transport = scripted((code, {"Location": location}, KEY.encode()))
    with pytest.raises(LinkRefusedError) as caught:
        client_for(transport).get(PATH)
    assert len(transport.sent) == 1
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_no_redirect_of_a_search_is_followed(code: int) -> None:
    transport = scripted((code, {"Location": "https://evil.org/"}, b""))
    with pytest.raises(LinkRefusedError):
        client_for(transport).search(SEARCH, {}, lambda body, _: body, page=1, size=1)
    assert len(transport.sent) == 1


@pytest.mark.parametrize("key", [KEY, "a+b/c==", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln_bmF0-dXJl"])
def test_a_link_that_repeats_the_key_is_not_followed(key: str) -> None:
    for repeated in (key, quote(key, safe="")):
        transport = scripted(listed(links={"next": f"{PATH}?after={repeated}"}))
        with pytest.raises(LinkRefusedError) as caught:
            list(read_list(client_for(transport, api_key=key), PATH))
        assert repeated not in str(caught.value)
        assert len(transport.sent) == 1


def test_a_next_page_that_fails_is_named_by_its_list(
    caplog: pytest.LogCaptureFixture, waits: list[float]
) -> None:
    bad: Answer = 200, {}, b"jane@example.org"
    following = f"{PATH}?after=jane@example.org"
    client = client_for(scripted(listed(links={"next": following}), (429, {}, b""), bad, bad))
    client.tries = 2
    with pytest.raises(TransientError) as caught:
        list(read_list(client, PATH))
    assert waits
    assert "rate limit" in caplog.text
    assert "asking again" in caplog.text
    assert "jane" not in caplog.text + str(caught.value)


# --- Proxies and TLS -----------------------------------------------------------------------------


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


# --- Nothing but reading -------------------------------------------------------------------------


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]


@pytest.mark.parametrize("name", SOURCES)
def test_no_source_knows_a_method_that_writes(name: str) -> None:
    tree = ast.parse((CODE / name).read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    is_client = name == "api/client.py"
    allowed = {"GET", "POST"} if is_client else set()
    every = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
    assert texts & every <= allowed
    sending = [call for call in calls(tree) if re.search(r"(\.session|requests)\.\w+$", call)]
    senders = {"requests.Session", "self.session.mount", "self.session.request"}
    assert set(sending) <= (senders if is_client else set())
    assert sending.count("self.session.request") == is_client
    networks = {"requests", "urllib3", "http", "httpx", "aiohttp", "socket", "ssl", "ftplib"}
    assert not set(imported(tree)) & networks or is_client


def test_a_run_of_every_stream_only_reads() -> None:
    emulator = emulated(40)
    config: dict[str, Any] = {"typed_custom_attributes": True, "kobject_streams": True}
    catalog = whole_catalog(emulator, **config)
    messages = Messages()
    tap = tap_for(emulator, messages, catalog=catalog, **config)
    tap.sync_all()
    assert {m["stream"] for m in messages.of("SCHEMA")} == set(tap.streams)
    assert emulator.writes_refused == 0
    assert {r.method for r in emulator.requests} == {"GET", "POST"}
    posted = {r.path for r in emulator.requests if r.method == "POST"}
    assert SEARCH in posted
    assert posted <= {SEARCH, ARCHIVE_SEARCH}


def test_a_write_would_be_counted() -> None:
    emulator = emulated(1)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        emulator.app.test_client().open(PATH, method=method)
    assert emulator.writes_refused == 4


# --- The document --------------------------------------------------------------------------------


def test_the_document_names_tests_that_exist() -> None:
    text = (ROOT / "docs" / "SECURITY.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(named) > 20
    for file, name in named:
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE), name
    for section in text.split("\n## ")[1:]:
        assert "::test_" in section or "no test" in section, section.partition("\n")[0]
