from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_kustomer import timestamps

ANY_INSTANT = st.integers(min_value=timestamps.FIRST, max_value=timestamps.LAST)


@given(ANY_INSTANT)
def test_text_and_back(instant: int) -> None:
    assert timestamps.parse(timestamps.text(instant)) == instant


@given(ANY_INSTANT, ANY_INSTANT)
def test_text_sorts_as_instants_do(a: int, b: int) -> None:
    assert (timestamps.text(a) < timestamps.text(b)) == (a < b)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:01", 1_000),
        ("1970-01-01T00:00:00.123Z", 123),
        ("1970-01-01T00:00:00.123999Z", 123),
        ("1970-01-01T01:00:00+01:00", 0),
        ("0001-01-01", timestamps.FIRST),
        ("9999-12-31T23:59:59.999999Z", timestamps.LAST),
    ],
)
def test_parse(written: str, instant: int) -> None:
    assert timestamps.parse(written) == instant


def test_refuses_what_is_no_date() -> None:
    with pytest.raises(ValueError, match="Invalid isoformat"):
        timestamps.parse("yesterday")


@pytest.mark.parametrize(
    "written", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.123-00:01", "0001-01-01 00+00:01"]
)
def test_refuses_what_an_offset_leads_out_of_the_calendar(written: str) -> None:
    with pytest.raises(ValueError, match="from 1 to 9999"):
        timestamps.parse(written)


@given(st.integers())
def test_any_instant_has_a_text_of_one_form(instant: int) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", timestamps.text(instant))


def test_what_lies_outside_the_calendar_is_written_as_its_end() -> None:
    assert timestamps.text(timestamps.FIRST - 600_000) == "0001-01-01T00:00:00.000Z"
    assert timestamps.text(timestamps.LAST + 1) == "9999-12-31T23:59:59.999Z"
