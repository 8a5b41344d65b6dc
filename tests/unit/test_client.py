from __future__ import annotations

import json
import logging
from contextlib import contextmanager, suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from requests.adapters import HTTPAdapter

from tap_kustomer import errors
from tap_kustomer.api import transport
from tap_kustomer.api.client import SEARCH, Client
from tap_kustomer.api.document import fetch
from tests.sockets import Server, head, real_client
from tests.support import KEY, Answer, Transport, client_for, load, scripted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

HOST = "https://acme.api.kustomerapp.com"
PATH = "/v1/teams"


def ok(**headers: str) -> Answer:
    return 200, headers, b'{"data": []}'


def test_a_request_carries_key_accept_and_version() -> None:
    sender = scripted(ok())
    assert client_for(sender).get(PATH, {"pageSize": 500}) == b'{"data": []}'
    (sent,) = sender.sent
    assert (sent.method, sent.url) == ("GET", f"{HOST}/v1/teams?pageSize=500")
    assert sent.body is None
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert sent.headers["Accept"] == "application/json"
    assert sent.headers["User-Agent"] == f"tap-kustomer/{version('tap-kustomer')}"


def test_a_search_carries_its_body_and_its_page() -> None:
    sender = scripted((200, {}, b"any bytes"))
    body = {"queryContext": "message", "and": [], "includeDeleted": True}
    assert client_for(sender).search(SEARCH, body, page=2, size=50) == b"any bytes"
    (sent,) = sender.sent
    query = "page=2&pageSize=50&trackTotalHits=true"
    assert (sent.method, sent.url) == ("POST", f"{HOST}{SEARCH}?{query}")
    assert json.loads(sent.body or b"") == body
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.headers["Authorization"] == f"Bearer {KEY}"


def test_a_netrc_file_does_not_replace_the_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine acme.api.kustomerapp.com login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    sender = scripted(ok())
    client_for(sender).get(PATH)
    assert sender.sent[0].headers["Authorization"] == f"Bearer {KEY}"


def test_cookies_are_not_kept() -> None:
    def talk(server: Server) -> None:
        while server.ask():
            server.send(head("Set-Cookie: a=b; Path=/", "Content-Length: 2") + b"{}")

    with Server(talk) as server, real_client(server.url) as client:
        client.get(PATH)
        client.get(PATH)
        assert not client.session.cookies
    assert len(server.received) >= 2
    assert b"cookie" not in b"".join(server.received).lower()


class Noting(Transport):
    """Keeps how a request was to be sent."""

    def __init__(self) -> None:
        super().__init__(lambda _: ok())
        self.options: list[dict[str, Any]] = []

    def send(
        self, request: requests.PreparedRequest, *_: object, **options: object
    ) -> requests.Response:
        self.options.append(options)
        return super().send(request)


@pytest.mark.parametrize(
    ("base_url", "proxies"),
    [("https://acme.kustomerapp.com", {}), ("http://127.0.0.1:81", {"no_proxy": "127.0.0.1"})],
)
def test_an_answer_is_read_piece_by_piece_within_the_timeout(
    monkeypatch: pytest.MonkeyPatch, base_url: str, proxies: dict[str, str]
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "a bundle")
    bounds: list[float] = []

    @contextmanager
    def bounded(seconds: float) -> Iterator[transport.Deadline]:
        bounds.append(seconds)
        yield transport.Deadline()

    monkeypatch.setattr(transport, "deadline", bounded)
    sender = Noting()
    client_for(sender, base_url=base_url, request_timeout=7).get(PATH)
    (options,) = sender.options
    assert bounds == [7] == [options["timeout"]]
    assert options["stream"] is True
    assert options["verify"] == "a bundle"
    assert dict(options["proxies"]) == proxies


def test_every_thread_has_a_connection_searches_and_children_and_the_run() -> None:
    client = Client(load(concurrency=3))
    adapter = client.session.get_adapter(f"{HOST}{PATH}")
    assert isinstance(adapter, transport.Adapter)
    assert vars(adapter)["_pool_maxsize"] == 3 + 3 + 1
    assert type(client.session.get_adapter("https://evil.org")) is HTTPAdapter


def test_the_budgets_are_those_of_the_settings() -> None:
    client = Client(load(max_requests_per_minute=70, max_search_requests_per_minute=7))
    assert (client.org_budget.limit, client.search_budget.limit) == (70, 7)


def test_the_date_of_the_last_good_answer_is_kept() -> None:
    client = client_for(scripted(ok(Date="a"), (503, {"Date": "b"}, b""), ok()))
    dates = [client.server_date]
    for _ in range(3):
        with suppress(errors.TransientError):
            client.get(PATH)
        dates.append(client.server_date)
    assert dates == [None, "a", "a", None]


def test_neither_key_nor_body_is_logged(
    caplog: pytest.LogCaptureFixture, waits: list[float]
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = b'{"errors": [{"message": "jane@example.org"}]}'
    sender = scripted(
        (500, {}, secret), (200, {}, b"<p>jane@example.org"), (429, {}, b""), (400, {}, secret)
    )
    with pytest.raises(errors.KustomerError) as caught:
        fetch(client_for(sender), PATH)
    assert len(waits) == 2
    seen = caplog.text + str(caught.value) + repr(caught.value)
    assert "jane" not in seen
    assert KEY not in seen
    assert "rate limit" in seen


def test_a_refusal_names_kustomers_code_but_no_data() -> None:
    body = {
        "errors": [
            {"code": "bad_request", "message": "jane@example.org"},
            {"code": "Jane Doe <jane@example.org>"},
            {"code": "a" * 41},
            {"code": "_jane"},
            {"code": 7},
            {"message": "jane"},
            "jane",
            {"code": "a" * 40},
        ]
    }
    with pytest.raises(errors.BadRequestError) as caught:
        client_for(scripted((400, {}, json.dumps(body).encode()))).get(PATH)
    named = f"status 400, bad_request, {'a' * 40}"
    assert str(caught.value) == str(errors.BadRequestError(400, PATH)).replace("status 400", named)
    assert caught.value.status == 400


def test_what_urllib3_quotes_of_malformed_headers_is_not_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = logging.getLogger("urllib3.connection")
    monkeypatch.setattr(logger, "filters", [])
    client_for(scripted())
    logger.warning("Failed to parse headers: jane@example.org")
    logging.getLogger("tap-kustomer.api").warning("seen")
    assert caplog.messages == ["seen"]


def test_a_failure_of_a_search_names_the_search() -> None:
    with pytest.raises(errors.TransientError, match=rf"at {SEARCH} \(status 500\)"):
        client_for(scripted((500, {}, b""))).search(SEARCH, {}, page=1, size=1)
