from __future__ import annotations

import random
import time
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_kustomer import errors
from tap_kustomer.api import retry
from tap_kustomer.api.retry import Retry, pause_after, seconds_until_reset

PATH = "/v1/teams"
NOW = 1_800_000_000.0


# --- Asking again --------------------------------------------------------------------------------


class Attempts:
    """Raises the errors one after the other, then returns."""

    def __init__(self, *failures: Exception) -> None:
        self.made = 0
        self._left = deque(failures)

    def __call__(self) -> str:
        self.made += 1
        if self._left:
            raise self._left.popleft()
        return "answer"


def failures(count: int) -> list[Exception]:
    return [errors.TransientError(PATH, f"fault {number}") for number in range(1, count + 1)]


@pytest.fixture
def jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same every time."""
    monkeypatch.setattr(random, "random", lambda: 0.25)


@pytest.mark.usefixtures("jitter")
def test_it_gives_up_after_eleven_tries_in_about_five_minutes() -> None:
    waits: list[float] = []
    attempts = Attempts(*failures(20))
    with pytest.raises(errors.TransientError, match=r"\(fault 11\)") as caught:
        Retry(sleep=waits.append)(PATH, attempts)
    assert attempts.made == 11
    assert waits == [1.25, 2.25, 4.25, 8.25, 16.25, 32.25, 60.25, 60.25, 60.25, 60.25]
    assert type(caught.value) is errors.TransientError


@pytest.mark.usefixtures("jitter")
def test_a_host_that_never_answered_is_given_up_within_seconds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    waits: list[float] = []
    attempts = Attempts(*(errors.UnreachableError(PATH, "https://acme.test") for _ in range(9)))
    with pytest.raises(
        errors.UnreachableError, match=r"No connection to https://acme\.test.*base_url"
    ):
        Retry(sleep=waits.append)(PATH, attempts)
    assert (attempts.made, sum(waits)) == (3, 3.5)
    assert ["attempt 1 of 3" in caplog.text, "attempt 2 of 3" in caplog.text] == [True, True]


@pytest.mark.usefixtures("jitter")
def test_what_passes_is_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    waits: list[float] = []
    attempts = Attempts(*failures(2), errors.OverloadedError(PATH, "too slow"))
    assert Retry(sleep=waits.append)(PATH, attempts) == "answer"
    assert attempts.made == 4
    assert waits == [1.25, 2.25, 4.25]
    assert [(one.name, one.levelname, one.getMessage()) for one in caplog.records] == [
        (
            "tap-kustomer.api",
            "WARNING",
            f"{PATH}: {fault}, attempt {number} of 11, retrying in {seconds} s",
        )
        for number, (fault, seconds) in enumerate(
            [("fault 1", 1), ("fault 2", 2), ("too slow", 4)], 1
        )
    ]


@pytest.mark.parametrize(
    ("own", "asked", "made"), [(11, 2, 2), (11, None, 11), (3, 5, 3), (1, None, 1), (3, 3, 3)]
)
def test_a_caller_may_ask_for_fewer_tries_and_never_for_more(
    caplog: pytest.LogCaptureFixture, own: int, asked: int | None, made: int
) -> None:
    waits: list[float] = []
    attempts = Attempts(*failures(20))
    with pytest.raises(errors.TransientError, match=rf"\(fault {made}\)"):
        Retry(own, waits.append)(PATH, attempts, asked)
    assert attempts.made == made
    assert len(waits) == made - 1
    assert all(f" of {made}, " in line for line in caplog.messages)


@pytest.mark.parametrize(
    ("tries", "overloaded", "made"), [(None, 2, 2), (5, 3, 3), (2, 5, 2), (None, None, 11)]
)
def test_what_is_too_much_may_get_fewer_tries(
    tries: int | None, overloaded: int | None, made: int
) -> None:
    attempts = Attempts(*[errors.OverloadedError(PATH, "too slow")] * 20)
    with pytest.raises(errors.OverloadedError):
        Retry(sleep=lambda _: None)(PATH, attempts, tries, overloaded_tries=overloaded)
    assert attempts.made == made


def test_other_failures_get_all_tries_beside_them() -> None:
    attempts = Attempts(*failures(20))
    with pytest.raises(errors.TransientError, match=r"\(fault 11\)"):
        Retry(sleep=lambda _: None)(PATH, attempts, overloaded_tries=2)


@pytest.mark.parametrize(
    "refusal",
    [
        errors.KustomerError(),
        errors.NotFoundError(404, PATH),
        errors.AccessRefusedError(403, PATH),
        errors.LinkRefusedError(PATH),
        errors.CertificateError(),
        ZeroDivisionError(),
    ],
)
def test_a_refusal_or_a_bug_is_never_asked_again(refusal: Exception) -> None:
    waits: list[float] = []
    attempts = Attempts(*failures(1), refusal)
    with pytest.raises(type(refusal)) as caught:
        Retry(sleep=waits.append)(PATH, attempts)
    assert caught.value is refusal
    assert attempts.made == 2
    assert len(waits) == 1


def test_a_429_costs_no_try_and_does_not_sleep(caplog: pytest.LogCaptureFixture) -> None:
    """The budget holds the next request back."""
    waits: list[float] = []
    attempts = Attempts(*[errors.LimitedError(PATH)] * 30, *failures(1))
    assert Retry(2, waits.append)(PATH, attempts) == "answer"
    assert attempts.made == 32
    assert len(waits) == 1
    assert caplog.messages[:30] == [f"{PATH}: rate limit reached, waiting for its reset"] * 30
    assert "attempt 1 of 2" in caplog.messages[30]


def test_each_attempt_has_tries_of_its_own() -> None:
    again = Retry(2, lambda _: None)
    for _ in range(3):
        assert again(PATH, Attempts(*failures(1))) == "answer"


def test_by_default_it_really_sleeps() -> None:
    assert Retry().sleep is time.sleep
    assert Retry().tries == retry.TRIES == 11
    assert Retry(5).tries == 5


# --- What the headers say ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"x-ratelimit-reset": "1800000020"}, 20),
        ({"x-ratelimit-reset": "1800000020000"}, 20),
        ({"x-ratelimit-reset": "20"}, 20),
        ({"x-ratelimit-reset": "1700000000"}, 0),
        ({"x-ratelimit-reset": "1900000000"}, 120),
        ({"x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-reset": "nan"}, None),
        ({"x-ratelimit-reset": "inf"}, None),
        ({"x-ratelimit-reset": "-5"}, 0),
        ({"x-ratelimit-reset": ""}, None),
        ({"x-ratelimit-reset": "999999999"}, 120),
        ({"Retry-After": "0", "x-ratelimit-reset": "20"}, 0),
        ({"Retry-After": "-1"}, 0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "121"}, 120),
        ({"Retry-After": "7", "x-ratelimit-reset": "20"}, 7),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", "x-ratelimit-reset": "20"}, 20),
    ],
)
def test_reset(headers: dict[str, str], seconds: float | None) -> None:
    assert seconds_until_reset(headers, NOW) == seconds


@given(st.dictionaries(st.sampled_from(["Retry-After", "x-ratelimit-reset"]), st.text()))
def test_no_header_makes_a_wait_unbounded(headers: dict[str, str]) -> None:
    seconds = seconds_until_reset(headers, NOW)
    assert seconds is None or 0 <= seconds <= 120


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {}, 15),
        (429, {"x-ratelimit-reset": "30"}, 30),
        (429, {"x-ratelimit-reset": "1700000000"}, 1),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}, 30),
        (429, {"Retry-After": "0.5"}, 1),
        (429, {"x-ratelimit-remaining": "5", "Retry-After": "3"}, 3),
        (200, {"x-ratelimit-remaining": "0"}, 0),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0.5"}, 0.5),
        (200, {"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "30"}, 0),
        (200, {"x-ratelimit-remaining": "inf", "x-ratelimit-reset": "30"}, 0),
        (200, {"Retry-After": "30"}, 0),
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
    assert seconds_until_reset({"x-ratelimit-reset": "999999999999"}, 999_999_999_990) == 9


def test_nothing_left_waits_from_now_to_the_reset() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000020"}
    assert pause_after(200, headers, NOW) == 20
