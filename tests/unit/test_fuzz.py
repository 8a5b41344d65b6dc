"""Whatever Kustomer, a proxy or a user sends, only the tap's own errors come out: each part."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tap_kustomer import errors, settings, timestamps
from tap_kustomer.api import retry
from tap_kustomer.api.client import SEARCH
from tap_kustomer.api.decode import decode
from tap_kustomer.errors import KustomerError, RecordError, SettingsError, TransientError
from tap_kustomer.records import Resource, RowBuilder
from tap_kustomer.schemas.custom_attributes import columns
from tap_kustomer.settings import NUMBERS, Settings
from tap_kustomer.streams import STREAMS
from tap_kustomer.tap import TapKustomer
from tap_kustomer.walks.cursor import Cursor
from tap_kustomer.walks.listing import read_list
from tap_kustomer.walks.metadata import definitions, klass_names
from tap_kustomer.walks.page import Page, read_page, sort_key
from tests.anything import (
    BODIES,
    HEADER,
    HEADERS,
    JSON,
    PATH,
    SPAN,
    STATUSES,
    TEXT,
    Validator,
    answers,
    fewer,
    objects,
    resources,
    some,
    validate,
)
from tests.support import CONFIG, KEY, NOW, HeldClock, Transport, client_for


@fewer(2)
@given(BODIES)
def test_a_body_is_decoded_or_a_value_error(body: bytes) -> None:
    with suppress(ValueError):
        decode(body)


@fewer(2)
@given(JSON)
def test_what_is_json_is_decoded_to_itself(value: object) -> None:
    sent = json.dumps(value)
    assume(r"\u0000" not in sent)  # the one text that is mended
    assert decode(sent.encode()) == json.loads(sent, parse_float=Decimal)


@fewer(2)
@given(BODIES, st.integers(1, 4), st.integers(1, 3))
def test_a_page_is_read_or_asked_again(body: bytes, size: int, number: int) -> None:
    try:
        page = read_page(body, SEARCH, SPAN, number, size)
    except TransientError:
        return
    assert isinstance(page, Page)
    assert page.hits == sorted(page.hits, key=sort_key)
    assert len(page.hits) <= page.sent - len(page.beyond)
    assert 1 <= page.size <= size
    for hit in page.hits:
        assert SPAN.start <= hit.instant <= SPAN.end
        with suppress(RecordError):
            assert isinstance(hit.resource, dict)


def client_answering(bodies: list[bytes]) -> Any:  # noqa: ANN401  (a client, with `get` mocked)
    """Each body in turn, again and again."""
    asked = iter(range(10**9))
    client = client_for(Transport(lambda _: (200, {}, bodies[next(asked) % len(bodies)])))
    client.retry.tries = 1
    return client


@fewer(5)
@given(st.lists(BODIES, min_size=1, max_size=4))
def test_a_list_is_read_or_refused(bodies: list[bytes]) -> None:
    for items in (
        read_list(client_answering(bodies), PATH),
        read_list(client_answering(bodies), PATH, member="included"),
        Cursor(client_answering(bodies), PATH, {}, 1).read(),
    ):
        with suppress(KustomerError, RecordError):
            for item in items:
                with suppress(RecordError):
                    assert isinstance(item.resource, dict)
                assert isinstance(item.id, str)


METADATA = st.one_of(
    answers(
        resources(("name",)).flatmap(
            lambda item: st.builds(
                lambda properties: {**item, "attributes": {"properties": properties}},
                some(
                    st.one_of(
                        st.dictionaries(
                            st.one_of(TEXT, st.sampled_from(["aNum", "a_num", "bAt", "cBool"])),
                            some(objects(array=st.booleans(), displayName=JSON)),
                        ),
                        st.lists(some(objects(name=TEXT))),
                    )
                ),
            )
        )
    ),
    answers(resources(("name",))),
).map(lambda answer: json.dumps(answer).encode())


@fewer(5)
@given(METADATA, JSON)
def test_metadata_becomes_sound_columns_or_is_refused(body: bytes, value: object) -> None:
    client = client_answering([body])
    with suppress(KustomerError, RecordError):
        assert all(isinstance(name, str) for name in klass_names(client))
    with suppress(KustomerError, RecordError):
        fields = columns(definitions(client, "conversation") or ())
        resource = Resource((), custom=fields)
        validate_rows(resource, {"custom": {field.source: value for field in fields}})


def validate_rows(resource: Resource, attributes: dict[str, Any]) -> None:
    Validator.check_schema(resource.schema)
    row = RowBuilder(resource).row({"id": "a", "attributes": attributes})
    validate(row, resource.schema)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_any_resource_becomes_a_valid_row_and_nothing_is_dropped(stream: Any) -> None:  # noqa: ANN401  (a class of stream)
    shape: Resource = stream.resource
    names = tuple(field.source for field in shape.attributes)
    related = tuple(field.source for field in shape.relationships)
    builder, plain = RowBuilder(shape), Resource(shape.attributes, shape.relationships)

    @fewer(20)
    @given(resources(names, related))
    def check(resource: dict[str, Any]) -> None:
        try:
            row = builder.row(resource)
        except RecordError:
            assert not isinstance(resource["id"], str) or not resource["id"]
            return
        validate(row, {**plain.schema, "required": ["id"]})
        attributes = resource.get("attributes")
        others = row.get("additional_attributes", {})
        by_source = {field.source: field.column for field in shape.attributes}
        for name, value in attributes.items() if isinstance(attributes, dict) else ():
            assert others.get(name, row.get(by_source.get(name, ""))) == value

    check()


# --- Limits and errors ---------------------------------------------------------------------------


@given(STATUSES, HEADERS)
def test_any_headers_make_a_bounded_pause(status: int, headers: dict[str, str]) -> None:
    pause = retry.pause_after(status, headers, NOW.timestamp())
    assert 0 <= pause <= retry.MAX_RESET
    assert status != 429 or pause >= 1


@fewer(2)
@given(STATUSES, BODIES)
def test_any_refusal_is_one_sentence_without_the_body(status: int, body: bytes) -> None:
    secret = b"jane@example.org"
    error = errors.from_status(status, PATH, body + secret)
    assert (error is None) == (status < 300)
    if isinstance(error, errors.RequestRefusedError):
        with suppress(ValueError):
            error = errors.with_codes(error, PATH, decode(body))
    assert "jane" not in str(error)
    assert "\n" not in str(error)


@fewer(2)
@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, 59, 61, 300]), STATUSES, HEADERS), max_size=12),
)
def test_no_sequence_of_answers_breaks_a_budget(
    limit: int, asked: list[tuple[float, int, dict[str, str]]]
) -> None:
    clock = HeldClock()
    budget = clock.budget(limit)
    begun: list[float] = []
    held_until = 0.0
    for seconds, status, headers in asked:
        before = clock.seconds
        with budget.slot():
            begun.append(clock.seconds)
            assert clock.seconds >= held_until
            assert clock.seconds - before <= retry.MAX_RESET + 60
            clock.seconds += seconds
        pause = retry.pause_after(status, headers, NOW.timestamp())
        budget.pause(pause)
        held_until = max(held_until, clock.seconds + pause)
    for first, last in zip(begun, begun[limit:], strict=False):
        assert last - first >= 60


# --- Settings ------------------------------------------------------------------------------------

VALUES = st.one_of(
    JSON,
    st.sampled_from([value for bounds in NUMBERS.values() for value in bounds]),
    st.sampled_from(["2026-01-31", "https://acme.kustomerapp.com", "https://127.0.0.1:1", True]),
    st.text().map(lambda text: f"https://{text}.kustomerapp.com"),
)
CONFIGS = st.dictionaries(
    st.sampled_from([*Settings.__dataclass_fields__, *TapKustomer.config_jsonschema["properties"]]),
    VALUES,
    max_size=4,
).map(lambda config: {**CONFIG, **config})


@given(CONFIGS)
def test_any_config_is_loaded_or_refused_by_name(config: dict[str, Any]) -> None:
    secret = f"{KEY}-{KEY}"
    try:
        loaded = settings.load({"api_key": secret, **config}, NOW)
        loaded.check_first_run()
    except SettingsError as error:
        refused = str(error)
    else:
        refused = "Setting "
        assert loaded.start <= timestamps.of(NOW)
        assert re.match(r"https://[a-z0-9.-]+\.kustomerapp\.com$|https?://.+:\d+$", loaded.api_url)
    assert refused.startswith("Setting ")
    assert secret not in refused


@given(st.dictionaries(st.sampled_from([*NUMBERS, "include_deleted", "other"]), HEADER))
def test_any_environment_is_understood_or_refused(environment: dict[str, str]) -> None:
    named = {f"TAP_KUSTOMER_{name.upper()}": value for name, value in environment.items()}
    properties = TapKustomer.config_jsonschema["properties"]
    with suppress(SettingsError):
        config = settings.from_environment(named, properties)
        settings.load({**CONFIG, **config}, NOW)
