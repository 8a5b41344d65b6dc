"""The key stays where it belongs: what docs/SECURITY.md claims, without the real command."""

from __future__ import annotations

import ast
import json
import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

import tap_kustomer
from tap_kustomer.api import client as client_module
from tap_kustomer.api import transport
from tap_kustomer.api.client import ARCHIVE_SEARCH, SEARCH
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import LinkRefusedError, SettingsError, TransientError
from tap_kustomer.tap import TapKustomer
from tap_kustomer.walks.listing import read_list
from tests.emulated import emulated, whole_catalog
from tests.support import CONFIG, KEY, Answer, Messages, client_for, load, scripted, sync, tap_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

HOST = "acme.api.kustomerapp.com"
PATH = "/v1/teams"
ROOT = Path(__file__).parents[2]
CODE = Path(tap_kustomer.__file__).parent
SOURCES = sorted(path.relative_to(CODE).as_posix() for path in CODE.rglob("*.py"))


def listed(**members: Any) -> Answer:
    return 200, {}, json.dumps({"data": [{"id": "1"}], **members}).encode()


# --- What is shown -------------------------------------------------------------------------------


def test_nothing_that_holds_the_key_shows_it() -> None:
    client = client_for(scripted())
    for holder in (load(), client, client.session, client.session.auth, TapKustomer(config=CONFIG)):
        assert KEY not in repr(holder)
        assert KEY not in str(holder)


@pytest.mark.parametrize(
    ("module", "name", "frame"),
    [(client_module, "pause_after", "_send"), (transport, "read", "_exchange")],
)
def test_a_crash_report_with_local_variables_holds_no_key(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, frame: str
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(module, name, crash)
    with pytest.raises(ZeroDivisionError) as caught:
        fetch(client_for(scripted(listed())), PATH)
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = "".join(line for line in report.format() if "/tests/" not in line)
    assert f"in {frame}\n" in shown
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
    with pytest.raises(SettingsError) as caught:
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
    sender = scripted(*[listed(links={"next": link}), listed()] * 2)
    client = client_for(sender)
    client.retry.tries = 1
    refused = PATH
    try:
        list(read_list(client, PATH))
    except LinkRefusedError as error:
        refused = str(error)
    assert PATH in refused
    assert "evil" not in refused
    for sent in sender.sent:
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
    sender = scripted((code, {"Location": location}, KEY.encode()))
    with pytest.raises(LinkRefusedError) as caught:
        client_for(sender).get(PATH)
    assert len(sender.sent) == 1
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_no_redirect_of_a_search_is_followed(code: int) -> None:
    sender = scripted((code, {"Location": "https://evil.org/"}, b""))
    with pytest.raises(LinkRefusedError):
        client_for(sender).search(SEARCH, {}, page=1, size=1)
    assert len(sender.sent) == 1


@pytest.mark.parametrize("key", [KEY, "a+b/c==", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln_bmF0-dXJl"])
def test_a_link_that_repeats_the_key_is_not_followed(key: str) -> None:
    for repeated in (key, quote(key, safe="")):
        sender = scripted(listed(links={"next": f"{PATH}?after={repeated}"}))
        with pytest.raises(LinkRefusedError) as caught:
            list(read_list(client_for(sender, api_key=key), PATH))
        assert repeated not in str(caught.value)
        assert len(sender.sent) == 1


def test_a_next_page_that_fails_is_named_by_its_list(
    caplog: pytest.LogCaptureFixture, waits: list[float]
) -> None:
    bad: Answer = 200, {}, b"jane@example.org"
    following = f"{PATH}?after=jane@example.org"
    client = client_for(scripted(listed(links={"next": following}), (429, {}, b""), bad, bad))
    client.retry.tries = 2
    with pytest.raises(TransientError) as caught:
        list(read_list(client, PATH))
    assert waits
    assert "rate limit" in caplog.text
    assert "retrying in" in caplog.text
    assert "jane" not in caplog.text + str(caught.value)


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
    is_client, is_transport = name == "api/client.py", name == "api/transport.py"
    allowed = {"GET", "POST"} if is_client else set()
    every = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
    assert texts & every <= allowed
    sending = [call for call in calls(tree) if re.search(r"(\.session|requests)\.\w+$", call)]
    if not is_client:  # the run's own session sends nothing
        sending = [call for call in sending if not call.endswith((".usage", ".now"))]
    senders = {"self.session.mount", "self.session.request"}
    assert set(sending) <= (senders if is_client else set())
    assert sending.count("self.session.request") == is_client
    networks = {"requests", "urllib3", "http", "httpx", "aiohttp", "socket", "ssl", "ftplib"}
    assert not set(imported(tree)) & networks or is_client or is_transport


def test_a_run_of_every_stream_only_reads() -> None:
    emulator = emulated(40)
    config: dict[str, Any] = {"typed_custom_attributes": True, "kobject_streams": True}
    catalog = whole_catalog(emulator, **config)
    messages = Messages()
    tap = tap_for(emulator, messages, catalog=catalog, **config)
    tap.read()
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
