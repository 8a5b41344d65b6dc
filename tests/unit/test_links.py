"""Links and redirects: where a request may lead."""

from __future__ import annotations

import pytest

from tap_kustomer import errors
from tap_kustomer.api import transport
from tests.support import Answer, client_for, scripted

HOST = "https://acme.api.kustomerapp.com"
PATH = "/v1/teams"
GOOD: Answer = 200, {}, b'{"data": []}'


@pytest.mark.parametrize("link", ["/v1/teams?page=2", f"{HOST}/v1/teams?page=2#end"])
def test_links_on_the_host_are_followed(link: str) -> None:
    sender = scripted(GOOD)
    client_for(sender).get(PATH, link=link)
    assert sender.sent[0].url == f"{HOST}/v1/teams?page=2"


@pytest.mark.parametrize(
    ("link", "query"),
    [
        ("/v1/teams?page=2", "page=2&status=all&pageSize=7"),
        ("/v1/teams?pageSize=1&page=2&status=some&status=none", "pageSize=1&page=2&status=all"),
        ("/v1/teams", "status=all&pageSize=7"),
        ("/v1/teams?a=1&a=2&b=&c=x%26y", "a=1&a=2&b=&c=x%26y&status=all&pageSize=7"),
    ],
)
def test_our_parameters_go_with_a_link_whatever_it_says_and_its_others_stay(
    link: str, query: str
) -> None:
    sender = scripted(GOOD)
    client_for(sender).get(PATH, {"status": "all", "pageSize": 7}, link=link)
    assert sender.sent[0].url == f"{HOST}/v1/teams?{query}"


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
        "//[",
    ],
)
def test_links_that_leave_the_host_are_refused_unsent(link: str) -> None:
    sender = scripted()
    for path, given in ((PATH, link), (link, None)):
        with pytest.raises(errors.LinkRefusedError, match="set base_url") as caught:
            client_for(sender).get(path, link=given)
        assert f"The response to {path} leads" in str(caught.value)
    assert not sender.sent


@pytest.mark.parametrize("code", [300, 301, 302, 307, 308])
@pytest.mark.parametrize("lock", ["get_redirect_target", None])
def test_redirects_are_refused(
    monkeypatch: pytest.MonkeyPatch, code: int, lock: str | None
) -> None:
    """Two locks keep redirects out, and each does alone."""
    if lock:
        monkeypatch.delattr(transport.Session, lock)
    sender = scripted((code, {"Location": "https://evil.org/v1/teams"}, b""))
    with pytest.raises(errors.LinkRefusedError):
        client_for(sender).get(PATH)
    assert len(sender.sent) == 1
