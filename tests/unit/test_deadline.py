"""The parts of the transport: deadlines, timers, pools and the reading of a body."""

from __future__ import annotations

import io
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from tap_kustomer.api import transport
from tests.sockets import Server, answered, head

if TYPE_CHECKING:
    from collections.abc import Callable

BODY = b'{"data": []}'
SHORT = 0.3


def test_a_slow_proxy_has_the_same_deadline() -> None:
    def talk(proxy: Server) -> None:
        proxy.ask()
        proxy.send(head("Content-Length: 1000000"))
        proxy.drip()

    with Server(talk) as proxy, transport.Session() as session:
        session.mount("http://", transport.Adapter())
        with transport.deadline(SHORT) as until:
            response = session.get(
                "http://acme.invalid/", proxies={"http": proxy.url}, stream=True, timeout=10
            )
            with pytest.raises((transport.TooSlowError, requests.RequestException)):
                transport.read(response, until)
        assert until.passed
        assert proxy.received[0].startswith(b"GET http://acme.invalid/ ")


def test_an_adapter_is_otherwise_requests_own() -> None:
    adapter = transport.Adapter(pool_connections=2, pool_maxsize=3)
    assert adapter.poolmanager.pools._maxsize == 2
    assert adapter.poolmanager.connection_pool_kw["maxsize"] == 3
    proxied = adapter.proxy_manager_for("http://user@127.0.0.1:9")
    assert proxied is adapter.proxy_manager_for("http://user@127.0.0.1:9")
    assert proxied.proxy_headers == HTTPAdapter().proxy_headers("http://user@127.0.0.1:9")


def test_without_a_deadline_a_session_reads_too() -> None:
    with Server(answered(BODY)) as server, transport.Session() as session:
        session.mount("http://", transport.Adapter())
        session.trust_env = False
        assert session.get(server.url).content == BODY


@pytest.mark.parametrize("is_first", [True, False])
def test_a_connection_is_shut_down_whichever_comes_first(*, is_first: bool) -> None:
    here, there = socket.socketpair()
    with here, there:
        there.settimeout(5)
        until = transport.Deadline()
        steps: list[Callable[[], None]] = [lambda: until.watch(here), until.end]
        for step in steps if is_first else reversed(steps):
            step()
        assert until.passed
        assert there.recv(1) == b""
        until.end()


def test_a_connection_is_watched_and_not_shut_down_before_its_time() -> None:
    here, there = socket.socketpair()
    with here, there:
        transport.Deadline().watch(here)
        here.sendall(b"x")
        assert there.recv(1) == b"x"
    until = transport.Deadline()
    until.watch(here)
    until.end()
    assert until.passed


def test_the_timer_of_a_deadline_ends_with_its_block(monkeypatch: pytest.MonkeyPatch) -> None:
    timers: list[threading.Timer] = []

    class Timer(threading.Timer):
        def __init__(self, interval: float, function: Callable[[], None]) -> None:
            super().__init__(interval, function)
            timers.append(self)

    monkeypatch.setattr(threading, "Timer", Timer)
    others: list[bool] = []
    other = threading.Thread(target=lambda: others.append(hasattr(transport._CURRENT, "deadline")))
    with suppress(ZeroDivisionError), transport.deadline(60) as until:
        (timer,) = timers
        assert timer.is_alive()
        assert timer.daemon
        assert timer.interval == 60
        assert timer.function == until.end
        assert transport._CURRENT.deadline is until
        other.start()
        other.join()
        assert others == [False]
        raise ZeroDivisionError
    timer.join(5)
    assert not timer.is_alive()
    assert not until.passed
    assert not hasattr(transport._CURRENT, "deadline")


def test_nothing_is_read_after_the_deadline() -> None:
    raw = io.BytesIO(b"x" * 1_000_000)
    response = requests.Response()
    response.raw = HTTPResponse(body=raw, preload_content=False)
    until = transport.Deadline()
    until.end()
    with pytest.raises(transport.TooSlowError):
        transport.read(response, until)
    assert raw.closed


def test_the_pieces_of_a_body_are_put_together_and_the_connection_given_back() -> None:
    body = bytes(range(256)) * 1_000
    response = requests.Response()
    response.raw = raw = HTTPResponse(body=io.BytesIO(body), preload_content=False)
    assert transport.read(response, transport.Deadline()) == body
    assert raw.closed
