"""Over real HTTP."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.emulator.world import KEY, SEARCH, World

BODY = {"queryContext": "conversation", "sort": {"conversation_updated_at": "asc"}}


def test_serves_keeps_alive_and_stops(filled: World) -> None:
    with filled.emulator.serve() as url, requests.Session() as session:
        session.headers.update(KEY)
        first = session.post(url + SEARCH, json=BODY, stream=True)
        socket = first.raw.connection
        assert len(first.json()["data"]) == 10
        second = session.get(f"{url}/v1/users?pageSize=2", stream=True)
        assert second.raw.connection is socket
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
