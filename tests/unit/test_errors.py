from __future__ import annotations

import ssl
import traceback

import pytest
import requests
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ReadTimeoutError

from tap_kustomer import errors
from tap_kustomer.api import transport
from tests.support import Answer, Transport, client_for, scripted

PATH = "/v1/teams"
LATER = (
    "Run again later: nothing is lost, the next run resumes from the bookmark. If it persists, see "
    "Kustomer's status page."
)
CERTIFICATE = (
    "The TLS certificate of Kustomer's host could not be verified: check base_url, and whether a "
    "proxy between this machine and Kustomer replaces certificates (then REQUESTS_CA_BUNDLE must "
    "name a file with the proxy's own)."
)


def refused(*answers: Answer | Exception) -> errors.KustomerError:
    """What one request raises."""
    sender = scripted(*answers)
    with pytest.raises(errors.KustomerError) as caught:
        client_for(sender).get(PATH)
    assert len(sender.sent) == 1
    return caught.value


def kept_failing(fault: str) -> str:
    return f"Kustomer kept failing at {PATH} ({fault}). {LATER}"


def not_answered(status: int) -> str:
    return (
        f"Kustomer does not answer {PATH} (status {status}). If the setting base_url is "
        "your org's address, please report this with the tap's version."
    )


LINK = (
    f"The response to {PATH} leads to another address, where the API key is not sent: set "
    "base_url to your org's address as the browser shows it."
)


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (300, errors.LinkRefusedError, LINK),
        (399, errors.LinkRefusedError, LINK),
        (400, errors.BadRequestError, not_answered(400)),
        (401, errors.AccessRefusedError, f"Kustomer refused {PATH} (status 401)."),
        (402, errors.RequestRefusedError, not_answered(402)),
        (403, errors.AccessRefusedError, f"Kustomer refused {PATH} (status 403)."),
        (404, errors.NotFoundError, not_answered(404)),
        (408, errors.OverloadedError, kept_failing("status 408")),
        (409, errors.RequestRefusedError, not_answered(409)),
        (422, errors.RequestRefusedError, not_answered(422)),
        (429, errors.LimitedError, PATH),
        (499, errors.RequestRefusedError, not_answered(499)),
        (500, errors.TransientError, kept_failing("status 500")),
        (501, errors.TransientError, kept_failing("status 501")),
        (503, errors.TransientError, kept_failing("status 503")),
        (504, errors.OverloadedError, kept_failing("status 504")),
        (599, errors.TransientError, kept_failing("status 599")),
    ],
)
def test_a_status_is_an_error_of_its_kind(
    status: int, kind: type[errors.KustomerError], message: str
) -> None:
    error = refused((status, {}, b"not json"))
    assert type(error) is kind
    assert str(error) == message
    assert getattr(error, "status", status) == status


@pytest.mark.parametrize("status", [200, 201, 299])
def test_a_good_status_is_none(status: int) -> None:
    assert errors.from_status(status, PATH, b"associated with pod prod2") is None
    assert client_for(scripted((status, {}, b"as sent"))).get(PATH) == b"as sent"


@pytest.mark.parametrize("code", [400, 401, 403])
@pytest.mark.parametrize(
    ("pod", "advice"),
    [
        ("prod1", "set base_url to https://api.kustomerapp.com"),
        ("prod2", "set base_url to https://api.prod2.kustomerapp.com"),
        ("prod4", "set base_url to https://api.prod4.kustomerapp.com"),
        ("prod9", "set base_url to your org's own address"),
    ],
)
def test_the_wrong_region_names_the_right_one(code: int, pod: str, advice: str) -> None:
    text = f"Auth token associated with pod {pod} but request is being handled by prod7"
    error = refused((code, {}, text.encode()))
    assert type(error) is errors.WrongRegionError
    assert str(error) == f"The API key belongs to Kustomer's region {pod}: {advice}."


def test_no_name_is_taken_for_a_region() -> None:
    for name in (b"jane@example.org", b"Jane", b"a" * 11, b"prod1234"):
        error = refused((401, {}, b"associated with pod " + name + b" but"))
        assert name == b"jane@example.org" or type(error) is errors.AccessRefusedError
        assert "example" not in str(error)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"errors": {"code": "a"}}', b'{"errors": null}'])
def test_a_refusal_in_no_known_form_is_still_a_refusal(body: bytes) -> None:
    error = refused((404, {}, body))
    assert type(error) is errors.NotFoundError
    assert str(error) == not_answered(404)


STALLED = ReadTimeoutError(HTTPConnectionPool("127.0.0.1"), PATH, "jane")


@pytest.mark.parametrize(
    ("failure", "fault"),
    [
        (requests.ConnectTimeout("jane"), None),
        (requests.ReadTimeout("jane"), None),
        (requests.ConnectionError(STALLED), None),
        (requests.ConnectionError("jane"), "ConnectionError"),
        (requests.ConnectionError(), "ConnectionError"),
        (requests.ConnectionError("jane", STALLED), "ConnectionError"),
        (requests.exceptions.ChunkedEncodingError("jane"), "ChunkedEncodingError"),
        (requests.exceptions.ContentDecodingError("jane"), "ContentDecodingError"),
        (requests.exceptions.SSLError("EOF, jane"), "SSLError"),
        (requests.exceptions.ProxyError("jane"), "ProxyError"),
    ],
)
def test_a_broken_connection_passes_and_only_a_slow_one_asks_for_less(
    failure: Exception, fault: str | None
) -> None:
    error = refused(failure)
    assert type(error) is (errors.TransientError if fault else errors.OverloadedError)
    said = f"connection broken: {fault}" if fault else "no complete response in time"
    assert str(error) == kept_failing(said)
    assert isinstance(error, errors.TransientError)
    assert error.fault == said
    assert "jane" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "failure",
    [
        requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] jane"),
        OSError("no such bundle: jane"),
    ],
)
def test_a_wrong_certificate_ends_at_once(failure: Exception) -> None:
    error = refused(failure)
    assert type(error) is errors.CertificateError
    assert str(error) == CERTIFICATE
    assert "jane" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "failure",
    [
        requests.exceptions.SSLError("EOF, jane"),
        requests.ConnectionError("jane"),
        OSError("jane"),
        ssl.SSLError("jane"),
    ],
)
def test_what_fails_after_the_deadline_was_too_slow(failure: Exception) -> None:
    def answer(_: requests.PreparedRequest) -> Answer:
        transport._CURRENT.deadline.end()
        raise failure

    with pytest.raises(errors.OverloadedError) as caught:
        client_for(Transport(answer)).get(PATH)
    assert str(caught.value) == kept_failing("no complete response in time")
    assert "jane" not in "".join(traceback.format_exception(caught.value))


def test_a_refused_key_says_where_one_that_lasts_is_made() -> None:
    assert str(errors.KeyRefusedError()) == (
        "Kustomer does not accept the API key: it is wrong or has expired. Create one under "
        'Settings › Security › API Keys with expiration "Never" and write it into the setting '
        "api_key."
    )
