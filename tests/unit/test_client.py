from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_kustomer.api import errors, retry
from tap_kustomer.api.client import SEARCH
from tests.support import KEY, NOW, Answer, HeldClock, client_for, scripted

if TYPE_CHECKING:
    from pathlib import Path

PATH = "/v1/teams"


def ok(data: Any = (), **headers: str) -> Answer:  # noqa: ANN401  (any JSON)
    return 200, headers, json.dumps({"data": data or []}).encode()


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    return code, headers, body


def test_a_request_carries_key_accept_and_version() -> None:
    transport = scripted(ok())
    client_for(transport).get(PATH, {"pageSize": 500})
    (sent,) = transport.sent
    assert sent.url == "https://acme.api.kustomerapp.com/v1/teams?pageSize=500"
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert sent.headers["Accept"] == "application/json"
    assert sent.headers["User-Agent"].startswith("tap-kustomer/")


def test_a_netrc_file_does_not_replace_the_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine acme.api.kustomerapp.com login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    transport = scripted(ok())
    client_for(transport).get(PATH)
    assert transport.sent[0].headers["Authorization"] == f"Bearer {KEY}"


def test_cookies_are_not_kept() -> None:
    transport = scripted(ok(**{"Set-Cookie": "a=b"}), ok())
    client = client_for(transport)
    client.get(PATH)
    client.get(PATH)
    assert "Cookie" not in transport.sent[1].headers


@pytest.mark.parametrize(
    "link", ["/v1/teams?page=2", "https://acme.api.kustomerapp.com/v1/teams?page=2"]
)
def test_links_on_the_host_are_followed(link: str) -> None:
    transport = scripted(ok())
    client_for(transport).get(link)
    assert transport.sent[0].url == "https://acme.api.kustomerapp.com/v1/teams?page=2"


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.org/v1/teams",
        "//evil.org/v1/teams",
        "http://acme.api.kustomerapp.com/v1/teams",
        "https://acme.api.kustomerapp.com:8443/v1/teams",
        "https://acme.api.kustomerapp.com@evil.org/v1/teams",
        "https://acme.api.kustomerapp.com.evil.org/v1/teams",
        "ftp://acme.api.kustomerapp.com/v1/teams",
    ],
)
def test_links_that_leave_the_host_are_refused_unsent(link: str) -> None:
    transport = scripted()
    with pytest.raises(errors.LinkRefusedError, match="set base_url"):
        client_for(transport).get(link)
    assert not transport.sent


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_redirects_are_refused(code: int) -> None:
    transport = scripted(status(code, Location="https://evil.org/v1/teams"))
    with pytest.raises(errors.LinkRefusedError):
        client_for(transport).get(PATH)
    assert len(transport.sent) == 1


@pytest.mark.parametrize(
    "failure",
    [
        status(500),
        status(501),
        status(503),
        status(408),
        status(200, b"<html>proxy</html>"),
        status(200, b'{"data": ['),
        status(200, b"[]"),
        status(200, b'{"data": null}'),
        status(200, b'{"errors": []}'),
        requests.ConnectionError("reset"),
        requests.Timeout("slow"),
        requests.exceptions.ChunkedEncodingError("half"),
        requests.exceptions.SSLError("EOF occurred"),
    ],
)
def test_passing_failures_are_asked_again(failure: Answer | Exception, waits: list[float]) -> None:
    transport = scripted(failure, failure, ok([{"id": "1"}]))
    assert client_for(transport).get(PATH)["data"] == [{"id": "1"}]
    assert len(waits) == 2


def test_gives_up_after_about_five_minutes(waits: list[float]) -> None:
    transport = scripted(*[status(503)] * retry.TRIES)
    with pytest.raises(errors.TransientError, match=r"/v1/teams \(status 503\).*bookmark"):
        client_for(transport).get(PATH)
    assert 300 <= sum(waits) <= 300 + len(waits) + 5
    assert max(waits) <= retry.LONGEST_WAIT + 1


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (400, errors.RequestRefusedError),
        (404, errors.RequestRefusedError),
        (409, errors.RequestRefusedError),
        (422, errors.RequestRefusedError),
        (401, errors.AccessRefusedError),
        (403, errors.AccessRefusedError),
    ],
)
def test_refusals_are_never_asked_again(code: int, error: type[Exception]) -> None:
    transport = scripted(status(code, b"not json"))
    with pytest.raises(error, match=str(code)):
        client_for(transport).get(PATH)
    assert len(transport.sent) == 1


def test_a_refusal_names_kustomers_code_but_no_data() -> None:
    body = {
        "errors": [
            {"code": "bad_request", "message": "jane@example.org"},
            {"code": "Jane Doe <jane@example.org>"},
            "odd",
        ]
    }
    with pytest.raises(errors.RequestRefusedError) as caught:
        client_for(scripted(status(400, json.dumps(body).encode()))).get(PATH)
    assert "bad_request" in str(caught.value)
    assert "ane" not in str(caught.value).replace("please", "")


@pytest.mark.parametrize("code", [400, 401, 403])
def test_the_wrong_region_names_the_right_one(code: int) -> None:
    text = b"Auth token associated with pod prod2 but request is being handled by prod1"
    with pytest.raises(errors.WrongRegionError, match=r"https://api\.prod2\.kustomerapp\.com"):
        client_for(scripted(status(code, text))).get(PATH)


def test_an_unknown_region_is_named_too() -> None:
    with pytest.raises(errors.WrongRegionError, match="prod9: set base_url to your org's own"):
        client_for(scripted(status(401, b"associated with pod prod9 but"))).get(PATH)


def test_a_wrong_certificate_ends_at_once() -> None:
    broken = requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify")
    with pytest.raises(errors.CertificateError, match="base_url"):
        client_for(scripted(broken)).get(PATH)


def test_a_429_waits_for_the_reset_and_costs_no_try() -> None:
    clock = HeldClock()
    reset = str(int(NOW.timestamp()) + 40)
    told = 429, {"x-ratelimit-reset": reset}, b""
    limited = [told, *[(429, {"Retry-After": "3"}, b"")] * (3 * retry.TRIES)]
    transport = scripted(*limited, ok())
    client_for(transport, clock).get(PATH)
    assert clock.seconds == 40 + 3 * 3 * retry.TRIES


def test_nothing_left_pauses_until_the_reset() -> None:
    clock = HeldClock()
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "25"}
    client = client_for(scripted(ok(**headers), ok()), clock)
    client.get(PATH)
    client.get(PATH)
    assert clock.seconds == 25


def test_searches_spend_both_budgets() -> None:
    clock = HeldClock()
    client = client_for(
        scripted(*[ok()] * 6), clock, max_requests_per_minute=4, max_search_requests_per_minute=2
    )
    for _ in range(2):
        client.search(SEARCH, {}, lambda body, _: body, page=1, size=1)
    client.get(PATH)
    client.get(PATH)
    assert clock.seconds == 0
    client.search(SEARCH, {}, lambda body, _: body, page=1, size=1)
    assert clock.seconds == 60
    client.get(PATH)
    assert clock.seconds == 60


def test_a_page_that_is_too_large_is_asked_smaller(waits: list[float]) -> None:
    transport = scripted(requests.Timeout("slow"), status(504), status(503), ok())
    client = client_for(transport)
    size = client.search(SEARCH, {}, lambda _, size: size, page=1, size=500)
    sizes = [str(sent.url).rsplit("pageSize=", 1)[1] for sent in transport.sent]
    assert sizes == ["500", "250", "125", "125"]
    assert size == 125
    assert len(waits) == 3


def test_a_later_page_keeps_its_size(waits: list[float]) -> None:
    transport = scripted(status(504), ok())
    size = client_for(transport).search(SEARCH, {}, lambda _, size: size, page=2, size=500)
    assert size == 500
    assert waits


def test_neither_key_nor_body_is_logged(
    caplog: pytest.LogCaptureFixture, waits: list[float]
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = b'{"errors": [{"message": "jane@example.org"}]}'
    transport = scripted(
        status(500, secret), status(200, b"<p>jane@example.org"), status(429), status(400, secret)
    )
    with pytest.raises(errors.KustomerError) as caught:
        client_for(transport).get(PATH)
    assert len(waits) == 2
    seen = caplog.text + str(caught.value) + repr(caught.value)
    assert "jane" not in seen
    assert KEY not in seen
    assert "rate limit" in seen
