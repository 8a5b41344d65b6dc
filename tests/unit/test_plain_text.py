"""What is shown of text that others have written."""

from __future__ import annotations

import io
import json
import logging
import sys
from base64 import b64encode, urlsafe_b64encode
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.metrics import Metric, Point

from tap_kustomer import plain_text
from tap_kustomer.plain_text import MASK, hide, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEYS = [
    "emulator-key",
    "eyJhbGciOiJIUzI1NiJ9.e30.c2ln_bmF0-dXJl",
    "a+b/c==\"'\\%41\\\\&<x>",
    "[.*](?)$",
]
CONTROLS = "\x00\t\n\r\x1b\x7f\x85\x9b\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069"


@pytest.fixture(autouse=True)
def _nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_text, "_hidden", {})


@contextmanager
def installed() -> Iterator[Callable[[], str]]:
    """Tells what the process has written to its standard error.

    No fixture, since pytest puts its own standard error in place before the test begins.
    """
    shown = io.BytesIO()
    factory = logging.getLogRecordFactory()
    with io.TextIOWrapper(shown, "utf-8") as stderr, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stderr)
        plain_text.install()
        try:
            yield lambda: sys.stderr.flush() or shown.getvalue().decode()
        finally:
            logging.setLogRecordFactory(factory)


@pytest.mark.parametrize("key", KEYS)
def test_every_spelling_of_the_key_is_masked(key: str) -> None:
    hide(key)
    whole = "".join(f"%{ord(one):02x}" for one in key)
    for form in (
        key,
        quote(key),
        quote(key, safe=""),
        quote_plus(key),
        quote(quote(key, safe=""), safe=""),
        whole,
        json.dumps(key)[1:-1],
        json.dumps(json.dumps(key))[3:-3],
        json.dumps(key)[1:-1].replace("/", "\\/"),
        "".join(f"\\u{ord(one):04X}" for one in key),
        repr(key)[1:-1],
    ):
        assert plain(f"<{form}>") == f"<{MASK}>"


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("before", ["", "k", "ke", "key"])
@pytest.mark.parametrize("behind", ["", ":", "::"])
def test_no_base64_of_the_key_is_left(key: str, before: str, behind: str) -> None:
    hide(key)
    for encode in (b64encode, urlsafe_b64encode):
        shown = plain(encode(f"{before}{key}{behind}".encode()).decode())
        head, _, tail = shown.partition(MASK)
        assert MASK in shown
        assert len(head) <= len(before) * 8 // 6 + 2
        assert len(tail) <= 8


def test_blanks_around_a_key_are_no_part_of_it() -> None:
    hide(" emulator-key\r\n")
    assert plain("emulator-key") == MASK


@pytest.mark.parametrize("key", [None, 7, ["emulator-key"], "", "short"])
def test_what_is_no_key_masks_nothing(key: object) -> None:
    hide(key)
    text = "a short text of emulator-key, None, 7"
    assert plain(text) == text


@given(st.text())
def test_plain_text_is_one_line_and_stays_as_it_is(text: str) -> None:
    shown = plain(text)
    assert shown.splitlines() == ([shown] if shown else [])
    assert not set(shown) & set(CONTROLS)
    assert plain(shown) == shown
    if text.isprintable():
        assert shown == text


def test_control_characters_are_written_out() -> None:
    assert plain("a\n\x1b[31m\u2028") == "a\\n\\x1b[31m\\u2028"


def log_to(handler: logging.Handler) -> logging.Logger:
    logger = logging.getLogger("test_plain_text")
    logger.handlers, logger.propagate = [handler], False
    return logger


def test_a_record_is_plain_before_any_handler() -> None:
    hide("emulator-key")
    kept: list[logging.LogRecord] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record)

    logger = log_to(Keeping())
    point = Point("counter", Metric.RECORD_COUNT, 7)
    with installed():
        logger.error("%s is %s", "emulator-key", "\nERROR forged")
        logger.error("emulator-key")
        logger.error("%d records", 7)
        logger.error("METRIC: %s", point)
    assert [r.getMessage() for r in kept[:3]] == [f"{MASK} is \\nERROR forged", MASK, "7 records"]
    assert kept[2].args == (7,)
    assert kept[3].args == (point,)


def bug() -> None:
    nothing: dict[str, str] = {}
    try:
        nothing["emulator-key"]
    except KeyError as error:
        msg = "emulator-key\nERROR forged"
        raise ValueError(msg) from error


def test_a_traceback_stays_readable() -> None:
    hide("emulator-key")
    with installed() as shown:
        logger = log_to(logging.StreamHandler())
        try:
            bug()
        except ValueError:
            logger.exception("A bug")
        lines = shown().splitlines()
    assert lines[0] == "A bug"
    assert lines[1] == "    Traceback (most recent call last):"
    assert "    KeyError: '********'" in lines
    assert lines[-2:] == ["    ValueError: ********", "    ERROR forged"]


def test_arguments_that_do_not_fit_are_still_masked() -> None:
    hide("emulator-key")
    with installed() as shown:
        log_to(logging.StreamHandler()).error("%d", "emulator-key")
        text = shown()
    assert "Logging error" in text
    assert MASK in text
    assert "emulator-key" not in text


def test_standard_error_keeps_what_a_progress_bar_needs() -> None:
    hide("emulator-key")
    bar = "\r\x1b[A\n\tusers |███| 30%"
    with installed() as shown:
        sys.stderr.write(f"{bar} emulator-key \x1b[2J\u202e")
        assert shown() == f"{bar} {MASK} \\x1b[2J\\u202e"


def test_a_closed_standard_error_swallows_what_is_written() -> None:
    with installed(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", None)
        plain_text.install()
        assert not sys.stderr.isatty()
        sys.stderr.write("nobody reads this")
        sys.stderr.close()


def test_it_is_installed_once() -> None:
    with installed():
        before = sys.stderr, logging.getLogRecordFactory()
        plain_text.install()
        assert before == (sys.stderr, logging.getLogRecordFactory())
