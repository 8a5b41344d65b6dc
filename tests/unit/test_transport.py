"""Answers that drip, stall, swell or break off, over real connections."""

from __future__ import annotations

import gzip
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tap_kustomer.api import transport
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import NotFoundError, OverloadedError, TransientError, UnreachableError
from tests.sockets import Server, answered, head, real_client, tls_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_kustomer.api.client import Client

    Connect = Callable[..., tuple[Server, Client]]

PATH = "/v1/teams"
BODY = b'{"data": []}'
SHORT = 0.3


@pytest.fixture(params=["http", "https"])
def connect(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Connect]:
    """Start a server, and a client of it; both end with the test."""
    context = tls_context(tmp_path) if request.param == "https" else None
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    with ExitStack() as stack:

        def start(talk: Callable[[Server], None], seconds: float = 10) -> tuple[Server, Client]:
            server = stack.enter_context(Server(talk, context))
            return server, stack.enter_context(real_client(server.url, seconds))

        yield start


# --- Too slow ------------------------------------------------------------------------------------


def dripping_head(server: Server) -> None:
    server.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    server.drip()


def silent(server: Server) -> None:
    server.over.wait()


def stalled(server: Server) -> None:
    server.send(head("Content-Length: 100") + BODY)
    server.over.wait()


def dripping(server: Server) -> None:
    server.send(head("Content-Length: 1000000"))
    server.drip()


def dripping_chunks(server: Server) -> None:
    server.send(head("Transfer-Encoding: chunked"))
    server.drip(b"1\r\nx\r\n")


def without_length(server: Server) -> None:
    """What came until the deadline looks like a whole answer."""
    server.send(head("Connection: close") + BODY)
    server.over.wait()


def dripping_without_length(server: Server) -> None:
    server.send(head("Connection: close") + BODY)
    server.drip(b" ")


@pytest.mark.parametrize(
    "talk",
    [
        dripping_head,
        silent,
        stalled,
        dripping,
        dripping_chunks,
        without_length,
        dripping_without_length,
    ],
)
def test_an_answer_has_a_deadline_for_the_whole_of_it(
    connect: Connect, talk: Callable[[Server], None]
) -> None:
    def asked(server: Server) -> None:
        server.ask()
        talk(server)

    _, client = connect(asked, SHORT)
    began = time.monotonic()
    with pytest.raises(OverloadedError, match="no complete response in time"):
        client.get(PATH)
    assert SHORT - 0.1 <= time.monotonic() - began < 5


def test_the_next_answer_comes_through_another_connection(
    connect: Connect,
) -> None:
    talks = iter([dripping, answered(BODY)])

    def talk(server: Server) -> None:
        one = next(talks)
        if one is dripping:
            server.ask()
        one(server)

    server, client = connect(talk, SHORT)
    with pytest.raises(OverloadedError):
        client.get(PATH)
    vars(client)["_timeout"] = 10
    assert client.get(PATH) == BODY
    assert server.connections == 2


# --- Too large -----------------------------------------------------------------------------------


def endless_chunks(server: Server) -> None:
    server.ask()
    server.send(head("Transfer-Encoding: chunked"))
    while not server.over.is_set():
        server.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


def bomb(server: Server) -> None:
    """A thousandth of what it unpacks to."""
    server.ask()
    body = gzip.compress(b"\0" * 10_000_000)
    server.send(head("Content-Encoding: gzip", f"Content-Length: {len(body)}") + body)


@pytest.mark.parametrize("talk", [endless_chunks, bomb, answered(b"x" * 1_000_001)])
def test_an_answer_has_a_limit_in_bytes(
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    talk: Callable[[Server], None],
) -> None:
    assert transport.MAX_BYTES == 32_000_000
    monkeypatch.setattr(transport, "MAX_BYTES", 1_000_000)
    _, client = connect(talk)
    with pytest.raises(OverloadedError, match=r"\(response larger than 1 MB\)"):
        client.get(PATH)


def test_an_answer_of_just_that_size_is_read(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_BYTES", 1_000_000)
    body = bytes(range(250)) * 4_000
    _, client = connect(answered(body))
    assert client.get(PATH) == body


# --- Broken off ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (head("Content-Length: 100") + BODY, "ChunkedEncodingError"),
        (head("Transfer-Encoding: chunked") + b"5\r\n[1,2]\r\n", "ChunkedEncodingError"),
        (head("Transfer-Encoding: chunked") + b"zz\r\n", "ChunkedEncodingError"),
        (
            head("Content-Encoding: gzip", "Content-Length: 12") + BODY,
            "ContentDecodingError",
        ),
        (b"", "ConnectionError"),
        (b"not HTTP\r\n\r\n", "ConnectionError"),
    ],
)
def test_an_answer_that_breaks_off_is_none(connect: Connect, answer: bytes, fault: str) -> None:
    def talk(server: Server) -> None:
        server.ask()
        server.send(answer)

    _, client = connect(talk)
    with pytest.raises(TransientError, match=rf"\(connection broken: {fault}\)") as caught:
        client.get(PATH)
    assert not isinstance(caught.value, OverloadedError)


def test_a_head_that_breaks_off_has_no_body_and_no_document(connect: Connect) -> None:
    def talk(server: Server) -> None:
        server.ask()
        server.send(b"HTTP/1.1 200 OK\r\nContent-Le")

    _, client = connect(talk)
    client.retry.tries = 1
    with pytest.raises(TransientError, match="the response is not JSON"):
        fetch(client, PATH)


def test_an_answer_without_a_length_ends_with_its_connection(
    connect: Connect,
) -> None:
    def talk(server: Server) -> None:
        server.ask()
        server.send(head("Connection: close") + BODY)

    _, client = connect(talk)
    assert client.get(PATH) == BODY


# --- One connection for many answers -------------------------------------------------------------


def test_a_connection_is_used_again_whatever_it_answered(
    connect: Connect,
) -> None:
    def talk(server: Server) -> None:
        statuses = iter(["200 OK", "404 Not Found", "200 OK"])
        while server.ask():
            length = f"Content-Length: {len(BODY)}"
            server.send(head(length, status=next(statuses)) + BODY)

    server, client = connect(talk)
    assert client.get(PATH) == BODY
    with pytest.raises(NotFoundError):
        client.get(PATH)
    assert client.get(PATH) == BODY
    assert server.connections == 1
    assert len(server.received) == 3


def test_a_deadline_that_is_over_leaves_the_connection_alone(
    connect: Connect,
) -> None:
    def talk(server: Server) -> None:
        while server.ask():
            server.send(head(f"Content-Length: {len(BODY)}") + BODY)

    server, client = connect(talk, SHORT)
    assert client.get(PATH) == BODY
    assert not server.over.wait(SHORT + 0.2)
    assert client.get(PATH) == BODY
    assert server.connections == 1


# --- No connection -------------------------------------------------------------------------------


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_a_host_that_refuses_at_first_contact_is_named(waits: list[float]) -> None:
    url = closed_port()
    with (
        real_client(url) as client,
        pytest.raises(UnreachableError, match=f"No connection to {url}.*base_url"),
    ):
        fetch(client, PATH)
    assert len(waits) == 2


def test_a_host_that_has_answered_before_is_retried(waits: list[float]) -> None:
    with Server(answered(BODY)) as server, real_client(server.url) as client:
        fetch(client, PATH)
        server.close()
        with pytest.raises(TransientError, match="connection broken") as caught:
            fetch(client, PATH)
    assert type(caught.value) is TransientError
    assert len(waits) == 10
