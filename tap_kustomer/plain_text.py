"""Sanitizes logs and terminal output: masks the API key and escapes control characters.

Logs and tables repeat names, ids and codes from Kustomer's responses. A line break in one could
forge a log line, an escape sequence could control the terminal, and any of them might contain the
key. Two layers prevent that, whatever logging config is in use:

- A log record factory, used by every logger of the process before any handler or formatter. Only
  there can a line break inside a message be distinguished from the one after it.
- A masking standard error, for output that is not a log record (usage errors, progress bars,
  Python's own warnings) and for what a formatter adds to a message.

Singer messages on standard output are data and are not changed.
"""

from __future__ import annotations

import io
import logging
import os
import re
import sys
from base64 import b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK = "********"
# Masking a shorter key would mask ordinary words, and it is not a real key.
MIN_KEY_LENGTH = 8
# C0, DEL, C1, line and paragraph separators, and bidirectional text controls.
CONTROLS = r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
_CONTROL = re.compile(CONTROLS)
# All but line breaks, tabs, and the carriage return and cursor-up that progress bars need.
_NO_LAYOUT = re.compile(rf"(?![\n\r\t]|\x1b\[A){CONTROLS}")

_hidden: dict[str, re.Pattern[str]] = {}


def hide(key: object) -> None:
    """Mask this key from now on, stripped of surrounding whitespace as it is when sent."""
    key = key.strip() if isinstance(key, str) else ""
    if len(key) >= MIN_KEY_LENGTH:
        _hidden[key] = re.compile("|".join((_escaped_forms(key), *_base64_forms(key))))


def _escaped_forms(key: str) -> str:
    """A pattern for the key with any character escaped as in JSON, Python or a URL."""
    return "".join(
        rf"(?:\\{{0,3}}{re.escape(char)}|(?i:%(?:25)*{ord(char):02x}|\\+(?:u00|x){ord(char):02x}))"
        for char in key
    )


def _base64_forms(key: str) -> Iterator[str]:
    """Patterns for the key in base64 at each alignment: the digits that depend on the key only."""
    for offset in range(3):
        code = b64encode(bytes(offset) + key.encode()).decode()
        stable = code[-(-offset * 8 // 6) : (offset + len(key.encode())) * 8 // 6]
        yield re.escape(stable).replace(r"\+", "[+-]").replace("/", "[/_]")


def masked(text: str) -> str:
    """The text without the key."""
    for pattern in _hidden.values():
        text = pattern.sub(MASK, text)
    return text


def plain(text: str) -> str:
    """The text on one line: the key masked, control characters escaped."""
    return _CONTROL.sub(_escaped, masked(text))


def _escaped(control: re.Match[str]) -> str:
    return control[0].encode("unicode_escape").decode()


class _Stderr(io.TextIOWrapper):
    """A standard error that masks the key and escapes control characters, but keeps line breaks."""

    def write(self, text: str) -> int:
        super().write(_NO_LAYOUT.sub(_escaped, masked(text)))
        return len(text)


def install() -> None:
    """Sanitize all log records and all standard error output of this process."""
    if isinstance(sys.stderr, _Stderr):
        return
    if sys.stderr is None:  # closed by the caller
        sys.stderr = _Stderr(io.FileIO(os.devnull, "w"))
    else:
        encoding, errors = sys.stderr.encoding, "backslashreplace"
        sys.stderr = _Stderr(sys.stderr.buffer, encoding, errors, line_buffering=True)
    make = logging.getLogRecordFactory()

    def factory(*args: Any, **options: Any) -> logging.LogRecord:
        return _sanitized(make(*args, **options))

    logging.setLogRecordFactory(factory)


def _sanitized(record: logging.LogRecord) -> logging.LogRecord:
    """The record, sanitized if necessary; otherwise its arguments stay objects, as in metrics."""
    with suppress(TypeError, ValueError, LookupError):  # bad arguments: logging reports them
        text = record.getMessage()
        if plain(text) != text:
            record.msg, record.args = plain(text), ()
    if record.exc_info and record.exc_info[1]:
        kind, error, trace = record.exc_info
        trace_text = logging.Formatter().formatException(record.exc_info)
        # Indented, so that no line of it looks like a log line.
        record.exc_text = "\n".join(f"    {plain(line)}" for line in trace_text.split("\n"))
        record.exc_info = (kind, _sanitized_error(error), trace)
    return record


def _sanitized_error(error: BaseException) -> BaseException:
    """A copy with the same type name and traceback, for formatters that format it themselves."""
    kind = type(error)
    members = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    other: BaseException = type(kind.__name__, (Exception,), members)(plain(str(error)))
    if error.__cause__:
        other.__cause__ = _sanitized_error(error.__cause__)
    if error.__context__:
        other.__context__ = _sanitized_error(error.__context__)
    other.__suppress_context__ = error.__suppress_context__
    return other.with_traceback(error.__traceback__)
