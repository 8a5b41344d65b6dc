from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tap_kustomer.api.document import fetch, parse, refuse_errors
from tap_kustomer.errors import NotFoundError, OverloadedError, TransientError
from tap_kustomer.jsonapi import data_in
from tests.support import Answer, client_for, scripted

PATH = "/v1/teams"
A, B = {"id": "a"}, {"id": "b"}


def good(**document: Any) -> Answer:
    return 200, {}, json.dumps(document).encode()


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b'{"data": []}', {"data": []}),
        (b'{"data": {}}', {"data": {}}),
        (b'{"data": {"id": "a"}, "errors": []}', {"data": A, "errors": []}),
        (b'{"data": [], "errors": null}', {"data": [], "errors": None}),
        (b'{"data": [{"x": 0.10}]}', {"data": [{"x": Decimal("0.10")}]}),
    ],
)
def test_a_document_holds_data(body: bytes, document: dict[str, Any]) -> None:
    assert parse(body, PATH) == document


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "the response is not JSON"),
        (b"<html>proxy</html>", "the response is not JSON"),
        (b'{"data": [', "the response is not JSON"),
        (b"[]", "the response has no data"),
        (b"null", "the response has no data"),
        (b"{}", "the response has no data"),
        (b'{"data": null}', "the response has no data"),
        (b'{"data": "a"}', "the response has no data"),
        (b'{"data": 7, "errors": []}', "the response has no data"),
        (b'{"errors": []}', "the response has no data"),
        (b'{"data": [{}, null]}', "the response is not a list of records"),
        (b'{"data": [], "errors": [{"code": "jane"}]}', "the response reports errors"),
        (b'{"data": null, "errors": {"code": "jane"}}', "the response reports errors"),
        (b'{"data": [], "errors": "jane"}', "the response reports errors"),
    ],
)
def test_anything_else_is_asked_again(body: bytes, fault: str) -> None:
    with pytest.raises(TransientError) as caught:
        parse(body, PATH)
    assert type(caught.value) is TransientError
    assert caught.value.fault == fault
    assert str(caught.value).startswith(f"Kustomer kept failing at {PATH} ({fault}). ")
    assert caught.value.__suppress_context__ == (fault == "the response is not JSON")


@pytest.mark.parametrize("none", [None, [], {}, "", False, 0])
def test_no_errors_are_no_errors(none: object) -> None:
    refuse_errors(none, PATH)


def test_a_document_is_asked_for_until_it_is_one(
    waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    sender = scripted(
        (503, {}, b""),
        (200, {}, b"<html>proxy</html>"),
        good(data=[A], errors=[{"code": "timeout"}]),
        good(data=None),
        good(data=[A]),
    )
    assert fetch(client_for(sender), PATH, {"pageSize": 7}) == {"data": [A]}
    assert [one.path_url for one in sender.sent] == [f"{PATH}?pageSize=7"] * 5
    assert len(waits) == 4
    assert [line.partition(", attempt")[0] for line in caplog.messages] == [
        f"{PATH}: status 503",
        f"{PATH}: the response is not JSON",
        f"{PATH}: the response reports errors",
        f"{PATH}: the response has no data",
    ]


def test_a_document_that_never_is_one_is_the_last_failure(waits: list[float]) -> None:
    sender = scripted(*[good(data=None)] * 10, (504, {}, b""))
    with pytest.raises(OverloadedError, match="status 504"):
        fetch(client_for(sender), PATH)
    assert [one.path_url for one in sender.sent] == [PATH] * 11
    assert len(waits) == 10


def test_a_refused_document_is_not_asked_for_again(waits: list[float]) -> None:
    sender = scripted((404, {}, b""))
    with pytest.raises(NotFoundError):
        fetch(client_for(sender), PATH)
    assert not waits


@pytest.mark.parametrize(
    ("document", "data", "included"),
    [
        ({"data": [A, B]}, [A, B], []),
        ({"data": A, "included": [B]}, [A], [B]),
        ({"data": [], "included": B}, [], [B]),
        ({"data": [A], "included": None}, [A], []),
    ],
)
def test_one_object_stands_for_a_list_of_one(
    document: dict[str, Any], data: list[Any], included: list[Any]
) -> None:
    assert data_in(document, PATH) == data
    assert data_in(document, PATH, "data") == data
    assert data_in(document, PATH, "included") == included


@pytest.mark.parametrize("odd", [[A, None], ["a"], [[A]], "a", 7, True])
def test_what_holds_no_records_is_asked_again(odd: object) -> None:
    for member in ("data", "included"):
        with pytest.raises(TransientError) as caught:
            data_in({"data": [], member: odd}, PATH, member)
        assert type(caught.value) is TransientError
        assert caught.value.fault == "the response is not a list of records"
        assert PATH in str(caught.value)
