from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_kustomer import instants

ANY_INSTANT = st.integers(min_value=0, max_value=4_000_000_000_000)


@given(ANY_INSTANT)
def test_text_and_back(instant: int) -> None:
    assert instants.parse(instants.text(instant)) == instant


@given(ANY_INSTANT, ANY_INSTANT)
def test_text_sorts_as_instants_do(a: int, b: int) -> None:
    assert (instants.text(a) < instants.text(b)) == (a < b)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:01", 1_000),
        ("1970-01-01T00:00:00.123Z", 123),
        ("1970-01-01T00:00:00.123999Z", 123),
        ("1970-01-01T01:00:00+01:00", 0),
    ],
)
def test_parse(written: str, instant: int) -> None:
    assert instants.parse(written) == instant


def test_refuses_what_is_no_date() -> None:
    with pytest.raises(ValueError, match="Invalid isoformat"):
        instants.parse("yesterday")
