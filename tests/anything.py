"""Whatever may come from Kustomer, a proxy or a user: strategies for hypothesis."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck
from hypothesis import settings as profile
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.validators import extend

from tap_kustomer import timestamps
from tap_kustomer.schemas.conversation import CONVERSATION
from tap_kustomer.walks.page import Span
from tests.support import NOW

PATH = "/v1/teams"
SPAN = Span(1_000, timestamps.of(NOW))


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
            "errors": some(st.sampled_from([None, []])),
            "meta": some(objects(total=NUMBER, count=NUMBER, pageSize=NUMBER, timed_out=JSON)),
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
