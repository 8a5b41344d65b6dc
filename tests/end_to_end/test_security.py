"""The installed command tells nobody the key, however closely its log is looked at."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from scripts.tap import COMMAND, Outcome, Tap, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator import Emulator

# Of the shape of a real key; the first part of such a key is the same for everybody.
HEAD = "eyJhbGciOiJIUzI1NiJ9"
SECRET = "c2VjcmV0-c2lnbmF0dXJl"  # noqa: S105  (made up)
KEY = f"{HEAD}.{SECRET}"
FORMATTERS = ["ConsoleFormatter", "StructuredFormatter"]
LOGGING = """
version: 1
disable_existing_loggers: false
formatters: {{all: {{(): singer_sdk.logging.{}}}}}
handlers: {{all: {{class: logging.StreamHandler, formatter: all, stream: ext://sys.stderr}}}}
root: {{level: DEBUG, handlers: [all]}}
loggers:
  tap-kustomer: {{level: DEBUG}}
  singer_sdk: {{level: DEBUG}}
  urllib3: {{level: DEBUG}}
  requests: {{level: DEBUG}}
  backoff: {{level: DEBUG}}
"""


@pytest.fixture
def everything_logged(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every logger at DEBUG: as JSON, which shows whatever led to an exception, if not as text."""
    config = tmp_path / "logging.yaml"
    config.write_text(LOGGING.format(getattr(request, "param", "StructuredFormatter")))
    monkeypatch.setenv("SINGER_SDK_LOG_CONFIG", str(config))
    monkeypatch.setenv("TAP_KUSTOMER_LOGLEVEL", "DEBUG")


def shown(result: Outcome) -> str:
    return result.out + result.log


@pytest.mark.parametrize("everything_logged", FORMATTERS, indirect=True)
@pytest.mark.usefixtures("everything_logged")
def test_a_whole_run_shows_neither_key_nor_customers(tap: Tap, emulator: Emulator) -> None:
    emulator.api_key = tap.config["api_key"] = KEY
    tap.config["max_requests_per_minute"] = 2_000
    tap.select()
    result = tap.run()
    assert result.code == 0
    assert emulator.writes_refused == 0
    assert "GET /v1/users" in result.log, "urllib3 has been heard"
    assert SECRET not in shown(result)
    texts = {row["preview"] for row in result.rows("messages")} - {""}
    people = set(re.findall(r"[\w.+-]+@[\w-]+\.[\w.]+", result.out))
    assert len(people) > 10
    assert len(texts) > 3
    assert not [text for text in people | texts if text in result.log]


@pytest.mark.usefixtures("everything_logged")
@pytest.mark.parametrize("option", ["--test", "--check", "--discover", None])
def test_a_refused_key_is_not_repeated(tap: Tap, option: str | None) -> None:
    tap.config["api_key"] = KEY
    tap.config["kobject_streams"] = True
    result = tap.run(*filter(None, [option]))
    assert "does not accept the API key" in result.log or option == "--discover"
    assert SECRET not in shown(result)


@pytest.mark.parametrize("form", [None, "json", "markdown"])
def test_about_tells_nothing_of_the_config(
    tap: Tap, monkeypatch: pytest.MonkeyPatch, form: str | None
) -> None:
    tap.config["api_key"] = KEY
    monkeypatch.setenv("TAP_KUSTOMER_API_KEY", KEY)
    result = tap.run("--config", "ENV", "--about", *(["--format", form] if form else []))
    assert result.code == 0
    assert "api_key" in result.out
    assert SECRET not in shown(result)


@pytest.mark.parametrize(
    ("key", "option"),
    [
        ([KEY], None),
        ([KEY], "--test"),
        ([KEY], "--check"),
        ([KEY], "--discover"),
        ({"key": KEY}, None),
        (f"{KEY}\n{KEY}", None),
        (f"{KEY}\n{KEY}", "--check"),
        (f"\u200b{KEY}", None),
        (f"Bearer {KEY}", "--discover"),
    ],
)
def test_an_unusable_key_is_not_repeated(tap: Tap, key: object, option: str | None) -> None:
    tap.config["api_key"] = key
    result = tap.run(*filter(None, [option]))
    assert result.code == (0 if option == "--discover" else 1)
    assert "Setting api_key" in result.log or option == "--discover"
    assert SECRET not in shown(result)
    assert "Traceback" not in result.log


@pytest.mark.parametrize(
    "text",
    [
        f'{{"api_key": "{KEY}",',
        f'{{"api_key": {KEY}}}',
        f'["{KEY}"]',
        f'"{KEY}"',
        KEY,
        f'{{"api_key": "{KEY}"}} {KEY}',
        f'{{"api_key": "\udcff{KEY}"}}',
    ],
)
def test_a_broken_config_file_is_not_quoted(tmp_path: Path, text: str) -> None:
    config = tmp_path / "config.json"
    config.write_text(text, errors="surrogateescape")
    result = outcome([COMMAND, "--config", str(config)])
    assert result.code != 0
    assert SECRET not in shown(result)


CRASH = """
import tap_kustomer.api.document as document
def decode(body): raise ZeroDivisionError("a bug")
document.decode = decode
from tap_kustomer.tap import TapKustomer
TapKustomer.cli()
"""


@pytest.mark.parametrize("everything_logged", FORMATTERS, indirect=True)
@pytest.mark.usefixtures("everything_logged")
def test_a_bug_shows_its_traceback_without_the_key(tap: Tap, emulator: Emulator) -> None:
    emulator.api_key = tap.config["api_key"] = KEY
    _, *options = tap.command()
    result = outcome([sys.executable, "-X", "dev", "-c", CRASH, *options])
    assert result.code != 0
    assert "a bug" in result.log
    assert "raceback" in result.log
    assert SECRET not in shown(result)


class Echo:
    """A hostile server: it repeats the key that it was sent wherever it can."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.asked = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                request = connection.recv(65_536).decode()
                key = request.partition("Authorization: Bearer ")[2].partition("\r\n")[0]
                assert key == KEY
                self.asked += 1
                connection.sendall(self._answer(key).encode())

    def _answer(self, key: str) -> str:
        error = {"code": key, "title": f"jane@example.org {key}", "detail": key}
        body = json.dumps({"errors": [error], "message": f"associated with pod {key}"})
        pages = json.dumps({"data": [{"id": "1"}], "links": {"next": f"/v1/klasses?after={key}"}})
        away = pages.replace("/v1", f"//{key}.example.org")
        return {
            "reason": f"HTTP/1.1 400 {key}\r\n\r\n",
            "status line": f"Bearer {key}\r\n\r\n",
            "header": f"HTTP/1.1 400 No\r\nX-Key: {key}\r\nSet-Cookie: a={key}\r\n\r\n",
            "broken header": f"HTTP/1.1 400 No\r\nAuthorization Bearer {key}\r\nA: b\r\n\r\n{body}",
            "broken chunk": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{key}\r\n",
            "broken length": f"HTTP/1.1 200 OK\r\nContent-Length: {key}\r\n\r\n{body}",
            "encoding": f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n{body}",
            "location": f"HTTP/1.1 307 No\r\nLocation: https://example.org/{key}\r\n\r\n",
            "refusal": f"HTTP/1.1 401 No\r\n\r\n{body}",
            "error": f"HTTP/1.1 400 No\r\n\r\n{body}",
            "no JSON": f"HTTP/1.1 200 OK\r\n\r\n<p>{key} jane@example.org",
            "link": f"HTTP/1.1 200 OK\r\n\r\n{pages}",
            "link away": f"HTTP/1.1 200 OK\r\n\r\n{away}",
        }[self.where]


PLACES = [
    "reason",
    "status line",
    "header",
    "broken header",
    "broken chunk",
    "broken length",
    "encoding",
    "location",
    "refusal",
    "error",
    "no JSON",
    "link",
    "link away",
]


@pytest.fixture(params=PLACES)
def echo(request: pytest.FixtureRequest) -> Iterator[Echo]:
    server = Echo(request.param)
    try:
        yield server
    finally:
        server.close()


@pytest.mark.usefixtures("everything_logged")
def test_a_server_that_repeats_the_key_is_not_quoted(echo: Echo, tmp_path: Path) -> None:
    tap = Tap(tmp_path, echo.url)
    tap.config |= {"api_key": KEY, "kobject_streams": True}
    result = tap.run("--discover")
    assert "Discovery can't read custom attributes and klasses" in result.log
    assert 1 <= echo.asked <= 3
    assert SECRET not in shown(result)
    assert "jane" not in shown(result)


def test_a_proxy_for_the_web_does_not_see_what_is_asked_of_this_machine(
    tap: Tap, emulator: Emulator
) -> None:
    proxy = Echo("reason")
    environment = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), proxy.url)
    done = subprocess.run(
        tap.command("--test"),
        env={**os.environ, **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )
    proxy.close()
    assert done.returncode == 0
    assert emulator.requests
    assert not proxy.asked
