from __future__ import annotations

import json
import re
from decimal import Decimal

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


@given(st.text(alphabet=st.characters(categories=["Cs", "L", "Po"])))
def test_any_text_a_javascript_server_can_send(text: str) -> None:
    sent = json.dumps({"preview": text}).encode()
    as_javascript_means_it = json.loads(sent)["preview"].encode("utf-8", "surrogatepass")
    whole = re.sub(rb"\xed[\xa0-\xbf].", "\ufffd".encode(), as_javascript_means_it, flags=re.DOTALL)
    assert decode(sent)["preview"] == whole.decode()


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"data": [', b'"\xff"', b"NaN", b"[" * 99_999])
def test_what_is_not_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(body)
