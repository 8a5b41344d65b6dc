"""Whatever Kustomer answers, only the tap's own errors and valid rows come out: the whole tap."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from tap_kustomer import settings
from tap_kustomer.access import CURRENT_KEY_PATH
from tap_kustomer.errors import SettingsError, TapError
from tap_kustomer.records import Resource, RowBuilder
from tap_kustomer.schemas.conversation import CONVERSATION
from tap_kustomer.streams import STREAMS
from tap_kustomer.tap import TapKustomer
from tests.anything import (
    BODIES,
    HEADER,
    HEADERS,
    answers,
    fewer,
    resources,
    validate,
)
from tests.support import CONFIG, NOW, Answer, Messages, Transport, client_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests


@cache
def catalog() -> dict[str, Any]:
    whole: dict[str, Any] = TapKustomer(config=CONFIG, setup_mapper=False).catalog_dict
    return whole


def selecting(name: str) -> dict[str, Any]:
    """The catalog of one stream."""
    (entry,) = [one for one in catalog()["streams"] if one["tap_stream_id"] == name]
    metadata = [m for m in entry["metadata"] if m["breadcrumb"]]
    selected = {"breadcrumb": [], "metadata": {"selected": True}}
    return {"streams": [{**entry, "metadata": [*metadata, selected]}]}


def tap_answered(
    name: str, answer: Callable[[requests.PreparedRequest], Answer], messages: Messages
) -> TapKustomer:
    tap = TapKustomer(
        config=CONFIG, catalog=selecting(name), message_writer=messages, setup_mapper=False
    )
    client = client_for(Transport(answer), concurrency=1)
    client.retry.tries = 1
    tap.session.__dict__["client"] = client
    tap.setup_mapper()
    return tap


def in_turn(given_answers: list[Answer]) -> Callable[[requests.PreparedRequest], Answer]:
    """The key is good; everything else gets the answers in turn, and in the end nothing."""
    left: Iterator[Answer] = iter(given_answers)

    def answer(request: requests.PreparedRequest) -> Answer:
        if request.path_url == CURRENT_KEY_PATH:
            return 200, {}, b'{"data": {}}'
        return next(left, (200, {}, b'{"data": [], "included": [], "meta": {"total": 0}}'))

    return answer


def whole_answers(stream: Any) -> st.SearchStrategy[list[Answer]]:  # noqa: ANN401  (a class of stream)
    shape: Resource = stream.resource
    named = (*(field.source for field in shape.attributes), "active", "signedOutAt", "name")
    resource = resources((*named, "roles", "properties"), ("conversation", "org", "holidays"))
    body = st.one_of(answers(resource).map(lambda a: json.dumps(a).encode()), BODIES)
    status = st.sampled_from([200] * 12 + [400, 401, 403, 404, 429, 503])
    headers = st.one_of(st.just({}), HEADERS, st.builds(lambda d: {"Date": d}, HEADER))
    return st.lists(st.tuples(status, headers, body), min_size=1, max_size=4)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: str(stream.name))
def test_a_stream_answers_anything_with_valid_rows_or_its_own_error(stream: Any) -> None:  # noqa: ANN401  (as above)
    @profile(fewer(20), phases=[Phase.generate])  # to shrink an example takes minutes
    @given(whole_answers(stream))
    def check(given_answers: list[Answer]) -> None:
        messages = Messages()
        with suppress(TapError):
            tap_answered(stream.name, in_turn(given_answers), messages).read()
        schemas = {m["stream"]: m["schema"] for m in messages.of("SCHEMA")}
        for message in messages.of("RECORD"):
            validate(message["record"], schemas[message["stream"]])

    check()


ODD = [
    ("teams", "", rb'{"data": [{"id": "\ud83d", "x": 1e99999999999999999999}]}'),
    ("conversations", "", b'{"data": [{"id": "a", "x": 1e99999999999999999999}]}'),
    ("work_sessions", "", b'{"data": [{"id": "a", "attributes": [1]}]}'),
    ("schedules", "", b'{"data": [{"id": "a"}]}'),
    ("permissions", "", b'{"data": [{"id": "a", "attributes": [1]}]}'),
    ("teams", "", b'{"data": [{"id": ["a"]}]}'),
    ("klasses", "", b'{"data": [{"id": {}}]}'),
    ("conversations", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", b'{"data": []}'),
    ("conversations", "Mon, 01 Jan 2026 00:00:00 +9999999999999999999", b'{"data": []}'),
]


@pytest.mark.parametrize(("name", "date", "body"), ODD)
def test_answers_that_once_ended_in_a_traceback(name: str, date: str, body: bytes) -> None:
    with suppress(TapError):
        tap_answered(name, lambda _: (200, {"Date": date}, body), Messages()).read()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("custom_attributes", b'{"data": [{"id": "a", "attributes": [1]}]}'),
        ("teams", rb'{"data": ["\ud83d", ' + b"[" * 3_000),
    ],
)
def test_answers_that_no_longer_end_in_a_traceback(name: str, body: bytes) -> None:
    def answer(request: requests.PreparedRequest) -> Answer:
        good = b'{"data": {}}'
        return 200, {}, good if request.path_url == CURRENT_KEY_PATH else body

    with pytest.raises(TapError):
        tap_answered(name, answer, Messages()).read()


def page(resource: str) -> bytes:
    tail = b'], "meta": {"total": 1, "pageSize": 500}, "links": {"next": null}}'
    return b'{"data": [' + resource.encode() + tail


@pytest.mark.parametrize("name", ["teams", "conversations", "work_sessions", "audit_logs"])
def test_no_message_holds_what_databases_refuse(name: str) -> None:
    attributes = r'{"name\u0000": "a\u0000", "custom": {"k": [{"\u0000": "\u0000"}]}}'
    body = page(rf'{{"id": "a\u0000", "attributes": {attributes}}}')
    messages = Messages()
    nothing = b'{"data": [], "meta": {"total": 0}}'
    # Whether work sessions are searched is tested first.
    tests = [body, nothing, body] if name == "work_sessions" else []
    answers: list[Answer] = [(200, {}, one) for one in (*tests, body)]
    tap_answered(name, in_turn(answers), messages).read()
    (row,) = messages.records(name)
    assert row["id"] == "a\ufffd"
    assert "\ufffd" in json.dumps(row, ensure_ascii=False).replace("a\ufffd", "")
    assert r"\u0000" not in json.dumps(messages.all, default=str)


DATES = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z"]


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("name", ["teams", "conversations", "work_sessions", "audit_logs"])
def test_dates_at_the_ends_of_the_calendar_end_in_no_traceback(name: str, date: str) -> None:
    dates = {"createdAt": date, "updatedAt": date, "deletedAt": date}
    body = page(json.dumps({"id": "a", "attributes": dates}))
    messages = Messages()
    with suppress(TapError):
        tap_answered(name, in_turn([(200, {}, body)]), messages).read()
    for message in messages.of("RECORD"):
        (schema,) = messages.of("SCHEMA", name)
        validate(message["record"], schema["schema"])


@pytest.mark.parametrize("value", ["2026-W01-1T00:00:00Z", "20261120T100000Z", "2026-11-20 x"])
def test_dates_that_only_python_reads_are_kept_elsewhere(value: str) -> None:
    item = {"id": "a", "attributes": {"createdAt": value}}
    row = RowBuilder(CONVERSATION).row(item)
    assert row == {"id": "a", "additional_attributes": {"createdAt": value}}


def test_a_date_before_the_first_year_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="Setting end_date"):
        settings.load({**CONFIG, "end_date": "0001-01-01T00:00:00+14:00"}, NOW)
