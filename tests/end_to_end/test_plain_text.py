"""An org full of the key and of forged log lines, as the real command shows it."""

from __future__ import annotations

import base64
import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from scripts.tap import Outcome, Tap, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# With what is escaped in JSON and in addresses.
SECRET = 'c2VjcmV0/"+signature\\=='  # noqa: S105  (made up)
FORGED = "\n\x1b[31mERROR forged\u2028\x9b2J\u202e\r"
ODD = f"{SECRET}{FORGED}{quote(SECRET)} {base64.b64encode(f'key:{SECRET}'.encode()).decode()}"
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \| [A-Z]+ +\| |    |$")
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")
LOGGING = """
version: 1
disable_existing_loggers: false
formatters: {{all: {{(): singer_sdk.logging.{form}Formatter}}}}
handlers:
  err: {{class: logging.StreamHandler, formatter: all, stream: ext://sys.stderr}}
  file: {{class: logging.FileHandler, formatter: all, filename: {file}}}
root: {{level: DEBUG, handlers: [err, file]}}
loggers: {{urllib3: {{level: DEBUG}}}}
"""


class Hostile(BaseHTTPRequestHandler):
    """Has odd text in everything that a log line may be made of."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        attributes = {"name": ODD, "roles": [ODD, "org.user.read"], "updatedAt": ODD, "id": ODD}
        one: dict[str, Any] = {"type": ODD, "id": ODD, "attributes": attributes}
        one["relationships"] = {"org": {"data": {"type": "org", "id": ODD}}}
        data: Any = [one]
        if path.endswith("/current"):
            data = one
        elif "/metadata/" in path:
            data = {"attributes": {ODD: {"name": ODD}, f"{ODD}Str": {"name": ODD}}}
        self._answer(
            200, {"data": data, "links": {"next": None, "self": ODD}, "meta": {"total": 1}}
        )

    def do_POST(self) -> None:
        errors = [{"code": ODD, "title": ODD, "detail": ODD, "status": 400}]
        self._answer(400, {"errors": errors, "message": ODD})

    def _answer(self, status: int, body: object) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = json.dumps(body).encode()
        self.send_response(status, quote(SECRET))
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Key", quote(ODD))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Tap]:
    """The command, configured for a hostile org."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        threading.Thread(target=server.serve_forever).start()
        tap = Tap(tmp_path, f"http://127.0.0.1:{server.server_port}")
        tap.config |= {"api_key": SECRET, "max_requests_per_minute": 2_000}
        yield tap
        server.shutdown()


def check(text: str) -> None:
    """No form of the key, nothing that a terminal obeys."""
    for form in (SECRET, quote(SECRET), quote(SECRET, safe=""), json.dumps(SECRET)[1:-1]):
        assert form not in text
    assert base64.b64encode(SECRET.encode())[:20].decode() not in text
    assert base64.b64encode(f"key:{SECRET}".encode())[6:24].decode() not in text
    assert not CONTROL.search(text)


@pytest.mark.parametrize("tailored", [False, True])
@pytest.mark.parametrize("option", [None, "--check", "--test", "--discover"])
def test_no_line_is_forged_and_none_has_the_key(
    hostile: Tap, option: str | None, *, tailored: bool
) -> None:
    hostile.config |= {"typed_custom_attributes": tailored, "kobject_streams": tailored}
    result = hostile.run(*filter(None, [option]))
    assert "Traceback" not in result.log
    check(result.log)
    for line in result.log.split("\n"):
        assert LINE.match(line), line
    if option == "--check":
        check(result.out)
        assert "********\\n\\x1b[31mERROR forged\\u2028\\x9b2J\\u202e\\r****" in result.out
    elif option != "--discover":
        assert "holds: ********\\n\\x1b[31mERROR forged" in result.log


@pytest.mark.parametrize("form", ["Console", "Structured"])
def test_no_logging_config_gets_around_it(
    hostile: Tap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str
) -> None:
    file, config = tmp_path / "tap.log", tmp_path / "logging.yaml"
    config.write_text(LOGGING.format(form=form, file=file))
    monkeypatch.setenv("SINGER_SDK_LOG_CONFIG", str(config))
    log = hostile.run().log
    assert "GET /v1/brands" in log, "urllib3 has been heard"
    for text in (log, file.read_text()):
        assert "forged" in text
        check(text)
        assert not re.search(r"^\W*ERROR forged", text, re.MULTILINE)


CRASH = f"""
import tap_kustomer.api.client as client
def decode(body):
    try:
        raise KeyError({ODD!r})
    except KeyError as error:
        raise ZeroDivisionError({"a bug " + ODD!r}) from error
client.decode = decode
from tap_kustomer.tap import TapKustomer
TapKustomer.cli()
"""


@pytest.mark.parametrize("form", ["Console", "Structured"])
def test_a_bug_keeps_its_traceback_without_the_key(
    hostile: Tap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str
) -> None:
    file, config = tmp_path / "tap.log", tmp_path / "logging.yaml"
    config.write_text(LOGGING.format(form=form, file=file))
    monkeypatch.setenv("SINGER_SDK_LOG_CONFIG", str(config))
    _, *options = hostile.command()
    result = outcome([sys.executable, "-c", CRASH, *options])
    assert result.code == 1
    for text in (result.log, file.read_text()):
        assert "a bug ********" in text
        assert "KeyError" in text
        assert "in decode" in text or '"function":"decode"' in text
        check(text)
        assert not re.search(r"^(\x1b\[31m)?ERROR forged", text, re.MULTILINE)


def test_a_usage_error_is_plain_text_too(tmp_path: Path) -> None:
    tap = Tap(tmp_path, "https://acme.kustomerapp.com")
    result: Outcome = tap.run("--no\x1b[31m-such\u202e-option")
    assert result.code == 2
    assert "--no\\x1b[31m-such\\u202e-option" in result.log
