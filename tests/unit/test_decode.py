from __future__ import annotations

import json
import re
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_kustomer.api.decode import decode


def test_numbers_keep_every_digit() -> None:
    body = b"[19.99, 0.1234567890123456789, 9007199254740993, 1e400]"
    decoded = [Decimal("19.99"), Decimal("0.1234567890123456789"), 2**53 + 1, Decimal("1e400")]
    assert decode(body) == decoded


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'"cut \ud83d"', "cut \ufffd"),
        (rb'"\ude00 x"', "\ufffd x"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (rb'"\\ud83d \ud83d"', "\\ud83d \ufffd"),
        (rb'"\ud83d\ude00"', "\U0001f600"),
    ],
)
def test_half_an_emoji_does_not_spoil_a_page(body: bytes, text: str) -> None:
    assert decode(body) == text


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'"a\u0000b"', "a\ufffdb"),
        (rb'"\\u0000 \u0000\\"', "\\u0000 \ufffd\\"),
        (rb'"\\u0000"', "\\u0000"),
        (rb'{"a\u0000": {"b": ["\u0000", 1.50]}}', {"a\ufffd": {"b": ["\ufffd", Decimal("1.50")]}}),
        (
            rb'["\u0000", 9007199254740993, 0.1234567890123456789, -0, 1e400, true, null]',
            [
                "\ufffd",
                2**53 + 1,
                Decimal("0.1234567890123456789"),
                0,
                Decimal("1e400"),
                True,
                None,
            ],
        ),
    ],
)
def test_no_value_holds_what_databases_refuse(body: bytes, value: object) -> None:
    assert decode(body) == value


def test_a_record_inside_a_page_is_mended_with_the_page() -> None:
    page = msgspec.json.Decoder(dict[str, msgspec.Raw])
    record = decode(rb'{"data": {"id": "a\u0000"}}', page)["data"]
    assert bytes(record) == '{"id":"a\ufffd"}'.encode()


def test_keys_that_become_equal_stay_apart() -> None:
    body = rb'{"a\u0000": 1, "a\ud83d": 2, "a\ufffd#2": 3, "a\ufffd": 4, "b": 5, "b": 6}'
    assert decode(body) == {
        "a\ufffd": 1,
        "a\ufffd#2": 2,
        "a\ufffd#2#2": 3,
        "a\ufffd#3": 4,
        "b": 6,
    }


@pytest.mark.parametrize(
    "digits",
    ["1" * 4_301, "-" + "1" * 5_000, "0." + "1" * 5_000, "1e4301", "-1e-4301", "1e" + "9" * 20],
)
def test_a_number_that_no_target_reads_becomes_text(digits: str) -> None:
    assert decode(f'{{"a": [{digits}, 1.50]}}'.encode()) == {"a": [digits, Decimal("1.50")]}
    assert decode(rf'["\u0000", {digits}]'.encode()) == ["\ufffd", digits]


@pytest.mark.parametrize("digits", ["1" * 4_300, "1e4300", "1e999", "1e30", "5e-324"])
def test_a_long_number_stays_a_number(digits: str) -> None:
    assert decode(digits.encode()) == Decimal(digits)


def test_a_body_without_them_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tap_kustomer.api.decode._repaired", None)
    assert decode(rb'{"a": "\u00001" }'.replace(b"0000", b"000a")) == {"a": "\n1"}


@given(st.text(alphabet=st.characters(categories=["Cs", "L", "Po", "Cc"])))
def test_any_text_a_javascript_server_can_send(text: str) -> None:
    sent = json.dumps({"preview": text}).encode()
    as_javascript_means_it = json.loads(sent)["preview"].encode("utf-8", "surrogatepass")
    whole = re.sub(
        rb"\xed[\xa0-\xbf].|\x00", "\ufffd".encode(), as_javascript_means_it, flags=re.DOTALL
    )
    assert decode(sent)["preview"] == whole.decode()


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"data": [', b'"\xff"', b"NaN", b"[" * 99_999, rb'["\u0000", Infinity]'],
)
def test_what_is_not_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(body)
