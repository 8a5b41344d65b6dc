"""Over real HTTP."""

import socket
import struct
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from urllib.parse import urlsplit

import pytest
import requests

from tests.emulator.world import KEY, SEARCH, World, search_body

BODY = search_body("conversation")


def address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


def test_serves_keeps_alive_and_stops(filled: World) -> None:
    with filled.emulator.serve() as url, requests.Session() as session:
        session.headers.update(KEY)
        first = session.post(url + SEARCH, json=BODY, stream=True)
        connection = first.raw.connection
        assert len(first.json()["data"]) == 10
        second = session.get(f"{url}/v1/users?pageSize=2", stream=True)
        assert second.raw.connection is connection
        assert second.json()["links"]["self"] == "/v1/users?page=1&pageSize=2"
        assert session.delete(f"{url}/v1/users").status_code == 405
        assert session.head(f"{url}/v1/users").status_code == 405
    with requests.Session() as session, pytest.raises(requests.ConnectionError):
        session.get(url, timeout=1)


def test_breaks_connections(filled: World) -> None:
    with filled.emulator.serve() as url, requests.Session() as session:
        session.headers.update(KEY)
        filled.switches.fault_plan = deque(["reset", "truncated"])
        with pytest.raises(requests.ConnectionError, match="reset by peer"):
            session.post(url + SEARCH, json=BODY)
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            session.post(url + SEARCH, json=BODY)
        assert session.post(url + SEARCH, json=BODY).status_code == 200


def test_serves_many_at_once(filled: World) -> None:
    filled.switches.moving = 1
    with filled.emulator.serve() as url, ThreadPoolExecutor(4) as pool:

        def search(_: int) -> int:
            return len(
                requests.post(url + SEARCH, json=BODY, headers=KEY, timeout=5).json()["data"]
            )

        assert list(pool.map(search, range(40))) == [10] * 40


def test_a_client_that_leaves_is_no_error(
    filled: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """It closes its connection, at once and for good, while its answer is being made."""
    with filled.emulator.serve() as url, socket.create_connection(address(url)) as client:

        def leave(_: float) -> None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            left.set()

        left = Event()
        filled.emulator._sleep, filled.switches.latency = leave, 1.0
        client.sendall(
            b"GET /v1/conversations HTTP/1.1\r\nAuthorization: Bearer emulator-key\r\n\r\n"
        )
        assert left.wait(5)
        filled.switches.latency = 0.0
        assert requests.post(url + SEARCH, json=BODY, headers=KEY, timeout=5).status_code == 200
    assert [request.status for request in filled.emulator.requests] == [200, 200]
    assert capsys.readouterr().err == ""
