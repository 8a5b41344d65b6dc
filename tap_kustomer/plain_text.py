"""What others have written, shown as plain text: no API key in it, and no control characters.

Logs and tables repeat names, ids and codes that Kustomer's answers hold. A line break in one would
forge a line of the log, an escape sequence would change a terminal, and the key itself may be in
any of them. Two nets catch that, whatever logging config is in use:

- A factory of log records. Every logger of the process uses it, and it works before any handler
  and formatter; only there a line break in a message can be told from the one behind it.
- A standard error that masks. It is for what is no log record: usage errors, progress bars,
  Python's own complaints; and for what a formatter adds to a message.

Singer messages on standard output are data and pass neither.
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
# A key of fewer characters would mask ordinary words, and is no secret.
SHORTEST = 8
# C0, DEL, C1, the separators of lines and paragraphs, and what turns the direction of writing.
CONTROLS = r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
_CONTROL = re.compile(CONTROLS)
# A screen needs line breaks and tabs, and a progress bar goes back to the start of its line.
_NO_LAYOUT = re.compile(rf"(?![\n\r\t]|\x1b\[A){CONTROLS}")

_hidden: dict[str, re.Pattern[str]] = {}


def hide(key: object) -> None:
    """Mask this key from now on, as it is sent: without the blanks around it."""
    key = key.strip() if isinstance(key, str) else ""
    if len(key) >= SHORTEST:
        _hidden[key] = re.compile("|".join((_spelled(key), *_in_base64(key))))


def _spelled(key: str) -> str:
    """The key with any of its characters escaped as in JSON, in Python or in an address."""
    return "".join(
        rf"(?:\\{{0,3}}{re.escape(one)}|(?i:%(?:25)*{ord(one):02x}|\\+(?:u00|x){ord(one):02x}))"
        for one in key
    )


def _in_base64(key: str) -> Iterator[str]:
    """Each form of the key's base64, as far as it is the same whatever stands around the key."""
    for before in range(3):
        code = b64encode(bytes(before) + key.encode()).decode()
        own = code[-(-before * 8 // 6) : (before + len(key.encode())) * 8 // 6]
        yield re.escape(own).replace(r"\+", "[+-]").replace("/", "[/_]")


def masked(text: str) -> str:
    """The text without the key."""
    for pattern in _hidden.values():
        text = pattern.sub(MASK, text)
    return text


def plain(text: str) -> str:
    """The text in one line: without the key, and with control characters written out."""
    return _CONTROL.sub(_written_out, masked(text))


def _written_out(control: re.Match[str]) -> str:
    return control[0].encode("unicode_escape").decode()


class _Stderr(io.TextIOWrapper):
    """A standard error that masks what is written to it, line breaks kept."""

    def write(self, text: str) -> int:
        super().write(_NO_LAYOUT.sub(_written_out, masked(text)))
        return len(text)


def install() -> None:
    """Let everything that this process logs, and all of its standard error, be plain text."""
    if isinstance(sys.stderr, _Stderr):
        return
    if sys.stderr is None:  # closed by the caller
        sys.stderr = _Stderr(io.FileIO(os.devnull, "w"))
    else:
        encoding, errors = sys.stderr.encoding, "backslashreplace"
        sys.stderr = _Stderr(sys.stderr.buffer, encoding, errors, line_buffering=True)
    make = logging.getLogRecordFactory()

    def factory(*args: Any, **options: Any) -> logging.LogRecord:
        return _settled(make(*args, **options))

    logging.setLogRecordFactory(factory)


def _settled(record: logging.LogRecord) -> logging.LogRecord:
    """The record with plain text in place of what is none; metrics, for one, stay objects."""
    with suppress(TypeError, ValueError, LookupError):  # arguments that don't fit: logging says so
        text = record.getMessage()
        if plain(text) != text:
            record.msg, record.args = plain(text), ()
    if record.exc_info and record.exc_info[1]:
        kind, error, trace = record.exc_info
        told = logging.Formatter().formatException(record.exc_info)
        # Indented, no line of it can be taken for one of the log.
        record.exc_text = "\n".join(f"    {plain(line)}" for line in told.split("\n"))
        record.exc_info = (kind, _stand_in(error), trace)
    return record


def _stand_in(error: BaseException) -> BaseException:
    """For formatters with a form of their own: the same name and trace, but plain text."""
    kind = type(error)
    members = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    other: BaseException = type(kind.__name__, (Exception,), members)(plain(str(error)))
    if error.__cause__:
        other.__cause__ = _stand_in(error.__cause__)
    if error.__context__:
        other.__context__ = _stand_in(error.__context__)
    other.__suppress_context__ = error.__suppress_context__
    return other.with_traceback(error.__traceback__)
