"""Whatever Kustomer, a proxy or a user sends, only the tap's own errors come out."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.validators import extend

from tap_kustomer import instants, settings
from tap_kustomer.api import errors, retry
from tap_kustomer.api.client import SEARCH
from tap_kustomer.api.decode import decode
from tap_kustomer.api.errors import KustomerError, TransientError
from tap_kustomer.custom_attributes import columns, definitions, klass_names
from tap_kustomer.records import RecordError, Resource, RowBuilder
from tap_kustomer.run import CURRENT_TOKEN
from tap_kustomer.schemas.conversation import CONVERSATION
from tap_kustomer.settings import NUMBERS, Settings, SettingsError
from tap_kustomer.streams import STREAMS
from tap_kustomer.tap import TapKustomer
from tap_kustomer.walks.listing import read_cursor, read_list
from tap_kustomer.walks.page import Page, PageReader, Span
from tests.support import CONFIG, KEY, NOW, Answer, HeldClock, Messages, Transport, client_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

PATH = "/v1/teams"
SPAN = Span(1_000, instants.of(NOW))
OWN = (KustomerError, RecordError, SettingsError)


def fewer(share: int) -> profile:
    """The profile's number of examples, divided: for tests of which each example costs more."""
    return profile(
        max_examples=max(profile().max_examples // share, 5),
        suppress_health_check=[HealthCheck.too_slow],
    )


# --- What may come -------------------------------------------------------------------------------

TEXT = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [
            "2026-11-20T10:00:00.000Z",
            "2026-11-20T10:00:00+14:00",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "2026-W01-1T00:00:00Z",
            "20261120T100000Z",
            "2026-11-20",
            "a" * 24,
            "\x00",
            "/v1/teams?page=2",
            "//evil.org",
            "https://[",
        ]
    ),
)
NUMBER = st.one_of(
    st.integers(-3, 3),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([2**63, 10**30, 10_000]),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBER, TEXT),
    lambda part: st.one_of(st.lists(part, max_size=3), st.dictionaries(TEXT, part, max_size=3)),
    max_leaves=8,
)
# What json.dumps does not write.
ODD_BODIES = st.sampled_from(
    [
        b"",
        b"<html>",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"data": [',
        b'{"data": [1e99999999999999999999]}',
        rb'{"data": ["\ud83d", 1e99999999999999999999]}',
        rb'{"data": ["\ud83d", ' + b"[" * 3_000,
        b'{"data": ' + b"[" * 3_000 + b"]" * 3_000 + b"}",
        b'{"data": [{"id": "a", "x": 1e99999999999999999999}]}',
        b'{"data": [{"id": "a", "x": ' + b"[" * 3_000 + b"]" * 3_000 + b"}]}",
        b'{"data": [{"id": "a", "attributes": {"x": 1e99999999999999999999}}]}',
        b'{"data": [{"id": "a", "attributes": {"x": ' + b"1" * 5_000 + b"}}]}",
        rb'{"data": [{"id": "\ud83d", "x": "\ud83d"}]}',
        rb'{"data": [{"id": "a", "x": "\u12"}]}',
        b'{"data": [{"id": "a", "id": "b"}]}',
        b'{"data": [], "data": [{"id": "a"}]}',
        b"null",
        b"NaN",
    ]
)


def some(value: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401  (a strategy or a value)
    """Mostly what is expected, sometimes anything."""
    expected = value if isinstance(value, st.SearchStrategy) else st.just(value)
    return st.integers(0, 5).flatmap(lambda n: JSON if n == 0 else expected)


def objects(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


def resources(names: tuple[str, ...], related: tuple[str, ...] = ()) -> st.SearchStrategy[Any]:
    """Resources of which the members of these names are likelier than others."""
    instant = st.sampled_from(["2026-11-20T10:00:00.000Z", "2026-11-22T00:00:00Z"])
    attributes = st.dictionaries(st.sampled_from([*names, "other"]), JSON, max_size=4)
    dated = st.tuples(attributes, objects(updatedAt=some(instant), createdAt=some(instant)))
    data = objects(data=some(st.one_of(objects(id=some(TEXT)), st.lists(objects(id=some(TEXT))))))
    relations = st.dictionaries(st.sampled_from([*related, "other"]), some(data), max_size=3)
    return st.fixed_dictionaries(
        {"id": some(st.sampled_from(["a", "b", "c" * 24]))},
        optional={
            "attributes": some(dated.map(lambda pair: {**pair[0], **pair[1]})),
            "relationships": some(relations),
        },
    )


def answers(resource: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(some(resource), max_size=4)
    return st.fixed_dictionaries(
        {"data": some(st.one_of(several, resource))},
        optional={
            "included": some(several),
            "links": some(objects(next=some(st.one_of(st.none(), TEXT)))),
            "meta": some(objects(total=NUMBER, pageSize=NUMBER, timed_out=JSON)),
        },
    )


CONVERSATIONS = resources(
    tuple(field.source for field in CONVERSATION.attributes),
    tuple(field.source for field in CONVERSATION.relationships),
)
BODIES = st.one_of(
    st.binary(max_size=50), ODD_BODIES, st.one_of(JSON, answers(CONVERSATIONS)).map(json.dumps)
).map(lambda body: body.encode() if isinstance(body, str) else body)
HEADER = st.one_of(
    st.text(max_size=12),
    NUMBER.map(str),
    st.sampled_from(
        ["0", "-1", "nan", "inf", "1e999", "1_0", " 7 ", "1763900000", "\u0663", "0x1"]
    ),
)
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "x-ratelimit-reset", "x-ratelimit-remaining"]), HEADER
)
STATUSES = st.one_of(st.integers(200, 599), st.sampled_from([200, 400, 401, 403, 404, 429, 500]))


# --- Valid rows ----------------------------------------------------------------------------------

# What databases read too; Python's `fromisoformat` reads more.
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:?\d\d.*(Z|[+-]\d\d:?\d\d(:.*)?)", re.ASCII)
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time")
def is_date_time(value: object) -> bool:
    return not isinstance(value, str) or bool(DATE_TIME.fullmatch(value))


def _is_number(_: object, value: object) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


Validator = extend(  # type: ignore[no-untyped-call]  # jsonschema types only its main parts
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number),
)


def validate(row: dict[str, Any], schema: dict[str, Any]) -> None:
    Validator(schema, format_checker=FORMATS).validate(row)


# --- Parts ---------------------------------------------------------------------------------------


@fewer(2)
@given(BODIES)
def test_a_body_is_decoded_or_a_value_error(body: bytes) -> None:
    with suppress(ValueError):
        decode(body)


@fewer(2)
@given(JSON)
def test_what_is_json_is_decoded_to_itself(value: object) -> None:
    assert decode(json.dumps(value).encode()) == json.loads(json.dumps(value), parse_float=Decimal)


@fewer(2)
@given(BODIES, st.integers(1, 4), st.integers(1, 3))
def test_a_page_is_read_or_asked_again(body: bytes, size: int, number: int) -> None:
    try:
        page = PageReader(SEARCH, SPAN, number).read(body, size)
    except TransientError:
        return
    assert isinstance(page, Page)
    assert [found[:3] for found in page.found] == sorted(found[:3] for found in page.found)
    for found in page.found:
        assert SPAN.start <= found.instant <= SPAN.end
        with suppress(RecordError):
            assert isinstance(found.resource, dict)


def client_answering(bodies: list[bytes]) -> Any:  # noqa: ANN401  (a client, with `get` mocked)
    """Each body in turn, again and again."""
    asked = iter(range(10**9))
    client = client_for(Transport(lambda _: (200, {}, bodies[next(asked) % len(bodies)])))
    client.tries = 1
    return client


@fewer(5)
@given(st.lists(BODIES, min_size=1, max_size=4))
def test_a_list_is_read_or_refused(bodies: list[bytes]) -> None:
    for items in (
        read_list(client_answering(bodies), PATH),
        read_list(client_answering(bodies), PATH, member="included"),
        read_cursor(client_answering(bodies), PATH, {"count": 1}),
    ):
        with suppress(KustomerError, RecordError):
            assert all(isinstance(item, dict) for item in items)


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
        fields = columns(definitions(client, "conversation"))
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
    assert 0 <= pause <= retry.LONGEST_RESET
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
            assert clock.seconds - before <= retry.LONGEST_RESET + 60
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
        assert loaded.start <= instants.of(NOW)
        assert re.match(r"https://[a-z0-9.-]+\.kustomerapp\.com$|https?://.+:\d+$", loaded.api_url)
    assert refused.startswith("Setting ")
    assert secret not in refused


@given(st.dictionaries(st.sampled_from([*NUMBERS, "include_deleted", "other"]), HEADER))
def test_any_environment_is_understood_or_refused(environment: dict[str, str]) -> None:
    named = {f"TAP_KUSTOMER_{name.upper()}": value for name, value in environment.items()}
    with suppress(SettingsError):
        settings.check_environment(named, "TAP_KUSTOMER_")


# --- The whole tap -------------------------------------------------------------------------------


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
    client.tries = 1
    tap.run.__dict__["client"] = client
    tap.setup_mapper()
    return tap


def in_turn(given_answers: list[Answer]) -> Callable[[requests.PreparedRequest], Answer]:
    """The key is good; everything else gets the answers in turn, and in the end nothing."""
    left: Iterator[Answer] = iter(given_answers)

    def answer(request: requests.PreparedRequest) -> Answer:
        if request.path_url == CURRENT_TOKEN:
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
        with suppress(*OWN):
            tap_answered(stream.name, in_turn(given_answers), messages).sync_all()
        schemas = {m["stream"]: m["schema"] for m in messages.of("SCHEMA")}
        for message in messages.of("RECORD"):
            validate(message["record"], schemas[message["stream"]])

    check()


ODD = [
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
    with suppress(*OWN):
        tap_answered(name, lambda _: (200, {"Date": date}, body), Messages()).sync_all()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("custom_attributes", b'{"data": [{"id": "a", "attributes": [1]}]}'),
        ("teams", rb'{"data": [{"id": "\ud83d", "x": 1e99999999999999999999}]}'),
        ("teams", rb'{"data": ["\ud83d", ' + b"[" * 3_000),
        ("conversations", b'{"data": [{"id": "a", "x": 1e99999999999999999999}]}'),
    ],
)
def test_answers_that_no_longer_end_in_a_traceback(name: str, body: bytes) -> None:
    def answer(request: requests.PreparedRequest) -> Answer:
        good = b'{"data": {}}'
        return 200, {}, good if request.path_url == CURRENT_TOKEN else body

    with pytest.raises(OWN):
        tap_answered(name, answer, Messages()).sync_all()


def test_links_that_are_no_object_do_not_say_whether_a_page_follows() -> None:
    client = client_answering([b'{"data": [{"id": "a"}], "links": 5}'])
    with pytest.raises(RecordError, match="does not say"):
        list(read_cursor(client, PATH, {"count": 1}))


@pytest.mark.parametrize("value", ["2026-W01-1T00:00:00Z", "20261120T100000Z", "2026-11-20 x"])
def test_dates_that_only_python_reads_are_kept_elsewhere(value: str) -> None:
    item = {"id": "a", "attributes": {"createdAt": value}}
    row = RowBuilder(CONVERSATION).row(item)
    assert row == {"id": "a", "additional_attributes": {"createdAt": value}}


def test_a_date_before_the_first_year_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="Setting end_date"):
        settings.load({**CONFIG, "end_date": "0001-01-01T00:00:00+14:00"}, NOW)
