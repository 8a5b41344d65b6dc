from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_kustomer.api.retry import LONGEST_RESET, UNTOLD_RESET, pause_after, seconds_until_reset

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"x-ratelimit-reset": "1800000020"}, 20),
        ({"x-ratelimit-reset": "1800000020000"}, 20),
        ({"x-ratelimit-reset": "20"}, 20),
        ({"x-ratelimit-reset": "1700000000"}, 0),
        ({"x-ratelimit-reset": "1900000000"}, LONGEST_RESET),
        ({"x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-reset": "nan"}, None),
        ({"x-ratelimit-reset": "inf"}, None),
        ({"Retry-After": "7", "x-ratelimit-reset": "20"}, 7),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", "x-ratelimit-reset": "20"}, 20),
    ],
)
def test_reset(headers: dict[str, str], seconds: float | None) -> None:
    assert seconds_until_reset(headers, NOW) == seconds


@given(st.dictionaries(st.sampled_from(["Retry-After", "x-ratelimit-reset"]), st.text()))
def test_no_header_makes_a_wait_unbounded(headers: dict[str, str]) -> None:
    seconds = seconds_until_reset(headers, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_RESET


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {}, UNTOLD_RESET),
        (429, {"x-ratelimit-reset": "30"}, 30),
        (429, {"x-ratelimit-reset": "1700000000"}, 1),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}, 30),
        (200, {"x-ratelimit-remaining": "0"}, 0),
        (200, {"x-ratelimit-remaining": "1", "x-ratelimit-reset": "30"}, 0),
        (200, {}, 0),
        (500, {"x-ratelimit-remaining": "?"}, 0),
    ],
)
def test_pause(status: int, headers: dict[str, str], seconds: float) -> None:
    assert pause_after(status, headers, NOW) == seconds


def test_the_smallest_epoch_times_are_instants_and_not_seconds_from_now() -> None:
    assert seconds_until_reset({"x-ratelimit-reset": "1000000000"}, 999_999_990) == 10
    assert seconds_until_reset({"x-ratelimit-reset": "1000000000000"}, 999_999_990) == 10


def test_nothing_left_waits_from_now_to_the_reset() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000020"}
    assert pause_after(200, headers, NOW) == 20
